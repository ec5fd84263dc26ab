"""What a nudge says, before any channel's form is given to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.money import Money
from db.models import Channel, LinkPurpose
from nudges.facts import Address, Line, Recipient


@dataclass(frozen=True, slots=True)
class CouponOffer:
    """A coupon that comes with the message; `percent` is None for free delivery."""

    code: str
    percent: int | None
    minimum: Money
    max_discount: Money
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the shopper gets this: which message about the cart it is, of how many at most."""

    left_at: datetime
    number: int
    at_most: int
    asked_for: datetime | None


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything a template may use. Times are UTC; the recipient has the zone and the locale.

    `lines` are those that can still be bought, at today's prices; `gone` those that cannot.
    `links` are whole addresses. `wording` is the arm of a wording experiment, else "plain".
    `expires_at` is set where the message may be kept on the way: then it is of no use any more.
    """

    nudge_id: str
    stage: str
    wording: str
    recipient: Recipient
    address: Address
    lines: tuple[Line, ...]
    gone: tuple[Line, ...]
    value: Money
    coupon: CouponOffer | None
    reason: Reason
    links: Mapping[LinkPurpose, str]
    shop_name: str
    postal_address: str
    expires_at: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A brief in words, as one channel sends it. `language` is that of the words (BCP 47).

    `subject` is an e-mail's subject or a notification's title; `html` only an e-mail has.
    `chat` is the message as the chat widget draws it (cards, quick replies). `buttons` are titles
    and addresses, for channels that show such things below a text. `expires_at` is for those whose
    service keeps a message until the shopper's device is there.
    """

    nudge_id: str
    channel: Channel
    address: Address
    language: str
    subject: str
    text: str
    html: str | None
    links: Mapping[LinkPurpose, str]
    chat: Mapping[str, object] | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    expires_at: datetime | None = None

    @property
    def said(self) -> str:
        """What it says, without the form that its channel gives it."""
        return str(self.chat["text"]) if self.chat else self.text
