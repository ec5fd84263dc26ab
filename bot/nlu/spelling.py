"""Misspelt words set right against the words that matter: the catalogue's and the cues'.

A word is touched only when it is no ordinary English word and one known word is near enough:
optimal string alignment (Damerau-Levenshtein with adjacent swaps), the first letter kept.
"""

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA
from spacy.lang.en.stop_words import STOP_WORDS
from spacy.tokens import Doc

# Words that prices, orders, negations, counts and reminders hang on.
CUES = frozenset(
    [
        "under",
        "below",
        "above",
        "between",
        "around",
        "about",
        "cheaper",
        "cheapest",
        "cheap",
        "expensive",
        "without",
        "except",
        "excluding",
        "second",
        "third",
        "fourth",
        "fifth",
        "first",
        "last",
        "budget",
        "maximum",
        "minimum",
        "yesterday",
        "month",
        "week",
        "weekend",
        "euros",
        "dollars",
        "popular",
        "newest",
        "latest",
        "quantity",
        "coupon",
        "voucher",
        "discount",
        "size",
        "medium",
        "large",
        "small",
        "anything",
        "something",
        "delivery",
        "shipping",
        "return",
        "returns",
        "basket",
        "cart",
        "remove",
        "recommend",
        "remind",
        "reminded",
        "reminder",
        "reminders",
        "reminding",
        "message",
        "messages",
        "afford",
        "waterproof",
        "black",
        "white",
        "green",
        "yellow",
        "orange",
        "purple",
        "brown",
    ]
)
SHORTEST = 4


class Speller:
    """Corrects words towards a lexicon."""

    def __init__(self, words: Iterable[str], *, ordinary: frozenset[str]) -> None:
        self._known = frozenset(word for word in words if word.isalpha()) | CUES
        self._targets: list[str] = sorted(word for word in self._known if len(word) >= SHORTEST)
        self._ordinary = ordinary

    def correct(self, word: str) -> str | None:
        """The known word that a misspelt one stands for, None where it is best left alone."""
        lower = word.lower()
        if len(lower) < SHORTEST or not lower.isalpha() or self._is_word(lower):
            return None
        allowed = 1 if len(lower) <= 6 else 2
        targets = [
            target
            for target in self._targets
            if target[0] == lower[0] and abs(len(target) - len(lower)) <= allowed
        ]
        best = process.extract(lower, targets, scorer=OSA.distance, score_cutoff=allowed, limit=2)
        if not best or (
            len(best) > 1 and best[0][1] == best[1][1] and not _same(best[0][0], best[1][0])
        ):
            return None
        return str(best[0][0])

    def corrected(self, doc: Doc) -> Doc:
        """The sentence with its misspelt words set right, token for token."""
        words = [self.correct(token.text) or token.text for token in doc]
        return Doc(doc.vocab, words=words, spaces=[bool(token.whitespace_) for token in doc])

    def _is_word(self, word: str) -> bool:
        if word in self._known or word in self._ordinary or word in STOP_WORDS:
            return True
        stems = {word[:-1]} if word.endswith("s") else set()
        if word.endswith("es"):
            stems.add(word[:-2])
        return bool(stems & (self._ordinary | self._known))


def _same(one: str, other: str) -> bool:
    """Whether two words are forms of one (jacket, jackets)."""
    return one.rstrip("s") == other.rstrip("s")
