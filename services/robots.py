"""Finds live visitors who behave like robots: nothing is learnt from them, nothing sent to them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
from sqlalchemy.orm import Session

from db.owners import Owner
from db.reads.training import busy_shoppers, live_views, live_views_since
from ingest.cleaning import FEWEST_ROBOT_VIEWS, robots_among

type Robots = Mapping[str, int]
"""How many were left out by which rule."""


def without_robots(
    session: Session,
    events: pl.DataFrame,
    *,
    now: datetime,
    shoppers: tuple[str, str] | None = None,
) -> tuple[pl.DataFrame, Robots]:
    """The events without those of live visitors who break a robot rule, and how many did.

    Imported visitors were judged when they came in. Nothing is written: the rules are asked anew
    each time, so a visitor who was wrongly left out comes back with a changed rule. `shoppers` are
    the first and last of the events' shoppers, where those are not all, in the database's order.
    """
    robots = robots_among(
        live_views(session, shoppers=shoppers).rename({"shopper": "visitor"}), now=now
    )
    people = events.filter(~pl.col("shopper").is_in(list(robots)))
    return people, Counter(robots.values())


def robots_of(
    session: Session, owners: Sequence[Owner], *, since: datetime, now: datetime
) -> set[str]:
    """Those of the owners (person, else visitor) who broke a robot rule since then.

    Asked anew each time, like `without_robots`; for most it takes one count.
    """
    busy = busy_shoppers(session, owners, since=since, fewest=FEWEST_ROBOT_VIEWS)
    if not busy:
        return set()
    views = live_views_since(session, busy, since)
    return set(robots_among(views.rename({"shopper": "visitor"}), now=now))


def left_out(robots: Robots) -> str | None:
    """A sentence on the robots, if there were any."""
    if not robots:
        return None
    rules = ", ".join(f"{rule} {count:,}" for rule, count in sorted(robots.items()))
    return f"Left out, as they behave like robots: {sum(robots.values()):,} ({rules})."
