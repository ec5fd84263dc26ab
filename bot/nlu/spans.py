"""Spans of a message that mean something."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

EXCLUDE = "exclude"


@dataclass(frozen=True)
class Found:
    """One meaning of the characters [start, end): an entity with its value, perhaps a role."""

    entity: str
    value: Any
    start: int
    end: int
    role: str = ""


@dataclass(frozen=True)
class Candidate:
    """Characters [start, end) and all that they would mean, if no better reading overlaps."""

    start: int
    end: int
    meanings: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, start: int, end: int, entity: str, value: Any) -> "Candidate":
        """A candidate with one meaning."""
        return cls(start, end, ((entity, value),))


def resolve(doc: Doc, candidates: Iterable[Candidate]) -> list[Found]:
    """The candidates that stand once overlaps are settled: the longest wins, then the first.

    Candidates of the very same span (a product title that is a category too) all stand.
    """
    by_span: dict[tuple[int, int], list[tuple[str, Any]]] = {}
    spans: dict[tuple[int, int], Span] = {}
    for candidate in candidates:
        span = doc.char_span(candidate.start, candidate.end, alignment_mode="expand")
        if span is None or not len(span):
            continue
        key = (span.start, span.end)
        spans.setdefault(key, span)
        known = by_span.setdefault(key, [])
        known.extend(meaning for meaning in candidate.meanings if meaning not in known)
    kept = sorted(filter_spans(spans.values()), key=lambda span: span.start)
    return [
        Found(entity, value, span.start_char, span.end_char)
        for span in kept
        for entity, value in by_span[(span.start, span.end)]
    ]


def covered(found: Sequence[Found], start: int, end: int) -> bool:
    """Whether any span touches the characters [start, end)."""
    return any(span.start < end and start < span.end for span in found)
