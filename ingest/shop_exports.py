"""Product exports of shop systems, where one product takes several rows."""

import re
from dataclasses import replace
from typing import Any

from core.money import Money
from ingest.feed import Feed, FeedItem, collect, key, required, text
from ingest.shape import Shape
from ingest.source import Source
from ingest.tables import read_delimited
from ingest.values import category_path, parse_price, parse_stock, plain_text, web_address

_COLOUR = frozenset({"color", "colour", "farbe", "couleur"})
_SIZE = frozenset({"size", "größe", "taille"})
_MATERIAL = frozenset({"material"})


def _rows(source: Source) -> tuple[list[tuple[int, dict[str, Any]]], list[Any]]:
    table = read_delimited(source)
    rows = [
        (row.pop("row"), {name.lower(): value for name, value in row.items()})
        for row in table.frame.iter_rows(named=True)
    ]
    return rows, table.rejects


def _options(pairs: list[tuple[str | None, str | None]]) -> dict[str, str | None]:
    """Named options as colour, size and material; others are a size when there is none."""
    found: dict[str, str | None] = {"colour": None, "size": None, "material": None}
    others: list[str] = []
    for name, value in pairs:
        if not name or not value or (name.lower(), value.lower()) == ("title", "default title"):
            continue
        plain = name.lower()
        if plain in _COLOUR:
            found["colour"] = value[:60]
        elif plain in _SIZE:
            found["size"] = value[:60]
        elif plain in _MATERIAL:
            found["material"] = value[:120]
        else:
            others.append(value)
    if others:
        found["size"] = " / ".join([*filter(None, [found["size"]]), *others])[:60]
    return found


def _reduced(now_costs: Money, before: Money | None) -> Money | None:
    return before if before and before > now_costs else None


def read_shopify(source: Source, _: Shape, currency: str) -> Feed:
    """One Handle is one product: its first row describes it, a row without price is a picture."""
    rows, rejects = _rows(source)
    first: dict[str, dict[str, Any]] = {}
    counts: dict[str, int] = {}

    def read(number: int, row: dict[str, Any]) -> FeedItem | None:
        handle = key(row, "handle")
        product = first.setdefault(handle, row)
        if not text(row, "variant price"):
            if row is product:
                raise ValueError("variant price is missing")
            return None
        counts[handle] = counts.get(handle, 0) + 1
        options = _options(
            [(text(product, f"option{n} name"), text(row, f"option{n} value")) for n in (1, 2, 3)]
        )
        price = parse_price(required(row, "variant price"), currency=currency, decimal=".")
        compare = text(row, "variant compare at price")
        before = parse_price(compare, currency=currency, decimal=".") if compare else None
        goes_on = text(row, "variant inventory policy") == "continue"
        listed = (text(product, "published") or "true").lower() == "true" and (
            text(product, "status") or "active"
        ).lower() == "active"
        variant = text(row, "variant sku") or (
            handle if counts[handle] == 1 else f"{handle}-{counts[handle]}"
        )
        return FeedItem(
            row=number,
            product_id=handle,
            variant_id=key({"variant sku": variant}, "variant sku"),
            title=required(product, "title"),
            category=category_path(text(product, "type"))
            or category_path(text(product, "product category")),
            brand=text(product, "vendor"),
            description=plain_text(text(product, "body (html)") or ""),
            material=options["material"],
            picture=web_address(text(product, "image src")),
            colour=options["colour"],
            size=options["size"],
            stock=parse_stock(
                None if goes_on else text(row, "variant inventory qty"), "yes" if goes_on else None
            ),
            price=price,
            list_price=_reduced(price, before),
            active=listed,
        )

    feed = collect(rows, read)
    return replace(feed, rejects=sorted([*feed.rejects, *rejects], key=lambda r: r.row))


_PARENT_ID = re.compile(r"^id:(\d+)$")


def read_woocommerce(source: Source, _: Shape, currency: str) -> Feed:
    """A variable product is described in its own row and bought in those that name it as parent."""
    rows, rejects = _rows(source)
    parents: dict[str, dict[str, Any]] = {}
    for _number, row in rows:
        if "variable" in _types(row):
            for name in (f"id:{text(row, 'id')}", text(row, "sku")):
                if name:
                    parents[name] = row

    def read(number: int, row: dict[str, Any]) -> FeedItem | None:
        types = _types(row)
        if "variable" in types or "grouped" in types:
            required(row, "name")
            return None
        parent = row
        if "variation" in types:
            name = required(row, "parent")
            if name not in parents:
                raise ValueError(f"the parent {name!r} is not in the file")
            parent = parents[name]
        regular = text(row, "regular price")
        if regular is None:
            raise ValueError("regular price is missing")
        full = parse_price(regular, currency=currency)
        sale_text = text(row, "sale price")
        sale = parse_price(sale_text, currency=currency) if sale_text else None
        options = _options(
            [
                (text(row, f"attribute {n} name"), text(row, f"attribute {n} value(s)"))
                for n in range(1, 7)
            ]
        )
        description = text(parent, "description") or text(parent, "short description") or ""
        categories = (text(parent, "categories") or "").split(",")
        pictures = (text(row, "images") or text(parent, "images") or "").split(",")
        return FeedItem(
            row=number,
            product_id=_shop_key(parent),
            variant_id=_shop_key(row),
            title=required(parent, "name"),
            category=category_path(categories[0]),
            brand=text(parent, "brands"),
            description=plain_text(description.replace("\\n", "\n")),
            material=options["material"],
            picture=web_address(pictures[0].strip() or None),
            colour=options["colour"],
            size=options["size"],
            stock=parse_stock(text(row, "stock"), _stock_word(text(row, "in stock?"))),
            price=sale if sale and sale < full else full,
            list_price=full if sale and sale < full else None,
            active=(text(parent, "published") or "1") == "1",
        )

    feed = collect(rows, read)
    return replace(feed, rejects=sorted([*feed.rejects, *rejects], key=lambda r: r.row))


def _types(row: dict[str, Any]) -> set[str]:
    return (
        {part.strip().lower() for part in required(row, "type").split(",")}
        if row.get("type")
        else set()
    )


def _shop_key(row: dict[str, Any]) -> str:
    return key(row, "sku") if text(row, "sku") else key(row, "id")


def _stock_word(word: str | None) -> str | None:
    return "backorder" if word and word.lower() == "backorder" else word
