"""Fits every source on some days, and what holds them together on the days after.

log → temporal split → sources fitted on the training days
  → habits, blend weights and taste fitted on the validation days
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.abandonment import Carts, OpenCarts, calibration, logits, open_carts
from recommender.blend import Blend, fit_weights
from recommender.checkpoint import Checkpoint
from recommender.collaborative import Collaborative
from recommender.content import Content
from recommender.evaluation import Cases, find_cases, measure, rank_cases, scorer
from recommender.habits import Habits, Led, learnt_habits
from recommender.left_in_cart import LeftInCart
from recommender.lstm import LstmConfig, train_lstm
from recommender.lstm_step import Lstm, Weights, WholeNetwork
from recommender.nearest import INDEXED_FROM
from recommender.neighbours import SessionNeighbours
from recommender.popular import ItemToItem, Popular, PopularInCategory, RecentlyPopular
from recommender.prepared import Prepared
from recommender.progress import Progress
from recommender.protocol import Source
from recommender.report import K
from recommender.rule_sources import AssociationRules, SequentialRules
from recommender.sequences import MICROSECONDS, Ints, Log, Split, chunks, temporal_split
from recommender.taste import Taste
from recommender.weighing import Asked, counted_weights, learnt_taste, target_shares

DAYS_HELD_OUT = 7.0
SHARE_HELD_OUT = 0.1
MIN_VALID_CASES = 100
WATCHED_CASES = 1_000


@dataclass(frozen=True)
class TrainConfig:
    """How to train; the days held out shrink to a tenth of a short log each."""

    lstm: LstmConfig = field(default_factory=LstmConfig)
    refresh_epochs: int = 1
    warm_epochs: int = 1
    """Epochs of a training that goes on from an earlier network, instead of `lstm.epochs`."""
    days: float = DAYS_HELD_OUT
    max_cases: int = 8_000
    min_people: int = 5
    """Fewest people behind a rule that is told to shoppers."""


def held_out_days(log: Log, config: TrainConfig) -> float:
    """Days for validation and for test, each."""
    span = (int(log.at.max()) - int(log.at.min())) / (86_400 * MICROSECONDS)
    return min(config.days, SHARE_HELD_OUT * span)


def fit_counts(log: Log, prepared: Prepared) -> list[Source]:
    """Every recommender that counts, fitted on the log."""
    items = len(prepared.vocabulary)
    return [
        LeftInCart(items),
        AssociationRules.fit(log, items),
        SequentialRules.fit(log, items),
        SessionNeighbours.fit(log, items),
        ItemToItem.fit(log, items),
        Collaborative.fit(log, items),
        Content.fit(log, prepared.facts),
        PopularInCategory.fit(log, items, prepared.category),
        RecentlyPopular.fit(log, items),
        Popular.fit(log, items),
    ]


def fit_lstm(
    log: Log,
    prepared: Prepared,
    config: LstmConfig,
    progress: Progress,
    *,
    stage: str,
    carts: Carts,
    start: Weights | None = None,
    watched: Cases | None = None,
    keep: Checkpoint | None = None,
) -> Lstm:
    """The network with both heads, trained on the log.

    After each epoch it is told how the network ranks the `watched` cases. Raises as `train_lstm`.
    """
    begun, latest = False, float("nan")
    items = len(prepared.vocabulary)

    def on_step(done: int, total: int, loss: float) -> None:
        nonlocal begun, latest
        if begun:
            progress.advance(1, f"loss {loss:.3f}")
        else:
            progress.begin(stage, total)
            progress.advance(done, f"loss {loss:.3f}")
        begun, latest = True, loss

    def on_epoch(done: int, network: Lstm) -> None:
        line = f"epoch {done} of {config.epochs}: loss {latest:.3f}"
        if watched is not None and len(watched):
            ranking = rank_cases(
                network.name, scorer(WholeNetwork(network), watched), watched, items=items, ks=(K,)
            )
            found = measure(ranking, np.ones(len(watched), np.bool_), k=K)
            line += f", validation recall@{K} {found.recall:.3f}, MRR@{K} {found.mrr:.3f}"
        progress.tell(line)

    return train_lstm(
        log,
        items,
        config=config,
        fate=carts.fates(log),
        content=prepared.content,
        start=start,
        on_step=on_step,
        on_epoch=on_epoch,
        keep=keep,
    )


def gentle(config: LstmConfig, epochs: int) -> LstmConfig:
    """For going on from a trained network: so many epochs at a fifth of the rate."""
    return replace(config, epochs=epochs, peak_rate=config.peak_rate / 5)


def leaving_line(
    network: Lstm, carts: Carts, log: Log, *, since: datetime, until: datetime
) -> tuple[float, float]:
    """What calibrates the network's second head: learnt from the visits that began in between."""
    found = open_carts(log, None, since=since, until=until)
    return calibration(leaving_logits(network, carts, found), found.left)


