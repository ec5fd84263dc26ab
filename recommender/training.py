"""Trains everything on an event frame, measures it on the last days, and decides the gate.

events, items (frames) → vocabulary → log → temporal split
  → sources fitted on the training days
  → habits and blend weights fitted on the validation days
  → every model ranked on the test days, once → gate
  → sources refreshed on all days → bundle for the registry
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.abandonment import Carts, OpenCarts, calibrated, calibration, logits, open_carts
from recommender.ablation import Ablation, ablate
from recommender.blend import Blend, category_of, fit_weights, shares
from recommender.bundle import Bundle
from recommender.checkpoint import Checkpoint
from recommender.collaborative import Collaborative
from recommender.content import Content
from recommender.contexts import CONTEXTS, context_rows
from recommender.evaluation import (
    Cases,
    Oracle,
    find_cases,
    measure,
    oracle_scorer,
    rank_cases,
    scorer,
)
from recommender.facts import Facts
from recommender.habits import Habits, Led, learnt_habits
from recommender.item_content import ItemContent
from recommender.left_in_cart import LeftInCart
from recommender.lstm import LstmConfig, train_lstm
from recommender.lstm_step import Lstm, Weights
from recommender.nearest import indexed
from recommender.neighbours import SessionNeighbours
from recommender.newcomers import Embed
from recommender.popular import (
    ItemToItem,
    Popular,
    PopularInCategory,
    RecentlyPopular,
    bought_again,
)
from recommender.protocol import Recommender, Source
from recommender.report import K, Report, make_report
from recommender.rules import AssociationRules, SequentialRules
from recommender.sequences import (
    MICROSECONDS,
    Batch,
    Ints,
    Log,
    Split,
    Vocabulary,
    build_log,
    chunks,
    score_chunks,
    temporal_split,
)
from recommender.spoken import Spoken
from recommender.taste import Choice, Taste, choice_of, learn_taste, with_weights

DAYS_HELD_OUT = 7.0
SHARE_HELD_OUT = 0.1
MIN_TEST_CASES = 200
MIN_VALID_CASES = 100
WATCHED_CASES = 1_000
# What the sources weigh while nothing could be learnt about them.
COUNTED_WEIGHTS = {
    LeftInCart.name: 0.2,
    AssociationRules.name: 0.2,
    SequentialRules.name: 0.2,
    SessionNeighbours.name: 0.2,
    ItemToItem.name: 0.2,
    Collaborative.name: 0.05,
    Content.name: 0.05,
    PopularInCategory.name: 0.07,
    RecentlyPopular.name: 0.05,
    Popular.name: 0.03,
}


class Progress(Protocol):
    """Is told how far training came."""

    def begin(self, stage: str, total: int) -> None:
        """A stage of `total` steps begins."""
        ...

    def advance(self, by: int, note: str = "") -> None:
        """`by` more steps are done; `note` is a word on them, such as the loss."""
        ...

    def tell(self, line: str) -> None:
        """Something to keep before the eyes, such as what an epoch led to."""
        ...


class Silent:
    """Progress that nobody watches."""

    def begin(self, stage: str, total: int) -> None:
        """Nothing."""

    def advance(self, by: int, note: str = "") -> None:
        """Nothing."""

    def tell(self, line: str) -> None:
        """Nothing."""


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


@dataclass(frozen=True)
class Prepared:
    """A frame made ready: the vocabulary, what the catalogue says of it, the log of all steps."""

    events: pl.DataFrame
    vocabulary: Vocabulary
    facts: Facts
    log: Log
    amount: NDArray[np.float64]
    """What each item costs, NaN where that is unknown."""
    content: ItemContent

    @property
    def category(self) -> Ints:
        """Each item's category code, -1 for none."""
        return self.facts.category


