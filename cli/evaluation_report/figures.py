"""The figures of an evaluation, as PNG files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recommender.contexts import LENGTHS
from recommender.report import Part, Report, Row

BLEND, OTHERS, BEST = "#0072b2", "#9aa5b1", "#e69f00"
LINES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6d31", "#6a51a3")
"""Apart for the colour-blind too, after Okabe & Ito."""
INK = "#1f2933"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure in the report's folder, and what it shows."""

    file: str
    title: str
    about: str


def draw_figures(folder: Path, report: Report) -> list[Drawn]:
    """Draw what the report has figures for. Raises OSError where a file cannot be written."""
    if not report.rows:
        return []
    drawn = [_models(folder, report)]
    if len({part.of for row in report.rows for part in row.by_length}) > 1:
        drawn.append(
            _groups(
                folder, report, "by_session_length", "Products the session had met",
                lambda row: row.by_length,
                "How much more is known once a session has met more products.",
            )
        )  # fmt: skip
    if len({part.of for row in report.rows for part in row.by_frequency}) > 1:
        drawn.append(
            _groups(
                folder, report, "by_frequency", "How often training met the product turned to",
                lambda row: row.by_frequency,
                "Whether only what is popular is found.",
            )
        )  # fmt: skip
    if report.ablations:
        drawn.append(_ablations(folder, report))
    drawn.append(_weights(folder, report))
    return drawn


def _models(folder: Path, report: Report) -> Drawn:
    rows = sorted(report.rows, key=lambda row: row.recall.mean)
    figure, axes = _figure(0.34 * len(rows) + 0.9, columns=2)
    for axis, title, of in (
        (axes[0], f"recall@{report.k}", [row.recall for row in rows]),
        (axes[1], f"MRR@{report.k}", [row.mrr for row in rows]),
    ):
        means = [one.mean for one in of]
        spread = [[one.mean - one.low for one in of], [one.high - one.mean for one in of]]
        axis.barh(
            [_words(row.name) for row in rows],
            means,
            xerr=spread,
            color=[_colour(row.name) for row in rows],
            error_kw={"ecolor": INK, "elinewidth": 1},
        )
        for at, one in enumerate(of):
            axis.text(one.high, at, f" {one.mean:.3f}", va="center", fontsize=9)
        axis.set_title(title, loc="left", fontsize=11)
        axis.set_xlim(0, max(one.high for one in of) * 1.15 or 1)
    axes[1].set_yticklabels([])
    about = "Over all cases, with 95 % intervals that draw whole shoppers."
    return _saved(folder, figure, "models", "All models", about)


def _groups(
    folder: Path,
    report: Report,
    name: str,
    title: str,
    parts: Callable[[Row], tuple[Part, ...]],
    about: str,
) -> Drawn:
    figure, (axis,) = _figure(4.2)
    rows = sorted(report.rows, key=lambda row: row.recall.mean, reverse=True)[: len(LINES)]
    groups = {part.of: part.cases for part in parts(rows[0])}
    for row, colour in zip(rows, LINES, strict=False):
        axis.plot(
            range(len(groups)),
            [part.recall for part in parts(row)],
            marker="o",
            color=colour,
            linewidth=2.4 if row.name == "blend" else 1.2,
            label=_words(row.name),
        )
    axis.set_xticks(range(len(groups)), [f"{of}\n{cases:,} cases" for of, cases in groups.items()])
    axis.set_ylabel(f"recall@{report.k}")
    axis.set_ylim(bottom=0)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=9)
    return _saved(folder, figure, name, title, about)


def _ablations(folder: Path, report: Report) -> Drawn:
    rows = sorted(report.ablations, key=lambda one: one.recall.mean, reverse=True)
    figure, axes = _figure(0.34 * len(rows) + 0.9, columns=2)
    for axis, title, of in (
        (axes[0], f"recall@{report.k}", [one.recall for one in rows]),
        (axes[1], f"MRR@{report.k}", [one.mrr for one in rows]),
    ):
        axis.axvline(0, color=OTHERS, linewidth=1)
        axis.errorbar(
            [one.mean for one in of],
            [_words(row.without) for row in rows],
            xerr=[[one.mean - one.low for one in of], [one.high - one.mean for one in of]],
            fmt="o",
            color=BLEND,
            ecolor=INK,
            elinewidth=1,
        )
        axis.set_title(title, loc="left", fontsize=11)
        axis.locator_params(axis="x", nbins=5)
    axes[1].set_yticklabels([])
    about = "How the blend changes without one part, the rest weighed anew; left of 0 is worse."
    return _saved(folder, figure, "ablation", "What each part gives", about)


def _weights(folder: Path, report: Report) -> Drawn:
    figure, (axis,) = _figure(3.6)
    bottom = [0.0] * len(LENGTHS)
    order = sorted(report.weights, key=lambda name: -sum(report.weights[name]))
    shown, rest = order[: len(LINES) - 1], order[len(LINES) - 1 :]
    by_length = {name: _by_length(weights) for name, weights in report.weights.items()}
    bars = [(_words(name), by_length[name]) for name in shown]
    if rest:
        summed = zip(*(by_length[name] for name in rest), strict=True)
        bars.append(("others", [sum(column) for column in summed]))
    for (name, values), colour in zip(bars, LINES, strict=False):
        axis.bar([str(length) for length in LENGTHS], values, bottom=bottom, color=colour,
                 label=name)  # fmt: skip
        bottom = [one + more for one, more in zip(bottom, values, strict=True)]
    axis.set_xlabel("products that the session has met, from")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=9)
    about = "Learnt on the validation days; a source that knows nothing passes its weight on."
    return _saved(folder, figure, "weights", "What the sources weigh", about)


def _by_length(weights: Sequence[float]) -> list[float]:
    """The mean over what was done last, for each length of the visit."""
    per = len(weights) // len(LENGTHS)
    return [sum(weights[at : at + per]) / per for at in range(0, len(weights), per)]


def _figure(height: float, *, columns: int = 1) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(9.5, height), layout="constrained", dpi=130)
    axes = [figure.add_subplot(1, columns, at + 1) for at in range(columns)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=9)
    return figure, axes


def _saved(folder: Path, figure: Figure, name: str, title: str, about: str) -> Drawn:
    file = f"{name}.png"
    figure.savefig(folder / file)
    return Drawn(file, title, about)


def _colour(name: str) -> str:
    return BLEND if name == "blend" else BEST if name.startswith("best") else OTHERS


def _words(name: str) -> str:
    return name.replace("_", " ")
