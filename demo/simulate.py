"""The simulated past: every shopper's steps, drawn from `behaviour.next_probabilities`.

All shoppers move at once, one product a turn, so that numpy does the work; a shopper's turns follow
each other because the state (cart, last products) carries over from session to session.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from demo.behaviour import Did, Moments, next_probabilities
from demo.visits import DAY, SECOND, Plan, Visits
from demo.world import Bools, Floats, Ints, Scenario, Tastes, World

type Values = NDArray[np.float64]

CART_LINES = 8
OUT_OF_THE_BLUE = 0.5
BACK_FOR_CART = 0.4
LOOK_AGAIN = 0.07
ADD_RATE = 0.25
ADD_ON_TRAIL = 1.6
TAKE_OUT = 0.06
LOOK_AT_CART = 0.6
BUY_RATE = 0.55


class Mark(IntEnum):
    """What a row of the past says happened."""

    VIEW = 1
    ADD = 2
    REMOVE = 3
    PURCHASE = 4
    VIEW_CART = 5
    BEGIN_CHECKOUT = 6
    SHIPPING = 7
    PAYMENT = 8


class Ending(IntEnum):
    """How a session ended that had something in the cart: the truth behind an abandoned cart."""

    EMPTY = 0
    BOUGHT = 1
    PRICE = 2
    DELIVERY_COST = 3
    JUST_LOOKING = 4
    PAYMENT_FAILURE = 5
    DISTRACTION = 6


REASONS = (Ending.PRICE, Ending.DELIVERY_COST, Ending.PAYMENT_FAILURE, Ending.DISTRACTION)
"""What keeps somebody from buying who has looked at their cart."""


@dataclass
class Rows:
    """Rows of the past as parallel arrays, in the order in which they happened."""

    session: list[Ints] = field(default_factory=list)
    item: list[Ints] = field(default_factory=list)
    mark: list[Ints] = field(default_factory=list)
    at: list[Ints] = field(default_factory=list)

    def add(self, session: Ints, item: Ints, mark: Mark, at: Ints) -> None:
        """One row for each element."""
        self.session.append(session)
        self.item.append(item)
        self.mark.append(np.full(len(session), mark))
        self.at.append(at)


@dataclass(frozen=True)
class Steps:
    """The rows sorted by time within each shopper; item is -1 where a row has none.

    `ending` is per session and known to nobody but the simulation.
    """

    session: Ints
    item: Ints
    mark: Ints
    at: Ints
    ending: Ints


class Shoppers:
    """Where each shopper stands; arrays over all shoppers.

    `left` is the cart that the session began with, `gone_through` how many of its first lines the
    session has turned to in order, CART_LINES once it has turned to anything else.
    """

    def __init__(self, count: int, size: int) -> None:
        self.last = np.full(count, -1)
        self.previous = np.full(count, -1)
        self.did = np.full(count, int(Did.NOTHING))
        self.touched = np.zeros((count, size), bool)
        self.cart = np.full((count, CART_LINES), -1)
        self.in_cart = np.zeros(count, np.int64)
        self.left = np.full((count, CART_LINES), -1)
        self.gone_through = np.zeros(count, np.int64)
        self.second_last_here = np.full(count, -1)
        self.clock = np.zeros(count, np.int64)
        self.day = np.zeros(count, np.int64)

    def step(self, who: Ints, item: Ints, did: Did) -> None:
        """Something was done with a product."""
        other = self.last[who] != item
        self.previous[who] = np.where(other, self.last[who], self.previous[who])
        self.last[who] = item
        self.did[who] = int(did)

    def put(self, who: Ints, item: Ints) -> None:
        """Into the cart, as its newest line."""
        self.cart[who, self.in_cart[who]] = item
        self.in_cart[who] += 1

    def take(self, who: Ints, item: Ints) -> None:
        """Out of the cart; the lines after it move up."""
        rows = self.cart[who]
        place = (rows == item[:, None]).argmax(axis=1)
        columns = np.arange(CART_LINES)[None, :]
        moved = np.where(columns >= place[:, None], np.roll(rows, -1, axis=1), rows)
        moved[:, -1] = -1
        self.cart[who] = moved
        self.in_cart[who] -= 1


def simulate(
    scenario: Scenario,
    world: World,
    tastes: Tastes,
    visits: Visits,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Steps:
    """Play all visits; `progress` is told how many products were turned to since it was last."""
    rng = scenario.rng(4)
    state = Shoppers(scenario.shoppers, world.size)
    rows = Rows()
    ending = np.full(len(visits), int(Ending.EMPTY))
    keen = keenness(rng, scenario.shoppers)
    turns = np.bincount(visits.shopper, visits.products, scenario.shoppers).astype(np.int64)
    session_of_turn = np.repeat(np.arange(len(visits)), visits.products)
    turn_in_session = np.arange(len(session_of_turn)) - np.repeat(
        np.cumsum(visits.products) - visits.products, visits.products
    )
    first_turn = np.cumsum(turns) - turns
    origin = int(scenario.begins.timestamp() * SECOND)
    for turn in range(int(turns.max(initial=0))):
        who = np.flatnonzero(turns > turn)
        session = session_of_turn[first_turn[who] + turn]
        number = turn_in_session[first_turn[who] + turn]
        begins = number == 0
        _begin_sessions(state, who[begins], visits.at[session[begins]], origin)
        look_again(state, rng, rows, who[~begins], session[~begins], number[~begins])
        item = choose(world, tastes, state, rng, who, begins)
        view(state, rng, rows, who, session, item, begins)
        plan = visits.plan[session]
        maybe_add(world, tastes, state, rng, rows, who, session, item, keen, plan)
        ends = number == visits.products[session] - 1
        ending[session[ends]] = _end_sessions(
            world, state, rng, rows, who[ends], session[ends], plan[ends]
        )
        progress(len(who))
    return _sorted(rows, visits, ending)


def keenness(rng: np.random.Generator, shoppers: int) -> Floats:
    """How readily each shopper puts things into the cart; the past's first draw."""
    return rng.lognormal(0, 0.35, shoppers).astype(np.float32)


