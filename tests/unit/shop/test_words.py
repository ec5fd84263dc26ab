"""The words of the pages."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import web
from web.wording import fill, load_words, plural

FOLDER = Path(web.__file__).parent
# Asked for by a name that is put together: the branch, and what the name comes from.
BY_KEY = {
    "suggestion.how",
    "listing.sort_",
    "search.u_",
    "search.left_out_names",
    "problems.promotion_",
    "checkout.problem",
    "checkout.cards",
    "checkout.invalid",
    "checkout.countries",
    "account.channels",
    "links.channels",
    "links.preferences.pauses",
    "links.recover.changes",
    "listing.brand",
    "listing.colour",
    "listing.size",
    "notes",
    "push",
    "script",
    "telegram",
}


def paths(words: SimpleNamespace, before: str = "") -> list[str]:
    """The dotted path of every text."""
    found = []
    for key, value in vars(words).items():
        path = f"{before}{key}"
        if isinstance(value, SimpleNamespace) and "other" not in vars(value):
            found += paths(value, f"{path}.")
        else:
            found.append(path)
    return found


def test_every_word_is_said_somewhere() -> None:
    sources = [*FOLDER.rglob("*.py"), *FOLDER.rglob("shop/templates/*.html")]
    code = "\n".join(path.read_text() for path in sources)
    unused = [
        path
        for path in paths(load_words("en"))
        if not any(path.startswith(branch) for branch in BY_KEY)
        and not re.search(rf"\.{path.rpartition('.')[2]}\b", code)
    ]
    assert unused == []


def test_a_missing_value_is_an_error_and_never_a_blank() -> None:
    with pytest.raises(KeyError):
        fill("Only {n} left")


def test_numbers_take_the_form_of_their_language() -> None:
    forms = SimpleNamespace(one="{n} item", other="{n} items")
    assert [plural(forms, n, locale="en") for n in (0, 1, 2)] == ["0 items", "1 item", "2 items"]
    assert plural(forms, 3802, locale="en") == "3,802 items"
