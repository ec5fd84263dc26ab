"""Draws how often what was said came true, as a PNG."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.abandonment.demo import BEST, Compared

COLOURS = ("#9aa5b1", "#009e73", "#0072b2", "#e69f00")
BINS = 8
"""Each with equally many carts, so that no point rests on a few."""


def draw_reliability(path: Path, found: Compared) -> None:
    """One line a model, over all moments; whoever is on the diagonal says what happens."""
    figure = Figure(figsize=(6.4, 5.2), layout="constrained", dpi=130)
    axis = figure.add_subplot()
    axis.plot([0, 1], [0, 1], color="#1f2933", linewidth=0.8, linestyle=":")
    for (name, (said, left)), colour in zip(found.said.items(), COLOURS, strict=True):
        means, happened, wide = _points(said, left)
        axis.errorbar(means, happened, yerr=wide, color=colour, marker="o", markersize=4,
                      linewidth=1.2, capsize=2, label=name, zorder=1 + (name != BEST))  # fmt: skip
    axis.set_xlabel("probability said that the cart is left")
    axis.set_ylabel("share of carts that were left, with 95 % intervals")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="upper left")
    figure.savefig(path)


def _points(
    said: NDArray[np.float64], left: NDArray[np.bool_]
) -> tuple[list[float], list[float], list[float]]:
    parts = np.array_split(np.argsort(said, kind="stable"), BINS)
    happened = [float(left[part].mean()) for part in parts]
    wide = [
        1.96 * float(np.sqrt(share * (1 - share) / len(part)))
        for part, share in zip(parts, happened, strict=True)
    ]
    return [float(said[part].mean()) for part in parts], happened, wide