def _begin_sessions(state: Shoppers, who: Ints, at: Ints, origin: int) -> None:
    state.clock[who] = at
    state.day[who] = (at - origin) // DAY
    state.touched[who] = False
    state.left[who] = state.cart[who]
    state.gone_through[who] = 0
    state.second_last_here[who] = -1


def _pause(rng: np.random.Generator, count: int, shortest: float, mean: float) -> Ints:
    return ((shortest + rng.exponential(mean, count)) * SECOND).astype(np.int64)


def look_again(
    state: Shoppers, rng: np.random.Generator, rows: Rows, who: Ints, session: Ints, number: Ints
) -> None:
    """Back to the product before the last one, of this session."""
    again = (rng.random(len(who)) < LOOK_AGAIN) & (number >= 2)
    again &= state.second_last_here[who] >= 0
    who, session = who[again], session[again]
    item = state.second_last_here[who]
    state.clock[who] += _pause(rng, len(who), 3, 15)
    rows.add(session, item, Mark.VIEW, state.clock[who])
    state.second_last_here[who] = state.last[who]
    state.step(who, item, Did.VIEW)


def choose(
    world: World,
    tastes: Tastes,
    state: Shoppers,
    rng: np.random.Generator,
    who: Ints,
    begins: Bools,
) -> Ints:
    """The next product of each shopper."""
    blue = begins & (rng.random(len(who)) < OUT_OF_THE_BLUE)
    through = state.gone_through[who]
    coming_back = np.where(
        begins, rng.random(len(who)) < BACK_FOR_CART, (through > 0) & (through < CART_LINES)
    )
    leftover = state.left[who, np.minimum(through, CART_LINES - 1)]
    moments = Moments(
        shopper=who,
        day=state.day[who],
        last=state.last[who],
        did=np.where(blue, Did.NOTHING, state.did[who]),
        previous=state.previous[who],
        touched=state.touched[who],
        leftover=np.where(coming_back, leftover, -1),
    )
    return _draw(rng, next_probabilities(world, tastes, moments))


