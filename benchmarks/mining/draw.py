"""Draws a database of any size: `python -m benchmarks.mining.draw SEQUENCES FILE` (plain text).

Each sequence has 8 items out of 2,000, drawn by Zipf's law with a fixed seed.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

ITEMS, LENGTH = 2_000, 8


def draw(sequences: int) -> pl.DataFrame:
    """The sequences as a table [sequence, element, item]."""
    chances = 1 / np.arange(1, ITEMS + 1)
    items = np.random.default_rng(1).choice(ITEMS, sequences * LENGTH, p=chances / chances.sum())
    return pl.DataFrame(
        {
            "sequence": np.repeat(np.arange(sequences), LENGTH),
            "element": np.tile(np.arange(LENGTH), sequences),
            "item": items,
        }
    )


if __name__ == "__main__":
    table = draw(int(sys.argv[1].replace(",", "")))["item"].to_numpy().reshape(-1, LENGTH)
    pl.from_numpy(table).write_csv(Path(sys.argv[2]), separator=" ", include_header=False)
