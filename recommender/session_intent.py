"""Will this visit end in a purchase? Gradient-boosted trees on what a visit adds up to.

For shops whose log holds visits, not steps: pages by kind and the time on them, bounce and exit
rates, page value, season and visitor. Missing values stay missing; the trees learn which side they
belong on. An open cart's probability of being left is one minus the one given here.

Friedman, J. H. (2001): Greedy function approximation: a gradient boosting machine, Annals of
Statistics 29(5); Ke et al. (2017): LightGBM, NIPS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

COUNTS = ("Administrative", "Informational", "ProductRelated")
"""Pages seen by kind; the seconds on them are in columns of the same name + "_Duration"."""
RATES = ("BounceRates", "ExitRates")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
VISITORS = ("New_Visitor", "Other", "Returning_Visitor")
PLAIN = ("SpecialDay", "OperatingSystems", "Browser", "Region", "TrafficType")
COLUMNS = (*COUNTS, *(f"{kind}_Duration" for kind in COUNTS), *RATES, *PLAIN, "Month",
           "VisitorType", "Weekend")  # fmt: skip
PAGE_VALUE = "PageValues"

MEMBERS = 3
"""Boosters that are averaged, each drawn with a seed of its own."""
ROUNDS = 400
BOOSTING: Mapping[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.02,
    "num_leaves": 8,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    # Tables of visits are small: on a busy machine threads wait longer than they work.
    "num_threads": 1,
}


@dataclass(frozen=True)
class SessionIntent:
    """A fitted model; `columns` are the feature columns it was fitted on, in order."""

    columns: tuple[str, ...]
    boosters: tuple[Any, ...]

    def probability(self, visits: pl.DataFrame) -> Floats:
        """The probability of a purchase for each visit, shape (len(visits),)."""
        features = visit_features(visits)
        if tuple(features.columns) != self.columns:
            raise ValueError(
                f"the model was fitted on {list(self.columns)}, not on {features.columns}"
            )
        table = features.to_numpy()
        return np.mean([booster.predict(table) for booster in self.boosters], axis=0)


def fit_session_intent(
    visits: pl.DataFrame, bought: NDArray[np.bool_], *, seed: int = 0
) -> SessionIntent:
    """Fit on visits and whether each ended in a purchase, shape (len(visits),).

    Raises ValueError for missing columns, or where all visits ended the same way.
    """
    import lightgbm

    if len(visits) != len(bought):
        raise ValueError(f"{len(visits)} visits, but {len(bought)} endings")
    if bought.all() or not bought.any():
        raise ValueError("all visits ended the same way: there is nothing to tell apart")
    features = visit_features(visits)
    table = features.to_numpy()
    return SessionIntent(
        tuple(features.columns),
        tuple(
            lightgbm.train(
                {**BOOSTING, "seed": seed * MEMBERS + member},
                lightgbm.Dataset(table, bought.astype(np.float64)),
                num_boost_round=ROUNDS,
            )
            for member in range(MEMBERS)
        ),
    )


def visit_features(visits: pl.DataFrame) -> pl.DataFrame:
    """All-float features, nulls as NaN: the columns, and what they say of each other.

    PageValues is used where it is there; it is known only after a visit's page views were set
    against earlier purchases. Raises ValueError naming missing columns or unknown month and
    visitor names.
    """
    missing = [column for column in COLUMNS if column not in visits.columns]
    if missing:
        raise ValueError(f"the visits lack the columns {', '.join(missing)}")
    pages = pl.sum_horizontal(COUNTS)
    features = {column: pl.col(column) for column in (*COUNTS, *RATES, *PLAIN)}
    for kind in COUNTS:
        features[f"{kind}_Duration"] = pl.col(f"{kind}_Duration")
        features[f"{kind}_each"] = pl.col(f"{kind}_Duration") / pl.max_horizontal(kind, 1)
    features |= {
        "Month": _place(visits["Month"].str.slice(0, 3), MONTHS),
        "VisitorType": _place(visits["VisitorType"], VISITORS),
        "Weekend": pl.col("Weekend").cast(pl.Float64),
        "pages": pages,
        "seconds": pl.sum_horizontal([f"{kind}_Duration" for kind in COUNTS]),
        "product_share": pl.col("ProductRelated") / pl.max_horizontal(pages, 1),
        "exit_over_bounce": pl.col("ExitRates") - pl.col("BounceRates"),
        "exits": pl.col("ExitRates") * pages,
    }
    if PAGE_VALUE in visits.columns:
        features |= {
            PAGE_VALUE: pl.col(PAGE_VALUE),
            "value_pages": pl.col(PAGE_VALUE) * pages,
            "value_exits": pl.col(PAGE_VALUE) * pl.col("ExitRates"),
        }
    return visits.select(
        **{name: feature.cast(pl.Float64).fill_null(np.nan) for name, feature in features.items()}
    )


def _place(column: pl.Series, names: tuple[str, ...]) -> pl.Expr:
    unknown = set(column.drop_nulls().unique()) - set(names)
    if unknown:
        raise ValueError(f"{column.name} {min(unknown)!r} is none of {', '.join(names)}")
    places = list(range(len(names)))
    return pl.lit(column.replace_strict(list(names), places, return_dtype=pl.Float64))
