"""The words of the pages: one TOML file a language, read once, asked for by attribute."""

import tomllib
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from babel import Locale
from babel.numbers import format_decimal
from fastapi import Request

type Words = SimpleNamespace

FOLDER = Path(__file__).parent / "words"


@lru_cache
def load_words(locale: str) -> Words:
    """The words of a locale's language, English where the language has no file."""
    path = FOLDER / f"{locale.replace('_', '-').split('-')[0]}.toml"
    if not path.exists():
        path = FOLDER / "en.toml"
    with path.open("rb") as file:
        return _namespace(tomllib.load(file))


def words_of(request: Request) -> Words:
    """The words of the pages that the request's app serves."""
    words: Words = request.app.state.words
    return words


def fill(text: str, **values: object) -> str:
    """Put values into the {names} of a text; KeyError where one is missing."""
    return text.format_map(values)


def plural(forms: SimpleNamespace, n: int, *, locale: str) -> str:
    """The form of a text that goes with the number, by the language's plural rules."""
    language = Locale.parse(locale.replace("-", "_"))
    form = getattr(forms, language.plural_form(n), forms.other)
    return fill(form, n=format_decimal(n, locale=language))


def as_dict(words: SimpleNamespace) -> dict[str, Any]:
    """A branch of the words as plain data, for the page's script."""
    return {
        key: as_dict(value) if isinstance(value, SimpleNamespace) else value
        for key, value in vars(words).items()
    }


def _namespace(table: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            key: _namespace(value) if isinstance(value, dict) else value
            for key, value in table.items()
        }
    )
