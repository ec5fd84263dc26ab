"""Single values as shops write them: prices, availability, stock, HTML, category paths."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser

from babel.numbers import get_currency_precision

from core.money import Money, to_minor
from ingest.log_products import UNKNOWN_STOCK

_SYMBOLS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "zł": "PLN"}
_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"})
_PRICE = re.compile(
    r"^(?P<before>[^\d\s.,+-]{1,4})?\s*(?P<number>-?\d[\d.,'\s]*)\s*(?P<after>[^\d\s.,]{1,4})?$"
)
_IN_STOCK = {
    *(
        "in stock",
        "in_stock",
        "instock",
        "available",
        "limited availability",
        "limitedavailability",
    ),
    *("preorder", "pre-order", "backorder", "onbackorder", "yes", "true", "1"),
}
_OUT_OF_STOCK = {
    *("out of stock", "out_of_stock", "outofstock", "sold out", "soldout", "unavailable"),
    *("discontinued", "no", "false", "0"),
}
_BLOCKS = {
    *("p", "br", "div", "li", "ul", "ol", "table", "tr", "section", "article"),
    *("h1", "h2", "h3", "h4", "h5", "h6"),
}


def parse_price(text: str, *, currency: str, decimal: str | None = None) -> Money:
    """A price such as 19.99 EUR, €19,99, 1.299,00 € or 12 in `currency`.

    `decimal` says which mark the decimals follow where the shop has said so; else it is told from
    the text, and 1.299, which could be either, is refused. Raises ValueError.
    """
    match = _PRICE.match(text.strip())
    if match is None:
        raise ValueError(f"not a price: {text[:40]!r}")
    unit = match["before"] or match["after"]
    if match["before"] and match["after"]:
        raise ValueError(f"not a price: {text[:40]!r}")
    code = _currency(unit, currency) if unit else currency
    digits = re.sub(r"['\s]", "", match["number"])
    mark = decimal or _decimal_mark(digits, get_currency_precision(code))
    thousands = "," if mark == "." else "."
    try:
        amount = to_minor(digits.replace(thousands, "").replace(mark, "."), code)
    except InvalidOperation:
        raise ValueError(f"not a price: {text[:40]!r}") from None
    if not 0 <= amount < 2**53:
        raise ValueError(f"not a possible price: {text[:40]!r}")
    return Money(code, amount)


def _currency(unit: str, default: str) -> str:
    if unit == "$":
        return default if default in _DOLLARS else "USD"
    if unit in _SYMBOLS:
        return _SYMBOLS[unit]
    if re.fullmatch(r"[A-Za-z]{3}", unit):
        return unit.upper()
    raise ValueError(f"not a currency: {unit!r}")


def _decimal_mark(digits: str, precision: int) -> str:
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return "."
    mark = digits[last]
    other = "," if mark == "." else "."
    if digits.count(mark) > 1:
        return other
    if other not in digits and len(digits) - last - 1 == 3 and precision != 3:
        raise ValueError(f"ambiguous price {digits!r}: name the decimal mark or write two decimals")
    return mark


def parse_stock(quantity: str | None, availability: str | None) -> int:
    """Pieces in stock: the quantity, else UNKNOWN_STOCK unless it is said to be unavailable.

    Raises ValueError on a word or number that means nothing.
    """
    available = _is_available(availability) if availability else None
    if quantity:
        try:
            pieces = Decimal(quantity)
        except InvalidOperation:
            raise ValueError(f"not a stock quantity: {quantity[:40]!r}") from None
        return 0 if available is False else min(max(0, int(pieces)), 2**31 - 1)
    return 0 if available is False else UNKNOWN_STOCK


def _is_available(word: str) -> bool:
    plain = (
        word.strip().lower().removeprefix("https://schema.org/").removeprefix("http://schema.org/")
    )
    if plain in _IN_STOCK:
        return True
    if plain in _OUT_OF_STOCK:
        return False
    raise ValueError(f"not an availability: {word[:40]!r}")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in {"script", "style"}:
            self._silent += 1
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._silent = max(0, self._silent - 1)
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain_text(html: str) -> str:
    """HTML as text: tags, scripts and styles gone, one line a block."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)


def slug(name: str) -> str:
    """A name as part of an id: lower case, words joined by hyphens, accents gone."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def category_path(text: str | None) -> tuple[str, ...]:
    """Camping > Tents as its steps; a number (Google's category id) is no name and gives none."""
    if not text or text.strip().isdigit():
        return ()
    return tuple(step for part in text.split(">") if (step := " ".join(part.split())))


def web_address(url: str | None) -> str | None:
    """An http(s) address; None where there is none or it is longer than the tables hold.

    Raises ValueError on any other scheme, so no feed brings script into a page.
    """
    if url is None:
        return None
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"not a web address: {url[:60]!r}")
    return url if len(url) <= 500 else None
