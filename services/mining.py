"""Mining what the shop's own shoppers did: sequences of people, with the floor of people kept."""

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy.orm import Session

from db.reads.training import ACTIONS, event_parts, item_frame
from db.writes.mining import store_run
from recommender.mining.constraints import absolute_support
from recommender.mining.job import Found, Job
from services.robots import without_robots


class Together(StrEnum):
    """What makes products one element of a person's sequence."""

    MOMENT = "moment"
    SESSION = "session"
    DAY = "day"


class NothingToMineError(Exception):
    """The shop has no events of the kind asked for; the message says what it has."""


class UnknownProductError(Exception):
    """No product, or several, by that id or title; the message names near ones."""


@dataclass(slots=True)
class ShopHistory:
    """What each person did, and what was left out of it; it fills as its parts are read."""

    parts: Iterator[pl.DataFrame]
    """[sequence, item, at], each with all of some people's steps; NothingToMineError at the end
    where there was none."""
    people: int = 0
    robots: Counter[str] = field(default_factory=Counter)


def shop_history(
    session: Session,
    *,
    actions: Collection[str],
    together: Together,
    zone: str,
    now: datetime,
    at_once: int,
) -> ShopHistory:
    """What people (or unknown visitors) did, one sequence each, about `at_once` events a part.

    `actions` are those of `db.reads.training.ACTIONS`. An element is what was done at one moment,
    in one session (at the session's first time; rows without a session by the moment) or on one
    day of the shop's time zone. Robots are left out.
    """
    at = {
        Together.MOMENT: pl.col("at"),
        Together.SESSION: pl.when(pl.col("session").is_null())
        .then(pl.col("at"))
        .otherwise(pl.col("at").min().over("shopper", "session")),
        Together.DAY: pl.col("at").dt.convert_time_zone(zone).dt.truncate("1d"),
    }[together]

    def parts() -> Iterator[pl.DataFrame]:
        has: Counter[str] = Counter()
        for part in event_parts(session, at_once=at_once):
            shoppers = part["shopper"][0], part["shopper"][-1]
            events, robots = without_robots(session, part, now=now, shoppers=shoppers)
            history.robots.update(robots)
            has.update(dict(events["action"].value_counts().iter_rows()))
            chosen = events.filter(pl.col("action").is_in(list(actions)))
            if not chosen.is_empty():
                history.people += chosen["shopper"].n_unique()
                yield chosen.select(sequence="shopper", item="product", at=at).unique(
                    maintain_order=True
                )
        if not history.people:
            there = ", ".join(f"{has[a]:,} {a}" for a in ACTIONS.values() if a in has) or "none"
            asked = ", ".join(sorted(actions))
            raise NothingToMineError(
                f"The shop has no events of the kind {asked}; it has: {there}."
            )

    history = ShopHistory(parts())
    return history


def titles_of_shop(session: Session, *, now: datetime) -> dict[object, str]:
    """Every product's title by its id."""
    return dict(item_frame(session, now=now).select("product", "title").iter_rows())


def mine_people(run: Callable[[Job], Found], job: Job, *, people: int, min_people: int) -> Found:
    """Let an engine run the job on the histories of so many people.

    Nothing that fewer than `min_people` did comes out.
    """
    note = []
    if job.min_support is not None and absolute_support(job.min_support, people) < min_people:
        note = [f"Only what at least {min_people} people did is shown (CARTWRIGHT_MIN_PEOPLE)."]
        job = replace(job, min_support=min_people)
    found = run(job)
    enough = found.patterns.supports >= min_people
    return Found(
        found.patterns if np.all(enough) else found.patterns.select(enough),
        [rule for rule in found.rules if rule.count >= min_people],
        note + found.notes,
    )


def store(
    session: Session,
    found: Found,
    job: Job,
    *,
    min_people: int,
    actions: Collection[str],
    now: datetime,
    keep: timedelta,
) -> str:
    """Keep what was mined in the database for so long; the run's id."""
    return store_run(
        session,
        what=job.what,
        people=found.patterns.sequences,
        min_people=max(min_people, found.patterns.min_support),
        complete=found.patterns.complete,
        options=_options(job, actions),
        patterns=(
            {"elements": pattern.elements, "people": pattern.support} for pattern in found.patterns
        ),
        rules=(
            {
                "antecedent": rule.antecedent,
                "consequent": rule.consequent,
                "people": rule.count,
                "antecedent_people": rule.antecedent_count,
                "consequent_people": rule.consequent_count,
                "p_value": rule.p_value,
            }
            for rule in found.rules
        ),
        now=now,
        keep=keep,
    )


def _options(job: Job, actions: Collection[str]) -> dict[str, Any]:
    """What was asked for, as JSON."""
    options = {**asdict(job), "actions": sorted(actions)}
    limits = options["constraints"]
    for name in ("required", "excluded"):
        limits[name] = sorted(map(str, limits[name]))
    return options


def product_named(text: str, titles: Mapping[object, str]) -> object:
    """The id of the product that `text` names: by id, by whole title, or by a part of one title.

    Raises UnknownProductError where it names none or several.
    """
    if text in titles:
        return text
    wanted = text.casefold()
    whole = [key for key, title in titles.items() if title.casefold() == wanted]
    part = [key for key, title in titles.items() if wanted in title.casefold()]
    for found in (whole, part):
        if len(found) == 1:
            return found[0]
        if found:
            some = "; ".join(f"{key} ({titles[key]})" for key in found[:5])
            raise UnknownProductError(
                f"{text!r} names {len(found)} products, such as {some}: give an id"
            )
    near = difflib.get_close_matches(text, list(titles.values()), n=3, cutoff=0.5)
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    raise UnknownProductError(f"no product has the id or title {text!r}{hint}")
