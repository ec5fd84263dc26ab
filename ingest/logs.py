"""The event logs that are read as they come: Online Retail, REES46, OTTO, and mapped tables."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from ingest.formats import GENERAL_SERVICE_CODES, Format, choose
from ingest.mapping import (
    CANCELLATION,
    SALE,
    EventColumns,
    EventMapping,
    Times,
    load_mapping,
    mapping_digest,
)
from ingest.shape import Shape
from ingest.source import Source
from ingest.steps import Reading, read_steps
from ingest.tables import Reject, Table, read_delimited, read_json_lines, read_parquet


def _read_table(source: Source, shape: Shape) -> Table:
    return read_parquet(source) if shape.kind == "parquet" else read_delimited(source)


def _renamed(table: Table, names: dict[str, str]) -> Table:
    """Give columns their usual names, however they are capitalised."""
    usual = {found: names[found.lower()] for found in table.frame.columns if found.lower() in names}
    return replace(table, frame=table.frame.rename(usual))


_ONLINE_RETAIL_NAMES = {
    "invoiceno": "InvoiceNo",
    "invoice": "InvoiceNo",
    "stockcode": "StockCode",
    "description": "Description",
    "quantity": "Quantity",
    "invoicedate": "InvoiceDate",
    "unitprice": "UnitPrice",
    "price": "UnitPrice",
    "customerid": "CustomerID",
    "customer id": "CustomerID",
    "country": "Country",
}
_ONLINE_RETAIL = EventMapping(
    columns=EventColumns(
        time="InvoiceDate",
        product="StockCode",
        event="_event",
        customer="CustomerID",
        session="InvoiceNo",
        order="InvoiceNo",
        quantity="Quantity",
        price="UnitPrice",
        title="Description",
    ),
    times=Times(
        format="%Y-%m-%d %H:%M:%S%.f|%Y-%m-%d %H:%M|%m/%d/%Y %H:%M|%m/%d/%y %H:%M",
        zone="Europe/London",
    ),
    currency="GBP",
)


def _read_online_retail(source: Source, shape: Shape, currency: str) -> Reading:
    table = _renamed(_read_table(source, shape), _ONLINE_RETAIL_NAMES)
    cancelled = pl.col("InvoiceNo").str.starts_with("C")
    quantity = pl.col("Quantity")
    negated = pl.when(quantity.str.starts_with("-")).then(quantity.str.strip_prefix("-"))
    prepared = table.frame.with_columns(
        _event=pl.when(cancelled).then(pl.lit(CANCELLATION)).otherwise(pl.lit(SALE)),
        Quantity=pl.when(cancelled)
        .then(negated.otherwise(pl.lit("-") + quantity))
        .otherwise(quantity),
        CustomerID=pl.col("CustomerID").str.replace(r"\.0$", ""),
        StockCode=pl.col("StockCode").str.to_uppercase(),
    )
    reading = read_steps(
        replace(table, frame=prepared), _ONLINE_RETAIL, source="online-retail", currency=currency
    )
    titles = pl.col("title")
    shouted = titles.str.to_uppercase() == titles
    spoken = titles.str.to_titlecase().str.replace_all(r"(['’])S\b", "${1}s")
    steps = reading.steps.with_columns(title=pl.when(shouted).then(spoken).otherwise(titles))
    return replace(reading, steps=steps, original=table.frame)


_REES46 = EventMapping(
    columns=EventColumns(
        time="event_time",
        event="event_type",
        product="product_id",
        category="category_code",
        brand="brand",
        price="price",
        visitor="user_id",
        session="user_session",
    ),
    events={
        "view": "view_item",
        "cart": "add_to_cart",
        "remove_from_cart": "remove_from_cart",
        "purchase": "purchase",
    },
)


def _read_rees46(source: Source, shape: Shape, currency: str) -> Reading:
    names = {name: name for name in _REES46.columns.model_dump(exclude_none=True).values()}
    table = _renamed(_read_table(source, shape), names)
    return read_steps(table, _REES46, source="rees46", currency=currency)


_OTTO = EventMapping(
    columns=EventColumns(time="ts", event="type", product="aid", visitor="session"),
    events={"clicks": "view_item", "carts": "add_to_cart", "orders": "purchase"},
    times=Times(format="milliseconds"),
)


def _read_otto(source: Source, shape: Shape, currency: str) -> Reading:  # noqa: ARG001
    """OTTO keeps a session a line; its events are the rows, numbered through the whole file."""
    rows: list[tuple[int, str, str | None, str | None, str | None]] = []
    rejects: list[Reject] = []
    number = 0
    for line, value in read_json_lines(source):
        events = value.get("events") if isinstance(value, dict) else None
        if isinstance(value, Reject) or not isinstance(events, list) or "session" not in value:
            number += 1
            reason = (
                value.reason
                if isinstance(value, Reject)
                else (f"line {line} is no session with a list of events")
            )
            raw = value.raw if isinstance(value, Reject) else {"line": str(value)[:500]}
            rejects.append(Reject(number, reason, raw))
            continue
        session = _text(value["session"]) or ""
        for event in events:
            number += 1
            if not isinstance(event, dict):
                rejects.append(Reject(number, "an event that is no object", {"event": event}))
                continue
            rows.append(
                (number, session, *(_text(event.get(key)) for key in ("aid", "ts", "type")))  # type: ignore[arg-type]
            )
    schema = {"row": pl.Int64, **dict.fromkeys(("session", "aid", "ts", "type"), pl.String)}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return read_steps(Table(frame, rejects), _OTTO, source="otto", currency=currency)


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list) else str(value).strip() or None


LOG_FORMATS: tuple[Format[Reading], ...] = (
    Format(
        name="online-retail",
        title="UCI Online Retail",
        kinds=("parquet", "table"),
        required=frozenset({"stockcode", "description", "quantity", "invoicedate", "country"}),
        read=_read_online_retail,
        service_codes=rf"{GENERAL_SERVICE_CODES}|DOT|M|D|S|B|C2|CRUK|AMAZONFEE",
        currency="GBP",
    ),
    Format(
        name="rees46",
        title="REES46 shop events",
        kinds=("table", "parquet"),
        required=frozenset({"event_time", "event_type", "product_id", "user_id", "user_session"}),
        read=_read_rees46,
    ),
    Format(
        name="otto",
        title="OTTO sessions",
        kinds=("JSON lines",),
        required=frozenset({"session", "events"}),
        read=_read_otto,
    ),
)


def mapped_format(path: Path) -> Format[Reading]:
    """The format that a mapping file describes.

    Raises ImportRefusedError where the mapping is wrong.
    """
    mapping = load_mapping(path, EventMapping)
    codes = "|".join([GENERAL_SERVICE_CODES, *map(re.escape, mapping.service_codes)])

    def read(source: Source, shape: Shape, currency: str) -> Reading:
        return read_steps(_read_table(source, shape), mapping, source="mapped", currency=currency)

    return Format(
        name=f"mapped-{mapping_digest(path)}",
        title=f"columns mapped by {path.name}",
        kinds=("table", "parquet"),
        required=frozenset(),
        read=read,
        service_codes=codes,
        currency=mapping.currency,
    )


def choose_log_format(
    source: Source, *, name: str | None, mapping: Path | None
) -> tuple[Format[Reading], Shape]:
    """The format to read a log with: mapped, named, or recognised by its content.

    Raises ImportRefusedError saying what was found, what was expected and what is known.
    """
    mapped = mapped_format(mapping) if mapping else None
    return choose(LOG_FORMATS, source, name=name, mapped=mapped)
