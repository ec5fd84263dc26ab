"""Catalogues: recognised, grouped into products and variants, bad rows rejected."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.money import Money
from ingest.feed import Feed, FeedItem
from ingest.feeds import choose_catalogue_format
from ingest.log_products import UNKNOWN_STOCK
from ingest.source import ImportRefusedError, Source

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ingest"
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def read(path: Path, *, mapping: Path | None = None) -> tuple[str, Feed]:
    """Read a catalogue as the command does; also says which format it was taken for."""
    source = Source(path)
    chosen, shape = choose_catalogue_format(source, name=None, mapping=mapping, now=NOW)
    return chosen.name, chosen.read(source, shape, "EUR")


def items(feed: Feed) -> dict[str, FeedItem]:
    """The feed's items by variant."""
    return {item.variant_id: item for item in feed.items}


def test_shopify_groups_variants_by_handle_and_folds_picture_rows() -> None:
    name, feed = read(FIXTURES / "shopify.csv")
    assert name == "shopify"
    assert feed.rows_read == 7
    assert feed.folded == 1
    found = items(feed)
    assert list(found) == ["RJ-RED-M", "RJ-RED-L", "rain-jacket-3", "gift-card", "OB-1"]
    red = found["RJ-RED-M"]
    assert (red.product_id, red.title, red.brand) == ("rain-jacket", "Rain jacket", "Halden")
    assert (red.colour, red.size, red.stock) == ("Red", "M", 4)
    assert (red.price, red.list_price) == (Money("EUR", 7990), Money("EUR", 9990))
    assert red.description == "Keeps the rain out.\nHood"
    assert red.category == ("Jackets",)
    assert red.picture == "https://shop.example/rj.jpg"
    assert found["RJ-RED-L"].stock == 0
    assert found["rain-jacket-3"].stock == UNKNOWN_STOCK
    assert (found["gift-card"].size, found["gift-card"].colour) == (None, None)
    assert not found["OB-1"].active
    assert [(r.row, r.reason) for r in feed.rejects] == [(7, "not a price: 'cheap'")]


def test_woocommerce_buys_variations_of_the_parent_that_describes_them() -> None:
    name, feed = read(FIXTURES / "woocommerce.csv")
    assert name == "woocommerce"
    found = items(feed)
    assert list(found) == ["SHIRT-W-S", "SHIRT-G-M", "14"]
    white = found["SHIRT-W-S"]
    assert (white.product_id, white.title) == ("SHIRT", "Linen shirt")
    assert (white.price, white.list_price) == (Money("EUR", 2900), Money("EUR", 3900))
    assert (white.colour, white.size, white.stock) == ("White", "S", 5)
    assert white.category == ("Clothing", "Shirts")
    assert white.description == "Made of linen."
    assert (found["SHIRT-G-M"].price, found["SHIRT-G-M"].stock) == (Money("EUR", 3900), 0)
    assert found["14"].stock == UNKNOWN_STOCK
    assert [(r.row, r.reason) for r in feed.rejects] == [
        (4, "the parent 'id:99' is not in the file"),
        (6, "regular price is missing"),
    ]


def test_a_merchant_table_reads_groups_sales_and_availability() -> None:
    name, feed = read(FIXTURES / "merchant.tsv")
    assert name == "merchant-tsv"
    found = items(feed)
    lamp = found["LAMP-1"]
    assert (lamp.title, lamp.description, lamp.material) == ("Desk lamp", "Bright lamp", "steel")
    assert lamp.category == ("Home", "Lamps")
    small, large = found["SOCK-S"], found["SOCK-L"]
    assert small.product_id == large.product_id == "SOCK"
    assert (small.price, small.list_price) == (Money("EUR", 750), Money("EUR", 950))
    assert (large.price, large.list_price) == (Money("EUR", 950), None)
    assert (small.stock, large.stock) == (UNKNOWN_STOCK, 0)
    assert small.category == ("Apparel & Accessories", "Socks")
    assert large.category == ()
    assert [(r.row, r.reason.split(":")[0]) for r in feed.rejects] == [
        (4, "not a web address"),
        (5, "ambiguous price '1.299'"),
        (6, "not an availability"),
        (7, "the id 'LAMP-1' stands in row 1 already"),
    ]


def test_a_merchant_xml_feed_reads_like_the_table() -> None:
    name, feed = read(FIXTURES / "merchant.xml")
    assert name == "merchant-xml"
    lamp = items(feed)["LAMP-1"]
    assert (lamp.price, lamp.colour, lamp.description) == (
        Money("EUR", 1999),
        "black",
        "Bright & small",
    )
    assert [(r.row, r.reason) for r in feed.rejects] == [(2, "price is missing")]


def test_xml_that_declares_entities_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "feed.xml"
    content = (FIXTURES / "merchant.xml").read_text()
    start, rest = content.split("\n", 1)
    bomb.write_text(f'{start}\n<!DOCTYPE rss [<!ENTITY a "aaaa">]>\n{rest}')
    with pytest.raises(ImportRefusedError, match="declares XML entities"):
        read(bomb)


def test_xml_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    cut = tmp_path / "feed.xml"
    cut.write_text((FIXTURES / "merchant.xml").read_text()[:-40])
    with pytest.raises(ImportRefusedError, match="no well-formed XML"):
        read(cut)


def test_a_mapping_reads_any_product_table() -> None:
    _, feed = read(FIXTURES / "mapped_catalogue.csv", mapping=FIXTURES / "mapped_catalogue.toml")
    found = items(feed)
    assert found["T-1-R"].product_id == found["T-1-B"].product_id == "T-1"
    assert found["T-1-R"].price == Money("EUR", 12950)
    assert (found["S-1"].price, found["S-1"].stock) == (None, UNKNOWN_STOCK)


def test_retail_demo_store_yaml_reads_products_and_categories(tmp_path: Path) -> None:
    products = tmp_path / "products.yaml"
    products.write_text(
        "- id: abc\n  current_stock: 3\n  name: Tin lantern\n  category: homedecor\n"
        "  style: lighting\n  description: Soft light\n  price: 24.5\n  gender_affinity: F\n"
        "- id: def\n  current_stock: 3\n  name: No price\n  category: homedecor\n"
    )
    name, feed = read(products)
    assert name == "retail-demo-store"
    lantern = items(feed)["abc"]
    assert (lantern.price, lantern.stock) == (Money("EUR", 2450), 3)
    assert lantern.facts == {"style": "lighting", "gender": "women"}
    assert [r.reason for r in feed.rejects] == ["price is missing"]
    categories = tmp_path / "categories.yaml"
    categories.write_text("- id: 1\n  name: homedecor\n  has_gender_affinity: false\n")
    name, feed = read(categories)
    assert name == "retail-demo-store-categories"
    assert [category.path for category in feed.categories] == [("homedecor",)]


def test_an_unknown_catalogue_lists_the_known_formats(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ImportRefusedError) as refused:
        read(path)
    for name in ("merchant-tsv", "merchant-xml", "shopify", "woocommerce", "retail-demo-store"):
        assert name in str(refused.value)
