"""The catalogue formats: Merchant feed, Shopify, WooCommerce, Retail Demo Store, mapped tables."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from core.money import Money
from ingest.feed import Feed, FeedCategory, FeedItem, collect, key, required, text
from ingest.formats import Format, choose
from ingest.mapping import CatalogueMapping, load_mapping, mapping_digest
from ingest.shape import Shape
from ingest.shop_exports import read_shopify, read_woocommerce
from ingest.source import ImportRefusedError, Source
from ingest.tables import Table, read_delimited, read_parquet
from ingest.values import category_path, parse_price, parse_stock, plain_text, web_address


def numbered(table: Table) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a table with their numbers."""
    return [(row.pop("row"), row) for row in table.frame.iter_rows(named=True)]


def _with_rejects(feed: Feed, table: Table) -> Feed:
    rejects = sorted([*feed.rejects, *table.rejects], key=lambda reject: reject.row)
    return replace(feed, rejects=rejects)


def _merchant_item(number: int, row: dict[str, Any], *, currency: str, now: datetime) -> FeedItem:
    price, list_price = _merchant_price(row, currency, now)
    variant = key(row, "id")
    group = text(row, "item_group_id")
    return FeedItem(
        row=number,
        product_id=key(row, "item_group_id") if group else variant,
        variant_id=variant,
        title=required(row, "title"),
        category=category_path(text(row, "product_type"))
        or category_path(text(row, "google_product_category")),
        brand=text(row, "brand"),
        description=plain_text(text(row, "description") or ""),
        material=text(row, "material"),
        facts={
            name: value for name in ("gender", "age_group", "pattern") if (value := text(row, name))
        },
        picture=web_address(text(row, "image_link")),
        colour=text(row, "color"),
        size=text(row, "size"),
        stock=parse_stock(text(row, "quantity"), required(row, "availability")),
        price=price,
        list_price=list_price,
    )


def _merchant_price(
    row: dict[str, Any], currency: str, now: datetime
) -> tuple[Money, Money | None]:
    """The sale price where there is one and its dates hold, else the price."""
    full = parse_price(required(row, "price"), currency=currency)
    sale_text = text(row, "sale_price")
    if not sale_text or not _on_sale(text(row, "sale_price_effective_date"), now):
        return full, None
    sale = parse_price(sale_text, currency=currency)
    return (sale, full) if sale < full else (full, None)


def _on_sale(dates: str | None, now: datetime) -> bool:
    if not dates:
        return True
    start, _, end = dates.partition("/")
    try:
        return datetime.fromisoformat(start.strip()) <= now <= datetime.fromisoformat(end.strip())
    except (ValueError, TypeError):
        raise ValueError(f"not a sale period with zones: {dates[:60]!r}") from None


def _read_merchant_table(source: Source, _: Shape, currency: str, *, now: datetime) -> Feed:
    table = read_delimited(source)
    rows = [
        (number, {name.lower().replace(" ", "_"): value for name, value in row.items()})
        for number, row in numbered(table)
    ]
    return _with_rejects(collect(rows, partial(_merchant_item, currency=currency, now=now)), table)


def _read_merchant_xml(source: Source, _: Shape, currency: str, *, now: datetime) -> Feed:
    rows: list[tuple[int, dict[str, Any]]] = []
    with source.binary() as raw:
        try:
            for _event, element in iterparse(raw, events=("end",)):
                if _local(element.tag) in {"item", "entry"}:
                    values = {_local(child.tag): child.text for child in reversed(element)}
                    rows.append((len(rows) + 1, values))
                    element.clear()
        except ParseError as error:
            raise ImportRefusedError(f"{source.path} is no well-formed XML: {error}") from None
        except DefusedXmlException as error:
            raise ImportRefusedError(
                f"{source.path} declares XML entities, which a feed has no use for: {error}"
            ) from None
    return collect(rows, partial(_merchant_item, currency=currency, now=now))


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _read_yaml(source: Source) -> list[tuple[int, dict[str, Any]]]:
    with source.text() as stream:
        try:
            content = yaml.load(stream, Loader=yaml.CSafeLoader)
        except yaml.YAMLError as error:
            raise ImportRefusedError(f"{source.path} is no YAML: {error}") from None
    if not isinstance(content, list):
        raise ImportRefusedError(f"{source.path} holds no list of products")
    return [
        (number, item if isinstance(item, dict) else {"": item})
        for number, item in enumerate(content, start=1)
    ]


