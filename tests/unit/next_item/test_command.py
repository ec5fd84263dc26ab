"""`cartwright bench next-item`: ranks, choosing, what is left out, and what is kept as it goes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.next_item.choose import choose_neighbours, climb, rank_among
from benchmarks.next_item.compare import LeftOut, Ranked, blended, compare
from benchmarks.next_item.figures import Figures
from benchmarks.next_item.ranks import ranks_of
from benchmarks.next_item.splits import Split, read_split
from cli.main import app
from recommender.evaluation import MISS
from recommender.neighbours import NeighbourConfig, SessionNeighbours
from recommender.popular import ItemToItem
from recommender.protocol import Scores, Source
from recommender.sequences import MOST_SCORES, Batch
from tests.unit.next_item.folders import chains, write_prefixes, write_steps

LONELY = [["a"], ["b"], ["a"], ["c"]]


@pytest.fixture
def split(tmp_path: Path) -> Split:
    return read_split(
        write_prefixes(tmp_path, chains(400, 0), [["1", "2", "3"], ["5", "99"], ["7", "8"]])
    )


def bench(folder: Path, *options: str) -> Any:
    return CliRunner().invoke(app, ["bench", "next-item", "--data", str(folder), *options])


def test_a_tie_and_an_unknown_target_count_against_the_model(split: Split) -> None:
    def alike(batch: Batch) -> Scores:
        return np.ones((len(batch), 30), np.float32)

    assert ranks_of(alike, split.test, items=30).tolist() == [30, 30, MISS, 30]


def test_however_many_items_the_scores_of_a_few_questions_are_made_at_a_time(split: Split) -> None:
    asked: list[int] = []

    def noted(batch: Batch) -> Scores:
        asked.append(len(batch))
        return np.ones((len(batch), 30), np.float32)

    ranks_of(noted, split.test, items=MOST_SCORES // 2)
    assert asked == [2, 2]


def test_a_rank_among_what_was_found_is_the_rank_among_all(split: Split) -> None:
    model = SessionNeighbours.fit(split.train, split.items)
    batch = split.valid.batch(slice(None))
    met = (np.array(batch.session_items(row), np.int32) for row in range(len(batch)))
    asked = zip(model.after(met), split.valid.target.tolist(), strict=True)
    found = [rank_among(*one, target) for one, target in asked]
    assert found == ranks_of(model.score, split.valid, items=split.items).tolist()


def test_each_setting_is_chosen_at_its_best_and_the_rest_stays() -> None:
    def value_of(config: NeighbourConfig) -> float:
        return -abs(config.distance - 3) - abs(config.nearest - 250)

    chosen = climb(NeighbourConfig(), value_of)
    assert chosen == replace(NeighbourConfig(), distance=3.0, nearest=250)


def test_with_nothing_to_choose_on_the_defaults_stay(tmp_path: Path) -> None:
    split = read_split(write_prefixes(tmp_path, [["a", "b"], ["a"]], [["a", "b"]]))
    assert len(split.valid) == 0
    assert choose_neighbours(split) == NeighbourConfig()


def ranked(model: str, *runs: list[int]) -> Ranked:
    return Ranked(model, tuple(np.array(run, np.int32) for run in runs), 1.0)


def test_figures_are_means_over_the_seeds_and_each_seeds_own(split: Split) -> None:
    row = Figures(split).add(ranked("lstm", [1, 2, MISS, 21], [1, 1, MISS, 4]))
    assert row.recall.mean == pytest.approx((2 + 3) / 8)
    assert row.precision == pytest.approx(row.recall.mean / 20)
    assert row.mrr.mean == pytest.approx((1.5 + 2.25) / 8)
    assert [seed["recall"] for seed in row.seeds] == [0.5, 0.75]
    assert row.seeds[0]["ndcg"] == pytest.approx((1 + 1 / np.log2(3)) / 4)


def test_the_blends_lead_is_taken_question_by_question(split: Split) -> None:
    figures = Figures(split)
    for ready in (
        ranked("item_to_item", [MISS] * 4),
        ranked("neighbours", [2, 2, 2, 2]),
        ranked("blend", [1, 1, 1, 1]),
    ):
        figures.add(ready)
    leads = {lead.over: lead for lead in figures.leads}
    assert set(leads) == {"item_to_item", "neighbours"}
    # The same lead on each question: no draw of the sessions can change it.
    assert (leads["neighbours"].mrr.low, leads["neighbours"].mrr.high) == (0.5, 0.5)
    assert leads["neighbours"].recall.mean == 0
    assert leads["item_to_item"].recall.low == 1


def test_what_is_ready_is_kept_at_once(split: Split, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    figures = Figures(split, file)
    assert json.loads(file.read_text())["models"] == []
    figures.add(ranked("lstm", [1, 2, MISS, 21]))
    figures.leave_out(LeftOut("other", "no reason"))
    figures.add(ranked("lstm", [1, 2, MISS, 21], [1, 1, 1, 1]))
    kept = json.loads(file.read_text())
    assert [(row["model"], len(row["seeds"])) for row in kept["models"]] == [("lstm", 2)]
    assert kept["left_out"] == [{"model": "other", "why": "no reason"}]
    assert kept["data"]["test_questions"] == 4


@pytest.mark.parametrize("layout", [write_steps, write_prefixes])
def test_where_no_session_has_a_second_step_the_network_is_left_out_and_the_rest_goes_on(
    tmp_path: Path, layout: Callable[..., Path]
) -> None:
    file = tmp_path / "figures.json"
    done = bench(layout(tmp_path, LONELY, [["a", "b"], ["c", "z"]]), "--json", str(file))
    assert done.exit_code == 0, done.output
    assert "lstm is left out: no session turns to a second product" in done.output
    kept = json.loads(file.read_text())
    assert [row["model"] for row in kept["models"]] == [
        "popular", "item_to_item", "neighbours", "blend",
    ]  # fmt: skip
    assert [one["model"] for one in kept["left_out"]] == ["lstm"]
    assert [lead["over"] for lead in kept["leads"]] == ["item_to_item", "neighbours"]


@pytest.mark.parametrize(("sessions", "learnt"), [(100, False), (5_000, True)])
def test_the_blends_order_is_learnt_where_there_are_questions_enough(
    tmp_path: Path, sessions: int, learnt: bool
) -> None:
    split = read_split(write_prefixes(tmp_path, chains(sessions, 0), [["1", "2"]]))
    counted: list[Source] = [ItemToItem.fit(split.train, split.items)]
    assert (blended(split, counted, counted).order is not None) is learnt


def test_a_row_is_given_before_the_next_model_is_trained(split: Split) -> None:
    told: list[str] = []
    ready = compare(split, seeds=1, say=told.append)
    assert isinstance(first := next(ready), Ranked)
    assert first.model == "popular"
    assert [next(ready).model, told] == ["item_to_item", []]


def test_a_folder_without_sessions_is_refused(tmp_path: Path) -> None:
    done = bench(tmp_path)
    assert done.exit_code == 1
    assert "train_full.tsv" in done.output


def test_a_file_that_cannot_be_written_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    folder = write_prefixes(tmp_path, chains(40, 0), [["1", "2"]])
    done = bench(folder, "--json", str(tmp_path / "nowhere" / "figures.json"))
    assert done.exit_code == 1
    assert "nowhere" in done.output
    assert "popular" not in done.output


@pytest.mark.slow
def test_three_sessions_are_enough_for_a_row_of_each_model(tmp_path: Path) -> None:
    done = bench(write_prefixes(tmp_path, [["a", "b"], ["b", "a", "c"], ["c", "a"]], [["a", "b"]]))
    assert done.exit_code == 0, done.output
    for model in ("popular", "item_to_item", "neighbours", "lstm", "blend"):
        assert f"\n{model} " in done.output


@pytest.mark.slow
def test_each_model_gets_a_row_and_order_beats_popularity(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    folder = write_steps(tmp_path, chains(400, 0), [*chains(50, 1), ["3", "99", "4"]])
    done = bench(folder, "--seeds", "2", "--json", str(file))
    assert done.exit_code == 0, done.output
    kept = json.loads(file.read_text())
    rows = {row["model"]: row for row in kept["models"]}
    assert set(rows) == {"popular", "item_to_item", "neighbours", "lstm", "blend"}
    assert [len(rows[model]["seeds"]) for model in ("neighbours", "lstm", "blend")] == [1, 2, 2]
    assert rows["blend"]["mrr"]["mean"] > rows["item_to_item"]["mrr"]["mean"]
    assert rows["neighbours"]["mrr"]["mean"] > rows["item_to_item"]["mrr"]["mean"]
    assert rows["item_to_item"]["mrr"]["mean"] > rows["popular"]["mrr"]["mean"]
    assert [lead["over"] for lead in kept["leads"]] == ["item_to_item", "neighbours", "lstm"]
