"""A personal coupon: its person's alone, for one cart, once, and never beyond the budget."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from threading import Barrier, BrokenBarrierError, Event

import pytest
from sqlalchemy import update

from core.clock import SimulatedClock
from core.identity import Identity, new_visitor
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Coupon, CouponState, Order, Variant
from db.pricing import Refusal
from db.reads.carts import open_cart
from db.reads.promotions import own_coupons, promotion_terms, running_promotions
from db.writes.carts import PromotionRefused, add, apply_promotion, clear
from db.writes.coupons import redeem
from db.writes.orders import EmptyCart, place
from nudges.coupons import open_budget
from nudges.decision import Choice, Decision
from services.promotions import offers
from tests.integration.nudges.coupons import Always, budget, coupons, generous, send_coupons
from tests.integration.nudges.shoppers import (
    STOVE,
    TENT,
    Sink,
    leave_cart,
    left_carts,
    person,
    sweeper,
)

HOUR = timedelta(hours=1)
ANN = Identity("v-ann", "ann")
BOB = Identity("v-bob", "bob")
pytestmark = pytest.mark.usefixtures("small_shop")


@pytest.fixture
def code(sessions: SessionFactory, clock: SimulatedClock) -> str:
    """Ann left a tent for €119 and got a tenth off."""
    left_carts(sessions, clock, "ann", ago=HOUR)
    send_coupons(sessions, clock)
    (coupon,) = coupons(sessions)
    return coupon.code


def test_it_is_its_persons_alone(
    sessions: SessionFactory, clock: SimulatedClock, code: str
) -> None:
    with sessions.begin() as session:
        person(session, "bob", now=clock.now())
        add(session, BOB, "tent-green", 1, now=clock.now())
        with pytest.raises(PromotionRefused) as refused:
            apply_promotion(session, BOB, code, now=clock.now())
        assert refused.value.reason is Refusal.UNKNOWN
        assert apply_promotion(session, ANN, code, now=clock.now()).discount.amount == 1190


@pytest.mark.parametrize("other", [BOB, Identity("v-ann"), new_visitor()])
def test_nobody_else_sees_it(
    sessions: SessionFactory, clock: SimulatedClock, code: str, other: Identity
) -> None:
    now = clock.now()
    with sessions() as session:
        assert running_promotions(session, now=now) == []
        assert own_coupons(session, other, now=now) == []
        assert promotion_terms(session, code, other) is None
        assert offers(session, other, settings=Settings(), now=now) == []
        (mine,) = offers(session, ANN, settings=Settings(), now=now)
        assert mine.terms is not None
        assert (mine.terms.code, mine.outcome.refusal) == (code, None)


def test_an_order_uses_it_up_and_the_budget_pays_what_it_took_off(
    sessions: SessionFactory, clock: SimulatedClock, code: str
) -> None:
    assert budget(sessions) == (1190, 0, 20000)
    with sessions.begin() as session:
        apply_promotion(session, ANN, code, now=clock.now())
        order = place(session, ANN, now=clock.now())
    assert order.discount is not None
    assert order.discount.amount == 1190
    (coupon,) = coupons(sessions)
    assert (coupon.state, coupon.order_id) == (CouponState.REDEEMED, order.order_id)
    assert budget(sessions) == (0, 1190, 20000)
    with sessions.begin() as session:
        add(session, ANN, "tent-green", 1, now=clock.now())
        with pytest.raises(PromotionRefused) as refused:
            apply_promotion(session, ANN, code, now=clock.now())
    assert refused.value.reason is Refusal.USED


def test_it_gives_no_more_than_was_reserved_however_full_the_cart(
    sessions: SessionFactory, clock: SimulatedClock, code: str
) -> None:
    with sessions.begin() as session:
        add(session, ANN, "tent-green", 5, now=clock.now())
        cart = apply_promotion(session, ANN, code, now=clock.now())
        assert cart.discount.amount == 1190
        place(session, ANN, now=clock.now())
    assert budget(sessions) == (0, 1190, 20000)


def test_it_needs_its_minimum(sessions: SessionFactory, clock: SimulatedClock, code: str) -> None:
    with sessions.begin() as session:
        clear(session, ANN, now=clock.now())
        session.execute(update(Variant).where(Variant.id == "stove").values(stock=9))
        add(session, ANN, "stove", 1, now=clock.now())
        cart = apply_promotion(session, ANN, code, now=clock.now())
        assert cart.discount.amount == 450
        clear(session, ANN, now=clock.now())
        with pytest.raises(PromotionRefused) as refused:
            apply_promotion(session, ANN, code, now=clock.now())
    assert refused.value.reason is Refusal.EMPTY_CART


def test_it_expires(sessions: SessionFactory, clock: SimulatedClock, code: str) -> None:
    with sessions.begin() as session:
        apply_promotion(session, ANN, code, now=clock.now())
    clock.advance(timedelta(days=3))
    with sessions() as session:
        cart = open_cart(session, ANN, now=clock.now())
        assert cart is not None
        assert (cart.discount.amount, cart.promotion_refusal) == (0, Refusal.ENDED)
    with sessions.begin() as session:
        order = place(session, ANN, now=clock.now())
    assert order.promotion_code is None
    assert budget(sessions) == (0, 0, 20000)


def test_an_order_without_it_takes_it_back(
    sessions: SessionFactory, clock: SimulatedClock, code: str
) -> None:
    with sessions.begin() as session:
        place(session, ANN, now=clock.now())
    (coupon,) = coupons(sessions)
    assert (coupon.state, coupon.order_id) == (CouponState.REVOKED, None)
    assert budget(sessions) == (0, 0, 20000)


def test_a_cart_closed_elsewhere_takes_it_back_at_the_next_round(
    sessions: SessionFactory, clock: SimulatedClock, code: str
) -> None:
    from tests.integration.nudges.shoppers import buy

    with sessions.begin() as session:
        buy(session, "ann", at=clock.now())
    with sessions.begin() as session:
        add(session, ANN, "tent-green", 1, now=clock.now() + HOUR)
        with pytest.raises(PromotionRefused) as refused:
            apply_promotion(session, ANN, code, now=clock.now())
    assert refused.value.reason is Refusal.ENDED
    send_coupons(sessions, clock)
    assert coupons(sessions)[0].state is CouponState.REVOKED
    assert budget(sessions) == (0, 0, 20000)


def test_free_delivery_costs_what_delivery_would(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    at = clock.now() - HOUR
    with sessions.begin() as session:
        person(session, "ann", now=at)
        leave_cart(session, "ann", at=at, items=[STOVE])
    send_coupons(sessions, clock, "free_delivery")
    (coupon,) = coupons(sessions)
    with sessions.begin() as session:
        cart = apply_promotion(session, ANN, coupon.code, now=clock.now())
        assert (cart.delivery.amount, cart.total.amount) == (0, 4500)
        place(session, ANN, now=clock.now())
    assert budget(sessions) == (0, 490, 20000)


def test_of_200_redemptions_at_once_one_succeeds(
    sessions: SessionFactory, clock: SimulatedClock, code: str
) -> None:
    (coupon,) = coupons(sessions)
    with sessions.begin() as session:
        leave_cart(session, "ann", at=clock.now(), items=[TENT])
        orders = [
            Order(
                id=f"{number:032x}",
                visitor_id="v-ann",
                person_id="ann",
                placed_at=clock.now(),
                currency="EUR",
            )
            for number in range(200)
        ]
        session.add_all(orders)
    start = Barrier(200)

    def attempt(number: int) -> bool:
        """As many at once as the engine has connections; the others wait for one."""
        start.wait()
        with sessions.begin() as session:
            return redeem(
                session,
                code,
                identity=ANN,
                cart_id=coupon.cart_id,
                order_id=f"{number:032x}",
                cost=1190,
                now=clock.now(),
            )

    with ThreadPoolExecutor(200) as pool:
        won = list(pool.map(attempt, range(200)))
    assert Counter(won) == {True: 1, False: 199}
    (used,) = coupons(sessions)
    assert used.order_id == f"{won.index(True):032x}"
    assert budget(sessions) == (0, 1190, 20000)


def test_sweepers_that_issue_at_once_never_exceed_the_budget(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    """Each sees enough for its own coupons; together there is enough for half of them."""
    keys = [f"p{number}" for number in range(40)]
    with sessions.begin() as session:
        session.execute(update(Variant).values(stock=1000))
        for number, key in enumerate(keys):
            person(session, key, now=clock.now() - HOUR)
            items = [TENT, STOVE] if number % 3 else [TENT]
            leave_cart(session, key, at=clock.now() - HOUR, items=items)
    rules = generous(daily_budget=30_003)
    with sessions.begin() as session:
        # Whoever opens the day makes all others wait, once a day.
        open_budget(session, rules, Settings(), now=clock.now())
    decided, met = Barrier(2), Event()
    sink = Sink()
    with sessions() as session:
        sqlite = session.get_bind().dialect.name == "sqlite"

    class Together(Always):
        """The first pages of both are decided before either is issued anything."""

        def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:
            with suppress(BrokenBarrierError):
                # On SQLite one waits for the other to end, and then decides by what is left.
                decided.wait(timeout=1 if sqlite else 60)
                met.set()
            return super().decide(choices, now=now)

    def sweep(_: int) -> None:
        sweeper(
            sessions, clock, channels=[sink], rules=rules, decider=Together("percent_10"), page=20
        ).run()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(sweep, range(2)))
    assert sqlite or met.is_set()
    issued = coupons(sessions)
    reserved, spent, limit = budget(sessions)
    assert reserved == sum(coupon.reserved for coupon in issued)
    assert (spent, limit) == (0, 30_003)
    assert 30_003 - 1500 < reserved <= 30_003
    assert len(sink.taken) == 40
    told = [coupon.code for coupon in issued for one in sink.taken if coupon.code in one.text]
    assert sorted(told) == sorted(coupon.code for coupon in issued)


def test_of_many_checkouts_of_its_cart_at_once_one_gets_the_discount(
    sessions: SessionFactory, clock: SimulatedClock, code: str
) -> None:
    with sessions.begin() as session:
        apply_promotion(session, ANN, code, now=clock.now())
    start = Barrier(16)

    def checkout(_: int) -> bool:
        start.wait()
        try:
            with sessions.begin() as session:
                place(session, ANN, now=clock.now())
        except EmptyCart:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(checkout, range(16))) == 1
    assert budget(sessions) == (0, 1190, 20000)


def test_a_cost_above_what_was_reserved_is_refused(
    sessions: SessionFactory, clock: SimulatedClock, code: str
) -> None:
    (coupon,) = coupons(sessions)
    with sessions.begin() as session:
        order = Order(id="0" * 32, visitor_id="v-ann", person_id="ann", placed_at=clock.now())
        session.add(order)
    with sessions.begin() as session, pytest.raises(ValueError, match="cannot cost 1191"):
        redeem(
            session,
            code,
            identity=ANN,
            cart_id=coupon.cart_id,
            order_id=order.id,
            cost=1191,
            now=clock.now(),
        )


@pytest.mark.parametrize("seed", range(3))
def test_the_budget_holds_to_the_cent_through_issuing_buying_and_closing(
    sessions: SessionFactory, clock: SimulatedClock, seed: int
) -> None:
    """Twelve carts, a budget for not quite eight coupons, and shoppers who do as they like."""
    random = Random(seed)  # noqa: S311 a test's choices
    keys = [f"p{number}" for number in range(12)]
    with sessions.begin() as session:
        session.execute(update(Variant).values(stock=1000))
        for key in keys:
            person(session, key, now=clock.now() - HOUR)
            items = [TENT] * random.randint(1, 2)
            leave_cart(session, key, at=clock.now() - HOUR, items=items)
    rules = generous(daily_budget=9000)
    send_coupons(sessions, clock, rules=rules)
    issued = coupons(sessions)
    assert 5 <= len(issued) <= 7
    taken_off = 0
    for coupon in issued:
        reserved, spent, limit = budget(sessions)
        assert reserved + spent <= limit == 9000
        who = Identity(f"v-{coupon.person_id}", coupon.person_id)
        what = random.choice(["use", "ignore", "buy without"])
        with sessions.begin() as session:
            if what == "use":
                apply_promotion(session, who, coupon.code, now=clock.now())
            if what != "ignore":
                order = place(session, who, now=clock.now())
                taken_off += order.discount.amount if order.discount else 0
    clock.advance(timedelta(days=3))
    send_coupons(sessions, clock, "reminder", rules=rules)
    with sessions() as session:
        assert session.query(Coupon).filter(Coupon.state == CouponState.ISSUED).count() == 0
    assert budget(sessions) == (0, taken_off, 9000)
