"""Numbers as shoppers write them: 120, 1,200, 49.99, 49,90, forty-five, a hundred and twenty."""

import re
from decimal import Decimal

ONES = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000}

_WORD = "|".join(sorted([*ONES, *TENS, *SCALES], key=len, reverse=True))
WORDS = rf"(?:(?:an?|half an?)\s+(?:hundred|thousand)|(?:{_WORD}))(?:[\s-]+(?:and\s+)?(?:{_WORD}))*"
DIGITS = r"\d{1,3}(?:[,.]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2})?(?!\d)"
# One number, in digits or in words.
NUMBER = rf"(?:{DIGITS}|\b{WORDS}\b)"

_GROUPED = re.compile(r"^\d{1,3}(?:([,.])\d{3})(?:\1\d{3})*(?:[.,]\d{1,2})?$")


def parse_number(text: str) -> Decimal | None:
    """The value of a text that NUMBER matches, None where it is no number after all."""
    text = text.strip().lower()
    if text[:1].isdigit():
        return _parse_digits(text)
    return _parse_words(text)


def _parse_digits(text: str) -> Decimal:
    grouped = _GROUPED.match(text)
    if grouped:
        text = text.replace(grouped.group(1), "")
    return Decimal(text.replace(",", "."))


def _parse_words(text: str) -> Decimal | None:
    total, current = 0, 0
    seen = False
    for word in re.split(r"[\s-]+", text):
        if word in ("and", ""):
            continue
        if word in ("a", "an"):
            current += 1
        elif word in ONES:
            current += ONES[word]
        elif word in TENS:
            current += TENS[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word in SCALES:
            total += max(current, 1) * SCALES[word]
            current = 0
        else:
            return None
        seen = True
    return Decimal(total + current) if seen else None


def parse_count(text: str) -> int | None:
    """A whole number, None where the text is none."""
    value = parse_number(text)
    if value is None or value != int(value):
        return None
    return int(value)
