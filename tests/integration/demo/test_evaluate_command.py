"""`cartwright evaluate` as it is typed, on a small demo shop."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from core.settings import get_settings


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A filled shop whose log is long enough to learn from."""
    path = tmp_path_factory.mktemp("evaluated") / "shop.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"sqlite:///{path}")
        patch.setenv("COLUMNS", "150")
        get_settings.cache_clear()
        filled = CliRunner().invoke(app, ["demo", "fill", "--shoppers", "300", "--days", "40"])
        assert filled.exit_code == 0, filled.output
        yield path
    get_settings.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("shop")
def test_all_models_are_compared_in_the_terminal_in_json_and_on_a_page(tmp_path: Path) -> None:
    page, figures = tmp_path / "report", tmp_path / "figures.json"
    words = ["evaluate", "--epochs", "1", "--json", str(figures), "--report", str(page)]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0, answer.output
    told = json.loads(figures.read_text())
    names = {row["name"] for row in told["rows"]}
    assert names >= {"lstm", "neighbours", "item_to_item", "blend", "best possible"}
    html = (page / "index.html").read_text(encoding="utf-8")
    for name in names:
        assert name.replace("_", " ") in html
        assert name.replace("_", " ") in answer.output
    blend = next(row for row in told["rows"] if row["name"] == "blend")
    assert f"{blend['recall']['mean']:.4f}" in html
    assert {"lstm", "taste"} & {one["without"] for one in told["ablations"]}
    assert (page / "models.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.usefixtures("shop")
def test_classes_of_events_and_noise_are_told_where_that_is_asked(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    words = ["evaluate", "--epochs", "1", "--fusion", "--noise", "--json", str(figures)]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0, answer.output
    told = json.loads(figures.read_text())
    assert [one["name"] for one in told["fusion"]] == ["views", "cart", "purchases", "chat"]
    assert {"what was set aside", "all four, cleaned"} < {one["name"] for one in told["noise"]}
    for one in told["fusion"] + told["noise"]:
        assert one["recall"]["low"] <= one["recall"]["mean"] <= one["recall"]["high"]
        assert one["name"] in answer.output
        assert f"{one['steps']:,}" in answer.output
    views = told["fusion"][0]
    assert views["recall"]["high"] < 0


@pytest.mark.slow
@pytest.mark.usefixtures("shop")
def test_what_learns_by_chance_is_told_by_each_seed(tmp_path: Path) -> None:
    page, figures = tmp_path / "report", tmp_path / "figures.json"
    words = ["evaluate", "--epochs", "1", "--seeds", "2", "--json", str(figures)]
    answer = CliRunner().invoke(app, [*words, "--report", str(page)])
    assert answer.exit_code == 0, answer.output
    told = json.loads(figures.read_text())
    assert [one["name"] for one in told["chance"]["models"]] == ["lstm", "blend"]
    assert "By 2 seeds" in answer.output
    rows = {row["name"]: row["every"] for row in told["rows"]}
    html = (page / "index.html").read_text(encoding="utf-8")
    for one in told["chance"]["models"]:
        first, second = one["recall"]
        assert first == rows[one["name"]]["recall"] != second
        assert f"{(first + second) / 2:.4f}" in html
    means = {one["name"]: sum(one["recall"]) / 2 for one in told["chance"]["models"]}
    leads = {one["baseline"]: one["recall"]["mean"] for one in told["chance"]["leads"]}
    assert leads["lstm"] == pytest.approx(means["blend"] - means["lstm"])
    assert leads["popular"] == pytest.approx(means["blend"] - rows["popular"]["recall"])


def test_a_folder_that_cannot_be_made_is_named_before_anything_is_trained(tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("")
    answer = CliRunner().invoke(app, ["evaluate", "--epochs", "1", "--report", str(file)])
    assert answer.exit_code == 1
    assert f"{file}: File exists" in answer.output
