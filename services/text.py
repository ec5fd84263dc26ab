"""Words as the search sees them: lower case, stemmed, without the ones that say nothing."""

import logging
import re
from collections.abc import Sequence
from threading import Lock

import bm25s
import Stemmer
from rapidfuzz import process
from rapidfuzz.distance import OSA

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

# Words that name no product property: grammar, and the ways people ask.
EMPTY_WORDS = frozenset(
    """
    a about above after again all also am an and any anything are as at be been but by can could
    did do does else find for from get give got had has have having he her here hers him his how i
    i'd i'll i'm if in into is it it's its just let like look looking lot may maybe me might more
    most much my myself need needs next no nor not of off on one ones only or other our out over
    please recommend sell search see shall she should show so some somebody someone something
    stuff such than that that's the their them then there these they thing things this those to
    too under until up us use used very want wants was we what what's when where which while who
    will with without would you your buy buying carry stock available idea ideas good nice best
    hi hello hey thanks thank
    """.split()  # noqa: SIM905 a list of words is read more easily as text
)


def words(text: str) -> list[str]:
    """The words of a text in lower case, in order; apostrophes stay inside words."""
    return [word.replace("’", "'") for word in WORD.findall(text.casefold())]


def phrase(text: str) -> str:
    """A text reduced to its words, one space apart: how names are compared."""
    return " ".join(words(text))


def content_words(text: str) -> list[str]:
    """The words of a text that carry meaning."""
    return [word for word in words(text) if word not in EMPTY_WORDS]


# Shorter words are left as they are: one letter changed makes another word of them.
SHORTEST_CORRECTED = 4
ONE_SLIP_UP_TO = 6


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that a misspelt one stands for; None where none, or no one, is near enough.

    One slip (a letter too many, missing, wrong, or two swapped) in words of up to six letters,
    two in longer ones; the first letter, which people rarely get wrong, has to agree.
    """
    if len(word) < SHORTEST_CORRECTED or not word.isalpha():
        return None
    allowed = 1 if len(word) <= ONE_SLIP_UP_TO else 2
    alike = [
        other for other in known if other[:1] == word[0] and abs(len(other) - len(word)) <= allowed
    ]
    found = process.extract(word, alike, scorer=OSA.distance, score_cutoff=allowed, limit=1)
    return found[0][0] if found else None


def bm25_index(documents: list[list[str]]) -> bm25s.BM25 | None:
    """A BM25 index of tokenised documents; None where there is no word at all."""
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    if not any(documents):
        return None
    index = bm25s.BM25()
    index.index(documents, show_progress=False)
    return index


class Tokenizer:
    """Turns text into the stems that are indexed and searched (Snowball English)."""

    def __init__(self) -> None:
        self._stemmer = Stemmer.Stemmer("english", 20_000)
        self._lock = Lock()

    def stem(self, words_: list[str]) -> list[str]:
        """The stems of words, in order."""
        with self._lock:  # a stemmer keeps state and serves one thread at a time
            return list(self._stemmer.stemWords(words_))

    def stems(self, text: str) -> list[str]:
        """The stems of the words that carry meaning."""
        return self.stem(content_words(text))
