"""The simulation sends what the real sweep sends: the same messages at the same moments.

A small shop is simulated first; what its people did is then told to a real database, and the real
sweep runs at the same moments: claim, gates, hold-out, release, delivery and all.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np
from sqlalchemy import update
from sqlalchemy.orm import Session

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.fold import CartItem
from db.models import (
    Channel,
    ChannelAddress,
    EventName,
    Order,
    OrderLine,
    Pause,
    Person,
    Variant,
    Visitor,
)
from db.pricing import DeliveryRule
from db.writes.events import NewEvent, record
from demo.catalogue import load_catalogue, store_catalogue
from nudges.decision import AlwaysRemind
from nudges.policy import load_policy
from nudges.simulate.replay import Replay
from nudges.simulate.shoppers import BEGINS, Scenario, Shop, Visit, draw_shop
from nudges.simulate.state import Ordered
from nudges.simulate.truth import Reason
from tests.integration.nudges.shoppers import Sink, agree, sweeper

type Told = Callable[[Session], None]
POLICY = load_policy().model_copy(update={"active_from": BEGINS})
CHANNELS = (Channel.EMAIL, Channel.CHAT, Channel.TELEGRAM, Channel.WEB_PUSH)


class Noted(Replay):
    """A replay that remembers when it swept."""

    sweeps: list[datetime]

    def _sweep(self, due: Sequence[object], now: datetime) -> None:
        self.sweeps.append(now)
        super()._sweep(due, now)  # type: ignore[arg-type]


def test_the_same_messages_go_out_at_the_same_moments(sessions: SessionFactory) -> None:
    # Everything stays in stock: the shop's tables would have to be told each day.
    shop = draw_shop(Scenario(seed=6, shoppers=60, days=20))
    shop = replace(shop, sold_out=np.zeros_like(shop.sold_out))
    replay = Noted(shop, POLICY, AlwaysRemind(), DeliveryRule.of(Settings()))
    replay.sweeps = []
    simulated = replay.run()
    with sessions.begin() as session:
        store_catalogue(session, load_catalogue(), now=BEGINS)
        session.execute(update(Variant).values(stock=9))
        for row in range(len(shop.people)):
            _add_person(session, shop, row)
    clock = SimulatedClock(BEGINS)
    sinks = [Sink(name=channel) for channel in CHANNELS]
    sweep = sweeper(sessions, clock, channels=sinks, rules=POLICY)
    happened = _happened(shop, replay)
    really: set[tuple[str, str, str, datetime]] = set()
    seen = 0
    for now in replay.sweeps:
        with sessions.begin() as session:
            while happened and happened[0][0] <= now:
                happened.pop(0)[2](session)
        clock.at = now
        sweep.run()
        for sink in sinks:
            for message in sink.taken:
                really.add((message.address.address, sink.name.value, message.text, now))
            seen += len(sink.taken)
            sink.taken.clear()
    assert seen == len(really) == len(simulated.sent) > 20
    assert {(channel, now) for _, channel, _, now in really} == {
        (one.channel.value, one.at) for one in simulated.sent
    }
    mails = {(address, now) for address, channel, _, now in really if channel == "email"}
    assert mails == {
        (shop.people[one.person].recipient.email, one.at)
        for one in simulated.sent
        if one.channel is Channel.EMAIL
    }


def _add_person(session: Session, shop: Shop, row: int) -> None:
    one = shop.people[row]
    who = one.recipient
    session.add(
        Person(
            id=who.person_id,
            email=who.email,
            created_at=BEGINS,
            is_staff=who.is_staff,
            time_zone=who.time_zone,
        )
    )
    session.flush()
    session.add(
        Visitor(
            id=who.visitor_id,
            person_id=who.person_id,
            is_robot=who.is_robot,
            created_at=BEGINS,
        )
    )
    session.flush()
    for channel in CHANNELS:
        agree(session, who.person_id or "", channel, now=BEGINS, granted=one.consents[channel])
        if channel in (Channel.TELEGRAM, Channel.WEB_PUSH):
            session.add(
                ChannelAddress(
                    visitor_id=who.visitor_id,
                    person_id=who.person_id,
                    channel=channel,
                    address=f"{channel.value}-{row}",
                    details={},
                    at=BEGINS,
                )
            )


def _happened(shop: Shop, replay: Replay) -> list[tuple[datetime, int, Told]]:
    """What people did, in the order of time, each as something to tell a database."""
    diary = replay.diary
    told: list[tuple[datetime, int, Told]] = []

    def add(at: datetime, tell: Told) -> None:
        told.append((at, len(told), tell))

    at_once = {order.cart_id for order in diary.orders if order.cart_id.startswith("d")}
    for visit in shop.visits:
        if f"d{visit.number}" not in at_once:
            add(visit.at, partial(_leaves, shop, visit))
    for order in diary.orders:
        add(order.at, partial(_orders, shop, order))
    for cart_id, at in diary.emptied.items():
        cart = replay.carts[cart_id]
        add(at, partial(_empties, shop, cart.visit.person, at))
    for row, at in diary.withdrawn.items():
        add(at, partial(_withdraws, shop, row, at))
    for row, at in diary.silenced.items():
        add(at, partial(_stops, shop, row, at))
    return sorted(told, key=lambda one: one[:2])


def _who(shop: Shop, row: int) -> Identity:
    one = shop.people[row].recipient
    return Identity(one.visitor_id, one.person_id)


def _items(shop: Shop, products: Sequence[int]) -> tuple[CartItem, ...]:
    lines = [shop.stock[product] for product in products]
    return tuple(
        CartItem(line.product_id, line.variant_id, 1, line.unit.amount if line.unit else 0, "EUR")
        for line in lines
    )


def _leaves(shop: Shop, visit: Visit, session: Session) -> None:
    items = _items(shop, visit.products)
    events = [NewEvent(f"a{visit.number}", EventName.ADD_TO_CART, visit.at, items=items)]
    if visit.reason is Reason.PAYMENT_FAILURE:
        events.append(NewEvent(f"p{visit.number}", EventName.ADD_PAYMENT_INFO, visit.at))
    record(session, _who(shop, visit.person), events, now=visit.at)


def _orders(shop: Shop, order: Ordered, session: Session) -> None:
    who, key = _who(shop, order.person), f"{order.cart_id}-{order.at:%m%d%H%M%S}"
    items = _items(shop, order.products)
    if order.cart_id.startswith("d"):
        # Bought beside the cart, which is left as it is.
        looked = NewEvent(f"l{key}", EventName.VIEW_ITEM, order.at, items=items[:1])
        record(session, who, [looked], now=order.at)
        session.add(
            Order(
                id=key,
                visitor_id=who.visitor_id,
                person_id=who.person_id,
                placed_at=order.at,
                total=order.goods,
                lines=[
                    OrderLine(product_id=item.product_id, variant_id=item.variant_id, quantity=1)
                    for item in items
                ],
            )
        )
    else:
        # As many as there are: who put something in twice has two pieces here, and one over there.
        items = tuple(replace(item, quantity=9) for item in items)
        bought = NewEvent(
            f"b{key}", EventName.PURCHASE, order.at, items=items, transaction_id=f"T{key}"
        )
        record(session, who, [bought], now=order.at)


def _empties(shop: Shop, row: int, at: datetime, session: Session) -> None:
    products = [p for visit in shop.visits if visit.person == row for p in visit.products]
    items = tuple(replace(item, quantity=9) for item in _items(shop, [*dict.fromkeys(products)]))
    event = NewEvent(f"e{at:%m%d%H%M%S}", EventName.REMOVE_FROM_CART, at, items=items)
    record(session, _who(shop, row), [event], now=at)


def _withdraws(shop: Shop, row: int, at: datetime, session: Session) -> None:
    for channel in CHANNELS:
        person = shop.people[row].recipient.person_id or ""
        agree(session, person, channel, now=at, granted=False)


def _stops(shop: Shop, row: int, at: datetime, session: Session) -> None:
    who = _who(shop, row)
    session.add(
        Pause(
            visitor_id=who.visitor_id, person_id=who.person_id, reason="stop", source="chat", at=at
        )
    )
