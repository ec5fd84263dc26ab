"""Folders of sessions in both layouts, small."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

HEADER = "SessionId\tItemId\tTime\n"


def chains(count: int, seed: int) -> list[list[str]]:
    """Sessions that go on to the next item nine times of ten, around a circle of 30."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        session = [int(draw.integers(30))]
        for _ in range(int(draw.integers(1, 6))):
            step = 1 if draw.random() < 0.9 else int(draw.integers(30))
            session.append((session[-1] + step) % 30)
        found.append([str(item) for item in session])
    return found


def table(sessions: Sequence[Sequence[str]], first: int = 0) -> str:
    """The layout with times; sessions are numbered from `first`, each later than the one before."""
    return HEADER + "".join(
        f"{first + number}\t{item}\t{1000.0 * (first + number) + 7 * place}\n"
        for number, session in enumerate(sessions)
        for place, item in enumerate(session)
    )


def write_steps(
    folder: Path, train: Sequence[Sequence[str]], test: Sequence[Sequence[str]]
) -> Path:
    """The layout with times, without a validation file."""
    (folder / "train_full.tsv").write_text(table(train))
    (folder / "test.tsv").write_text(table(test, first=len(train)))
    return folder


def write_prefixes(
    folder: Path, train: Sequence[Sequence[str]], test: Sequence[Sequence[str]]
) -> Path:
    """The layout without times; each test session asks for its last item first."""
    (folder / "train_sessions.txt").write_text("".join(f"{' '.join(one)}\n" for one in train))
    (folder / "test_prefix_target.tsv").write_text(
        "".join(
            f"{' '.join(one[:end])}\t{one[end]}\n"
            for one in test
            for end in range(len(one) - 1, 0, -1)
        )
    )
    return folder
