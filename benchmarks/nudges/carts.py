"""Open carts in bulk: people who agreed to e-mails, and left carts that are due, done with, or old.

Written as frames, because a million carts through the shop's own writes would take an hour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from benchmarks.nudges.known import put_steps
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
from nudges.policy import Stage

CHUNK = 50_000
PRODUCTS = 1_000
RECENT = timedelta(days=14)
HOUR = timedelta(hours=1)
# Hours since a stage began, and until it is over, that every due cart has at least: so none becomes
# due, or is no longer due, while it is being measured.
SINCE, STILL = 0.1, 5.0
_UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Mix:
    """How many carts there are in all, how many are due, and how many had their turn lately.

    Of the due ones as many are due for each stage, and have the nudges of those before; `done` ones
    were left within two weeks and have them all; the others are older. Of the due ones the visit
    that filled the cart is known too.
    """

    carts: int
    due: int
    done: int = 0


def fill(
    sessions: SessionFactory, mix: Mix, *, now: datetime, stages: Sequence[Stage], seed: int = 1
) -> None:
    """Fill an empty, migrated database; due carts are spread over these stages."""
    if mix.due + mix.done > mix.carts:
        raise ValueError("there cannot be more carts due and done with than there are")
    random = np.random.default_rng(seed)
    _catalogue(sessions, now=now)
    begins = np.array([stage.after / HOUR for stage in stages])
    ends = np.append(begins[1:], RECENT / HOUR)
    for numbers in _chunks(mix.carts):
        is_due, is_old = numbers < mix.due, numbers >= mix.due + mix.done
        turn = np.where(is_due, numbers % len(stages), len(stages))
        due_for = np.minimum(turn, len(stages) - 1)
        hours = np.select(
            [is_due, is_old],
            [
                random.uniform(begins[due_for] + SINCE, ends[due_for] - STILL),
                random.uniform(RECENT / HOUR + 24, 9_000, len(numbers)),
            ],
            random.uniform(begins[-1] + SINCE, RECENT / HOUR - STILL, len(numbers)),
        )
        left = now - pl.Series(np.round(hours * 3_600_000)).cast(pl.Duration("ms"))
        left = left.cast(_UTC)
        inside = _people(sessions, numbers, left, random)
        if is_due.any():
            with sessions.begin() as session:
                put_steps(
                    session,
                    visitor=pl.Series([f"v{number}" for number in numbers[is_due]]),
                    left=left.filter(pl.Series(is_due)),
                    inside=[one.filter(pl.Series(is_due)) for one in inside],
                    random=random,
                    products=product_keys(),
                )
        for place, stage in enumerate(stages):
            had_it = (turn > place) & ~is_old
            if had_it.any():
                _had(sessions, stage, numbers[had_it], left.filter(pl.Series(had_it)))


def _chunks(carts: int) -> Iterator[np.ndarray]:
    for begin in range(0, carts, CHUNK):
        yield np.arange(begin, min(begin + CHUNK, carts))


def product_keys() -> list[str]:
    """All products that are sold."""
    return [f"p{number}" for number in range(PRODUCTS)]


def _catalogue(sessions: SessionFactory, *, now: datetime) -> None:
    with sessions.begin() as session:
        session.add(Category(id="all", title="Everything"))
        session.flush()
        keys = product_keys()
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
) -> tuple[pl.Series, pl.Series]:
    """A person with a browser, a consent, and a cart of two things, for each number.

    Returns the first and the second thing of each.
    """
    since = left - timedelta(days=30)
    frame = pl.DataFrame({"key": pl.Series(numbers).cast(pl.String), "left": left, "since": since})
    person, visitor, cart = (pl.concat_str(pl.lit(kind), "key") for kind in ("u", "v", "c"))
    mail = pl.concat_str(pl.lit("u"), "key", pl.lit("@example.org"))
    first, second = random.integers(0, PRODUCTS // 2, (2, len(numbers)))
    second += PRODUCTS // 2
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
          for chosen in (first, second)),
    )  # fmt: skip
    with sessions.begin() as session:
        for model, columns in tables:
            insert_new(session, model, frame.select(**columns))
    return _keys(first), _keys(second)


def _had(sessions: SessionFactory, stage: Stage, numbers: np.ndarray, left: pl.Series) -> None:
    """Nudges of one stage, as a sweep that ran all the time would have left them."""
    frame = pl.DataFrame({"key": pl.Series(numbers).cast(pl.String), "left": left})
    at = pl.col("left") + stage.after
    with sessions.begin() as session:
        insert_new(
            session,
            Nudge,
            frame.select(
                id=pl.concat_str(pl.lit(f"n-{stage.name}-"), "key"),
                cart_id=pl.concat_str(pl.lit("c"), "key"),
                visitor_id=pl.concat_str(pl.lit("v"), "key"),
                person_id=pl.concat_str(pl.lit("u"), "key"),
                episode="left",
                stage=pl.lit(stage.name),
                state=pl.lit(NudgeState.SENT.value),
                channel=pl.lit(stage.channels[0].value),
                treatment=pl.lit("reminder"),
                attempts=pl.lit(1),
                policy_version=pl.lit("bench"),
                created_at=at,
                sent_at=at,
            ),
        )
