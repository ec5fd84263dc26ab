"""From a shop's own decisions to the model in force.

The log is split by time. What is learned on the older part must earn at least as much on the newer
one as what is in force, by the doubly robust estimate of the difference; then it is fitted on all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from db.models import Exposure, Nudge, NudgeState, Order
from nudges.decision import NOTHING
from nudges.policy import ASKED, HOLD_OUT, Policy
from nudges.uplift.estimators import Value, value
from nudges.uplift.features import FEATURES, as_row
from nudges.uplift.logged import Logged, Weighing
from nudges.uplift.model import Uplift, fit, prior
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


@dataclass(frozen=True, slots=True)
class Learned:
    """How learning ended.

    `gained` is the margin a decision over what was in force, doubly robust, and `by_propensity` the
    same by inverse propensity alone; minor units.
    """

    version: str
    before: str
    decisions: int
    bought: int
    accepted: bool
    gained: Value
    by_propensity: Value


def read_log(session: Session, *, now: datetime) -> Logged:
    """All decisions old enough to be settled, with whether the person bought within `RIPE`.

    A message that did not go out, or of which nobody knows, treated nobody: left in, a mail server
    that was away would teach that reminders do nothing.
    """
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
            or_(
                Nudge.state.in_((NudgeState.SENT, NudgeState.HELD_OUT)),
                Nudge.treatment == NOTHING,
            ),
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


def parted(log: Logged) -> tuple[Logged, Logged]:
    """The older part, to learn from, and the newer decisions, to judge by. Raises TooLittleError.

    Whom the hold-out kept from a decision is in the older part alone.
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
    return older, newer


def learn(log: Logged, *, policy: Policy, before: Uplift, version: str) -> tuple[Uplift, Learned]:
    """A model from the log, and whether it may take the place of the one before.

    Raises TooLittleError.
    """
    older, newer = parted(log)
    candidate = fit(older.rows, older.treatments, older.bought, version)
    weighing = Weighing.of(newer, policy)
    expected = weighing.worth(candidate)
    new, old = (weighing.terms(weighing.best(one), expected) for one in (candidate, before))
    gained = value(new.doubly_robust - old.doubly_robust)
    learned = Learned(
        version=version,
        before=before.version,
        decisions=len(log),
        bought=int(log.bought.sum()),
        accepted=gained.mean >= 0,
        gained=gained,
        by_propensity=value(new.by_propensity - old.by_propensity),
    )
    return fit(log.rows, log.treatments, log.bought, version), learned


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
