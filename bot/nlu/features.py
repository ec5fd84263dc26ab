"""What the intent classifier looks at in a message.

Three views of one sentence, side by side:
- words and word pairs of the sentence with its entities replaced by their kind ("show me COLOUR
  CATEGORY"), so that a product never seen in training reads like one that was,
- character n-grams of the same, which survive spelling,
- a sentence vector, which knows that a rucksack is like a backpack.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from nlu.sentences import embed
from nlu.spans import Found

# What counts as a word for the first view; a question mark says much about an intent.
_TOKEN = r"[\w']+|[?!#]"  # noqa: S105 a pattern, not a password
# The weights of the three views, chosen on the held-out phrasings of tests/held_out.yml.
WORDS, CHARACTERS, MEANING = 1.0, 0.7, 1.5


def masked(text: str, found: Sequence[Found]) -> str:
    """The sentence in lower case with every entity replaced by its kind."""
    pieces: list[str] = []
    position = 0
    for start, end, kind in _spans(found):
        if start < position:
            continue
        pieces += [text[position:start].lower(), f" {kind} "]
        position = end
    pieces.append(text[position:].lower())
    return " ".join("".join(pieces).split())


def _spans(found: Sequence[Found]) -> list[tuple[int, int, str]]:
    kinds: dict[tuple[int, int], str] = {}
    for span in found:
        kinds.setdefault((span.start, span.end), span.entity)
    return sorted((start, end, kind.upper()) for (start, end), kind in kinds.items())


class Features:
    """Turns sentences into rows of numbers; learns its vocabulary from the training sentences."""

    def __init__(self) -> None:
        self._words = TfidfVectorizer(
            lowercase=False, token_pattern=_TOKEN, ngram_range=(1, 3), sublinear_tf=True
        )
        self._characters = TfidfVectorizer(
            lowercase=False, analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2
        )

    def fit(self, masked_texts: Sequence[str]) -> None:
        """Learn the words and n-grams that exist."""
        self._words.fit(masked_texts)
        self._characters.fit(masked_texts)

    def rows(self, masked_texts: Sequence[str], texts: Sequence[str]) -> csr_matrix:
        """One row a sentence, [len(texts), words + n-grams + 256]."""
        meaning = embed([text.lower() for text in texts]).astype(np.float64)
        return csr_matrix(
            hstack(
                [
                    WORDS * self._words.transform(masked_texts),
                    CHARACTERS * self._characters.transform(masked_texts),
                    csr_matrix(MEANING * meaning),
                ]
            )
        )
