"""Sentence vectors for finding by meaning (WordLlama: averaged static token embeddings)."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Vectors = NDArray[np.float32]

# Averages over this many characters say no more than over the first ones, and cost the more.
MAX_CHARACTERS = 2_000


class Embedder:
    """Turns texts into unit vectors; alike texts point alike.

    The model (256 dimensions) comes inside the wordllama package; nothing is downloaded.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    @cache
    def load(cls) -> "Embedder":
        """The process's own; reading the model takes about a second the first time."""
        import wordllama

        folder = Path(wordllama.__file__).parent
        return cls(wordllama.WordLlama.load(cache_dir=folder, disable_download=True))

    @cached_property
    def ordinary_words(self) -> frozenset[str]:
        """Common English words: those that the model's tokenizer keeps in one piece."""
        pieces = self._model.tokenizer.get_vocab()
        return frozenset(piece[1:] for piece in pieces if piece.startswith("▁"))

    def vectors(self, texts: list[str]) -> Vectors:
        """Unit vectors [len(texts), 256] float32; a text without any token gets zeros."""
        if not texts:
            return np.zeros((0, 256), dtype=np.float32)
        vectors: Vectors = self._model.embed([text[:MAX_CHARACTERS] or " " for text in texts])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6)
