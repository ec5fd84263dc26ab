"""Sentence vectors and a list of ordinary words, both from the wordllama package's files.

Only the files are read (weights and tokenizer); the vectors are averaged static token embeddings
(WordLlama, 256 dimensions), about 0.1 ms a sentence.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

_WORD_START = "▁"


def _folder() -> Path:
    spec = find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The wordllama package is missing: run `uv sync` in bot/.")
    return Path(spec.submodule_search_locations[0])


@lru_cache(maxsize=1)
def tokenizer() -> Tokenizer:
    """The tokenizer whose pieces the vectors belong to."""
    loaded = Tokenizer.from_file(str(_folder() / "tokenizers/l2_supercat_tokenizer_config.json"))
    loaded.no_padding()
    loaded.no_truncation()
    return loaded


@lru_cache(maxsize=1)
def _weights() -> NDArray[np.floating[Any]]:
    weights: NDArray[np.floating[Any]] = load_file(
        str(_folder() / "weights/l2_supercat_256.safetensors")
    )["embedding.weight"]
    return weights


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """Words frequent enough to be one piece of the tokenizer: never taken for misspellings."""
    return frozenset(
        piece[1:].lower()
        for piece in tokenizer().get_vocab()
        if piece.startswith(_WORD_START) and len(piece) > 3 and piece[1:].isalpha()
    )


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors [len(texts), 256] float32; a text without a token gets zeros."""
    weights = _weights()
    vectors = np.zeros((len(texts), weights.shape[1]), dtype=np.float32)
    encoded = tokenizer().encode_batch(list(texts), add_special_tokens=False)
    for row, encoding in enumerate(encoded):
        if encoding.ids:
            vectors[row] = weights[encoding.ids].astype(np.float32).mean(axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6)
