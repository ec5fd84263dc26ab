"""`cartwright demo` as it is typed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from core.settings import get_settings


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the command finds its database; the file is not there yet."""
    path = tmp_path / "demo.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    get_settings.cache_clear()
    yield path
    get_settings.cache_clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["demo", *words])


def test_it_fills_an_empty_shop_once_and_says_what_is_in_it(database: Path) -> None:
    small = ("fill", "--shoppers", "60", "--days", "20", "--seed", "3")
    first = run(*small)
    assert first.exit_code == 0
    assert "467 products, 60 shoppers" in first.output
    size = database.stat().st_size
    second = run(*small)
    assert second.exit_code == 0
    assert "nothing was filled" in " ".join(second.output.split())
    assert database.stat().st_size == size


def test_the_best_possible_is_printed_for_a_filled_shop(database: Path) -> None:
    assert run("fill", "--shoppers", "120", "--days", "30").exit_code == 0
    answer = run("best-possible")
    assert answer.exit_code == 0, answer.output
    assert "best possible" in answer.output
    assert "average" in answer.output
    assert database.exists()


@pytest.mark.usefixtures("small_shop")
def test_the_best_possible_of_a_shop_of_ones_own_is_not_known(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    get_settings.cache_clear()
    answer = run("best-possible")
    get_settings.cache_clear()
    assert answer.exit_code == 1
    assert "cartwright demo fill" in " ".join(answer.output.split())


def test_too_few_shoppers_are_refused_with_the_least_number(database: Path) -> None:
    answer = run("fill", "--shoppers", "3")
    assert answer.exit_code == 2
    assert "50" in answer.output
    assert not database.exists()