def leaving_logits(network: Lstm, carts: Carts, found: OpenCarts) -> NDArray[np.float64]:
    """The second head's logits for these moments."""
    kinds = carts.kinds(found.log)[found.position]
    said = [
        logits(network.weights.leaving, network.hidden(found.batch(part)), kinds[part])
        for part in chunks(len(found), 512)
    ]
    return np.concatenate(said) if said else np.zeros(0)


@dataclass(frozen=True)
class HeldOut:
    """The days to learn from, and the cases of the days that nothing is fitted on."""

    days: float
    split: Split
    valid: Cases
    test: Cases


@dataclass(frozen=True)
class Fitted:
    """Sources fitted on a log, what the blend and taste learnt from validation cases on top.

    `learnt_from` is what `target_shares` gave of them, None where there were too few to learn from.
    """

    sources: list[Source]
    weights: NDArray[np.float64]
    taste: Taste | None
    carts: Carts
    learnt_from: tuple[NDArray[np.float64], Ints] | None
    problems: tuple[str, ...]

    @property
    def blend(self) -> Blend:
        """All of it together."""
        return Blend(self.sources, self.weights, self.taste)


def hold_out(prepared: Prepared, config: TrainConfig) -> HeldOut:
    """The split of the log and its cases. Raises ValueError where the log is too short for it."""
    log = prepared.log
    days = held_out_days(log, config)
    split = temporal_split(log, valid_days=days, test_days=days)
    valid = find_cases(log, since=split.valid_from, until=split.test_from, trained=split.train)
    test = find_cases(log, since=split.test_from, until=None, trained=split.train)
    most, seed = config.max_cases, config.lstm.seed
    return HeldOut(days, split, sample(valid, most, seed), sample(test, most, seed))


def fit_models(
    log: Log,
    valid: Asked,
    prepared: Prepared,
    *,
    config: TrainConfig,
    progress: Progress,
    watched: Cases | None = None,
    start: Weights | None = None,
    keep: Path | None = None,
) -> Fitted:
    """Fit every source on the log; learn the blend's weights and taste from the cases.

    `watched` cases are ranked after each epoch; `start` and `keep` are `measure_models`'.
    """
    items = len(prepared.vocabulary)
    progress.begin("counting", 1)
    sources = fit_counts(log, prepared)
    progress.advance(1)
    carts = Carts.fit(log, prepared.amount)
    problems: tuple[str, ...] = ()
    try:
        network = fit_lstm(
            log,
            prepared,
            config.lstm if start is None else gentle(config.lstm, config.warm_epochs),
            progress,
            stage="training LSTM",
            carts=carts,
            start=start,
            watched=watched,
            keep=None if keep is None else Checkpoint(keep / "measured"),
        )
        sources.insert(0, network)
    except ValueError as error:
        problems = (f"no LSTM: {error}",)
    if len(valid) < MIN_VALID_CASES:
        return Fitted(sources, counted_weights(sources), None, carts, None, problems)
    progress.begin("weighing the sources", 3)
    others, rows = target_shares(sources, valid, items=items)
    habits = learnt_habits(
        Habits.fit(log, prepared.facts, network=_remembering(sources[0])),
        Led(others, rows, valid.target, valid.batch),
    )
    sources.append(habits)
    learnt_from = np.hstack([others, target_shares([habits], valid, items=items)[0]]), rows
    progress.advance(1)
    weights = fit_weights(*learnt_from)
    progress.advance(1)
    taste = learnt_taste(Blend(sources, weights), habits.taste, valid, items=items)
    progress.advance(1)
    return Fitted(sources, weights, taste, carts, learnt_from, problems)


def _remembering(source: Source) -> Lstm | None:
    """The network, where it has a memory and few enough items for all to be looked at."""
    if not isinstance(source, Lstm) or source.weights.memory is None:
        return None
    return source if len(source.weights.item_bias) <= INDEXED_FROM else None


def sample(cases: Cases, most: int, seed: int) -> Cases:
    """At most so many of the cases, drawn by the seed, in their order."""
    if len(cases) <= most:
        return cases
    draw = np.random.default_rng(seed)
    keep = np.sort(draw.choice(len(cases), most, replace=False))
    return Cases(cases.log, cases.position[keep], cases.seen[keep])
