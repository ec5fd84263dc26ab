"""Money: whole minor units (cents) with a currency; no floats."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units of an ISO 4217 currency (11900 EUR is €119.00)."""

    currency: str
    amount: int

    def __add__(self, other: "Money") -> "Money":
        return Money(self.currency, self.amount + self._same_currency(other).amount)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.currency, self.amount - self._same_currency(other).amount)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.currency, self.amount * quantity)

    def _same_currency(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other

    def text(self, locale: str) -> str:
        """As a shopper reads it in that locale, such as €119.00."""
        return _text(self, locale)

    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount).scaleb(-get_currency_precision(self.currency))


@lru_cache(maxsize=4096)
def _text(money: Money, locale: str) -> str:
    """Kept for a while: a page or a thousand mails show the same prices again and again."""
    return format_currency(money.major(), money.currency, locale=locale.replace("-", "_"))


def to_minor(value: Decimal | str | int, currency: str) -> int:
    """Major units to minor units, half a cent rounded away from zero.

    Raises decimal.InvalidOperation where the text is no number.
    """
    scaled = Decimal(value).scaleb(get_currency_precision(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))
