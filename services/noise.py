"""What noise costs: the blend learns from noisy training days, and ranks the same clean cases.

Real noise is what the shop's own log held: rows that cleaning set aside, and robots. Planted noise
shows what each kind would do, and whether the rules of `ingest.cleaning` find it: a tenth of as
many rows as there are, of one kind after the other, and of all at once, uncleaned and cleaned.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from sqlalchemy.orm import Session

from db.reads.training import ACTIONS, event_frame, robots_frame, shoppers
from ingest.cleaning import Conditions, clean
from ingest.quarantine import held_events
from ingest.steps import UTC_TIME
from recommender.evaluation import Cases
from recommender.fitting import HeldOut
from recommender.prepared import Prepared
from recommender.sequences import Log, build_log, sorted_steps

SHARE = 0.1
ROBOT_VIEWS = 240
ROBOT_PAUSE = 1_500_000
"""Microseconds from one view of a robot to the next."""
NO_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = ("shopper", "session", "product", "action", "at")
NAMES = {action: str(name.value) for name, action in ACTIONS.items()}

type Draw = np.random.Generator
type Planting = Callable[[pl.DataFrame, Draw], pl.DataFrame]
"""Gives the steps of a log (columns as in `ingest.steps.STEP_SCHEMA`) with noise in them."""


@dataclass(frozen=True)
class Noisy:
    """A lesson (`relearning.Lesson`) of noisy training days."""

    name: str
    train: Log

    def seen(self, cases: Cases) -> Cases:
        """The cases, which stay clean."""
        return cases


def set_aside(session: Session, events: pl.DataFrame) -> pl.DataFrame:
    """What is not among the events that are learnt from: robots' events and rows held back."""
    live = event_frame(session).filter(~pl.col("shopper").is_in(events["shopper"].implode()))
    held = held_events(session).filter(pl.col("name").is_in(list(NAMES.values())))
    person = shoppers(session)
    held = held.with_columns(
        shopper=pl.col("visitor_id").replace(person),
        action=pl.col("name").replace({name: action for action, name in NAMES.items()}),
    ).rename({"session_id": "session", "product_id": "product"})
    frames = (live, robots_frame(session), held)
    return pl.concat([frame.select(COLUMNS) for frame in frames]).sort("at", maintain_order=True)


def noisy_days(
    prepared: Prepared, held_out: HeldOut, aside: pl.DataFrame, *, seed: int, now: datetime
) -> Iterator[Noisy]:
    """Lessons of the training days with the shop's own noise, and with planted noise."""
    learnt = np.isin(prepared.log.session, held_out.split.train.session)
    days = sorted_steps(prepared.events).filter(pl.Series(learnt)).select(COLUMNS)
    days = days.sort("at", maintain_order=True)

    def lesson(name: str, events: pl.DataFrame) -> Noisy:
        return Noisy(name, build_log(events, prepared.vocabulary))

    own = aside.filter(pl.col("at") < held_out.split.valid_from)
    if not own.is_empty():
        yield lesson("what was set aside", pl.concat([days, own]).sort("at", maintain_order=True))
    steps = as_steps(days)
    draw = np.random.default_rng(seed)
    everything = steps
    for name, plant in PLANTED.items():
        yield lesson(name, _events(plant(steps, draw)))
        everything = plant(everything, draw)
    yield lesson("all four", _events(everything))
    kept, _ = clean(everything.with_row_index("row"), Conditions(now, service_codes=""))
    yield lesson("all four, cleaned", _events(kept))


def twice_sent(steps: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Rows that came a second time."""
    return _in_time(steps, steps[_some(steps, draw)])


def robots(steps: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Visitors who walk through all products faster than anybody reads."""
    products = steps["product"].drop_nulls().unique().sort()
    at = steps["at"].dt.epoch("us").to_numpy()
    views = np.arange(ROBOT_VIEWS)
    parts = []
    for number in range(max(1, round(SHARE * len(steps) / ROBOT_VIEWS))):
        begins = draw.integers(at.min(), at.max() + 1)
        robot = f"robot {number}"
        parts.append(
            pl.DataFrame(
                {
                    "name": NAMES["view"],
                    "visitor": robot,
                    "session": robot,
                    "product": products[(draw.integers(len(products)) + views) % len(products)],
                    "at": pl.Series(begins + views * ROBOT_PAUSE).cast(UTC_TIME),
                }
            )
        )
    return _in_time(steps, pl.concat(parts))


def impossible_values(steps: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Broken rows amid the others: a wrong product, and an impossible price, quantity or time."""
    broken = steps[_some(steps, draw)]
    kind = pl.Series(draw.integers(3, size=len(broken)))
    products = steps["product"].drop_nulls().unique().sort()
    broken = broken.with_columns(
        product=products[draw.integers(len(products), size=len(broken))],
        amount=pl.when(kind == 0).then(pl.lit(-1, pl.Int64)),
        quantity=pl.when(kind == 1).then(pl.lit(0, pl.Int64)).otherwise("quantity"),
        at=pl.when(kind == 2).then(pl.lit(NO_CLOCK)).otherwise("at"),
    )
    return _in_time(steps, broken)


def missing_fields(steps: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Rows that have lost who it was, which product, or which visit."""
    lost = np.zeros(len(steps), np.int64)
    lost[_some(steps, draw)] = draw.integers(1, 4, size=round(SHARE * len(steps)))
    what = pl.Series(lost)
    return steps.with_columns(
        pl.when(what != number).then(name).alias(name)
        for number, name in enumerate(("visitor", "product", "session"), start=1)
    )


PLANTED: dict[str, Planting] = {
    "missing fields": missing_fields,
    "duplicates": twice_sent,
    "robots": robots,
    "impossible values": impossible_values,
}


def as_steps(events: pl.DataFrame) -> pl.DataFrame:
    """Events as the rows of a log that cleaning judges."""
    return events.select(
        "session",
        "product",
        pl.col("at").cast(UTC_TIME),
        name=pl.col("action").replace_strict(NAMES, return_dtype=pl.String),
        visitor="shopper",
        quantity=pl.lit(1, pl.Int64),
        amount=pl.lit(None, pl.Int64),
        customer=pl.lit(None, pl.String),
        order=pl.lit(None, pl.String),
        search_term=pl.lit(None, pl.String),
    )


def _events(steps: pl.DataFrame) -> pl.DataFrame:
    """A log's rows as events to learn from, whatever cleaning would say of them."""
    actions = {name: action for action, name in NAMES.items()}
    return steps.select(
        "session",
        "product",
        "at",
        shopper="visitor",
        action=pl.col("name").replace_strict(actions, return_dtype=pl.String),
    )


def _some(steps: pl.DataFrame, draw: Draw) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.sort(draw.choice(len(steps), round(SHARE * len(steps)), replace=False))


def _in_time(steps: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    together = pl.concat([steps, more.cast({"at": UTC_TIME})], how="diagonal")
    return together.sort("at", maintain_order=True)
