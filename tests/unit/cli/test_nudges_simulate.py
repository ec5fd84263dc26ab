"""`cartwright nudges simulate` tells what a policy would do, beside another, and writes a page."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from cli.main import app
from nudges.policy import SHIPPED

SMALL = ["nudges", "simulate", "--shoppers", "120", "--days", "20", "--learning", "0"]


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    path = tmp_path / "stricter.toml"
    text = SHIPPED.read_text().replace("per_cart = 3", "per_cart = 1")
    path.write_text(text.replace("daily_budget = 20000", "daily_budget = 0"))
    return path


def test_two_policies_are_shown_side_by_side(stricter: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = CliRunner().invoke(app, [*SMALL, "--against", str(stricter), "--page", str(page)])
    assert result.exit_code == 0, result.output
    assert "120 simulated shoppers over 20 days" in result.output
    assert "stricter.toml" in result.output
    assert "not enough data yet" in result.output
    text = page.read_text()
    assert text.count("<polyline") == 4
    assert "stricter.toml: " in text
    assert "it is night where the shopper is" in text
    assert "a reminder" in text
    for drawing in text.split("<svg")[1:]:
        ElementTree.fromstring("<svg" + drawing.split("</svg>")[0] + "</svg>")  # noqa: S314


def test_each_message_is_written_to_a_file(tmp_path: Path) -> None:
    who = tmp_path / "who.csv"
    result = CliRunner().invoke(app, [*SMALL, "--who", str(who)])
    assert result.exit_code == 0, result.output
    with who.open(encoding="utf-8") as file:
        messages = list(csv.DictReader(file))
    counted = next(line for line in result.output.splitlines() if "messages" in line)
    assert int(counted.replace(",", "").split("│")[2]) == len(messages) > 10
    assert {one["policy"] for one in messages} == {"shipped"}
    assert {one["channel"] for one in messages} <= {"email", "chat", "web_push", "telegram"}


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*SMALL, "--who", str(tmp_path)])
    assert result.exit_code == 1
    assert str(tmp_path) in result.output


def test_the_same_seed_tells_the_same() -> None:
    once, again = (CliRunner().invoke(app, SMALL).output for _ in range(2))
    assert once == again


def test_a_policy_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("max_age_days = 0")
    result = CliRunner().invoke(app, [*SMALL, "--policy", str(path)])
    assert result.exit_code == 1
    assert "broken.toml" in result.output
    assert "max_age_days" in result.output
