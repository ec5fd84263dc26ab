"""The commands as somebody types them."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from cli.main import app
from core.clock import SystemClock
from core.settings import get_settings
from db.engine import make_engine, make_session_factory
from db.models import Event, Price, Product
from db.reads.suggesting import buyable
from tests.imports import FIXTURES

type Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run `cartwright` on a database of its own."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    monkeypatch.setenv("COLUMNS", "200")
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(app, [str(word) for word in words])
    get_settings.cache_clear()


def numbers(result: Result) -> dict[str, str]:
    """The lines of the printed tables."""
    parts = [line.split("│") for line in result.output.splitlines() if line.count("│") == 1]
    return {name.strip(): number.strip() for name, number in parts}


def test_an_import_prints_what_became_of_every_row(command: Command) -> None:
    result = command("import", "events", FIXTURES / "online_retail.csv")
    assert result.exit_code == 0, result.output
    printed = numbers(result)
    assert printed["read in all"] == "13"
    assert printed["quarantined: duplicate"] == "1"
    assert printed["rejected"] == "3"
    assert "set CARTWRIGHT_CURRENCY=GBP" in result.output
    again = command("import", "events", FIXTURES / "online_retail.csv")
    assert "imported before: nothing was changed" in again.output
    assert numbers(again) == printed


def test_products_of_a_log_without_prices_get_one_when_asked(
    command: Command, tmp_path: Path
) -> None:
    log = FIXTURES / "otto.jsonl"
    first = command("import", "events", log)
    assert "the shop neither shows nor suggests them" in " ".join(first.output.split())
    priced = command("import", "events", log, "--price", "9.99")
    assert "imported before" in priced.output
    assert "products without a price cost €9.99 now" in priced.output
    again = command("import", "events", log, "--price", "5")
    assert "price" not in again.output
    engine = make_engine(f"sqlite:///{tmp_path}/shop.db")
    with make_session_factory(engine)() as session:
        assert {(p.amount, p.currency) for p in session.scalars(select(Price))} == {(999, "EUR")}
        products = session.scalar(select(func.count()).select_from(Product))
        assert session.scalar(select(func.count()).select_from(Price)) == products
        now = SystemClock().now()
        assert len(buyable(session, now=now)) == products
    engine.dispose()


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_rejected_rows_go_to_the_reject_file(ending: str, command: Command, tmp_path: Path) -> None:
    path = tmp_path / f"rejects.{ending}"
    result = command("import", "events", FIXTURES / "online_retail.csv", "--rejects", path)
    assert "The 3 rejected rows are in" in result.output
    text = path.read_text()
    rejects = (
        [json.loads(line) for line in text.splitlines()]
        if ending == "jsonl"
        else [{**row, "raw": json.loads(row["raw"])} for row in csv.DictReader(text.splitlines())]
    )
    assert [int(reject["row"]) for reject in rejects] == [11, 12, 13]
    assert rejects[0]["reason"] == "not a whole quantity: one"
    assert rejects[0]["raw"]["InvoiceNo"] == "700008"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nowhere.csv"], "there is no such file"),
        ([FIXTURES / "rees46.csv", "--format", "otto"], "It looks like rees46"),
        ([FIXTURES / "shopify.csv"], "no format known here"),
        ([FIXTURES / "rees46.csv", "--rejects", "rejects.xlsx"], "ends in .jsonl or .csv"),
        ([FIXTURES / "rees46.csv", "--currency", "Euro"], "no ISO 4217 currency"),
        ([FIXTURES / "rees46.csv", "--price", "nothing"], "is no price"),
        ([FIXTURES / "rees46.csv", "--price", "-3"], "is no price"),
        ([FIXTURES / "rees46.csv", "--encoding", "klingon"], "unknown encoding"),
        ([FIXTURES / "rees46.csv", "--map", "none.toml"], "no such mapping file"),
    ],
)
def test_a_mistake_is_explained_and_nothing_is_stored(
    words: list[object], problem: str, command: Command, tmp_path: Path
) -> None:
    result = command("import", "events", *words)
    assert result.exit_code == 2
    assert problem in result.output
    assert "Traceback" not in result.output
    engine = make_engine(f"sqlite:///{tmp_path}/shop.db")
    with make_session_factory(engine)() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 0
    engine.dispose()


def test_catalogues_of_several_files_are_imported_in_turn(command: Command, tmp_path: Path) -> None:
    files = [FIXTURES / name for name in ("shopify.csv", "merchant.xml")]
    rejects = tmp_path / "rejects.jsonl"
    result = command("import", "catalogue", *files, "--rejects", rejects)
    assert result.exit_code == 0, result.output
    assert "The 2 rejected rows are in" in result.output
    engine = make_engine(f"sqlite:///{tmp_path}/shop.db")
    with make_session_factory(engine)() as session:
        titles = set(session.scalars(select(Product.title)))
        assert {"Rain jacket", "Desk lamp"} <= titles
    engine.dispose()
    assert "Nothing has changed." in command("import", "catalogue", FIXTURES / "shopify.csv").output


def test_a_faq_is_imported(command: Command) -> None:
    result = command("import", "faq", FIXTURES / "faq.toml")
    assert numbers(result)["added"] == "1"
    assert "answer is missing" in result.output


def test_the_quarantine_is_listed_shown_released_and_put_back(command: Command) -> None:
    assert "The quarantine is empty." in command("quarantine", "list").output
    command("import", "events", FIXTURES / "online_retail.csv")
    listed = command("quarantine", "list").output
    assert "An earlier row says the very same." in listed
    assert "InvoiceNo=700006" in command("quarantine", "show", "impossible_quantity").output
    assert "1 rows released." in command("quarantine", "release", "duplicate").output
    assert "1 rows put back." in command("quarantine", "put-back", "duplicate").output
    unknown = command("quarantine", "release", "nonsense")
    assert (unknown.exit_code, "There is no rule 'nonsense'" in unknown.output) == (2, True)
    nothing = command("quarantine", "release")
    assert (nothing.exit_code, "Name a rule" in nothing.output) == (2, True)
