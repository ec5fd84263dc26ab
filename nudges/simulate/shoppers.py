"""A simulated shop's people and their visits, all drawn before anybody is written to.

So the same seed gives the same people under every policy: two policies differ by what they send
and by nothing else, and what a message does to one shopper never shifts the draws of another.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from core.money import Money
from db.models import Channel, EventName
from demo.catalogue import CURRENCY, load_catalogue
from demo.simulate import LOOK_AT_CART, REASONS, reason_weights
from nudges.facts import Address, Line, Recipient
from nudges.simulate.truth import REACHED, Mind, Reason, said_left

BEGINS = datetime(2025, 1, 6, tzinfo=UTC)
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo", "Pacific/Auckland")
ZONE_SHARES = (0.7, 0.1, 0.1, 0.05, 0.05)
BUYS_AT_ONCE = 0.3
HUNTERS = 0.06
DAYS_BETWEEN = 30.0
"""Between two visits of a shopper that have something in the cart, in the mean."""
EMPTIES = 0.03
WITHDRAWS = 0.1
SOLD_OUT = 0.004
SOLD_OUT_DAYS = 4
STAGES = 8
"""Answers drawn for each cart: the most messages that a policy may send about one."""
CONSENTS = {Channel.EMAIL: 0.65, Channel.CHAT: 0.25, Channel.WEB_PUSH: 0.1, Channel.TELEGRAM: 0.08}
NOBODYS_BUSINESS = 0.01
"""The share of staff, and of robots."""

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a simulated shop follows from."""

    seed: int = 1
    shoppers: int = 2000
    days: int = 30

    @property
    def ends(self) -> datetime:
        """The moment after the last one simulated."""
        return BEGINS + timedelta(days=self.days)

    def rng(self, purpose: int) -> np.random.Generator:
        """A generator of its own for each purpose."""
        return np.random.default_rng([self.seed, purpose])


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with what they agreed to; `withdraws_at` is when they take all of it back."""

    recipient: Recipient
    mind: Mind
    consents: dict[Channel, bool]
    addresses: dict[Channel, Address]
    withdraws_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The draws that say what a message does: both from 0 to 1, and when, in hours."""

    buys: float
    stops: float
    after_hours: float


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that puts things into the cart, with all its draws.

    `products` by their place in the catalogue. `leaving` is the recommender's score. `at_once` buys
    right away; `alone` says whether they come back without a message, `alone_days` after how many
    of the reason's mean times, and `empties_at` when they throw the things out instead.
    """

    number: int
    person: int
    at: datetime
    products: tuple[int, ...]
    reason: Reason
    reached: EventName | None
    leaving: float
    at_once: bool
    on_purpose: float
    alone: float
    alone_days: float
    empties_at: datetime | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Shop:
    """Everything drawn; `stock` and `gone` are the products as lines, with and without stock.

    `sold_out` is by day and product.
    """

    scenario: Scenario
    people: list[Person]
    visits: list[Visit]
    stock: list[Line]
    gone: list[Line]
    sold_out: NDArray[np.bool_]

    def line(self, product: int, at: datetime) -> Line:
        """A product as a line of a cart, with what is in stock that day."""
        day = min((at - BEGINS).days, len(self.sold_out) - 1)
        return self.gone[product] if self.sold_out[day, product] else self.stock[product]


def draw_shop(scenario: Scenario) -> Shop:
    """All people and visits of a scenario."""
    products = load_catalogue().products
    stock = [
        Line(
            product_id=product.id,
            variant_id=product.variants[0].id,
            title=product.title,
            quantity=1,
            unit=Money(CURRENCY, product.amount),
            unit_when_added=Money(CURRENCY, product.amount),
            stock=9,
            active=True,
            shippable=True,
            category_id=product.category,
            brand=product.brand,
        )
        for product in products
    ]
    rng = scenario.rng(1)
    begins = rng.random((scenario.days + 1, len(products))) < SOLD_OUT
    sold_out = begins.copy()
    for day in range(1, SOLD_OUT_DAYS):
        sold_out[day:] |= begins[:-day]
    people = _people(scenario)
    prices = np.array([product.amount for product in products], np.float64)
    return Shop(
        scenario=scenario,
        people=people,
        visits=_visits(scenario, people, prices),
        stock=stock,
        gone=[replace(line, stock=0) for line in stock],
        sold_out=sold_out,
    )


def _people(scenario: Scenario) -> list[Person]:
    rng = scenario.rng(2)
    count = scenario.shoppers
    forgetful, price, delivery, patience = np.exp(rng.normal(0, 0.35, (4, count)))
    hunts = rng.random(count) < HUNTERS
    zone = rng.choice(len(ZONES), count, p=ZONE_SHARES)
    agrees = {channel: rng.random(count) < share for channel, share in CONSENTS.items()}
    leaves = np.where(rng.random(count) < WITHDRAWS, rng.random(count) * scenario.days, np.inf)
    staff, robot = rng.random((2, count)) < NOBODYS_BUSINESS
    people = []
    for row in range(count):
        key = f"s{scenario.seed}-p{row}"
        addresses = {one: Address(one, f"{key}@example.org") for one in CONSENTS}
        people.append(
            Person(
                recipient=Recipient(
                    visitor_id=f"v-{key}",
                    person_id=key,
                    name=None,
                    email=f"{key}@example.org",
                    locale="en",
                    time_zone=ZONES[zone[row]],
                    is_staff=bool(staff[row]),
                    is_robot=bool(robot[row]),
                    member_since=BEGINS,
                ),
                mind=Mind(
                    forgetful=float(forgetful[row]),
                    price=float(price[row]),
                    delivery=float(delivery[row]),
                    patience=float(patience[row]),
                    hunts=bool(hunts[row]),
                ),
                consents={channel: bool(agrees[channel][row]) for channel in CONSENTS},
                addresses=addresses,
                withdraws_at=BEGINS + timedelta(days=float(leaves[row]))
                if np.isfinite(leaves[row])
                else None,
            )
        )
    return people


def _visits(scenario: Scenario, people: list[Person], prices: Floats) -> list[Visit]:
    """The visits of all, in the order of time."""
    rng = scenario.rng(3)
    often = rng.gamma(2.0, scenario.days / DAYS_BETWEEN / 2, len(people))
    person = np.repeat(np.arange(len(people)), rng.poisson(often))
    count = len(person)
    day = rng.integers(0, scenario.days, count)
    hour = np.clip(rng.normal(16, 4.5, count), 0, 23.99)
    zones = [ZoneInfo(one.recipient.time_zone) for one in people]
    last = scenario.ends - timedelta(minutes=1)
    at = [
        min(
            max(
                (
                    BEGINS.replace(tzinfo=zones[who])
                    + timedelta(days=int(days), hours=float(hours))
                ).astimezone(UTC),
                BEGINS,
            ),
            last,
        )
        for who, days, hours in zip(person, day, hour, strict=True)
    ]
    lines = 1 + rng.binomial(2, 0.3, count)
    chance = prices**-0.6 / (prices**-0.6).sum()
    products = rng.choice(len(prices), (count, 3), p=chance)
    spent = np.where(np.arange(3) < lines[:, None], prices[products], 0).sum(axis=1)
    weights = reason_weights(spent.astype(np.float32)).cumsum(axis=1)
    which = (weights < rng.random(count)[:, None] * weights[:, -1:]).sum(axis=1)
    looks = rng.random(count) < LOOK_AT_CART
    far = rng.random(count) < 0.5
    at_once = rng.random(count) < BUYS_AT_ONCE
    purpose, alone, empties = rng.random((3, count))
    alone_days, empties_days = rng.exponential(1.0, count), rng.exponential(3.0, count)
    buys, stops = rng.random((2, count, STAGES))
    after = rng.exponential(4.0, (count, STAGES))
    leaving = said_left(spent, scenario.rng(4).normal(size=count))
    order = sorted(range(count), key=at.__getitem__)
    visits = []
    for number, row in enumerate(order):
        reason = _REASONS[which[row]] if looks[row] else Reason.JUST_LOOKING
        reached = REACHED[reason]
        if reason is Reason.DISTRACTION and far[row]:
            reached = EventName.BEGIN_CHECKOUT
        visits.append(
            Visit(
                number=number,
                person=int(person[row]),
                at=at[row],
                products=tuple(dict.fromkeys(products[row, : lines[row]].tolist())),
                reason=reason,
                reached=reached,
                leaving=float(leaving[row]),
                at_once=bool(at_once[row]),
                on_purpose=float(purpose[row]),
                alone=float(alone[row]),
                alone_days=float(alone_days[row]),
                empties_at=at[row] + timedelta(days=float(empties_days[row]))
                if empties[row] < EMPTIES
                else None,
                answers=tuple(
                    Answer(*draws)
                    for draws in zip(
                        buys[row].tolist(), stops[row].tolist(), after[row].tolist(), strict=True
                    )
                ),
            )
        )
    return visits


_REASONS = tuple(Reason(ending.name.lower()) for ending in REASONS)
