"""What sets a row aside: rules, each a pure function of the steps, each with its meaning.

A rule marks rows; marked rows go whole to the quarantine and can be released. Rules run in order
and see only what the ones before let through, so every row has at most one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from ingest.mapping import CANCELLATION, SALE

OLDEST = datetime(1995, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(days=1)
LARGEST_QUANTITY = 10_000
LARGEST_PRICE = 100_000_00
ROBOT_VIEWS_A_MINUTE = 60
ROBOT_VIEWS_A_DAY = 1_000
RHYTHM_VIEWS = 30
RHYTHM_SPREAD = 0.05
FEWEST_ROBOT_VIEWS = min(RHYTHM_VIEWS, ROBOT_VIEWS_A_MINUTE, ROBOT_VIEWS_A_DAY)
"""With fewer views a visitor breaks no robot rule."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the rules need beside the rows: the time of the import, codes of no product."""

    now: datetime
    service_codes: str


type Finder = Callable[[pl.DataFrame, Conditions], pl.Series]


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason to set a row aside; `find` gives one boolean a row of STEP_SCHEMA.

    `seen` is what of the row gave it away, as text.
    """

    name: str
    meaning: str
    find: Finder
    seen: pl.Expr


def _mask(frame: pl.DataFrame, expression: pl.Expr) -> pl.Series:
    return frame.select(expression.fill_null(value=False)).to_series()


def missing_ids(frame: pl.DataFrame, _: Conditions) -> pl.Series:
    """Rows that name nobody, or no product where the event is about one."""
    no_product = pl.col("product").is_null() & ~pl.col("name").is_in(["search", "view_cart"])
    return _mask(frame, no_product | pl.col("visitor").is_null())


def service_codes(frame: pl.DataFrame, conditions: Conditions) -> pl.Series:
    """Rows whose product code is postage, a fee, a manual correction or a test."""
    return _mask(frame, pl.col("product").str.contains(f"(?i)^(?:{conditions.service_codes})$"))


def impossible_prices(frame: pl.DataFrame, _: Conditions) -> pl.Series:
    """Rows with a price of nothing, less than nothing, or over LARGEST_PRICE minor units."""
    return _mask(frame, (pl.col("amount") <= 0) | (pl.col("amount") > LARGEST_PRICE))


def impossible_quantities(frame: pl.DataFrame, _: Conditions) -> pl.Series:
    """Rows with less than one piece, or more than LARGEST_QUANTITY."""
    return _mask(frame, (pl.col("quantity") < 1) | (pl.col("quantity") > LARGEST_QUANTITY))


def clock_errors(frame: pl.DataFrame, conditions: Conditions) -> pl.Series:
    """Rows from before OLDEST, or more than CLOCK_TOLERANCE in the future."""
    latest = conditions.now + CLOCK_TOLERANCE
    return _mask(frame, (pl.col("at") < OLDEST) | (pl.col("at") > latest))


def duplicates(frame: pl.DataFrame, _: Conditions) -> pl.Series:
    """Rows that say what an earlier row has said, word for word; the first is kept."""
    said = pl.struct(
        "name", "at", "visitor", "session", "product", "quantity", "amount", "order", "search_term"
    )
    return _mask(frame, ~said.is_first_distinct())


def unmatched_cancellations(frame: pl.DataFrame, _: Conditions) -> pl.Series:
    """Cancelled lines with no earlier sale of that product to that customer in the log."""
    cancelled = frame.filter(pl.col("name") == CANCELLATION)
    if cancelled.is_empty():
        return pl.repeat(value=False, n=frame.height, eager=True)
    first_sales = (
        frame.filter((pl.col("name") == SALE) & pl.col("customer").is_not_null())
        .group_by("customer", "product")
        .agg(first_sold=pl.col("at").min())
    )
    sold = frame.join(
        first_sales, on=["customer", "product"], how="left", maintain_order="left"
    ).with_columns(matched=pl.col("first_sold") <= pl.col("at"))
    return _mask(sold, (pl.col("name") == CANCELLATION) & ~pl.col("matched").fill_null(value=False))


def _of_visitors(frame: pl.DataFrame, robots: pl.DataFrame) -> pl.Series:
    return frame["visitor"].is_in(robots["visitor"].implode())


def _views(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("name") == "view_item").select("visitor", "at").sort("visitor", "at")


def robot_speed(frame: pl.DataFrame, _: Conditions) -> pl.Series:
    """All rows of a visitor who looked at ROBOT_VIEWS_A_MINUTE products within one minute."""
    earlier = pl.col("at").shift(ROBOT_VIEWS_A_MINUTE - 1).over("visitor")
    fast = _views(frame).filter(pl.col("at") - earlier < timedelta(minutes=1))
    return _of_visitors(frame, fast)


def robot_rhythm(frame: pl.DataFrame, _: Conditions) -> pl.Series:
    """All rows of a visitor whose views, RHYTHM_VIEWS or more, follow each other like a clock."""
    gaps = _views(frame).with_columns(
        gap=pl.col("at").diff().over("visitor").dt.total_milliseconds()
    )
    regular = (
        gaps.group_by("visitor")
        .agg(views=pl.len(), mean=pl.col("gap").mean(), spread=pl.col("gap").std())
        .filter(
            (pl.col("views") >= RHYTHM_VIEWS)
            & (pl.col("mean") > 0)
            & (pl.col("spread") < RHYTHM_SPREAD * pl.col("mean"))
        )
    )
    return _of_visitors(frame, regular)


def robot_volume(frame: pl.DataFrame, _: Conditions) -> pl.Series:
    """All rows of a visitor who looked at more than ROBOT_VIEWS_A_DAY products on one day (UTC)."""
    days = _views(frame).group_by("visitor", pl.col("at").dt.date().alias("day")).len()
    return _of_visitors(frame, days.filter(pl.col("len") > ROBOT_VIEWS_A_DAY))


ROBOT_RULES = (
    Rule(
        "robot_speed",
        f"The visitor looked at {ROBOT_VIEWS_A_MINUTE} products within one minute.",
        robot_speed,
        pl.col("visitor"),
    ),
    Rule(
        "robot_rhythm",
        f"The visitor's {RHYTHM_VIEWS} or more views follow each other as regularly as a clock.",
        robot_rhythm,
        pl.col("visitor"),
    ),
    Rule(
        "robot_volume",
        f"The visitor looked at more than {ROBOT_VIEWS_A_DAY:,} products on one day.",
        robot_volume,
        pl.col("visitor"),
    ),
)

RULES = (
    Rule("missing_ids", "The row names no product or nobody.", missing_ids, pl.lit("")),
    Rule(
        "not_a_product",
        "The code stands for postage, a fee, a correction or a test, not for a product.",
        service_codes,
        pl.col("product"),
    ),
    Rule(
        "impossible_price",
        f"The price is zero, negative or over {LARGEST_PRICE // 100:,}.",
        impossible_prices,
        pl.lit("price ") + (pl.col("amount") / 100).cast(pl.String),
    ),
    Rule(
        "impossible_quantity",
        f"The quantity is under 1 or over {LARGEST_QUANTITY:,}.",
        impossible_quantities,
        pl.lit("quantity ") + pl.col("quantity").cast(pl.String),
    ),
    Rule(
        "clock_error",
        f"The time lies before {OLDEST.year} or more than a day in the future.",
        clock_errors,
        pl.col("at").dt.to_string("%Y-%m-%d %H:%M"),
    ),
    Rule("duplicate", "An earlier row says the very same.", duplicates, pl.lit("")),
    Rule(
        "unmatched_cancellation",
        "A cancelled line for which the log has no earlier sale to that customer.",
        unmatched_cancellations,
        pl.lit("customer ") + pl.col("customer").fill_null("unknown"),
    ),
    *ROBOT_RULES,
)


def robots_among(views: pl.DataFrame, *, now: datetime) -> dict[str, str]:
    """Who behaves like a robot, and by which rule; `views` is [visitor, at], one row a view."""
    steps = views.with_columns(name=pl.lit("view_item"))
    caught: dict[str, str] = {}
    for rule in ROBOT_RULES:
        found = steps.filter(rule.find(steps, Conditions(now, service_codes="")))
        caught = dict.fromkeys(found["visitor"].unique().to_list(), rule.name) | caught
    return caught


def clean(steps: pl.DataFrame, conditions: Conditions) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(kept, set aside): every step is in exactly one; those set aside
    have the columns `rule` and `detail`."""
    kept = steps
    nothing = pl.lit(None, dtype=pl.String)
    aside = [steps.clear().with_columns(rule=nothing, detail=nothing)]
    for rule in RULES:
        caught = rule.find(kept, conditions)
        if caught.any():
            detail = rule.seen.str.slice(0, 300)
            aside.append(kept.filter(caught).with_columns(rule=pl.lit(rule.name), detail=detail))
            kept = kept.filter(~caught)
    return kept, pl.concat(aside).sort("row")
