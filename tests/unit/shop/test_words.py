"""The words of the pages."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import web
from core.settings import Settings
from nudges.operators import OperatorWords
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


@pytest.mark.parametrize("table", ["page", "pulse"])
def test_every_word_of_the_operators_pages_is_said_somewhere(table: str) -> None:
    sources = [*FOLDER.glob("operators/*.py"), *FOLDER.glob("shop/templates/operators/*.html")]
    code = "\n".join(path.read_text() for path in sources)
    words = OperatorWords.of(Settings()).tables[table]
    made_up = ("by_", "column_", "filter_")
    unused = [name for name in words if f'{name}"' not in code and f"{name}'" not in code]
    assert [name for name in unused if not name.startswith(made_up)] == []


def test_a_missing_value_is_an_error_and_never_a_blank() -> None:
    with pytest.raises(KeyError):
        fill("Only {n} left")


def test_numbers_take_the_form_of_their_language() -> None:
    forms = SimpleNamespace(one="{n} item", other="{n} items")
    assert [plural(forms, n, locale="en") for n in (0, 1, 2)] == ["0 items", "1 item", "2 items"]
    assert plural(forms, 3802, locale="en") == "3,802 items"
