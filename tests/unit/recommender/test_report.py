"""What an evaluation tells: figures by kind of case, the gate, and the page with its plots."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cli.evaluation_report.page import write_report
from recommender.ablation import Ablation, Relearnt
from recommender.contexts import CONTEXTS
from recommender.evaluation import MISS, Interval, Ranking, find_cases, rank_cases, scorer
from recommender.popular import ItemToItem, Popular, PopularInCategory
from recommender.prepared import Prepared
from recommender.report import Report, make_report
from recommender.sequences import temporal_split

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def report(prepared: Prepared) -> Report:
    """The baselines' figures, and those of a blend that finds every second product at once."""
    log, items = prepared.log, len(prepared.vocabulary)
    split = temporal_split(log, valid_days=2, test_days=4)
    valid = find_cases(log, since=split.valid_from, until=split.test_from, trained=split.train)
    test = find_cases(log, since=split.test_from, until=None, trained=split.train)
    counted = (
        Popular.fit(split.train, items),
        PopularInCategory.fit(split.train, items, prepared.category),
        ItemToItem.fit(split.train, items),
    )
    rankings = [rank_cases(one.name, scorer(one, test), test, items=items) for one in counted]
    every_second = np.where(np.arange(len(test)) % 2 == 0, 1, MISS).astype(np.int32)
    rankings.append(Ranking("blend", every_second, rankings[0].shown))
    weights = {one.name: [1 / 3] * CONTEXTS for one in counted}
    return make_report(log, items, split, 4.0, valid, test, rankings, weights, [])


def test_the_cases_of_all_lengths_and_of_all_frequencies_are_all_cases(report: Report) -> None:
    for row in report.rows:
        for parts in (row.by_length, row.by_frequency):
            assert sum(part.cases for part in parts) == report.test_cases
            found = sum(part.cases * part.recall for part in parts)
            assert found == pytest.approx(row.every.recall * report.test_cases)


def test_the_gate_names_the_baseline_that_the_blend_does_not_beat(report: Report) -> None:
    weaker = [problem for problem in report.problems if "recall@20" in problem]
    rows = {row.name: row.every.recall for row in report.rows}
    beaten = {name for name, recall in rows.items() if recall < rows["blend"] - 0.1}
    assert len(weaker) == 3 - len(beaten - {"blend"})


def test_the_report_is_json_without_numbers_that_json_lacks(report: Report) -> None:
    unknown = replace(report, rows=(replace(report.rows[0], novelty=float("nan")),))
    told = json.loads(json.dumps(unknown.to_json(), allow_nan=False))
    assert told["rows"][0]["novelty"] is None


def test_the_page_shows_every_model_and_each_of_its_plots_is_there(
    report: Report, tmp_path: Path
) -> None:
    change = Interval(-0.02, -0.03, -0.01)
    page = write_report(
        tmp_path,
        replace(report, ablations=(Ablation("item_to_item", change, change),)),
        shop="<Fernhill>",
        robots="2 robots left out.",
        now=NOW,
    )
    html = page.read_text(encoding="utf-8")
    assert "&lt;Fernhill&gt;" in html
    assert "2 robots left out." in html
    assert all(row.name.replace("_", " ") in html for row in report.rows)
    figures = sorted(page.parent.glob("*.png"))
    assert [one.stem for one in figures] == [
        "ablation", "by_frequency", "by_session_length", "models", "weights",
    ]  # fmt: skip
    assert all(f'src="{one.name}"' in html for one in figures)
    assert all(one.read_bytes().startswith(b"\x89PNG") for one in figures)


def test_the_page_shows_what_classes_of_events_give_and_what_noise_costs(
    report: Report, tmp_path: Path
) -> None:
    change = Interval(-0.0213, -0.03, -0.01)
    found = replace(
        report,
        fusion=(Relearnt("purchases", 1234, change, change),),
        noise=(Relearnt("impossible values", 5678, change, change),),
    )
    page = write_report(tmp_path, found, shop="Fernhill", robots="", now=NOW)
    html = page.read_text(encoding="utf-8")
    for told in ("purchases", "1,234", "impossible values", "5,678", "-0.0213"):
        assert told in html
    without = write_report(tmp_path, report, shop="Fernhill", robots="", now=NOW)
    assert "noisy" not in without.read_text(encoding="utf-8")


def test_a_log_too_small_to_judge_gets_a_page_that_says_so(
    prepared: Prepared, tmp_path: Path
) -> None:
    log = prepared.log
    none = find_cases(log, since=NOW.replace(year=2099), until=None, trained=log)
    problem = "too little data: 0 test cases, at least 200 are needed to judge"
    empty = make_report(log, 3, None, 4.0, none, none, [], {}, [problem])
    page = write_report(tmp_path, empty, shop="Fernhill", robots="", now=NOW)
    html = page.read_text(encoding="utf-8")
    assert "The gate is not passed" in html
    assert problem in html
    assert "<img" not in html
