"""Open carts in bulk: people who agreed to e-mails, and left carts that are due, done with, or old.

Written as frames, because a million carts through the shop's own writes would take an hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from db.engine import SessionFactory
from db.models import (
    Cart,
    CartLine,
    CartStatus,
    Category,
    Channel,
    Consent,
    Nudge,
    NudgeState,
    Person,
    Price,
    Product,
    Variant,
    Visitor,
)
from db.writes.bulk import insert_new

CHUNK = 50_000
PRODUCTS = 1_000
RECENT = timedelta(days=14)
_UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Mix:
    """How many carts there are in all, how many are due, and how many had their turn lately.

    Due ones were left 1 to 20 hours ago; `done` ones within two weeks, and have their nudges; the
    others are older.
    """

    carts: int
    due: int
    done: int = 0


def fill(sessions: SessionFactory, mix: Mix, *, now: datetime, seed: int = 1) -> None:
    """Fill an empty, migrated database."""
    if mix.due + mix.done > mix.carts:
        raise ValueError("there cannot be more carts due and done with than there are")
    random = np.random.default_rng(seed)
    _catalogue(sessions, now=now)
    for numbers in _chunks(mix.carts):
        due, done = numbers < mix.due, (mix.due <= numbers) & (numbers < mix.due + mix.done)
        hours = np.select(
            [due, done],
            [random.uniform(1.01, 19.9, len(numbers)), random.uniform(20, 330, len(numbers))],
            random.uniform(360, 9_000, len(numbers)),
        )
        left = now - pl.Series(np.round(hours * 3_600_000)).cast(pl.Duration("ms"))
        _people(sessions, numbers, left.cast(_UTC), random)
        if done.any():
            _had_their_turn(sessions, numbers[done], left.cast(_UTC).filter(pl.Series(done)))


def _chunks(carts: int) -> Iterator[np.ndarray]:
    for begin in range(0, carts, CHUNK):
        yield np.arange(begin, min(begin + CHUNK, carts))


def _catalogue(sessions: SessionFactory, *, now: datetime) -> None:
    with sessions.begin() as session:
        session.add(Category(id="all", title="Everything"))
        session.flush()
        keys = [f"p{number}" for number in range(PRODUCTS)]
        session.add_all(
            Product(id=key, title=f"Product {key}", category_id="all", updated_at=now)
            for key in keys
        )
        session.flush()
        session.add_all(Variant(id=key, product_id=key, stock=100_000_000) for key in keys)
        session.flush()
        session.add_all(
            Price(variant_id=key, amount=_price(number), currency="EUR",
                  valid_from=now - timedelta(days=400))
            for number, key in enumerate(keys)
        )  # fmt: skip


def _price[N: (int, np.ndarray)](product: N) -> N:
    """Minor units."""
    return 990 + 10 * product


def _keys(products: np.ndarray) -> pl.Series:
    return pl.Series([f"p{product}" for product in products])


def _people(
    sessions: SessionFactory, numbers: np.ndarray, left: pl.Series, random: np.random.Generator
) -> None:
    """A person with a browser, a consent, and a cart of two things, for each number."""
    since = left - timedelta(days=30)
    frame = pl.DataFrame({"key": pl.Series(numbers).cast(pl.String), "left": left, "since": since})
    person, visitor, cart = (pl.concat_str(pl.lit(kind), "key") for kind in ("u", "v", "c"))
    mail = pl.concat_str(pl.lit("u"), "key", pl.lit("@example.org"))
    first, second = random.integers(0, PRODUCTS // 2, (2, len(numbers)))
    tables = (
        (Person, {"id": person, "email": mail, "name": pl.lit("Sam"), "locale": pl.lit("en"),
                  "time_zone": pl.lit("Europe/Berlin"), "is_staff": pl.lit(value=False),
                  "created_at": "since"}),
        (Visitor, {"id": visitor, "person_id": person, "is_robot": pl.lit(value=False),
                   "created_at": "since"}),
        (Consent, {"person_id": person, "channel": pl.lit(Channel.EMAIL.value),
                   "granted": pl.lit(value=True), "basis": pl.lit("consent"),
                   "wording_version": pl.lit("bench"), "source": pl.lit("bench"), "at": "since"}),
        (Cart, {"id": cart, "visitor_id": visitor, "person_id": person,
                "status": pl.lit(CartStatus.OPEN.value), "created_at": "left",
                "last_activity_at": "left"}),
        *((CartLine, {"cart_id": cart, "product_id": pl.lit(_keys(chosen)),
                      "variant_id": pl.lit(_keys(chosen)), "quantity": pl.lit(1),
                      "unit_amount": pl.lit(pl.Series(_price(chosen))),
                      "currency": pl.lit("EUR"), "added_at": "left", "updated_at": "left"})
          for chosen in (first, second + PRODUCTS // 2)),
    )  # fmt: skip
    with sessions.begin() as session:
        for model, columns in tables:
            insert_new(session, model, frame.select(**columns))


def _had_their_turn(sessions: SessionFactory, numbers: np.ndarray, left: pl.Series) -> None:
    """Nudges of every stage, as a sweep that ran all the time would have left them."""
    frame = pl.DataFrame({"key": pl.Series(numbers).cast(pl.String), "left": left})
    with sessions.begin() as session:
        for stage, hours in (("first", 1), ("second", 20), ("last", 72)):
            at = pl.col("left") + timedelta(hours=hours)
            insert_new(
                session,
                Nudge,
                frame.select(
                    id=pl.concat_str(pl.lit(f"n-{stage}-"), "key"),
                    cart_id=pl.concat_str(pl.lit("c"), "key"),
                    visitor_id=pl.concat_str(pl.lit("v"), "key"),
                    person_id=pl.concat_str(pl.lit("u"), "key"),
                    episode="left",
                    stage=pl.lit(stage),
                    state=pl.lit(NudgeState.SENT.value),
                    channel=pl.lit(Channel.EMAIL.value),
                    attempts=pl.lit(1),
                    policy_version=pl.lit("bench"),
                    created_at=at,
                    sent_at=at,
                ),
            )
