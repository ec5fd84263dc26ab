"""Price bounds: "under 120", "between 50 and 80", "at least forty euros", "around 100"."""

import re
from collections.abc import Iterator
from decimal import Decimal

from nlu.numbers import DIGITS, NUMBER, parse_number
from nlu.spans import Candidate

# How far "around 100" reaches to either side.
AROUND = Decimal("0.2")
# Nothing a shopper means as a price is higher; keeps absurd figures out of queries.
HIGHEST = Decimal(10_000_000)

_SIGN = r"[€$£]"
_UNIT = r"(?:euros?|eur|dollars?|usd|bucks|quid|pounds?|gbp|€|\$|£)"
_AMOUNT = rf"(?:{_SIGN}\s*)?({NUMBER})(?:\s*{_UNIT}(?!\w))?"
_WITH_UNIT = rf"(?:{_SIGN}\s*({NUMBER})|({NUMBER})\s*{_UNIT}(?!\w))"
# What follows a number that is no price: sizes, capacities, counts, dates, shares.
_NO_PRICE = (
    r"(?!\s*(?:-\s*)?(?:%|percent|person|people|man\b|season|litres?|liters?|l\b|ml\b|cl\b|cm\b|"
    r"mm\b|m\b|km\b|kg\b|g\b|grams?|inch|in\b|days?|weeks?|months?|years?|hours?|minutes?|items?|"
    r"products?|pieces?|pcs|of (?:them|those|these)|stars?|watts?|w\b|°|degrees?))"
)

_BELOW = (
    r"(?:under|below|less than|cheaper than|lower than|no more than|"
    r"(?:not|nothing|none|never|(?:don't|do not|won't)(?: want to| like to)? (?:go|spend|pay))"
    r" (?:over|above|more than|beyond)|"
    r"not exceeding|at most|up to|upto|max(?:imum)?(?: of)?|within|beneath|no higher than|"
    r"not cost(?:ing)? more than|<=?)"
)
_ABOVE = (
    r"(?:over|above|more than|at least|(?:not|nothing|none) (?:under|below|less than|cheaper than)|"
    r"no less than|min(?:imum)?"
    r"(?: of)?|starting (?:at|from)|pricier than|higher than|upwards of|>=?)"
)
_ABOUT = r"(?:around|about|roughly|approximately|approx\.?|circa|near|close to|somewhere around|~)"
_BUDGET = (
    r"(?:budget(?:'s| is| of|:)?(?: about| around)?|(?:can|could|want to|would like to|"
    r"only want to|willing to|'d like to) (?:only )?(?:spend|pay)(?: about| around| up to)?|"
    r"(?:i(?:'ve| have)(?: only)?(?: got)?))"
)

_RANGE = re.compile(
    rf"(?:\b(?:between|from)\s+{_AMOUNT}\s*(?:and|to|-|–|till|until)\s*{_AMOUNT})"
    rf"|(?:(?<![\w-]){_AMOUNT}\s*(?:to|-|–)\s*{_WITH_UNIT})"
    rf"|(?:{_SIGN}\s*({DIGITS})\s*(?:to|-|–)\s*{_SIGN}?\s*({DIGITS}))",
    re.IGNORECASE,
)
_MAXIMUM = re.compile(
    rf"(?<!\w){_BELOW}\s*(?:the\s+)?{_AMOUNT}{_NO_PRICE}"
    rf"|{_AMOUNT}\s*(?:or (?:less|under|below|cheaper)|and (?:under|below|less)|max(?:imum)?\b|tops\b|"
    rf"at (?:the )?most)",
    re.IGNORECASE,
)
_MINIMUM = re.compile(
    rf"(?<!\w){_ABOVE}\s*{_AMOUNT}{_NO_PRICE}"
    rf"|{_AMOUNT}\s*(?:or (?:more|above|over|up)|and (?:up|above|over)|\+|min(?:imum)?\b|at least)"
    rf"|\bfrom\s+{_WITH_UNIT}",
    re.IGNORECASE,
)
_APPROXIMATE = re.compile(
    rf"(?<!\w){_ABOUT}\s*(?:the\s+)?{_AMOUNT}(?:\s*mark)?{_NO_PRICE}|(?<!\w){_SIGN}?\s*(\d+)\s?-?ish\b"
    rf"|\bin the {_AMOUNT}(?: price)? range",
    re.IGNORECASE,
)
_SPEND = re.compile(
    rf"\b{_BUDGET}\s*(?:is\s*)?(?:{_WITH_UNIT}|({NUMBER})(?=\s*(?:to spend|[.,!?]|$)))(?:\s+to spend)?"
    rf"|\b(?:budget(?: is| of|:)?)\s*{_AMOUNT}|\bfor\s+{_WITH_UNIT}",
    re.IGNORECASE,
)


def find_prices(text: str, *, minor_digits: int = 2) -> list[Candidate]:
    """Price bounds in the text, in minor units of a currency with `minor_digits` digits."""
    scale = Decimal(10) ** minor_digits
    found = []
    for start, end, low, high in _bounds(text):
        meanings: list[tuple[str, int]] = []
        if low is not None:
            meanings.append(("price_min", int(low * scale)))
        if high is not None:
            meanings.append(("price_max", int(high * scale)))
        if meanings:
            found.append(Candidate(start, end, tuple(meanings)))
    return found


_Bound = tuple[int, int, Decimal | None, Decimal | None]


def _bounds(text: str) -> Iterator[_Bound]:
    for match in _RANGE.finditer(text):
        amounts = _amounts(match)
        if len(amounts) == 2:
            yield match.start(), match.end(), min(amounts), max(amounts)
    for match in _APPROXIMATE.finditer(text):
        for amount in _amounts(match)[:1]:
            yield match.start(), match.end(), amount * (1 - AROUND), amount * (1 + AROUND)
    for pattern in (_MAXIMUM, _SPEND):
        for match in pattern.finditer(text):
            for amount in _amounts(match)[:1]:
                yield match.start(), match.end(), None, amount
    for match in _MINIMUM.finditer(text):
        for amount in _amounts(match)[:1]:
            yield match.start(), match.end(), amount, None


def _amounts(match: "re.Match[str]") -> list[Decimal]:
    numbers = (parse_number(group) for group in match.groups() if group)
    return [number for number in numbers if number is not None and 0 < number <= HIGHEST]
