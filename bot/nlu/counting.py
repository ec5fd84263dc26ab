"""Which one ("the second one", "#3", "the last") and how many ("two of them", "make it 3")."""

import re
from collections.abc import Sequence

from nlu.numbers import ONES, parse_count
from nlu.spans import Candidate, Found, covered

# More of one thing than any shop sells at a time; a larger figure is no quantity.
MOST = 999

_ORDINALS = {
    word: value
    for value, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
        ],
        start=1,
    )
}
_ORDINAL_WORD = "|".join([*_ORDINALS, "last", "final", "bottom", "top"])
_COUNT = rf"\d{{1,3}}|{'|'.join(ONES)}"

_ORDINAL = re.compile(
    rf"\b(?P<word>{_ORDINAL_WORD})\b|\b(?P<digits>\d{{1,2}})(?:st|nd|rd|th)\b"
    rf"|(?:\b(?:number|no\.?|nr\.?|option|item|product|result|choice|position)\s*|#\s*)"
    rf"(?P<named>\d{{1,2}}|{'|'.join(ONES)})\b",
    re.IGNORECASE,
)
# "first of all", "last week", "second hand", "give me a second", "first time"
_NO_ORDINAL_AFTER = re.compile(
    r"\s*-?\s*(?:of all|time|thing|things|week|month|year|night|weekend|hand|aid|thought|class|"
    r"name|day|of (?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december)|(?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|summer|winter|"
    r"spring|autumn|fall)|(?:\d+|few|couple|two|three|four|five|six|seven) |minute|chance|"
    r"rated|sell|quality|shelf|layer)",
    re.IGNORECASE,
)
_NO_ORDINAL_BEFORE = re.compile(r"(?:\ba|\bone|\bat|\bper|\bto|\btank|\bcrop)\s+$", re.IGNORECASE)
_TOP_ONE = re.compile(r"\s+(?:one|item|result|product|option)\b", re.IGNORECASE)

_QUANTITIES = (
    # two of them, 3 pieces, 2x, a couple of those
    (
        rf"\b(?P<n>{_COUNT})\s*(?:(?:more\s+)?of (?:them|those|these|the|it|that|this|each)|pieces?|pcs|units?|"
        rf"items|copies|packs?|pairs?|more\b|x\b|×|times\b)"
    ),
    r"(?:\bx|×)\s*(?P<n>\d{1,3})\b",
    # make it three, change it to 4, set the quantity to 5, quantity 2, up to 3
    (
        rf"\b(?:make (?:it|that|them|this)|(?:quantity|amount|number|count)(?: of)?(?: it| them)?"
        rf"(?: to| is|:| should be)?|set (?:\w+ ){{0,4}}to|change (?:\w+ ){{0,6}}to|"
        rf"(?:increase|decrease|reduce|lower|raise|bump|update|adjust) (?:\w+ ){{0,6}}(?:to|by)|"
        rf"instead of \w+,?)\s*(?:just |only |be |up to )?(?P<n>{_COUNT})\b"
    ),
    # add 2, take three, I want 4, put two, just one, i only need one
    (
        rf"\b(?:add|take|buy|order|put|get|grab|want|need|have|having|just|only|like|drop|remove|keep|"
        rf"delete|give me|i'll take)\s+(?:me\s+|in\s+|just\s+|only\s+|another\s+|to\s+)?(?P<n>{_COUNT})\b"
        rf"(?!\s*(?:that|which|with|in\b|for\b|from|under|like|instead)\b)"
    ),
    # 3, please / three instead of two / the message is the number
    rf"^\s*(?P<n>{_COUNT})\s*(?:,?\s*please)?[.!]?\s*$",
    rf"\b(?P<n>{_COUNT}) (?:instead|rather)\b",
)
_QUANTITY_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _QUANTITIES)
_COUPLE = re.compile(r"\b(?:a couple(?: of)?|both of (?:them|those|these))\b", re.IGNORECASE)
_BEFORE_THING = re.compile(rf"(?<![\w.,#-])(?P<n>{_COUNT})\s+(?:more\s+)?$", re.IGNORECASE)
# A number followed by one of these says what the thing is, not how many.
_DESCRIBES = re.compile(
    r"\s*-?\s*(?:person|people|man|season|litres?|liters?|l\b|ml\b|cl\b|cm\b|mm\b|m\b|kg\b|g\b|"
    r"inch|euros?|eur\b|dollars?|bucks|pounds?|€|\$|£|%|percent|days?|weeks?|months?|years?|"
    r"hours?|st\b|nd\b|rd\b|th\b|[.,]\d|st(?:ar|ars)\b|thing\b|question)",
    re.IGNORECASE,
)


def find_ordinals(text: str) -> list[Candidate]:
    """Places in a list, 1-based; the last is -1."""
    found = []
    for match in _ORDINAL.finditer(text):
        word = (match.group("word") or "").lower()
        if match.group("digits"):
            value = int(match.group("digits"))
        elif match.group("named"):
            value = parse_count(match.group("named")) or 0
        elif word in ("last", "final", "bottom"):
            value = -1
        else:
            value = _ORDINALS.get(word, 1)
        if not value or _NO_ORDINAL_AFTER.match(text, match.end()):
            continue
        if word and _NO_ORDINAL_BEFORE.search(text[: match.start()]):
            continue
        if word in ("top", "bottom", "final") and not _TOP_ONE.match(text, match.end()):
            continue
        found.append(Candidate.of(match.start(), match.end(), "ordinal", value))
    return found


def find_quantities(text: str, things: Sequence[Found] = ()) -> list[Candidate]:
    """How many; `things` are the products and categories found, for "3 tents"."""
    found = []
    for pattern in _QUANTITY_PATTERNS:
        for match in pattern.finditer(text):
            found.extend(_quantity(text, match.start("n"), match.end("n"), match.group("n")))
    for thing in things:
        before = _BEFORE_THING.search(text[: thing.start])
        if before:
            found.extend(_quantity(text, before.start("n"), before.end("n"), before.group("n")))
    couples = _COUPLE.finditer(text)
    found.extend(Candidate.of(match.start(), match.end(), "quantity", 2) for match in couples)
    return [span for span in found if not covered(things, span.start, span.end)]


def _quantity(text: str, start: int, end: int, word: str) -> list[Candidate]:
    value = parse_count(word)
    if value is None or value > MOST or _DESCRIBES.match(text, end):
        return []
    return [Candidate.of(start, end, "quantity", value)]
