"""The page for merchandisers: its plots, its words, and that nothing in a title can break it."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from cli.mine_report.flows import Flow, lay_out
from cli.mine_report.report import write_report
from cli.mine_report.scatter import HEIGHT, WIDTH, place_rules
from recommender.mining.database import SequenceDatabase
from recommender.mining.job import Job, What, mine

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NAMES: dict[object, str] = {"t": "Tent <b>&</b>", "s": "Stove", "m": "Mat", "g": "Mug"}


def page(tmp_path: Path, sequences: list[list[str]], what: What = What.SEQUENCES) -> str:
    found = mine(SequenceDatabase.from_lists(sequences), Job(what=what, min_support=2))
    path = tmp_path / "report.html"
    write_report(path, found, what=what, who="people", shop="The Shop", names=NAMES, now=NOW)
    return path.read_text()


def test_the_strongest_sequences_are_drawn_and_listed(tmp_path: Path) -> None:
    text = page(tmp_path, [["t", "s"]] * 8 + [["m"]] * 9 + [["m", "g"]] * 3)

    assert text.count('class="ribbon"') == 2
    assert "Stove: 8 people" in text
    assert "who took" in text
    assert "Mined on 2 March 2026" in text


def test_what_is_taken_again_has_a_list_of_its_own(tmp_path: Path) -> None:
    text = page(tmp_path, [["g", "g"]] * 4)

    assert 'class="ribbon"' not in text
    assert "Taken again" in text


def test_a_title_cannot_become_markup(tmp_path: Path) -> None:
    text = page(tmp_path, [["t", "s"]] * 8 + [["m"]] * 9)

    assert "Tent &lt;b&gt;&amp;&lt;/b&gt;" in text
    assert "<b>" not in text


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = page(tmp_path, [["t", "s"]] * 8 + [["m"]] * 9)

    assert not re.search(r"(src|href)=|url\(|@import|<script", text)


def test_itemsets_have_rules_but_no_ribbons(tmp_path: Path) -> None:
    text = page(tmp_path, [["t", "s"]] * 8 + [["m"]] * 9, what=What.ITEMSETS)

    assert 'class="ribbon"' not in text
    assert "<circle" in text


def test_a_run_without_a_sequence_says_what_to_do(tmp_path: Path) -> None:
    assert "Lower the minimum support" in page(tmp_path, [["t"], ["t"]])


def test_ribbons_fill_their_nodes_and_nothing_overlaps() -> None:
    flows = [Flow(("a", "b", "c"), 30), Flow(("a", "c"), 20), Flow(("d", "b"), 50)]

    plot = lay_out(flows, colours=8)

    assert len(plot.ribbons) == 4
    by_column: dict[float, list[tuple[float, float]]] = {}
    for node in plot.nodes:
        by_column.setdefault(node.x, []).append((node.y, node.y + node.height))
        assert node.y >= 0
        assert node.y + node.height <= plot.height + 0.01
    assert len(by_column) == 3
    for spans in by_column.values():
        spans.sort()
        assert all(above[1] < below[0] for above, below in pairwise(spans))
    people = {(node.x, node.label): node.people for node in plot.nodes}
    assert sorted(people.values()) == [20, 30, 50, 50, 80]


def test_an_order_that_would_cross_is_turned() -> None:
    plot = lay_out([Flow(("a", "y"), 10), Flow(("b", "x"), 9), Flow(("b", "z"), 3)], colours=8)

    middle = {node.label: node.y for node in plot.nodes}
    assert (middle["a"] < middle["b"]) == (middle["y"] < middle["x"])


@pytest.mark.parametrize("rows", [[(1, 1)], [(5, 6), (5000, 9000)], [(60, 61), (62, 100)]])
def test_every_rule_lies_inside_the_plot(rows: list[tuple[int, int]]) -> None:
    from recommender.mining.rules import Rule

    rules = [
        (Rule((("a",),), (("b",),), count, of, count, 20_000, 0.0), "a ⇒ b") for count, of in rows
    ]

    plot = place_rules(rules, numbered=1)

    assert all(0 < dot.x < WIDTH and 0 < dot.y < HEIGHT for dot in plot.dots)
    assert all(0 < tick.at < WIDTH for tick in plot.across)
    assert [dot.number for dot in plot.dots].count(1) == 1
