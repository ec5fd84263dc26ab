"""Trains everything on an event frame, measures it on the last days, and decides the gate.

events, items (frames) → vocabulary → log → temporal split
  → sources fitted on the training days
  → habits and blend weights fitted on the validation days
  → every model ranked on the test days, once → gate
  → sources refreshed on all days → bundle for the registry
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.abandonment import Carts, calibrated
from recommender.ablation import Ablation, ablate
from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.checkpoint import Checkpoint
from recommender.evaluation import Cases, Oracle, Ranking, oracle_scorer, rank_cases, scorer
from recommender.fitting import (
    MIN_VALID_CASES,
    WATCHED_CASES,
    HeldOut,
    TrainConfig,
    fit_counts,
    fit_lstm,
    fit_models,
    gentle,
    held_out_days,
    hold_out,
    leaving_line,
    sample,
)
from recommender.habits import Habits
from recommender.lstm_step import Lstm, Weights, WholeNetwork
from recommender.nearest import indexed
from recommender.popular import bought_again
from recommender.prepared import Prepared
from recommender.progress import Progress, Silent
from recommender.protocol import Recommender, Source
from recommender.report import K, Report, make_report
from recommender.spoken import Spoken
from recommender.taste import Taste, with_weights
from recommender.weighing import counted_weights

MIN_TEST_CASES = 200


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
    rankings: tuple[Ranking, ...] = ()
    """Of every model on the test days."""

    @property
    def blend(self) -> Blend:
        """The sources, weighed."""
        return Blend(self.sources, self.weights, self.taste)


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
    log, items = prepared.log, len(prepared.vocabulary)
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
        watched=sample(valid, WATCHED_CASES, config.lstm.seed),
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
            sources, taste, learnt_from=fitted.learnt_from, test=test, items=items,
            k=K, progress=progress.advance,
        )  # fmt: skip
    models: list[Recommender] = [
        *(WholeNetwork(one) if isinstance(one, Lstm) else one for one in sources),
        fitted.blend,
    ]
    oracles = oracles or {}
    progress.begin("evaluating", len(test) * (len(models) + len(oracles)))
    rankings = [
        rank_cases(
            model.name, scorer(model, test), test, items=items, ks=(K,), progress=progress.advance
        )
        for model in models
    ]
    for name, make_oracle in oracles.items():
        best = oracle_scorer(make_oracle(), test, prepared.events, prepared.vocabulary)
        rankings.append(
            rank_cases(name, best, test, items=items, ks=(K,), progress=progress.advance)
        )
    report = make_report(
        log, items, split, held.days, valid, test, rankings,
        _by_name(sources, weights), [*_too_little(valid, test), *fitted.problems],
    )  # fmt: skip
    report = replace(report, ablations=ablations)
    return Measured(
        prepared, sources, weights, taste, report, fitted.carts, line, split.valid_from, held,
        tuple(rankings),
    )  # fmt: skip


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
    taste, refreshed = measured.taste, None
    for source in measured.sources:
        if isinstance(source, Habits):
            habits = Habits.fit(prepared.log, prepared.facts, source.weights)
            if source.network is not None:
                habits = habits.by(refreshed)
            fresh[source.name] = habits
            if taste is not None:
                taste = with_weights(habits.taste, taste.weights, taste.alike)
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
            refreshed = Lstm(replace(network.weights, leaving=leaving))
            fresh[source.name] = refreshed
    sources = [fresh[source.name] for source in measured.sources]
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
