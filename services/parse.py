"""A search typed into the shop's search box, read with the catalogue's own words.

In chat the bot's NLU does this; here there is one line of text and no conversation, so a longest
match over the catalogue's names and a few forms of price, order and negation are enough.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.money import to_minor
from db.reads.catalogue import CatalogueTerms
from services.query import Attribute, SearchQuery, Sort
from services.text import EMPTY_WORDS, nearest, phrase, words

LONGEST_NAME = 4

AMOUNT = (
    r"(?:[€$£]\s*)?(\d{1,7}(?:[.,]\d{1,2})?)(?:\s*(?:€|\$|£|eur(?:os?)?|usd|gbp|dollars?|pounds?))?"
)
BETWEEN = re.compile(rf"(?:between\s+)?{AMOUNT}\s*(?:and|to|[-–])\s*{AMOUNT}", re.IGNORECASE)
AT_MOST = re.compile(
    rf"(?:under|below|less than|up to|at most|max(?:imum)?|cheaper than|<=?)\s*{AMOUNT}",
    re.IGNORECASE,
)
AT_LEAST = re.compile(
    rf"(?:over|above|more than|at least|min(?:imum)?|from|>=?)\s*{AMOUNT}", re.IGNORECASE
)
SORTS = {
    Sort.PRICE_ASC: re.compile(r"\b(?:cheapest|lowest price|cheap)\b", re.IGNORECASE),
    Sort.PRICE_DESC: re.compile(r"\b(?:most expensive|highest price)\b", re.IGNORECASE),
    Sort.POPULAR: re.compile(r"\b(?:most popular|popular|best.?sell(?:ers?|ing))\b", re.IGNORECASE),
    Sort.NEWEST: re.compile(r"\b(?:newest|latest|new arrivals)\b", re.IGNORECASE),
}
NEGATIONS = frozenset({"not", "no", "without", "except", "non", "excluding"})
# "not black or red": the words that let a negation reach the next value.
CONNECTIVES = frozenset({"or", "nor", "a", "any", "in", "made", "of", "the"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every name in the catalogue as a phrase, with what it names."""

    names: dict[str, tuple[Attribute, str]]
    single_words: tuple[str, ...]
    ordinary_words: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        terms: CatalogueTerms,
        *,
        features: Iterable[str] = (),
        ordinary_words: frozenset[str] = frozenset(),
    ) -> "Vocabulary":
        """The vocabulary of a catalogue; where a word names two things, the first listed wins.

        `ordinary_words` are never taken for misspelt names.
        """
        names: dict[str, tuple[Attribute, str]] = {}

        def know(name: str, attribute: Attribute, value: str) -> None:
            for form in _forms(phrase(name)):
                names.setdefault(form, (attribute, value))

        for category in terms.categories:
            for name in (category.title, *category.synonyms):
                know(name, Attribute.CATEGORY, category.id)
        for attribute, values in (
            (Attribute.COLOUR, terms.colours),
            (Attribute.BRAND, terms.brands),
            (Attribute.MATERIAL, terms.materials),
            (Attribute.FEATURE, tuple(features)),
        ):
            for value in values:
                know(value, attribute, value)
        for size in terms.sizes:
            names.setdefault(f"size {phrase(size)}", (Attribute.SIZE, size))
        single_words = tuple(name for name in names if " " not in name)
        return cls(names, single_words, ordinary_words)


def _forms(name: str) -> list[str]:
    """A name, and its last word in the other number: jackets, jacket."""
    if not name:
        return []
    if name.endswith("s") and not name.endswith("ss"):
        return [name, name[:-1]]
    return [name, f"{name}s"]


def parse(text: str, vocabulary: Vocabulary, *, currency: str) -> SearchQuery:
    """What a line typed into the search box asks for; never fails."""
    text, price_min, price_max = _prices(text, currency)
    sort, text = _sort(text)
    include: dict[Attribute, list[str]] = {}
    exclude: dict[Attribute, list[str]] = {}
    kept: list[str] = []
    tokens = words(text)
    negated = False
    position = 0
    while position < len(tokens):
        length, found = _longest(tokens, position, vocabulary)
        if found is not None:
            attribute, value = found
            into = exclude if negated else include
            if value not in into.setdefault(attribute, []):
                into[attribute].append(value)
            if not negated:
                kept += tokens[position : position + length]
            position += length
            continue
        word = tokens[position]
        if word in NEGATIONS:
            negated = True
        elif word not in CONNECTIVES:
            negated = False
            kept.append(word)
        position += 1
    return SearchQuery(
        text=" ".join(word for word in kept if word not in EMPTY_WORDS),
        include={key: tuple(values) for key, values in include.items()},
        exclude={key: tuple(values) for key, values in exclude.items()},
        price_min=price_min,
        price_max=price_max,
        sort=sort,
    )


def _longest(
    tokens: list[str], position: int, vocabulary: Vocabulary
) -> tuple[int, tuple[Attribute, str] | None]:
    for length in range(min(LONGEST_NAME, len(tokens) - position), 0, -1):
        name = " ".join(tokens[position : position + length])
        if name in vocabulary.names:
            return length, vocabulary.names[name]
    word = tokens[position]
    if word in EMPTY_WORDS or word in vocabulary.ordinary_words:
        return 1, None
    right = nearest(word, vocabulary.single_words)
    return 1, None if right is None else vocabulary.names[right]


def _prices(text: str, currency: str) -> tuple[str, int | None, int | None]:
    """The text without its price bounds, and the bounds in minor units."""
    if between := BETWEEN.search(text):
        low, high = sorted(_minor(amount, currency) for amount in between.groups())
        return _cut(text, between), low, high
    price_max = price_min = None
    if at_most := AT_MOST.search(text):
        price_max, text = _minor(at_most[1], currency), _cut(text, at_most)
    if at_least := AT_LEAST.search(text):
        price_min, text = _minor(at_least[1], currency), _cut(text, at_least)
    return text, price_min, price_max


def _minor(amount: str, currency: str) -> int:
    return to_minor(Decimal(amount.replace(",", ".")), currency)


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _sort(text: str) -> tuple[Sort, str]:
    for sort, pattern in SORTS.items():
        if match := pattern.search(text):
            return sort, _cut(text, match)
    return Sort.RELEVANCE, text
