"""What is read: the catalogue priced now, frames for training, reads that take no lock."""

from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import update

from core.clock import SimulatedClock
from core.identity import Identity
from core.money import Money
from db.engine import SessionFactory, read_session
from db.models import Channel, EventName, Person, Price, Product, Variant, Visitor
from db.reads.catalogue import (
    catalogue_version,
    product_facts,
    product_of_variant,
    terms,
)
from db.reads.consents import consent_ledger, consents_in_force
from db.reads.training import event_frame, event_parts, item_frame
from db.writes import carts
from db.writes.consents import record_consent
from db.writes.events import NewEvent, NewItem, record
from db.writes.visitors import bind

pytestmark = pytest.mark.usefixtures("small_shop")


def test_product_facts_hold_every_priced_variant_in_the_shops_order(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with read_session(sessions) as session:
        facts = product_facts(session, ["tent", "mat", "unknown"], now=clock.now())
    assert facts.keys() == {"tent", "mat"}
    tent = facts["tent"]
    assert (tent.category_title, tent.facts) == ("Tents", {"waterproof": True})
    assert [variant.variant_id for variant in tent.variants] == ["tent-green", "tent-blue"]
    assert tent.variants[0].list_price == Money("EUR", 14900)
    assert tent.available
    assert facts["mat"].variants == ()
    assert not facts["mat"].available


def test_a_product_taken_off_sale_has_no_facts(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        session.get_one(Product, "tent").active = False
    with read_session(sessions) as session:
        assert product_facts(session, ["tent"], now=clock.now()) == {}
        assert product_of_variant(session, "tent-green") is None


def test_terms_are_the_words_of_the_catalogue(sessions: SessionFactory) -> None:
    with read_session(sessions) as session:
        found = terms(session)
    assert [(one.id, one.synonyms) for one in found.categories] == [
        ("camping", ("outdoors",)),
        ("tents", ()),
    ]
    assert found.brands == ("Nordkap",)
    assert found.colours == ("blue", "green")
    assert found.materials == ("nylon",)
    assert [one.title for one in found.products] == ["Foam mat", "Gas stove", "Ridge tent"]


def test_the_catalogue_version_changes_with_products_and_prices_but_not_with_stock(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    def version() -> str:
        with read_session(sessions) as session:
            return catalogue_version(session)

    first = version()
    with sessions.begin() as session:
        session.execute(update(Variant).values(stock=3))
    assert version() == first
    with sessions.begin() as session:
        session.add(Price(variant_id="mat", amount=100, currency="EUR", valid_from=clock.now()))
    second = version()
    assert second != first
    with sessions.begin() as session:
        mat = session.get_one(Product, "mat")
        mat.title, mat.updated_at = "Thick mat", clock.now() + timedelta(seconds=1)
    assert version() != second


def test_the_event_frame_names_the_person_else_the_visitor_and_leaves_robots_out(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    now = clock.now()
    view = NewEvent(
        "v", EventName.VIEW_ITEM, now - timedelta(hours=1), session_id="s",
        items=(NewItem("tent"), NewItem("mat")),
    )  # fmt: skip
    list_view = NewEvent("l", EventName.VIEW_ITEM_LIST, now, items=(NewItem("tent"),))
    with sessions.begin() as session:
        record(session, identity, [view, list_view], now=now)
        bind(session, identity, "ann", now=now)
        record(session, Identity("anonymous"), [view], now=now)
        record(session, Identity("robot"), [view], now=now)
        session.get_one(Visitor, "robot").is_robot = True
    with read_session(sessions) as session:
        frame = event_frame(session)
        newer = event_frame(session, since=now)
    assert frame.schema == pl.Schema(
        {
            "shopper": pl.String,
            "session": pl.String,
            "product": pl.String,
            "action": pl.String,
            "source": pl.String,
            "at": pl.Datetime("us", "UTC"),
        }
    )
    assert set(frame["shopper"]) == {"ann", "anonymous"}
    assert frame.filter(shopper="ann")["product"].to_list() == ["tent", "mat"]
    assert set(frame["action"]) == {"view"}
    assert frame["at"][0] == now - timedelta(hours=1)
    assert newer.is_empty()


def test_parts_of_the_events_are_bounded_and_each_shopper_is_whole_in_one(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    now = clock.now()
    for number in range(20):
        views = [
            NewEvent(f"{index}", EventName.VIEW_ITEM, now, items=(NewItem("tent"), NewItem("mat")))
            for index in range(1 + number % 3)
        ]
        with sessions.begin() as session:
            record(session, Identity(f"visitor-{number}"), views, now=now)
            if number % 4 == 0:
                bind(session, Identity(f"visitor-{number}"), "ann", now=now)
    with read_session(sessions) as session:
        parts = list(event_parts(session, at_once=10))
        everything = event_frame(session)
        largest = everything["shopper"].value_counts()["count"].max()
    together = pl.concat(parts)
    order = everything.columns
    assert together.sort(order).equals(everything.sort(order))
    assert len(parts) > 2
    assert max(part.height for part in parts) < 10 + largest
    assert sum(part["shopper"].n_unique() for part in parts) == everything["shopper"].n_unique()


def test_an_empty_shop_gives_frames_with_their_columns(sessions: SessionFactory) -> None:
    with read_session(sessions) as session:
        assert event_frame(session).columns == [
            "shopper", "session", "product", "action", "source", "at",
        ]  # fmt: skip


def test_the_item_frame_says_what_can_be_bought_and_for_how_much(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with read_session(sessions) as session:
        frame = item_frame(session, now=clock.now())
    rows = {row["product"]: row for row in frame.iter_rows(named=True)}
    assert rows["tent"] == {
        "product": "tent",
        "title": "Ridge tent",
        "category": "tents",
        "brand": "Nordkap",
        "amount": 11900,
        "currency": "EUR",
        "available": True,
        "colours": "blue\ngreen",
    }
    assert (rows["mat"]["amount"], rows["mat"]["available"]) == (None, False)


def test_the_newest_consent_of_each_channel_is_in_force_and_the_ledger_keeps_all(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        session.add(Person(id="ann", created_at=clock.now()))
        session.flush()
        for granted in (True, False):
            record_consent(
                session, "ann", Channel.EMAIL, granted=granted, wording_version="1",
                source="checkout", now=clock.now(),
            )  # fmt: skip
            clock.advance(timedelta(days=1))
        assert not consents_in_force(session, "ann")[Channel.EMAIL].granted
        assert [line.granted for line in consent_ledger(session, "ann")] == [True, False]


def test_a_read_sees_one_moment_and_waits_for_no_writer(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as writer:
        carts.add(writer, identity, "tent-green", 1, now=clock.now())
        with read_session(sessions) as session:
            assert event_frame(session).is_empty()