def prepare(events: pl.DataFrame, items: pl.DataFrame, *, embed: Embed | None = None) -> Prepared:
    """Read the frames; the vocabulary holds the catalogue and whatever else the log has.

    `embed` makes vectors of titles; without it the network learns nothing of them. Raises
    ValueError where no event names a product.
    """
    events = events.filter(pl.col("product").is_not_null())
    if events.is_empty():
        raise ValueError("there are no events with a product: import a log or let shoppers shop")
    names = pl.concat([events["product"], items["product"]]).unique().to_list()
    vocabulary = Vocabulary.of(names)
    at = np.array([vocabulary.index[product] for product in items["product"]], np.int64)
    brand, category = (_codes(items[column], at, vocabulary) for column in ("brand", "category"))
    amount = np.full(len(vocabulary), np.nan)
    amount[at] = items["amount"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    facts = Facts.of(brand, category, amount)
    titles = embed(items["title"].fill_null("").to_list()) if embed else np.zeros((len(items), 0))
    text = np.zeros((len(vocabulary), titles.shape[1]), np.float32)
    text[at] = titles
    content = ItemContent.of(facts, text)
    return Prepared(events, vocabulary, facts, build_log(events, vocabulary), amount, content)


def _codes(names: pl.Series, at: NDArray[np.int64], vocabulary: Vocabulary) -> Ints:
    """For each item the place of its name among the sorted names, -1 where it has none."""
    codes = np.full(len(vocabulary), -1, np.int32)
    distinct = names.drop_nulls().unique().sort().to_list()
    codes[at] = names.replace_strict(
        distinct, list(range(len(distinct))), default=-1, return_dtype=pl.Int32
    ).to_numpy()
    return codes


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
            ranking = rank_cases(network.name, scorer(network, watched), watched, ks=(K,))
            found = measure(ranking, np.ones(len(watched), np.bool_), k=K)
            line += f", validation recall@{K} {found.recall:.3f}, MRR@{K} {found.mrr:.3f}"
        progress.tell(line)

    return train_lstm(
        log,
        len(prepared.vocabulary),
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


class Asked(Protocol):
    """Windows, and the item that followed each."""

    def __len__(self) -> int:
        """How many."""
        ...

    @property
    def target(self) -> Ints:
        """What followed; negative where it is unknown."""
        ...

    def batch(self, part: slice) -> Batch:
        """Some of the windows."""
        ...


def learn_weights(sources: Sequence[Source], cases: Asked, *, items: int) -> NDArray[np.float64]:
    """Blend weights from the validation cases."""
    return fit_weights(*target_shares(sources, cases, items=items))


def target_shares(
    sources: Sequence[Source], cases: Asked, *, items: int
) -> tuple[NDArray[np.float64], Ints]:
    """What `fit_weights` learns from: the sources' shares of each target, and its row."""
    known = np.full((len(cases), len(sources)), np.nan)
    category = category_of(sources)
    rows = np.zeros(len(cases), np.int32)
    for part in score_chunks(len(cases), items, 512):
        batch = cases.batch(part)
        rows[part] = context_rows(batch, category)
        target = cases.target[part]
        at = np.arange(len(target))
        for column, source in enumerate(sources):
            known[part, column] = np.where(
                target >= 0, shares(source.score(batch))[at, np.maximum(target, 0)], np.nan
            )
    return known, rows


def learnt_taste(blend: Blend, log: Log, facts: Facts, cases: Asked) -> Taste:
    """What suits whom: counts from the log, weights from the validation cases."""
    taste = Taste.fit(log, facts)
    choices: list[Choice] = []
    for part in chunks(len(cases), 512):
        batch, scores = cases.batch(part), blend.score(cases.batch(part))
        for row, target in enumerate(cases.target[part].tolist()):
            choice = choice_of(taste, batch, row, scores[row], target)
            if choice is not None:
                choices.append(choice)
    return with_weights(taste, learn_taste(choices))


def counted_weights(sources: list[Source]) -> NDArray[np.float64]:
    """Fixed weights for the counting sources, alike for every context."""
    weights = np.array([COUNTED_WEIGHTS.get(source.name, 0.0) for source in sources])
    return np.tile(weights / weights.sum(), (CONTEXTS, 1))


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


@dataclass(frozen=True)
class Measured:
    """Models fitted on the training days, and how they did on the test days."""

    prepared: Prepared
    sources: list[Source]
    weights: NDArray[np.float64]
    taste: Taste | None
    report: Report
    carts: Carts
    leaving_line: tuple[float, float] = (1.0, 0.0)
    """What calibrates the network's second head."""
    learnt_until: datetime | None = None
    """The models know of no visit that began then or later; None where they know all."""
    held_out: HeldOut | None = None
    """What was measured on; None where the log is too short to hold any days out."""

    @property
    def blend(self) -> Blend:
        """The sources, weighed."""
        return Blend(self.sources, self.weights, self.taste)


def hold_out(prepared: Prepared, config: TrainConfig) -> HeldOut:
    """The split of the log and its cases. Raises ValueError where the log is too short for it."""
    log = prepared.log
    days = held_out_days(log, config)
    split = temporal_split(log, valid_days=days, test_days=days)
    valid = find_cases(log, since=split.valid_from, until=split.test_from, trained=split.train)
    test = find_cases(log, since=split.test_from, until=None, trained=split.train)
    most, seed = config.max_cases, config.lstm.seed
    return HeldOut(days, split, _sample(valid, most, seed), _sample(test, most, seed))


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
        Habits.fit(log, prepared.facts), Led(others, rows, valid.target, valid.batch)
    )
    sources.append(habits)
    learnt_from = np.hstack([others, target_shares([habits], valid, items=items)[0]]), rows
    progress.advance(1)
    weights = fit_weights(*learnt_from)
    progress.advance(1)
    taste = learnt_taste(Blend(sources, weights), log, prepared.facts, valid)
    progress.advance(1)
    return Fitted(sources, weights, taste, carts, learnt_from, problems)


def measure_models(
    prepared: Prepared,
    *,
    config: TrainConfig,
    progress: Progress | None = None,
    oracles: Mapping[str, Callable[[], Oracle]] | None = None,
    ablation: bool = False,
    start: Weights | None = None,
    keep: Path | None = None,
) -> Measured:
    """Fit on the training days, weigh on the validation days, rank on the test days.

    The network goes on from `start`, where given, for `warm_epochs` gentle epochs; those weights
    must know nothing of the held-out days. In the folder `keep` it keeps where it stands.
    `oracles` by the name of their row; they are made only if there is something to measure. With
    `ablation` the blend is ranked without each of its sources too.
    """
    progress = progress or Silent()
    log = prepared.log
    try:
        held = hold_out(prepared, config)
    except ValueError as error:
        return _unmeasured(prepared, held_out_days(log, config), str(error))
    split, valid, test = held.split, held.valid, held.test
    fitted = fit_models(
        split.train,
        valid,
        prepared,
        config=config,
        progress=progress,
        watched=_sample(valid, WATCHED_CASES, config.lstm.seed),
        start=start,
        keep=keep,
    )
    sources, weights, taste = fitted.sources, fitted.weights, fitted.taste
    line = (1.0, 0.0)
    if isinstance(network := sources[0], Lstm):
        line = leaving_line(
            network, fitted.carts, log, since=split.valid_from, until=split.test_from
        )
    ablations: tuple[Ablation, ...] = ()
    if ablation and fitted.learnt_from is not None:
        progress.begin("leaving out sources", len(test))
        ablations = ablate(
            sources, taste, learnt_from=fitted.learnt_from, test=test, k=K,
            progress=progress.advance,
        )  # fmt: skip
    models: list[Recommender] = [*sources, fitted.blend]
    oracles = oracles or {}
    progress.begin("evaluating", len(test) * (len(models) + len(oracles)))
    rankings = [
        rank_cases(model.name, scorer(model, test), test, ks=(K,), progress=progress.advance)
        for model in models
    ]
    for name, make_oracle in oracles.items():
        best = oracle_scorer(make_oracle(), test, prepared.events, prepared.vocabulary)
        rankings.append(rank_cases(name, best, test, ks=(K,), progress=progress.advance))
    report = make_report(
        log, len(prepared.vocabulary), split, held.days, valid, test, rankings,
        _by_name(sources, weights), [*_too_little(valid, test), *fitted.problems],
    )  # fmt: skip
    report = replace(report, ablations=ablations)
    return Measured(
        prepared, sources, weights, taste, report, fitted.carts, line, split.valid_from, held
    )


def _sample(cases: Cases, most: int, seed: int) -> Cases:
    """At most so many of the cases, drawn by the seed, in their order."""
    if len(cases) <= most:
        return cases
    draw = np.random.default_rng(seed)
    keep = np.sort(draw.choice(len(cases), most, replace=False))
    return Cases(cases.log, cases.position[keep], cases.seen[keep])


def _too_little(valid: Cases, test: Cases) -> list[str]:
    return [
        f"too little data: {len(cases)} {name} cases, at least {least} are needed to judge"
        for name, cases, least in (
            ("validation", valid, MIN_VALID_CASES),
            ("test", test, MIN_TEST_CASES),
        )
        if len(cases) < least
    ]


def _unmeasured(prepared: Prepared, days: float, problem: str) -> Measured:
    sources = fit_counts(prepared.log, prepared)
    weights = counted_weights(sources)
    empty = np.zeros(0, np.int64)
    none = Cases(prepared.log, empty, np.zeros(0, np.bool_))
    report = make_report(
        prepared.log, len(prepared.vocabulary), None, days, none, none, [],
        _by_name(sources, weights), [f"too little data: {problem}"],
    )  # fmt: skip
    carts = Carts.fit(prepared.log, prepared.amount)
    return Measured(prepared, sources, weights, None, report, carts)


def _by_name(sources: Sequence[Source], weights: NDArray[np.float64]) -> dict[str, list[float]]:
    return {source.name: weights[:, at].tolist() for at, source in enumerate(sources)}


def refresh(
    measured: Measured,
    *,
    config: TrainConfig,
    progress: Progress | None = None,
    keep: Path | None = None,
) -> Bundle:
    """The bundle to serve: counts taken again over all days, the LSTM trained on over them.

    In the folder `keep` the network keeps where it stands.
    """
    progress = progress or Silent()
    prepared = measured.prepared
    progress.begin("counting all days", 1)
    fresh = {source.name: source for source in fit_counts(prepared.log, prepared)}
    progress.advance(1)
    for source in measured.sources:
        if isinstance(source, Habits):
            fresh[source.name] = Habits.fit(prepared.log, prepared.facts, source.weights)
        if isinstance(source, Lstm):
            network = fit_lstm(
                prepared.log,
                prepared,
                gentle(config.lstm, config.refresh_epochs),
                progress,
                stage="refreshing LSTM",
                carts=measured.carts,
                start=source.weights,
                keep=None if keep is None else Checkpoint(keep / "refreshed"),
            )
            # No later days are left to calibrate on, so what was learnt from the last ones stays.
            leaving = calibrated(network.weights.leaving, measured.leaving_line)
            fresh[source.name] = Lstm(replace(network.weights, leaving=leaving))
    sources = [fresh[source.name] for source in measured.sources]
    taste = measured.taste
    if taste is not None:
        taste = Taste.fit(prepared.log, prepared.facts, taste.weights)
    blend = Blend(sources, measured.weights, taste)
    return _bundle(prepared, blend, config.min_people, carts=measured.carts)


def counts_only(prepared: Prepared, *, min_people: int = 5) -> Bundle:
    """A bundle of the counting recommenders with fixed weights, for a log too small to learn."""
    sources = fit_counts(prepared.log, prepared)
    return _bundle(prepared, Blend(sources, counted_weights(sources)), min_people)


def _bundle(
    prepared: Prepared, blend: Blend, min_people: int, *, carts: Carts | None = None
) -> Bundle:
    again = bought_again(prepared.log, len(prepared.vocabulary))
    spoken = Spoken.mine(prepared.log, min_people=min_people)
    nearest = indexed(blend.sources)
    return Bundle(prepared.vocabulary, prepared.category, blend, again, spoken, carts, nearest)
