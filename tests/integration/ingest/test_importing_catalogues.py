"""Feeds into the catalogue: added, changed, left alone, taken off the shelf."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from core.clock import SimulatedClock
from core.money import Money
from db.engine import SessionFactory
from db.models import Category, FaqEntry, Price, Product, Variant
from db.reads.catalogue import product_facts
from ingest.catalogue import CatalogueOutcome, store_feed
from ingest.faq import read_faq, store_faq
from ingest.feed import Feed, FeedItem
from ingest.feeds import choose_catalogue_format
from ingest.source import Source
from tests.imports import FIXTURES, everything

TENT = FeedItem(
    row=1,
    product_id="tent",
    variant_id="tent-green",
    title="Ridge tent",
    category=("Camping", "Tents"),
    brand="Nordkap",
    description="Stands up to rain.",
    colour="green",
    stock=4,
    price=Money("EUR", 11900),
)


def bring(
    sessions: SessionFactory, clock: SimulatedClock, *items: FeedItem, missing: bool = False
) -> CatalogueOutcome:
    """Store a feed of these items, a day after the one before."""
    clock.advance(timedelta(days=1))
    with sessions.begin() as session:
        return store_feed(
            session, Feed(list(items), []), now=clock.now(), deactivate_missing=missing
        )


def read(path: Path, clock: SimulatedClock) -> Feed:
    """Read a catalogue file as the command does."""
    source = Source(path)
    chosen, shape = choose_catalogue_format(source, name=None, mapping=None, now=clock.now())
    return chosen.read(source, shape, "EUR")


def test_a_feed_makes_products_the_shop_can_show(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    feed = read(FIXTURES / "shopify.csv", clock)
    with sessions.begin() as session:
        store_feed(session, feed, now=clock.now())
    with sessions() as session:
        facts = product_facts(session, ["rain-jacket"], now=clock.now())["rain-jacket"]
        assert (facts.title, facts.brand, facts.category_title) == (
            "Rain jacket",
            "Halden",
            "Jackets",
        )
        first = facts.variants[0]
        assert (first.variant_id, first.colour, first.size) == ("RJ-RED-M", "Red", "M")
        assert (first.price, first.list_price) == (Money("EUR", 7990), Money("EUR", 9990))


def test_every_row_of_a_feed_is_accounted_for(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    for name in ("shopify.csv", "woocommerce.csv", "merchant.tsv", "merchant.xml"):
        feed = read(FIXTURES / name, clock)
        with sessions.begin() as session:
            outcome = store_feed(session, feed, now=clock.now())
        total = outcome.rows_stored + outcome.folded + len(outcome.rejects)
        assert outcome.rows_read == total


def test_importing_a_feed_again_changes_nothing(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    feed = read(FIXTURES / "shopify.csv", clock)
    with sessions.begin() as session:
        assert store_feed(session, feed, now=clock.now()).changed
    before = everything(sessions)
    clock.advance(timedelta(days=1))
    with sessions.begin() as session:
        assert not store_feed(session, feed, now=clock.now()).changed
    assert everything(sessions) == before


def test_a_changed_price_closes_the_old_one_and_opens_a_new_one(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    bring(sessions, clock, TENT)
    old = clock.now()
    dearer = replace(TENT, price=Money("EUR", 9900), list_price=Money("EUR", 11900))
    outcome = bring(sessions, clock, dearer)
    assert (outcome.prices_changed, outcome.products_changed) == (1, 0)
    with sessions() as session:
        prices = session.scalars(select(Price).order_by(Price.valid_from)).all()
        assert [(p.amount, p.list_amount, p.valid_from, p.valid_until) for p in prices] == [
            (11900, None, old, clock.now()),
            (9900, 11900, clock.now(), None),
        ]
        assert session.get_one(Product, "tent").updated_at == clock.now()


def test_a_changed_product_keeps_its_row_and_says_when(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    bring(sessions, clock, TENT)
    outcome = bring(sessions, clock, replace(TENT, title="Ridge tent for two", stock=1))
    assert (outcome.products_changed, outcome.variants_changed) == (1, 1)
    with sessions() as session:
        product = session.scalars(select(Product)).one()
        assert (product.title, product.updated_at) == ("Ridge tent for two", clock.now())
        assert session.scalars(select(Variant)).one().stock == 1


def test_what_a_feed_leaves_out_stays_unless_told_otherwise(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    blue = replace(TENT, row=2, variant_id="tent-blue", colour="blue")
    stove = replace(TENT, row=3, product_id="stove", variant_id="stove", title="Gas stove")
    bring(sessions, clock, TENT, blue, stove)
    assert bring(sessions, clock, TENT).products_deactivated == 0
    with sessions() as session:
        assert session.get_one(Product, "stove").active
        assert session.get_one(Variant, "tent-blue").stock == 4
    assert bring(sessions, clock, TENT, missing=True).products_deactivated == 1
    with sessions() as session:
        assert not session.get_one(Product, "stove").active
        assert session.get_one(Variant, "tent-blue").stock == 0
        assert session.get_one(Product, "tent").active


def test_a_variant_of_another_product_is_rejected(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    bring(sessions, clock, TENT)
    outcome = bring(sessions, clock, replace(TENT, product_id="other"))
    assert outcome.rejects[0].reason == "the id 'tent-green' belongs to the product 'tent' already"
    assert outcome.rows_read == outcome.rows_stored + len(outcome.rejects)


def test_categories_hang_below_each_other(sessions: SessionFactory, clock: SimulatedClock) -> None:
    bring(sessions, clock, TENT)
    with sessions() as session:
        tents = session.get_one(Category, "camping-tents")
        assert (tents.title, tents.parent_id) == ("Tents", "camping")


def test_a_faq_is_added_changed_and_left_alone(
    sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path
) -> None:
    rows, rejects = read_faq(Source(FIXTURES / "faq.toml"))
    with sessions.begin() as session:
        outcome = store_faq(session, rows, rejects, now=clock.now())
    assert (outcome.added, [reject.reason for reject in outcome.rejects]) == (
        1,
        ["answer is missing"],
    )
    table = tmp_path / "faq.csv"
    table.write_text(
        "Topic,Question,Answer\nreturns,How long do I have to send something back?,Sixty days.\n"
    )
    later = datetime(2027, 1, 1, tzinfo=UTC)
    for expected in ((0, 1, 0), (0, 0, 1)):
        rows, rejects = read_faq(Source(table))
        with sessions.begin() as session:
            outcome = store_faq(session, rows, rejects, now=later)
        assert (outcome.added, outcome.changed, outcome.unchanged) == expected
    with sessions() as session:
        entry = session.scalars(select(FaqEntry)).one()
        assert (entry.answer, entry.updated_at) == ("Sixty days.", later)
