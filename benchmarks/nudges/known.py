"""What the recommender knows in the benchmark: the steps that filled a cart, and a version.

So that the sweep asks of every due cart how likely it was left, as it does in a shop that trains.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from sqlalchemy.orm import Session

from benchmarks.serving.made_up import learnt, prepared, publish
from db.models import Event, EventName
from db.writes.bulk import insert_new

LOOKED = 10
"""Products that each shopper looked at before two of them went into the cart."""
APART = timedelta(seconds=40)
CATEGORIES = 20


def put_steps(
    session: Session,
    *,
    visitor: pl.Series,
    left: pl.Series,
    inside: Sequence[pl.Series],
    random: np.random.Generator,
    products: Sequence[str],
) -> None:
    """A visit for each visitor that ends as the cart was `left` with the products `inside`."""
    looked = [
        pl.Series(products)[random.integers(0, len(products), len(visitor))]
        for _ in range(LOOKED - len(inside))
    ]
    steps = [(EventName.VIEW_ITEM, product) for product in [*looked, *inside]]
    steps += [(EventName.ADD_TO_CART, product) for product in inside]
    for number, (name, product) in enumerate(steps):
        at = left - APART * (len(steps) - 1 - number)
        frame = pl.DataFrame({"visitor_id": visitor, "at": at, "product_id": product})
        insert_new(
            session,
            Event,
            frame.with_columns(
                event_id=pl.lit(f"e{number}"),
                position=pl.lit(0),
                name=pl.lit(name.value),
                received_at="at",
                source=pl.lit("web"),
            ),
        )


def publish_version(models_dir: Path, products: Sequence[str], *, seed: int = 1) -> None:
    """A version that knows the products, with a network whose weights are made up."""
    draw = np.random.default_rng(seed)
    category = [f"c{place % CATEGORIES}" for place in range(len(products))]
    publish(models_dir, learnt(prepared(products, category, draw), draw))