def _demo_store_item(number: int, row: dict[str, Any], *, currency: str) -> FeedItem:
    product = key(row, "id")
    facts = {
        "style": text(row, "style"),
        "gender": {"F": "women", "M": "men"}.get(text(row, "gender_affinity") or ""),
    }
    return FeedItem(
        row=number,
        product_id=product,
        variant_id=product,
        title=required(row, "name"),
        category=category_path(required(row, "category")),
        description=plain_text(text(row, "description") or ""),
        facts={name: value for name, value in facts.items() if value},
        stock=parse_stock(required(row, "current_stock"), None),
        price=parse_price(required(row, "price"), currency=currency, decimal="."),
    )


def _read_demo_store(source: Source, _: Shape, currency: str) -> Feed:
    return collect(_read_yaml(source), partial(_demo_store_item, currency=currency))


def _read_demo_store_categories(source: Source, _: Shape, __: str) -> Feed:
    names = [text(row, "name") for _, row in _read_yaml(source)]
    return Feed([], [], [FeedCategory((name,)) for name in names if name])


def _mapped_item(
    number: int, row: dict[str, Any], *, mapping: CatalogueMapping, currency: str
) -> FeedItem:
    columns = mapping.columns
    variant = key(row, columns.id)
    price = text(row, columns.price)
    list_price = text(row, columns.list_price)
    parse = partial(parse_price, currency=mapping.currency or currency, decimal=mapping.decimal)
    return FeedItem(
        row=number,
        product_id=key(row, columns.group)
        if text(row, columns.group) and columns.group
        else variant,
        variant_id=variant,
        title=required(row, columns.title),
        category=category_path(text(row, columns.category)),
        brand=text(row, columns.brand),
        description=plain_text(text(row, columns.description) or ""),
        material=text(row, columns.material),
        picture=web_address(text(row, columns.picture)),
        colour=text(row, columns.colour),
        size=text(row, columns.size),
        stock=parse_stock(text(row, columns.stock), text(row, columns.availability)),
        price=parse(price) if price else None,
        list_price=parse(list_price) if list_price else None,
    )


def mapped_catalogue(path: Path) -> Format[Feed]:
    """The catalogue format that a mapping file describes.

    Raises ImportRefusedError where the mapping is wrong or names a column the table lacks.
    """
    mapping = load_mapping(path, CatalogueMapping)

    def read(source: Source, shape: Shape, currency: str) -> Feed:
        table = read_parquet(source) if shape.kind == "parquet" else read_delimited(source)
        missing = [
            f"{name!r} (for {role})"
            for role, name in mapping.columns.model_dump(exclude_none=True).items()
            if name not in table.frame.columns
        ]
        if missing:
            raise ImportRefusedError(
                f"{source.path} has no column {', '.join(missing)}; it holds {shape.text()}"
            )
        read_item = partial(_mapped_item, mapping=mapping, currency=currency)
        return _with_rejects(collect(numbered(table), read_item), table)

    return Format(
        name=f"mapped-{mapping_digest(path)}",
        title=f"columns mapped by {path.name}",
        kinds=("table", "parquet"),
        required=frozenset(),
        read=read,
        currency=mapping.currency,
    )


def catalogue_formats(now: datetime) -> tuple[Format[Feed], ...]:
    """The known catalogue formats; `now` tells which sale prices hold."""
    merchant = frozenset({"id", "title", "price", "availability"})
    return (
        Format(
            "merchant-tsv",
            "Google Merchant feed",
            ("table",),
            merchant,
            partial(_read_merchant_table, now=now),
        ),
        Format(
            "merchant-xml",
            "Google Merchant feed",
            ("XML",),
            merchant,
            partial(_read_merchant_xml, now=now),
        ),
        Format(
            "shopify",
            "Shopify product export",
            ("table",),
            frozenset({"handle", "title", "variant price"}),
            read_shopify,
        ),
        Format(
            "woocommerce",
            "WooCommerce product export",
            ("table",),
            frozenset({"id", "type", "sku", "name", "regular price"}),
            read_woocommerce,
        ),
        Format(
            "retail-demo-store",
            "Retail Demo Store products",
            ("YAML",),
            frozenset({"id", "name", "category", "price", "current_stock"}),
            _read_demo_store,
        ),
        Format(
            "retail-demo-store-categories",
            "Retail Demo Store categories",
            ("YAML",),
            frozenset({"id", "name", "has_gender_affinity"}),
            _read_demo_store_categories,
        ),
    )


def choose_catalogue_format(
    source: Source, *, name: str | None, mapping: Path | None, now: datetime
) -> tuple[Format[Feed], Shape]:
    """The format to read a catalogue with: mapped, named, or recognised by its content.

    Raises ImportRefusedError saying what was found, what was expected and what is known.
    """
    mapped = mapped_catalogue(mapping) if mapping else None
    return choose(catalogue_formats(now), source, name=name, mapped=mapped)
