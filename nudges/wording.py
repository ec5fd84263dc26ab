"""The words of messages: one file a language in `words/`, in it one table a wording."""

import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale

from core.locales import locale_key

FOLDER = Path(__file__).parent / "words"
FALLBACK = "en"
ASKED_WORDING = "asked"
COMMON = "common"


@cache
def words_of(language: str) -> Mapping[str, Mapping[str, str]]:
    """The words of a language, by wording and `common`."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


@cache
def languages() -> frozenset[str]:
    """The languages that there are words in."""
    return frozenset(path.stem for path in FOLDER.glob("*.toml") if "." not in path.stem)


@cache
def wordings() -> frozenset[str]:
    """The wordings that a policy may choose among: those that every language has."""
    named = [frozenset(words_of(language)) for language in languages()]
    return frozenset.intersection(*named) - {ASKED_WORDING, COMMON}


@lru_cache(maxsize=1024)
def locale_with_words(*wished: str) -> Locale:
    """The first of these locales whose language there are words in; English where there is none.

    A locale that cannot be read counts as one without words: it must not keep a message back.
    """
    for one in wished:
        try:
            locale = Locale.parse(locale_key(one))
        except ValueError:
            continue
        if locale.language in languages():
            return locale
    return Locale(FALLBACK)
