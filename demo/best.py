"""Measures the oracle on the very cases that `cartwright evaluate` uses."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.settings import Settings
from db.engine import make_engine, make_session_factory, read_session
from db.reads.training import event_frame, item_frame
from demo.fill import Progress, filled_with
from demo.oracle import DemoOracle
from recommender.evaluation import find_cases, measure, oracle_scorer, rank_cases
from recommender.fitting import TrainConfig, held_out_days
from recommender.prepared import prepare
from recommender.sequences import temporal_split

K = 20
ORACLES = (("best possible", True), ("best possible for an average shopper", False))


class NotDemoError(Exception):
    """The database was not filled by the demo; the message says what to do."""


@dataclass(frozen=True)
class BestRow:
    """One oracle's figures."""

    name: str
    recall: float
    mrr: float


@dataclass(frozen=True)
class Best:
    """The oracles' figures on the held-out days."""

    k: int
    days: float
    cases: int
    rows: tuple[BestRow, ...]


def best_possible(settings: Settings, *, now: datetime, progress: Progress) -> Best:
    """Rank every held-out case by the truth. Raises NotDemoError where there is no demo past."""
    engine = make_engine(settings.database_url)
    try:
        with read_session(make_session_factory(engine)) as session:
            scenario = filled_with(session)
            if scenario is None:
                raise NotDemoError(
                    "This database holds no demo shop, so the truth behind it is not known: "
                    "fill one with `cartwright demo fill`."
                )
            prepared = prepare(event_frame(session), item_frame(session, now=now))
    finally:
        engine.dispose()
    days = held_out_days(prepared.log, TrainConfig())
    split = temporal_split(prepared.log, valid_days=days, test_days=days)
    cases = find_cases(prepared.log, since=split.test_from, until=None, trained=split.train)
    progress.begin("ranking by the truth", len(cases) * len(ORACLES))
    items = len(prepared.vocabulary)
    rows = []
    for name, knows_tastes in ORACLES:
        oracle = DemoOracle.of(scenario, knows_tastes=knows_tastes)
        scorer = oracle_scorer(oracle, cases, prepared.events, prepared.vocabulary)
        ranking = rank_cases(name, scorer, cases, items=items, ks=(K,), progress=progress.advance)
        metrics = measure(ranking, np.ones(len(cases), np.bool_), k=K)
        rows.append(BestRow(name, metrics.recall, metrics.mrr))
    return Best(K, days, len(cases), tuple(rows))
