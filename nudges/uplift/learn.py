"""From a shop's own decisions to the model in force.

The log is split by time. What is learned on the older part must earn at least as much on the newer
one as what is in force, by the doubly robust estimate of the difference; then it is fitted on all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from db.models import Exposure, Nudge, NudgeState, Order
from nudges.decision import NOTHING
from nudges.policy import ASKED, HOLD_OUT, Policy
from nudges.uplift.estimators import Value, doubly_robust, inverse_propensity, value
from nudges.uplift.features import FEATURES, as_row
from nudges.uplift.model import Floats, Uplift, fit, prior
from recommender.protocol import NoModelError
from recommender.registry import Manifest, current, read, store, switch

RIPE = timedelta(days=7)
"""After which it is settled whether somebody bought."""
FEWEST = 500
"""Settled decisions that learning needs."""
FEWEST_BOUGHT = 30
OLDER = 0.75
"""Share of the log, oldest first, that is learned from before the gate."""
FOLDER = "uplift"
CATALOGUE = "any"


class TooLittleError(Exception):
    """There is not enough to learn from; the message says what is missing."""


@dataclass(frozen=True, eq=False)
class Logged:
    """Settled decisions, oldest first; n of them.

    `decided` marks those that a decider made (the others were held out). `margins` is what the
    goods would earn, `costs` what each treatment that was allowed may take off it.
    """

    rows: Floats
    treatments: Sequence[str]
    bought: NDArray[np.bool_]
    decided: NDArray[np.bool_]
    probabilities: Floats
    margins: Floats
    costs: Sequence[Mapping[str, int]]

    def __len__(self) -> int:
        return len(self.treatments)

    def part(self, which: NDArray[np.int64]) -> "Logged":
        """Some of them, by position."""
        return Logged(
            self.rows[which],
            [self.treatments[at] for at in which],
            self.bought[which],
            self.decided[which],
            self.probabilities[which],
            self.margins[which],
            [self.costs[at] for at in which],
        )


@dataclass(frozen=True, slots=True)
class Learned:
    """How learning ended: `gained` is margin a decision over what was in force, minor units."""

    version: str
    before: str
    decisions: int
    bought: int
    accepted: bool
    gained: Value
    by_propensity: Value


def read_log(session: Session, *, now: datetime) -> Logged:
    """All decisions old enough to be settled, with whether the person bought within `RIPE`."""
    first_order = (
        select(func.min(Order.placed_at))
        .where(Order.person_id == Nudge.person_id, Order.placed_at > Exposure.at)
        .scalar_subquery()
    )
    found = session.execute(
        select(
            Nudge.treatment,
            Nudge.probability,
            Nudge.decision,
            Nudge.state,
            Exposure.at,
            first_order.label("ordered_at"),
        )
        .join(Exposure, and_(Exposure.nudge_id == Nudge.id, Exposure.experiment == HOLD_OUT))
        .where(
            Nudge.stage != ASKED,
            Nudge.decision.is_not(None),
            Exposure.at <= now - RIPE,
        )
        .order_by(Exposure.at, Nudge.id)
    ).all()
    found = [row for row in found if isinstance(row.decision.get("facts"), dict)]
    held = [row.state is NudgeState.HELD_OUT for row in found]
    return Logged(
        rows=np.array([as_row(row.decision["facts"]) for row in found]).reshape(
            len(found), len(FEATURES)
        ),
        treatments=[row.treatment or NOTHING for row in found],
        bought=np.array(
            [row.ordered_at is not None and row.ordered_at - row.at <= RIPE for row in found], bool
        ),
        decided=~np.array(held, bool),
        probabilities=np.array([row.probability or 1.0 for row in found]),
        margins=np.array([float(row.decision.get("margin", 0)) for row in found]),
        costs=[row.decision.get("costs", {}) for row in found],
    )


def learn(log: Logged, *, policy: Policy, before: Uplift, version: str) -> tuple[Uplift, Learned]:
    """A model from the log, and whether it may take the place of the one before.

    Raises TooLittleError.
    """
    if len(log) < FEWEST:
        raise TooLittleError(
            f"not enough data yet: {len(log)} of the {FEWEST} settled decisions that it takes"
        )
    if int(log.bought.sum()) < FEWEST_BOUGHT:
        raise TooLittleError(
            f"not enough data yet: {int(log.bought.sum())} of the {FEWEST_BOUGHT} that bought"
        )
    cut = int(len(log) * OLDER)
    older, newer = log.part(np.arange(cut)), log.part(np.arange(cut, len(log)))
    newer = newer.part(np.flatnonzero(newer.decided))
    if len(newer) < 2:
        raise TooLittleError("not enough data yet: no decisions in the newest part of the log")
    candidate = fit(older.rows, older.treatments, older.bought, version)
    terms = {model: _terms(newer, model, candidate, policy=policy) for model in (before, candidate)}
    gained = value(terms[candidate][0] - terms[before][0])
    by_propensity = value(terms[candidate][1] - terms[before][1])
    learned = Learned(
        version=version,
        before=before.version,
        decisions=len(log),
        bought=int(log.bought.sum()),
        accepted=gained.mean >= 0,
        gained=gained,
        by_propensity=by_propensity,
    )
    return fit(log.rows, log.treatments, log.bought, version), learned


def _terms(log: Logged, model: Uplift, judge: Uplift, *, policy: Policy) -> tuple[Floats, Floats]:
    """The doubly robust and the inverse propensity terms of deciding by `model`."""
    every = sorted({NOTHING, *log.treatments, *(one for costs in log.costs for one in costs)})
    place = {treatment: at for at, treatment in enumerate(every)}
    allowed = np.zeros((len(log), len(every)), bool)
    costs = np.zeros((len(log), len(every)))
    for row, known in enumerate(log.costs):
        for treatment, cost in known.items():
            allowed[row, place[treatment]] = True
            costs[row, place[treatment]] = cost
        allowed[row, [place[NOTHING], place[log.treatments[row]]]] = True
    said = np.array([one != NOTHING for one in every]) * policy.incentives.message_cost

    def worth(by: Uplift) -> Floats:
        earned: Floats = by.chances(log.rows, every) * (log.margins[:, None] - costs) - said
        return earned

    choice = np.where(allowed, worth(model), -np.inf).argmax(axis=1)
    done = np.array([place[one] for one in log.treatments])
    each = np.arange(len(log))
    rewards = log.bought * (log.margins - costs[each, done]) - said[done]
    chosen = choice == done
    expected = worth(judge)
    return (
        doubly_robust(
            chosen,
            log.probabilities,
            rewards,
            expected=expected[each, done],
            of_policy=expected[each, choice],
        ),
        inverse_propensity(chosen, log.probabilities, rewards),
    )


def put_in_force(models_dir: Path, model: Uplift, learned: Learned, *, now: datetime) -> None:
    """Store the model beside the recommender's, and point to it where it passed the gate."""
    folder = models_dir / FOLDER
    manifest = Manifest(
        version=model.version,
        trained_at=now.isoformat(),
        catalogue=CATALOGUE,
        accepted=learned.accepted,
        sources=FEATURES,
        metrics={"gained": learned.gained.mean, "error": learned.gained.error},
    )
    store(folder, manifest, {FOLDER: {"weights": model.weights}})
    if learned.accepted:
        switch(folder, model.version)


def in_force(models_dir: Path) -> Uplift:
    """The model in force; the prior where nothing was learned, or for other features.

    Raises BrokenModelError where the stored one is not whole.
    """
    folder = models_dir / FOLDER
    try:
        version = current(folder)
    except NoModelError:
        return prior()
    manifest, parts = read(folder, version)
    if manifest.sources != FEATURES:
        return prior()
    return Uplift(parts[FOLDER]["weights"], version)


def following(models_dir: Path) -> Callable[[], Uplift]:
    """Answers the model in force, read again only when the pointer has moved."""
    kept: dict[str, Uplift] = {}

    def model() -> Uplift:
        try:
            version = current(models_dir / FOLDER)
        except NoModelError:
            version = prior().version
        if version not in kept:
            kept.clear()
            kept[version] = in_force(models_dir)
        return kept[version]

    return model
