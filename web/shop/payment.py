"""The simulated payment: checks a card's form and lets known test numbers fail.

Nothing is charged and no number is kept or logged. The cards that fail end like those of the
well-known payment services' test sets, and the checkout page lists them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Decline(StrEnum):
    """Why a payment did not go through; the keys of the words that say so."""

    DECLINED = "declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED = "expired"
    PROCESSING_ERROR = "processing_error"


TEST_CARDS = {
    Decline.DECLINED: "4000 0000 0000 0002",
    Decline.INSUFFICIENT_FUNDS: "4000 0000 0000 9995",
    Decline.EXPIRED: "4000 0000 0000 0069",
    Decline.PROCESSING_ERROR: "4000 0000 0000 0119",
}
_ENDINGS = {number[-4:]: decline for decline, number in TEST_CARDS.items()}


@dataclass(frozen=True, slots=True, repr=False)
class PaymentCard:
    """What the shopper typed; its repr shows nothing, so that no log can."""

    number: str
    expiry: str
    code: str

    def problems(self, *, now: datetime) -> set[str]:
        """The fields that cannot be right: card_number, card_expiry, card_code."""
        found = set()
        if not _passes_luhn(_digits(self.number)):
            found.add("card_number")
        if not _is_ahead(self.expiry, now):
            found.add("card_expiry")
        if not re.fullmatch(r"[0-9]{3,4}", self.code.strip()):
            found.add("card_code")
        return found


def pay(card: PaymentCard) -> Decline | None:
    """Try to pay; None where it went through."""
    return _ENDINGS.get(_digits(card.number)[-4:])


def _digits(number: str) -> str:
    return re.sub(r"[ -]", "", number)


def _passes_luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, Annex B, on a number of 16 digits."""
    if not re.fullmatch(r"[0-9]{16}", digits):
        return False
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(digits)]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_ahead(expiry: str, now: datetime) -> bool:
    match = re.fullmatch(r"\s*(0[1-9]|1[0-2])\s*/\s*(?:20)?([0-9]{2})\s*", expiry)
    if not match:
        return False
    return (2000 + int(match[2]), int(match[1])) >= (now.year, now.month)
