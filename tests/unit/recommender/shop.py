"""A small planted shop for the recommender's tests: what follows what is known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

BEGIN = datetime(2026, 1, 1, 8, tzinfo=UTC)
CHAINS = (
    ("tent", "mat", "stove", "lamp"),
    ("boots", "socks", "poles", "gaiters"),
    ("bike", "helmet", "lock", "pump"),
)
CATEGORY = {item: f"kind {place}" for chain in CHAINS for place, item in enumerate(chain)}
ITEMS = tuple(sorted(CATEGORY)) + tuple(f"other{number:02}" for number in range(18))


def rows(*steps: tuple[str, str | None, str, str, float]) -> pl.DataFrame:
    """An event frame of (shopper, session, product, action, minutes after BEGIN)."""
    return pl.DataFrame(
        [
            {
                "shopper": shopper,
                "session": session,
                "product": product,
                "action": action,
                "at": BEGIN + timedelta(minutes=minutes),
            }
            for shopper, session, product, action, minutes in steps
        ],
        schema={
            "shopper": pl.String,
            "session": pl.String,
            "product": pl.String,
            "action": pl.String,
            "at": pl.Datetime("us", "UTC"),
        },
    )


MANY_CHAINS = (*CHAINS, *(tuple(f"chain{n:02}-{place}" for place in range(4)) for n in range(17)))
"""So many products that twenty are not nearly all, and who suggests the popular is behind."""


def planted_events(
    *,
    sessions: int = 600,
    days: int = 30,
    seed: int = 1,
    chains: Sequence[tuple[str, ...]] = CHAINS,
) -> pl.DataFrame:
    """Sessions that mostly follow one chain in order, view and then add, with some noise."""
    draw = np.random.default_rng(seed)
    steps = []
    for number in range(sessions):
        shopper = f"s{draw.integers(sessions // 3)}"
        minutes = days * 1440 * number / sessions
        chain = chains[draw.integers(len(chains))]
        for place, planted in enumerate(chain[draw.integers(2) :]):
            noise = draw.random() < 0.15
            product = str(draw.choice(ITEMS)) if noise else planted
            at = minutes + place
            steps.append((shopper, f"v{number}", product, "view", at))
            if draw.random() < 0.7:
                steps.append((shopper, f"v{number}", product, "add", at + 0.3))
    return rows(*steps)


def item_frame() -> pl.DataFrame:
    """The catalogue of the planted shop."""
    return pl.DataFrame(
        {
            "product": list(ITEMS),
            "category": [CATEGORY.get(item) for item in ITEMS],
            "brand": [f"brand {place % 3}" for place in range(len(ITEMS))],
            "amount": [1000 + 250 * (place % 7) for place in range(len(ITEMS))],
        }
    )
