"""Reading a folder of sessions: both layouts, what is made up for, what is refused."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.next_item.splits import Questions, SplitError, read_split
from tests.unit.next_item.folders import HEADER, chains, table, write_prefixes, write_steps

type Sessions = Sequence[Sequence[str]]
type Layout = Callable[[Path, Sessions, Sessions], Path]

SESSIONS = st.lists(
    st.lists(st.sampled_from(["a", "b-1", "Zelt", "ü", "007", "7"]), min_size=1, max_size=4),
    min_size=1,
    max_size=6,
)


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    return write_steps(tmp_path, chains(400, 0), [*chains(50, 1), ["3", "99", "4"]])


@pytest.fixture
def prefixes(tmp_path: Path) -> Path:
    return write_prefixes(tmp_path, chains(400, 0), [["1", "2", "3"], ["5", "99"]])


def test_every_step_but_the_first_of_a_test_session_is_asked_for(steps: Path) -> None:
    split = read_split(steps)
    assert len(split.test) == sum(len(session) - 1 for session in chains(50, 1)) + 2
    assert split.items == 30


def test_an_item_that_training_never_met_is_an_unknown_target_and_an_unknown_step(
    steps: Path,
) -> None:
    split = read_split(steps)
    order = sorted({item for session in chains(400, 0) for item in session})
    assert split.test.target[-2:].tolist() == [-1, order.index("4")]
    last = split.test.batch(slice(len(split.test) - 1, None))
    assert last.item[0, :2].tolist() == [order.index("3"), -1]


def test_a_session_of_one_step_asks_nothing(tmp_path: Path) -> None:
    split = read_split(write_steps(tmp_path, chains(20, 0), [["1"], ["1", "2"], ["3"]]))
    assert len(split.test) == 1


def test_without_validation_sessions_the_last_of_training_are_cut_off(steps: Path) -> None:
    split = read_split(steps)
    assert split.train.at.max() < split.valid.log.at.min()
    assert len(split.train) + len(split.valid.log) == len(split.full)
    assert len(np.unique(split.valid.log.session)) == 40


@pytest.mark.parametrize(("sessions", "held_out"), [(1, 0), (2, 1), (3, 1), (30, 3)])
def test_of_few_sessions_at_least_one_is_trained_on_and_one_is_held_out(
    tmp_path: Path, sessions: int, held_out: int
) -> None:
    split = read_split(write_prefixes(tmp_path, chains(sessions, 0), [["1", "2"]]))
    assert len(np.unique(split.valid.log.session)) == held_out
    assert len(np.unique(split.train.session)) == sessions - held_out


def test_given_validation_sessions_are_used(steps: Path) -> None:
    (steps / "train_tr.tsv").write_text(table(chains(390, 0)))
    (steps / "train_valid.tsv").write_text(table(chains(10, 5), first=390))
    split = read_split(steps)
    assert len(np.unique(split.train.session)) == 390
    assert len(np.unique(split.valid.log.session)) == 10


def test_without_a_file_of_all_training_its_two_parts_are_all_of_it(steps: Path) -> None:
    (steps / "train_full.tsv").unlink()
    (steps / "train_tr.tsv").write_text(table(chains(390, 0)))
    (steps / "train_valid.tsv").write_text(table([*chains(10, 5), ["new", "1"]], first=390))
    split = read_split(steps)
    assert len(np.unique(split.full.session)) == 401
    assert len(split.full) == len(split.train) + len(split.valid.log)
    assert split.items == 31


def test_prefixes_of_one_session_belong_together(prefixes: Path) -> None:
    test = read_split(prefixes).test
    assert test.session.tolist() == [0, 0, 1]
    assert test.batch(slice(0, 2)).length.tolist() == [2, 1]
    assert test.target[-1] == -1


def told(questions: Questions) -> list[tuple[list[int], int]]:
    """What is known and what followed, for each question."""
    batch = questions.batch(slice(None))
    return [
        (batch.item[row, : batch.length[row]].tolist(), target)
        for row, target in enumerate(questions.target.tolist())
    ]


@given(train=SESSIONS, test=SESSIONS.filter(lambda found: any(len(one) > 1 for one in found)))
@settings(deadline=None, max_examples=30)
def test_both_layouts_of_the_same_sessions_ask_the_same(
    train: list[list[str]], test: list[list[str]]
) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        timed = read_split(write_steps(Path(one), train, test))
        untimed = read_split(write_prefixes(Path(other), train, test))
    assert sorted(told(timed.test)) == sorted(told(untimed.test))
    assert told(timed.valid) == told(untimed.valid)
    assert timed.full.item.tolist() == untimed.full.item.tolist()
    assert timed.items == untimed.items == len({item for session in train for item in session})


@pytest.mark.parametrize("layout", [write_steps, write_prefixes])
def test_compressed_files_say_the_same(tmp_path: Path, layout: Layout) -> None:
    folder = layout(tmp_path, chains(20, 0), chains(5, 1))
    plain = read_split(folder)
    for path in list(folder.iterdir()):
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    packed = read_split(folder)
    assert told(packed.test) == told(plain.test)
    assert packed.full.item.tolist() == plain.full.item.tolist()


def test_blank_lines_and_line_ends_of_windows_change_nothing(tmp_path: Path) -> None:
    folder = write_steps(tmp_path, chains(20, 0), chains(5, 1))
    plain = told(read_split(folder).test)
    path = folder / "test.tsv"
    path.write_text(path.read_text().replace("\n", "\r\n") + "\r\n", newline="")
    assert told(read_split(folder).test) == plain


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("test_prefix_target.tsv", "1 2\t\n", "line 1: expected items, a tab, and one item"),
        ("test_prefix_target.tsv", "\n", "nothing is asked"),
        ("train_sessions.txt", "\n", "no session"),
    ],
)
def test_broken_prefixes_are_refused_with_what_is_wrong(
    prefixes: Path, name: str, text: str, said: str
) -> None:
    (prefixes / name).write_text(text)
    with pytest.raises(SplitError, match=said):
        read_split(prefixes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read as a table"),
        (HEADER, "found none"),
        (
            "session_id\titem_id\tTime\n1\t2\t3\n",
            "lacks the columns SessionId, ItemId: .*session_id",
        ),
        ("SessionId,ItemId,Time\n1,2,3\n", "tab-separated"),
        (f"{HEADER}1\t2\t3\n1\t2\tnan\n", "'nan'.* as step 2"),
        (f"{HEADER}1\t2\tinf\n", "'inf'"),
        (f"{HEADER}1\t2\t2014-09-30T12:00:00Z\n", "time in seconds, found .*2014-09-30"),
        (f"{HEADER}1\t2\t1411000000000000000\n", "time in seconds"),
        (f"{HEADER}1\t\t3\n", "as step 1"),
    ],
)
@pytest.mark.parametrize("name", ["train_full.tsv", "test.tsv"])
def test_broken_steps_are_refused_with_what_is_wrong(
    steps: Path, name: str, text: str, said: str
) -> None:
    (steps / name).write_text(text)
    with pytest.raises(SplitError, match=f"{name}.*{said}"):
        read_split(steps)


def test_a_test_without_a_second_step_is_refused(tmp_path: Path) -> None:
    write_steps(tmp_path, chains(20, 0), [["1"], ["2"]])
    with pytest.raises(SplitError, match="no test session has a second step"):
        read_split(tmp_path)


@pytest.mark.parametrize("damage", ["cut short", "header", "body"])
@pytest.mark.parametrize(
    ("layout", "name"), [(write_steps, "train_full.tsv"), (write_prefixes, "train_sessions.txt")]
)
def test_a_damaged_compressed_file_is_refused_by_name(
    tmp_path: Path, layout: Layout, name: str, damage: str
) -> None:
    plain = layout(tmp_path, chains(200, 0), chains(5, 1)) / name
    data = bytearray(gzip.compress(plain.read_bytes()))
    plain.unlink()
    if damage == "cut short":
        data = data[: len(data) // 2]
    else:
        at = 0 if damage == "header" else len(data) // 2
        data[at : at + 40] = b"\xff" * 40
    (tmp_path / f"{name}.gz").write_bytes(data)
    with pytest.raises(SplitError, match=f"{name}.gz cannot be read"):
        read_split(tmp_path)


def test_only_one_part_of_training_is_no_training(steps: Path) -> None:
    (steps / "train_full.tsv").rename(steps / "train_tr.tsv")
    with pytest.raises(SplitError, match=r"train_tr\.tsv and train_valid\.tsv"):
        read_split(steps)


@pytest.mark.parametrize(
    ("layout", "name"), [(write_steps, "test.tsv"), (write_prefixes, "test_prefix_target.tsv")]
)
def test_a_folder_without_a_test_is_refused(tmp_path: Path, layout: Layout, name: str) -> None:
    (layout(tmp_path, chains(20, 0), chains(5, 1)) / name).unlink()
    with pytest.raises(SplitError, match=name):
        read_split(tmp_path)
