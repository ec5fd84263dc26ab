"""The one shape every log is brought into: a step is one row of the log, cleaned or not."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
from babel.numbers import get_currency_precision

from ingest.mapping import CANCELLATION, IGNORE, KNOWN_EVENTS, SALE, EventMapping
from ingest.source import ImportRefusedError
from ingest.tables import Reject, Table

UTC_TIME = pl.Datetime("us", "UTC")
STEP_SCHEMA = pl.Schema(
    {
        "row": pl.Int64(),
        "name": pl.String(),
        "at": UTC_TIME,
        "order_at": UTC_TIME,
        "customer": pl.String(),
        "visitor": pl.String(),
        "session": pl.String(),
        "product": pl.String(),
        "quantity": pl.Int64(),
        "amount": pl.Int64(),
        "currency": pl.String(),
        "order": pl.String(),
        "title": pl.String(),
        "category": pl.String(),
        "brand": pl.String(),
        "search_term": pl.String(),
        "event_id": pl.String(),
        "position": pl.Int64(),
    }
)
_LARGEST = 2**31 - 1
_LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """What a log held: steps (STEP_SCHEMA), all rows as they were, and the rejects."""

    steps: pl.DataFrame
    original: pl.DataFrame
    rejects: list[Reject]

    @property
    def rows_read(self) -> int:
        """Steps and rejects together."""
        return self.steps.height + len(self.rejects)


def require_columns(table: Table, mapping: EventMapping) -> None:
    """Raises ImportRefusedError where the mapping names a column that the table lacks."""
    missing = [
        f"{name!r} (for {role})"
        for role, name in mapping.columns.model_dump(exclude_none=True).items()
        if name not in table.frame.columns
    ]
    if missing:
        found = ", ".join(name for name in table.frame.columns if name != "row")
        raise ImportRefusedError(
            f"the file has no column {', '.join(missing)}; its columns are {found}"
        )


def read_steps(table: Table, mapping: EventMapping, *, source: str, currency: str) -> Reading:
    """Bring a table of strings into steps; what cannot be parsed is rejected with its reason.

    `source` names the shop's log in ids, so that two logs never share a visitor by accident.
    """
    require_columns(table, mapping)
    currency = mapping.currency or currency
    frame = _parse(table.frame, mapping, currency)
    problem = frame["problem"]
    bad = table.frame.filter(problem.is_not_null())
    reasons = problem.drop_nulls().to_list()
    rejects = [
        Reject(row.pop("row"), reason, row)
        for row, reason in zip(bad.iter_rows(named=True), reasons, strict=True)
    ]
    kept = problem.is_null()
    steps = _identify(frame.filter(kept).drop("problem"), source)
    return Reading(
        steps=steps.select(STEP_SCHEMA.names()).cast(STEP_SCHEMA),
        original=table.frame,
        rejects=sorted([*table.rejects, *rejects], key=lambda reject: reject.row),
    )


def _parse(frame: pl.DataFrame, mapping: EventMapping, currency: str) -> pl.DataFrame:
    columns = mapping.columns

    def text(name: str | None) -> pl.Expr:
        return pl.col(name) if name else pl.lit(None, dtype=pl.String)

    if columns.event:
        words = pl.col(columns.event).str.to_lowercase()
        table = {word.lower(): name for word, name in mapping.events.items()}
        name = words.replace_strict(table, default=None, return_dtype=pl.String)
        name = pl.coalesce(name, pl.when(words.is_in(sorted(KNOWN_EVENTS))).then(words))
    else:
        name = pl.lit(mapping.event)
    visitor = pl.coalesce(
        pl.lit("customer:") + text(columns.customer),
        pl.lit("visitor:") + text(columns.visitor),
        pl.lit("session:") + text(columns.session),
        pl.lit("order:") + text(columns.order),
    )
    parsed = frame.select(
        "row",
        name.alias("name"),
        _time(columns.time, mapping.times.format, mapping.times.zone).alias("at"),
        text(columns.customer).alias("customer"),
        visitor.alias("visitor"),
        text(columns.session).alias("session"),
        text(columns.product).alias("product"),
        _whole(columns.quantity, mapping.decimal).alias("quantity"),
        _minor(columns.price, mapping.decimal, currency).alias("amount"),
        pl.lit(currency).alias("currency"),
        text(columns.order).alias("order"),
        text(columns.title).str.slice(0, 300).alias("title"),
        text(columns.category).alias("category"),
        text(columns.brand).str.slice(0, 120).alias("brand"),
        text(columns.search_term).str.slice(0, 200).alias("search_term"),
        text(columns.event).alias("_event"),
        text(columns.time).alias("_time"),
        text(columns.quantity).alias("_quantity"),
        text(columns.price).alias("_price"),
    )
    problem = _problem().alias("problem")
    return parsed.with_columns(problem).drop("_event", "_time", "_quantity", "_price")


def _problem() -> pl.Expr:
    too_large = pl.col("quantity").abs().gt(_LARGEST) | pl.col("amount").abs().gt(_LARGEST)
    long_key = pl.max_horizontal(
        pl.col("product", "session", "order").str.len_chars(), pl.col("customer").str.len_chars()
    ).gt(_LONGEST_KEY)
    return (
        pl.when(pl.col("_time").is_null())
        .then(pl.lit("the time is missing"))
        .when(pl.col("at").is_null())
        .then(pl.lit("not a time: ") + pl.col("_time").str.slice(0, 40))
        .when(pl.col("name").is_null())
        .then(
            pl.lit("not a known event: ") + pl.col("_event").fill_null("(empty)").str.slice(0, 40)
        )
        .when(pl.col("name") == IGNORE)
        .then(pl.lit("the mapping ignores this event"))
        .when(pl.col("_quantity").is_not_null() & pl.col("quantity").is_null())
        .then(pl.lit("not a whole quantity: ") + pl.col("_quantity").str.slice(0, 40))
        .when(pl.col("_price").is_not_null() & pl.col("amount").is_null())
        .then(pl.lit("not a price: ") + pl.col("_price").str.slice(0, 40))
        .when(too_large)
        .then(pl.lit("a number too large to keep"))
        .when(long_key)
        .then(pl.lit(f"an id longer than {_LONGEST_KEY} characters"))
    )


_ISO_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
)


def _time(column: str, form: str, zone: str) -> pl.Expr:
    text = pl.col(column)
    if form in {"seconds", "milliseconds"}:
        factor = 1_000_000 if form == "seconds" else 1_000
        number = text.cast(pl.Decimal(38, 6), strict=False)
        return (number * factor).cast(pl.Int64, strict=False).cast(UTC_TIME)
    if form != "iso":
        naive = [text.str.to_datetime(one, strict=False, time_unit="us") for one in form.split("|")]
        return _in_utc(pl.coalesce(naive), zone)
    zoned_text = text.str.replace(r"\s*(?:UTC|GMT|Z)$", "+00:00")
    zoned = [
        zoned_text.str.to_datetime(f"{one}%:z", strict=False, time_unit="us", time_zone="UTC")
        for one in _ISO_FORMATS
    ]
    naive = [text.str.to_datetime(one, strict=False, time_unit="us") for one in _ISO_FORMATS]
    days = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    return pl.coalesce(*zoned, _in_utc(pl.coalesce(*naive, days), zone))


def _in_utc(naive: pl.Expr, zone: str) -> pl.Expr:
    local = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _number(column: str, decimal: str) -> pl.Expr:
    text = pl.col(column)
    if decimal == ",":
        text = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return text.cast(pl.Decimal(38, 6), strict=False)


def _whole(column: str | None, decimal: str) -> pl.Expr:
    if column is None:
        return pl.lit(None, dtype=pl.Int64)
    number = _number(column, decimal)
    whole = number.cast(pl.Int64, strict=False)
    return pl.when(number == whole).then(whole)


def _minor(column: str | None, decimal: str, currency: str) -> pl.Expr:
    if column is None:
        return pl.lit(None, dtype=pl.Int64)
    factor = Decimal(10) ** get_currency_precision(currency)
    return (
        (_number(column, decimal) * factor)
        .round(0, mode="half_away_from_zero")
        .cast(pl.Int64, strict=False)
    )


def _identify(steps: pl.DataFrame, source: str) -> pl.DataFrame:
    """Add the ids that make storing a step twice change nothing.

    An id is a digest of what the row says, and `position` counts the rows that say the same, so a
    log exported again with more rows gives the old rows their old ids. The lines of one order
    share the order's id and are numbered in the file's order.
    """
    ordered = pl.col("name").is_in([SALE, CANCELLATION])
    purchase = pl.col("name") == "purchase"
    at_once = pl.concat_str(
        pl.coalesce("session", "visitor"),
        pl.col("at").dt.epoch("ms").cast(pl.String),
        separator="@",
    )
    order = pl.coalesce("order", pl.when(purchase | ordered).then(at_once))
    steps = steps.with_columns(
        visitor=pl.when(pl.col("visitor").str.starts_with("customer:"))
        .then("visitor")
        .otherwise(pl.lit(f"{source}/") + pl.col("visitor")),
        order=pl.when(order.str.len_chars() > _LONGEST_KEY).then(_short(order)).otherwise(order),
    )
    said = pl.concat_str(
        pl.lit(source),
        pl.col("name", "visitor", "session", "product", "search_term").fill_null(""),
        pl.col("at").dt.epoch("us").cast(pl.String),
        pl.col("quantity", "amount").cast(pl.String).fill_null(""),
        separator="\x1f",
    )
    in_order = ordered | purchase
    steps = steps.with_columns(
        event_id=pl.when(in_order)
        .then(pl.lit("order:") + _short(pl.coalesce("order", said)))
        .otherwise(_short(said))
    )
    return steps.with_columns(
        quantity=pl.when(pl.col("name") == "search")
        .then("quantity")
        .otherwise(pl.col("quantity").fill_null(1)),
        position=pl.int_range(pl.len()).over("event_id"),
        order_at=pl.when(in_order).then(pl.col("at").max().over("event_id")).otherwise("at"),
    )


def _short(text: pl.Expr) -> pl.Expr:
    return text.map_batches(_digests, return_dtype=pl.String)


def _digests(values: pl.Series) -> pl.Series:
    unique = values.unique()
    digests = [None if value is None else key_of(value) for value in unique]
    return values.replace_strict(
        unique, pl.Series(digests, dtype=pl.String), return_dtype=pl.String
    )


def key_of(text: str) -> str:
    """32 hexadecimal characters that stand for a text, always the same."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
