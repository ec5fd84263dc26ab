"""Everything found in one message: the one place where the finders come together."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import spacy
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from nlu.counting import find_ordinals, find_quantities
from nlu.coupons import find_coupons
from nlu.negation import mark_excluded
from nlu.periods import find_periods
from nlu.phrases import Phrases, phrases_of
from nlu.prices import find_prices
from nlu.sentences import ordinary_words
from nlu.sizing import Sizes
from nlu.sorting import find_sorts
from nlu.spans import Candidate, Found, covered, resolve
from nlu.spelling import Speller

# Longer than any message the channel lets through; a guard for other entrances.
MAX_CHARACTERS = 2_000
EMPTY_TERMS: Mapping[str, Any] = {"categories": [], "sizes": []}


@dataclass(frozen=True)
class Reading:
    """A message as it was read: its words set right, and what was found in them.

    `text` is the corrected sentence, `found` has offsets in it; `original` has the same spans with
    offsets in the sentence as it was written.
    """

    text: str
    found: Sequence[Found]
    original: Sequence[Found]


class Understanding:
    """Finds entities in messages, knowing one state of the catalogue. Immutable, thread-safe."""

    def __init__(
        self, terms: Mapping[str, Any], *, nlp: Language, zone: ZoneInfo, minor_digits: int = 2
    ) -> None:
        """Raises KeyError, TypeError or AttributeError for malformed terms."""
        phrases = phrases_of(terms)
        self._nlp = nlp
        self._zone = zone
        self._minor_digits = minor_digits
        self._sizes = Sizes(terms.get("sizes", ()))
        self._phrases = phrases
        self._matcher = _phrase_matcher(nlp, phrases)
        self._speller = Speller(
            {word for phrase in phrases for word in phrase.split()}, ordinary=ordinary_words()
        )

    def read(self, text: str, *, now: datetime) -> Reading:
        """All that is found in a message written at `now`."""
        written = self._nlp.make_doc(_plain(text)[:MAX_CHARACTERS])
        doc = self._speller.corrected(written)
        found = mark_excluded(doc.text, self._find(doc, now))
        return Reading(doc.text, found, [_moved(span, doc, written) for span in found])

    def _find(self, doc: Doc, now: datetime) -> list[Found]:
        text = doc.text
        named = self._named(doc)
        rest = [
            *find_prices(text, minor_digits=self._minor_digits),
            *find_sorts(text),
            *find_ordinals(text),
            *find_periods(text, now=now, zone=self._zone),
            *find_coupons(text),
            *self._sizes.find(text),
        ]
        found = resolve(doc, [*named, *rest])
        quantities = [
            quantity
            for quantity in find_quantities(text, found)
            if not covered(found, quantity.start, quantity.end)
        ]
        return sorted([*found, *resolve(doc, quantities)], key=lambda span: span.start)

    def _named(self, doc: Doc) -> Iterable[Candidate]:
        for _, start, end in self._matcher(doc):
            span = doc[start:end]
            meanings = self._phrases.get(span.text.lower())
            if meanings:
                yield Candidate(span.start_char, span.end_char, tuple(sorted(meanings, key=str)))
        # "rain coat" where the catalogue says raincoat
        for left, right in itertools.pairwise(doc):
            meanings = self._phrases.get(f"{left.lower_}{right.lower_}")
            if meanings:
                end = right.idx + len(right)
                yield Candidate(left.idx, end, tuple(sorted(meanings, key=str)))


def blank_language() -> Language:
    """The tokenizer that messages and phrases are cut with."""
    return spacy.blank("en")


def _phrase_matcher(nlp: Language, phrases: Phrases) -> PhraseMatcher:
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    matcher.add("catalogue", [nlp.make_doc(phrase) for phrase in phrases])
    return matcher


def _plain(text: str) -> str:
    """The text, character for character, with plain quotes and without halves of characters."""
    return _HALVES.sub("?", text.translate(_QUOTES))


_HALVES = re.compile("[\ud800-\udfff]")
_QUOTES: dict[int, str] = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})


def _moved(span: Found, doc: Doc, written: Doc) -> Found:
    """The span with the offsets of the same tokens in the sentence as it was written."""
    tokens = doc.char_span(span.start, span.end, alignment_mode="expand")
    first, last = written[tokens.start], written[tokens.end - 1]
    return replace(span, start=first.idx, end=last.idx + len(last))
