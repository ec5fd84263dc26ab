"""`cartwright bench next-item` from a folder of sessions to its figures."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.next_item.choose import climb, rank_among
from benchmarks.next_item.ranks import ranks_of
from benchmarks.next_item.splits import SplitError, read_split
from cli.main import app
from recommender.evaluation import MISS
from recommender.neighbours import NeighbourConfig, SessionNeighbours
from recommender.protocol import Scores
from recommender.sequences import Batch

HEADER = "SessionId\tItemId\tTime\n"


def chains(count: int, seed: int) -> list[list[int]]:
    """Sessions that go on to the next item nine times of ten, around a circle of 30."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        session = [int(draw.integers(30))]
        for _ in range(int(draw.integers(1, 6))):
            step = 1 if draw.random() < 0.9 else int(draw.integers(30))
            session.append((session[-1] + step) % 30)
        found.append(session)
    return found


def table(sessions: list[list[int]], first: int = 0) -> str:
    return HEADER + "".join(
        f"{first + number}\t{item}\t{1000.0 * (first + number) + 7 * place}\n"
        for number, session in enumerate(sessions)
        for place, item in enumerate(session)
    )


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    (tmp_path / "train_full.tsv.gz").write_bytes(gzip.compress(table(chains(400, 0)).encode()))
    (tmp_path / "test.tsv").write_text(table([*chains(50, 1), [3, 99, 4]], first=400))
    return tmp_path


@pytest.fixture
def prefixes(tmp_path: Path) -> Path:
    (tmp_path / "train_sessions.txt").write_text(
        "".join(" ".join(map(str, session)) + "\n" for session in chains(400, 0))
    )
    (tmp_path / "test_prefix_target.tsv").write_text("1 2\t3\n1\t2\n5\t99\n")
    return tmp_path


def test_every_step_but_the_first_of_a_test_session_is_asked_for(steps: Path) -> None:
    split = read_split(steps)
    assert len(split.test) == sum(len(session) - 1 for session in chains(50, 1)) + 2
    assert split.items == 30
    last = split.test.batch(slice(len(split.test) - 1, None))
    assert last.item[0, :2].tolist() == [read_split(steps).test.target[-1] - 1, -1]
    assert split.test.target[-2:].tolist() == [-1, last.item[0, 0] + 1]


def test_without_validation_sessions_the_last_of_training_are_cut_off(steps: Path) -> None:
    split = read_split(steps)
    assert split.train.at.max() < split.valid.log.at.min()
    assert len(split.train) + len(split.valid.log) == len(split.full)
    assert len(np.unique(split.valid.log.session)) == 40


def test_given_validation_sessions_are_used(steps: Path) -> None:
    (steps / "train_tr.tsv").write_text(table(chains(390, 0)))
    (steps / "train_valid.tsv").write_text(table(chains(10, 5), first=390))
    split = read_split(steps)
    assert len(np.unique(split.train.session)) == 390
    assert len(np.unique(split.valid.log.session)) == 10


def test_prefixes_of_one_session_belong_together(prefixes: Path) -> None:
    test = read_split(prefixes).test
    assert test.session.tolist() == [0, 0, 1]
    assert test.batch(slice(0, 2)).length.tolist() == [2, 1]
    assert test.target[-1] == -1


def test_a_tie_and_an_unknown_target_count_against_the_model(prefixes: Path) -> None:
    def alike(batch: Batch) -> Scores:
        return np.ones((len(batch), 30), np.float32)

    assert ranks_of(alike, read_split(prefixes).test).tolist() == [30, 30, MISS]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("test_prefix_target.tsv", "1 2\t\n", "line 1"),
        ("train_sessions.txt", "\n", "no session"),
    ],
)
def test_a_broken_file_is_refused_with_what_is_wrong(
    prefixes: Path, name: str, text: str, said: str
) -> None:
    (prefixes / name).write_text(text)
    with pytest.raises(SplitError, match=said):
        read_split(prefixes)


def test_each_setting_is_chosen_at_its_best_and_the_rest_stays() -> None:
    def value_of(config: NeighbourConfig) -> float:
        return -abs(config.distance - 3) - abs(config.nearest - 250)

    chosen = climb(NeighbourConfig(), value_of)
    assert chosen == replace(NeighbourConfig(), distance=3.0, nearest=250)


def test_a_folder_without_sessions_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bench", "next-item", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "train_full.tsv" in done.output


@pytest.mark.slow
def test_each_model_gets_a_row_and_order_beats_popularity(steps: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = CliRunner().invoke(
        app, ["bench", "next-item", "--data", str(steps), "--seeds", "2", "--json", str(figures)]
    )
    assert done.exit_code == 0, done.output
    rows = {row["model"]: row for row in json.loads(figures.read_text())}
    assert set(rows) == {"popular", "item_to_item", "neighbours", "lstm", "blend"}
    assert [len(rows[model]["seeds"]) for model in ("neighbours", "lstm", "blend")] == [1, 2, 2]
    assert rows["blend"]["mrr"]["mean"] > rows["item_to_item"]["mrr"]["mean"]
    assert rows["neighbours"]["mrr"]["mean"] > rows["item_to_item"]["mrr"]["mean"]
    assert rows["item_to_item"]["mrr"]["mean"] > rows["popular"]["mrr"]["mean"]


def test_a_rank_among_what_was_found_is_the_rank_among_all(prefixes: Path) -> None:
    split = read_split(prefixes)
    model = SessionNeighbours.fit(split.train, split.items)
    batch = split.valid.batch(slice(None))
    met = (np.array(batch.session_items(row), np.int32) for row in range(len(batch)))
    asked = zip(model.after(met), split.valid.target.tolist(), strict=True)
    found = [rank_among(*one, target) for one, target in asked]
    assert found == ranks_of(model.score, split.valid).tolist()