def _draw(rng: np.random.Generator, probabilities: Floats) -> Ints:
    """One column for each row, by inversion."""
    cumulated = np.cumsum(probabilities, axis=1, dtype=np.float64)
    target = rng.random(len(cumulated)) * cumulated[:, -1]
    return (cumulated <= target[:, None]).sum(axis=1)


def view(
    state: Shoppers,
    rng: np.random.Generator,
    rows: Rows,
    who: Ints,
    session: Ints,
    item: Ints,
    begins: Bools,
) -> None:
    state.clock[who] += np.where(begins, 0, _pause(rng, len(who), 4, 38))
    rows.add(session, item, Mark.VIEW, state.clock[who])
    twice = rng.random(len(who)) < 0.01
    rows.add(session[twice], item[twice], Mark.VIEW, state.clock[who[twice]] + SECOND // 3)
    through = state.gone_through[who]
    expected = state.left[who, np.minimum(through, CART_LINES - 1)]
    follows = (through < CART_LINES) & (expected == item)
    state.gone_through[who] = np.where(follows, through + 1, CART_LINES)
    state.second_last_here[who] = np.where(begins, -1, state.last[who])
    state.touched[who, item] = True
    state.step(who, item, Did.VIEW)


def maybe_add(
    world: World,
    tastes: Tastes,
    state: Shoppers,
    rng: np.random.Generator,
    rows: Rows,
    who: Ints,
    session: Ints,
    item: Ints,
    keen: Floats,
    plan: Ints,
) -> None:
    """Put the product just seen into the cart, and now and then out again."""
    before = state.previous[who]
    onward = world.stage[:, item] == world.stage[:, before] + 1
    on_trail = (onward & (world.stage[:, before] >= 0)).any(axis=0) & (before >= 0)
    chance = ADD_RATE * keen[who] * np.where(on_trail, ADD_ON_TRAIL, 1.0)
    chance *= np.exp(-0.5 * np.maximum(world.position[item] - tastes.price_place[who], 0))
    chance = np.where((plan == Plan.BUY) | (plan == Plan.LEAVE), 0.8, np.minimum(chance, 0.85))
    free = (state.in_cart[who] < CART_LINES) & ~(state.cart[who] == item[:, None]).any(axis=1)
    adds = free & (rng.random(len(who)) < chance)
    who, session, item = who[adds], session[adds], item[adds]
    state.clock[who] += _pause(rng, len(who), 2, 14)
    rows.add(session, item, Mark.ADD, state.clock[who])
    state.put(who, item)
    state.step(who, item, Did.ADD)
    sorry = (rng.random(len(who)) < TAKE_OUT) & (plan[adds] == Plan.FREE)
    _take_out(state, rng, rows, who[sorry], session[sorry], item[sorry])


def _take_out(
    state: Shoppers, rng: np.random.Generator, rows: Rows, who: Ints, session: Ints, item: Ints
) -> None:
    state.clock[who] += _pause(rng, len(who), 2, 20)
    rows.add(session, item, Mark.REMOVE, state.clock[who])
    state.take(who, item)
    state.step(who, item, Did.REMOVE)


def _end_sessions(
    world: World,
    state: Shoppers,
    rng: np.random.Generator,
    rows: Rows,
    who: Ints,
    session: Ints,
    plan: Ints,
) -> Ints:
    """Cart, checkout and purchase, or the reason why not; returns the endings."""
    ending = np.full(len(who), int(Ending.EMPTY))
    full = state.in_cart[who] > 0
    spent = value_in_cart(world, state, who)
    looks = full & ((rng.random(len(who)) < LOOK_AT_CART) | (plan == Plan.BUY))
    looks &= plan != Plan.LEAVE
    ending[full] = Ending.JUST_LOOKING
    buys = looks & ((rng.random(len(who)) < buying_chance(spent)) | (plan == Plan.BUY))
    buys &= any_line_touched(state, who)
    stops = looks & ~buys
    ending[stops] = np.array(REASONS)[_draw(rng, reason_weights(spent))[stops]]
    ending[buys] = Ending.BOUGHT

    def mark(where: Bools, what: Mark) -> None:
        state.clock[who[where]] += _pause(rng, int(where.sum()), 5, 30)
        rows.add(session[where], np.full(int(where.sum()), -1), what, state.clock[who[where]])

    mark(looks, Mark.VIEW_CART)
    _drop_untouched(state, rng, rows, who[buys], session[buys])
    pays = buys | (ending == Ending.PAYMENT_FAILURE)
    lost = (ending == Ending.DISTRACTION) & (rng.random(len(who)) < 0.5)
    checks_out = pays | lost | (ending == Ending.DELIVERY_COST)
    state.clock[who[checks_out]] += _pause(rng, int(checks_out.sum()), 5, 20)
    _for_each_line(state, rows, who[checks_out], session[checks_out], Mark.BEGIN_CHECKOUT)
    mark(pays, Mark.SHIPPING)
    mark(pays, Mark.PAYMENT)
    state.clock[who[buys]] += _pause(rng, int(buys.sum()), 3, 10)
    _for_each_line(state, rows, who[buys], session[buys], Mark.PURCHASE)
    state.cart[who[buys]] = -1
    state.in_cart[who[buys]] = 0
    return ending


def value_in_cart(world: World, state: Shoppers, who: Ints) -> Values:
    """What lies in the carts is worth, in minor units."""
    cart = state.cart[who]
    value: Values = np.where(cart >= 0, np.exp(world.price[cart]), 0).sum(axis=1)
    return value


def buying_chance(spent: Values) -> Values:
    """How likely carts of these values are bought by who has looked at them."""
    chance: Values = BUY_RATE * np.where(spent < 5000, 0.75, 1.0)
    return chance * np.where(spent > 30_000, 0.7, 1.0)


def reason_weights(spent: Values) -> Floats:
    """How likely each of `REASONS` keeps carts of these values from being bought, shape (b, 4)."""
    weights = [
        np.where(spent > 15_000, 0.5, 0.2),
        np.where(spent < 5000, 0.5, 0.0),
        np.full(len(spent), 0.12),
        np.full(len(spent), 0.25),
    ]
    return np.stack(weights, axis=1).astype(np.float32)


def any_line_touched(state: Shoppers, who: Ints) -> Bools:
    """Whether this session has looked at anything that is in the cart."""
    items = state.cart[who]
    touched: Bools = (items >= 0) & state.touched[who[:, None], items]
    return touched.any(axis=1)


def _drop_untouched(
    state: Shoppers, rng: np.random.Generator, rows: Rows, who: Ints, session: Ints
) -> None:
    """Things left from an earlier session and not looked at in this one are not bought."""
    for line in range(CART_LINES - 1, -1, -1):
        item = state.cart[who, line]
        drop = (item >= 0) & ~state.touched[who, item]
        _take_out(state, rng, rows, who[drop], session[drop], item[drop])


def _for_each_line(state: Shoppers, rows: Rows, who: Ints, session: Ints, mark: Mark) -> None:
    for line in range(CART_LINES):
        item = state.cart[who, line]
        there = item >= 0
        rows.add(session[there], item[there], mark, state.clock[who[there]])
        if mark is Mark.PURCHASE:
            state.step(who[there], item[there], Did.PURCHASE)


def _sorted(rows: Rows, visits: Visits, ending: Ints) -> Steps:
    session = np.concatenate(rows.session)
    at = np.concatenate(rows.at)
    order = np.lexsort((at, visits.shopper[session]))
    return Steps(
        session=session[order],
        item=np.concatenate(rows.item)[order],
        mark=np.concatenate(rows.mark)[order],
        at=at[order],
        ending=ending,
    )
