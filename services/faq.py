"""The shop's own answers: the one that fits a question, or none."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import bm25s
import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import FaqEntry
from services.embedding import Embedder, Vectors
from services.text import Tokenizer, bm25_index

# A question whose best entry scores less is answered with "I don't know".
LEAST_SCORE = 0.55


@dataclass(frozen=True, slots=True)
class FaqAnswer:
    """An entry that answers, and how well it fits (0 to 2)."""

    id: str
    topic: str
    question: str
    answer: str
    score: float


@dataclass(frozen=True, slots=True)
class _Index:
    version: tuple[int, datetime | None]
    entries: tuple[FaqEntry, ...]
    bm25: bm25s.BM25 | None
    vectors: Vectors


class FaqSearch:
    """Finds answers by word and by meaning; the entries are read again when they change."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._tokenizer = Tokenizer()
        self._index: _Index | None = None
        self._lock = Lock()

    def best(self, session: Session, text: str) -> FaqAnswer | None:
        """The entry that answers the text; None where none does well enough."""
        found = self.ranked(session, text, limit=1)
        return found[0] if found and found[0].score >= LEAST_SCORE else None

    def ranked(self, session: Session, text: str, *, limit: int) -> list[FaqAnswer]:
        """The entries nearest to the text, best first."""
        index = self._current(session)
        if not index.entries:
            return []
        scores = self._scores(index, text)
        return [
            FaqAnswer(
                id=entry.id,
                topic=entry.topic,
                question=entry.question,
                answer=entry.answer,
                score=float(scores[row]),
            )
            for row in np.argsort(-scores, kind="stable")[:limit]
            for entry in [index.entries[row]]
        ]

    def _scores(self, index: _Index, text: str) -> np.ndarray:
        """Cosine to the question plus the share of the text's rare words that an entry has."""
        meaning = index.vectors @ self._embedder.vectors([text])[0]
        stems = list(dict.fromkeys(self._tokenizer.stems(text)))
        known = [] if index.bm25 is None else [s for s in stems if s in index.bm25.vocab_dict]
        if not known or index.bm25 is None:
            return np.asarray(meaning)
        word_scores = index.bm25.get_scores(known)
        best = float(word_scores.max(initial=0.0)) or 1.0
        return np.asarray(meaning + word_scores / best * (len(known) / len(stems)))

    def _current(self, session: Session) -> _Index:
        version = session.execute(
            select(func.count(FaqEntry.id), func.max(FaqEntry.updated_at))
        ).one()
        key = (version[0], version[1])
        with self._lock:
            if self._index is None or self._index.version != key:
                self._index = self._build(session, key)
            return self._index

    def _build(self, session: Session, version: tuple[int, datetime | None]) -> _Index:
        entries = tuple(session.scalars(select(FaqEntry).order_by(FaqEntry.id)))
        documents = [
            self._tokenizer.stems(f"{entry.question} {entry.question} {entry.answer}")
            for entry in entries
        ]
        vectors = self._embedder.vectors([entry.question for entry in entries])
        return _Index(version, entries, bm25_index(documents), vectors)
