"""Leaves out live visitors who behave like robots, for whatever learns from what shoppers did."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import polars as pl
from sqlalchemy.orm import Session

from db.reads.training import live_views
from ingest.cleaning import robots_among

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


def left_out(robots: Robots) -> str | None:
    """A sentence on the robots, if there were any."""
    if not robots:
        return None
    rules = ", ".join(f"{rule} {count:,}" for rule, count in sorted(robots.items()))
    return f"Left out, as they behave like robots: {sum(robots.values()):,} ({rules})."
