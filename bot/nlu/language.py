"""Whether a message is English at all, another language, or no words.

The assistant knows English only. A classifier of intents always has a best guess, for "quiero una
tienda" and "asdkjh" as well, so this is decided before it is asked.
"""

import gzip
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA
from spacy.lang.en.stop_words import STOP_WORDS

from nlu.spans import Found

# Languages of the same letters that are told from English by their words.
NEIGHBOURS = ("de", "es", "fr", "it", "nl", "pt")
# A word counts as another language's if it is this frequent there, and this much more than here.
PER_MILLION = 5.0
TIMES_ENGLISH = 10.0
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
# Shorter words are too often words of several languages, or slips.
SHORTEST = 3
# What people type in chats and no list of words has.
CHAT_WORDS = frozenset(
    "lol haha hehe omg idk btw pls plz thx smth sth hmm umm yep nope asap".split()
)
# Words at least this long may have one slip and still be known.
LONG = 5
_RUN = re.compile(r"(.)\1+")


class Language(Enum):
    """What a message is written in."""

    ENGLISH = "english"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True)
class Words:
    """The words that tell languages apart, in lower case."""

    english: frozenset[str]
    foreign: frozenset[str]
    learnt: tuple[str, ...]

    @classmethod
    def read(cls, learnt: Iterable[str] = ()) -> "Words":
        """From the frequency lists of the pyspellchecker package; `learnt` are English as well."""
        english = _per_million("en")
        foreign = {
            word
            for code in NEIGHBOURS
            for word, frequency in _per_million(code).items()
            if frequency >= max(PER_MILLION, TIMES_ENGLISH * english.get(word, 0.0))
        }
        own = frozenset(learnt)
        known = {*(english.keys() - foreign), *STOP_WORDS, *CHAT_WORDS, *own}
        slips = tuple(sorted(word for word in own if len(word) >= LONG - 1))
        return cls(frozenset(known), frozenset(foreign - known), slips)

    def language_of(self, text: str, found: Collection[Found]) -> Language:
        """Judge a message by its words; those of the entities `found` in it count as English."""
        letters = [character for character in text if character.isalpha()]
        if not letters:
            return Language.ENGLISH if any(c.isdigit() for c in text) else Language.NONE
        if sum(_is_latin(letter) for letter in letters) * 2 < len(letters):
            return Language.OTHER
        told = [match for match in _WORD.finditer(text) if len(match.group()) >= SHORTEST]
        known = others = 0
        for match in told:
            word = match.group().lower()
            if word in self.english or _is_named(match.start(), match.end(), found):
                known += 1
            elif word in self.foreign or not word.isascii():
                others += 1
            elif self._is_nearly_known(word):
                known += 1
        if others > known:
            return Language.OTHER
        return Language.ENGLISH if known or not told else Language.NONE

    def _is_nearly_known(self, word: str) -> bool:
        """Whether it is a known word drawn out ("byeee") or, if long enough, one slip from one."""
        for drawn_out in (_RUN.sub(r"\1", word), _RUN.sub(r"\1\1", word)):
            if len(drawn_out) > 1 and drawn_out in self.english:
                return True
        if len(word) < LONG:
            return False
        near = process.extractOne(word, self.learnt, scorer=OSA.distance, score_cutoff=1)
        return near is not None and near[0][0] == word[0]


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return [match.group().lower() for match in _WORD.finditer(text)]


def _per_million(code: str) -> dict[str, float]:
    """How often each word of a language occurs in a million."""
    spec = find_spec("spellchecker")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The pyspellchecker package is missing: run `uv sync` in bot/.")
    path = Path(spec.submodule_search_locations[0]) / "resources" / f"{code}.json.gz"
    counts: dict[str, int] = json.loads(gzip.decompress(path.read_bytes()))
    total = sum(counts.values())
    return {word: count * 1e6 / total for word, count in counts.items() if len(word) >= SHORTEST}


def _is_named(start: int, end: int, found: Collection[Found]) -> bool:
    return any(span.start < end and start < span.end for span in found)


def _is_latin(letter: str) -> bool:
    return letter < "\u0250" or "\u1e00" <= letter < "\u1f00"
