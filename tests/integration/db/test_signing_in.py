"""Whose rows are whose: signing in, merging carts, and what an old or foreign token gets."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory, read_session
from db.models import Cart, CartStatus, FeedbackKind, Person, Suggestion, Visitor
from db.reads.carts import left_in_carts, open_cart, purchase, purchases
from db.reads.history import hidden, owned, recent_steps
from db.writes import carts, orders
from db.writes.feedback import UnknownSuggestion, give_feedback
from db.writes.visitors import (
    ForeignVisitorError,
    StaleIdentityError,
    bind,
    is_current,
    sign_in,
)
from tests.visitors import create_visitor

pytestmark = pytest.mark.usefixtures("small_shop")
EVER = {"since": datetime(2000, 1, 1, tzinfo=UTC), "until": datetime(2100, 1, 1, tzinfo=UTC)}


def quantities(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> dict[str, int]:
    with read_session(sessions) as session:
        cart = open_cart(session, identity, now=clock.now())
    return {line.variant_id: line.quantity for line in cart.lines} if cart else {}


def test_signing_in_brings_the_visitors_cart_along(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        before = carts.add(session, identity, "tent-green", 2, now=clock.now())
        ann = bind(session, identity, "ann", now=clock.now())
        after = open_cart(session, ann, now=clock.now())
    assert after is not None
    assert (after.id, after.count) == (before.id, 2)


def test_signing_in_merges_open_carts_and_sums_quantities(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        ann = bind(session, identity, "ann", now=clock.now())
        kept = carts.add(session, ann, "tent-green", 1, now=clock.now())
        phone = create_visitor(session, now=clock.now())
        carts.add(session, phone, "tent-green", 2, now=clock.now())
        carts.add(session, phone, "stove", 1, now=clock.now())
        ann_on_phone = bind(session, phone, "ann", now=clock.now())
    assert quantities(sessions, ann_on_phone, clock) == {"tent-green": 3, "stove": 1}
    assert quantities(sessions, ann, clock) == {"tent-green": 3, "stove": 1}
    with sessions() as session:
        statuses = {row.id: row.status for row in session.execute(select(Cart.id, Cart.status))}
    assert statuses.pop(kept.id) is CartStatus.OPEN
    assert set(statuses.values()) == {CartStatus.MERGED}


def test_signing_in_again_changes_nothing(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        ann = bind(session, identity, "ann", now=clock.now())
        carts.add(session, ann, "tent-green", 1, now=clock.now())
        assert bind(session, identity, "ann", now=clock.now()) == ann
    assert quantities(sessions, ann, clock) == {"tent-green": 1}


def test_a_visitor_of_one_person_cannot_be_bound_to_another(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        bind(session, identity, "ann", now=clock.now())
    with pytest.raises(ForeignVisitorError), sessions.begin() as session:
        bind(session, identity, "bob", now=clock.now())


def test_another_person_on_the_same_browser_gets_a_new_visitor(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        session.add(Person(id="bob", created_at=clock.now()))
        ann = sign_in(session, identity, "ann", now=clock.now())
        bob = sign_in(session, ann, "bob", now=clock.now())
        assert bob.person_id == "bob"
        assert bob.visitor_id != ann.visitor_id
        assert session.get_one(Visitor, ann.visitor_id).person_id == "ann"


def test_a_token_from_before_the_sign_in_opens_nothing_of_the_person(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 2, now=clock.now())
        ann = bind(session, identity, "ann", now=clock.now())
        placed = orders.place(session, ann, now=clock.now())
        carts.add(session, ann, "stove", 1, now=clock.now())
    with sessions() as session:
        assert not is_current(session, identity)
        assert open_cart(session, identity, now=clock.now()) is None
        assert purchases(session, identity, **EVER) == []
        assert purchase(session, identity, placed.order_id) is None
        assert left_in_carts(session, identity, **EVER) == []
        assert recent_steps(session, identity) == []
        assert owned(session, identity) == frozenset()
    for change in (
        lambda session: carts.add(session, identity, "tent-green", 1, now=clock.now()),
        lambda session: carts.clear(session, identity, now=clock.now()),
        lambda session: carts.apply_promotion(session, identity, "X", now=clock.now()),
        lambda session: orders.place(session, identity, now=clock.now()),
        lambda session: give_feedback(
            session, identity, "tent", FeedbackKind.NOT_INTERESTED, now=clock.now()
        ),
    ):
        with pytest.raises(StaleIdentityError), sessions.begin() as session:
            change(session)


def test_a_person_that_the_shops_back_end_signed_may_come_before_any_sign_in_here(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    signed = Identity(identity.visitor_id, "ann")
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now())
        assert is_current(session, signed)
        assert carts.add(session, signed, "tent-green", 1, now=clock.now()).count == 2
        assert not is_current(session, identity)
        assert not is_current(session, Identity(identity.visitor_id, "bob"))


def test_one_shopper_reads_nothing_of_another(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        ann = bind(session, identity, "ann", now=clock.now())
        carts.add(session, ann, "tent-green", 1, now=clock.now())
        placed = orders.place(session, ann, now=clock.now())
        carts.add(session, ann, "stove", 1, now=clock.now())
        give_feedback(session, ann, "mat", FeedbackKind.NOT_INTERESTED, now=clock.now())
        bob = bind(session, create_visitor(session, now=clock.now()), "bob", now=clock.now())
        nobody = create_visitor(session, now=clock.now())
    with sessions() as session:
        for other in (bob, nobody, Identity("", "bob"), Identity("unknown")):
            assert open_cart(session, other, now=clock.now()) is None
            assert purchases(session, other, **EVER) == []
            assert purchase(session, other, placed.order_id) is None
            assert left_in_carts(session, other, **EVER) == []
            assert recent_steps(session, other) == []
            assert owned(session, other) == frozenset()
            assert hidden(session, other) == frozenset()
        assert owned(session, ann) == {"tent"}
        assert hidden(session, ann) == {"mat"}


def test_a_person_sees_what_they_did_in_every_browser_oldest_first(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now())
        bind(session, identity, "ann", now=clock.now())
        clock.advance(timedelta(minutes=1))
        phone = bind(session, create_visitor(session, now=clock.now()), "ann", now=clock.now())
        carts.add(session, phone, "stove", 1, now=clock.now())
        steps = recent_steps(session, Identity("", "ann"))
    assert [(step.product_id, step.action) for step in steps] == [("tent", "add"), ("stove", "add")]


def test_a_thumb_up_brings_a_hidden_product_back(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        give_feedback(session, identity, "mat", FeedbackKind.NOT_INTERESTED, now=clock.now())
        assert hidden(session, identity) == {"mat"}
        clock.advance(timedelta(minutes=1))
        give_feedback(session, identity, "mat", FeedbackKind.THUMB_UP, now=clock.now())
        assert hidden(session, identity) == frozenset()


def test_feedback_on_a_suggestion_shown_to_somebody_else_is_refused(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        other = create_visitor(session, now=clock.now())
        session.add(
            Suggestion(
                id="s1",
                visitor_id=other.visitor_id,
                surface="home",
                product_id="tent",
                rank=1,
                score=1.0,
                source="popular",
                reason={},
                model_version="none",
                shown_at=clock.now(),
            )
        )
    with pytest.raises(UnknownSuggestion), sessions.begin() as session:
        give_feedback(
            session,
            identity,
            "tent",
            FeedbackKind.THUMB_UP,
            now=clock.now(),
            suggestion_id="s1",
        )
