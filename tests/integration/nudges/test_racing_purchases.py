"""An order that is placed while its reminder goes out: one of the two sees the other.

CARTWRIGHT_TEST_WHOLE_RACES=1 races 2,000 orders in place of 60.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from threading import Event

import pytest
from sqlalchemy import update

from core.clock import Clock, SimulatedClock, SystemClock
from core.identity import Identity
from core.ids import new_id
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Cart, Channel, NudgeState, Variant
from db.writes.orders import place
from nudges.decide import Rules, decide_page
from nudges.decision import AlwaysRemind
from nudges.policy import Policy
from nudges.store.claim import Claim, claim_stage
from nudges.store.release import release
from tests.integration.nudges.shoppers import (
    Sink,
    leave_cart,
    left_carts,
    nudges,
    person,
    policy,
    sweeper,
)

WHOLE = os.environ.get("CARTWRIGHT_TEST_WHOLE_RACES") == "1"
HOUR = timedelta(hours=1)
ANN = Identity("v-ann", "ann")
STEP = timedelta(milliseconds=20)
PATIENCE = 0.3
"""Seconds in which whoever waits for nobody would be done."""
AROUND, LATE = timedelta(seconds=0.1), timedelta(seconds=5)
RULES = policy(quiet_hours={"begin": "00:00:00", "end": "00:00:00"})

pytestmark = [pytest.mark.usefixtures("small_shop"), pytest.mark.timeout(3600 if WHOLE else 600)]


def decided(sessions: SessionFactory, clock: Clock, rules: Policy = RULES) -> tuple[str, list[str]]:
    """Claim and decide what is due for the first stage: the claim and what is ready to go."""
    claim = Claim(new_id(), clock.now(), rules.version)
    judge = Rules(rules, Settings(), frozenset({Channel.EMAIL}), AlwaysRemind())
    with sessions.begin() as session:
        ids, _ = claim_stage(session, claim, rules, rules.stages[0], after=None, limit=100)
        ready = decide_page(session, claim, ids, judge).ready
    return claim.id, [one.facts.nudge_id for one in ready]


def released(
    sessions: SessionFactory, claim_id: str, nudge_ids: list[str], now: datetime
) -> set[str]:
    with sessions.begin() as session:
        return release(session, claim_id, nudge_ids, policy=RULES, now=now)


def run_in(pool: ThreadPoolExecutor, work: Callable[[], set[str]]) -> Future[set[str]]:
    """Begin the work in another thread, and give it time to come as far as it can."""
    future = pool.submit(work)
    wait([future], timeout=PATIENCE)
    return future


@pytest.mark.parametrize("bought", [True, False])
def test_a_release_waits_for_the_order_that_is_being_placed_and_heeds_it(
    sessions: SessionFactory, clock: SimulatedClock, bought: bool
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    claim_id, ready = decided(sessions, clock)
    assert len(ready) == 1
    with ThreadPoolExecutor(1) as pool, ExitStack() as opened:
        order = opened.enter_context(sessions())
        place(order, ANN, now=clock.now())
        letting_go = run_in(pool, lambda: released(sessions, claim_id, ready, clock.now()))
        assert not letting_go.done()
        if bought:
            order.commit()
        else:
            order.rollback()
        assert letting_go.result(timeout=20) == (set() if bought else set(ready))


def test_an_order_waits_for_the_release_that_came_first(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    claim_id, ready = decided(sessions, clock)

    def buy() -> set[str]:
        with sessions.begin() as session:
            return {place(session, ANN, now=clock.now()).order_id}

    with ThreadPoolExecutor(1) as pool, ExitStack() as opened:
        letting_go = opened.enter_context(sessions())
        assert release(letting_go, claim_id, ready, policy=RULES, now=clock.now()) == set(ready)
        ordering = run_in(pool, buy)
        assert not ordering.done()
        letting_go.commit()
        assert ordering.result(timeout=20)


def test_a_round_leaves_alone_what_is_being_ordered(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink()

    def sweep() -> set[str]:
        sweeper(sessions, clock, channels=[sink], rules=RULES).run()
        return {one.nudge_id for one in sink.taken}

    with ThreadPoolExecutor(1) as pool, ExitStack() as opened:
        order = opened.enter_context(sessions())
        place(order, ANN, now=clock.now())
        sweeping = run_in(pool, sweep)
        order.commit()
        assert sweeping.result(timeout=20) == set()
    assert sweep() == set()


def test_no_message_is_let_go_once_its_order_is_being_placed(sessions: SessionFactory) -> None:
    """Carts fall due one after the other by the real clock, each ordered around that moment.

    From the moment that an order holds its cart, some time before it commits, nothing about it is
    let go any more.
    """
    count, chance = (2_000 if WHOLE else 60), Random(11)  # noqa: S311 moments, no secret
    clock, keys = SystemClock(), [f"p{number}" for number in range(count)]
    with sessions.begin() as session:
        session.execute(update(Variant).values(stock=10**6))
        for key in keys:
            person(session, key, now=clock.now() - timedelta(days=1))
            leave_cart(session, key, at=clock.now() - HOUR)
    # Only now, as writing them takes as long as the machine is busy.
    begins = clock.now() + STEP * count
    due = {key: begins + number * STEP for number, key in enumerate(keys)}
    with sessions.begin() as session:
        for key, at in due.items():
            left = update(Cart).where(Cart.person_id == key).values(last_activity_at=at - HOUR)
            session.execute(left)
    placing: dict[str, datetime] = {}
    over = Event()

    def bought_at(mine: list[str], moments: Random) -> dict[str, datetime]:
        # One in ten comes late, so that even a slow sweeper is first now and then.
        return {
            key: due[key] + (LATE if number % 10 == 9 else moments.uniform(-1, 1) * AROUND)
            for number, key in enumerate(mine)
        }

    def sweep() -> None:
        sink = Sink(at_once=2)
        while not over.is_set():
            sweeper(sessions, clock, channels=[sink], rules=RULES, page=4).run()
            # SQLite's lock goes to whoever asks at the right moment: leave one to the buyers.
            time.sleep(0.01)

    def buy(mine: list[str], moments: Random) -> None:
        for key, moment in sorted(bought_at(mine, moments).items(), key=itemgetter(1)):
            time.sleep(max(0.0, (moment - clock.now()).total_seconds()))
            with sessions.begin() as session:
                place(session, Identity(f"v-{key}", key), now=clock.now())
                placing[key] = clock.now()
                time.sleep(moments.uniform(0, 0.02))

    with ThreadPoolExecutor(3) as pool:
        sweeping = pool.submit(sweep)
        buyers = [keys[worker::2] for worker in range(2)]
        buying = [pool.submit(buy, mine, Random(chance.random())) for mine in buyers]  # noqa: S311
        try:
            for one in buying:
                one.result(timeout=1800)
        finally:
            over.set()
        sweeping.result(timeout=60)
    sent = {
        nudge.person_id: nudge.claimed_at
        for nudge in nudges(sessions)
        if nudge.state is NudgeState.SENT
    }
    assert len(placing) == count
    # Both sides must have come first now and then, or nothing was raced.
    assert 0 < len(sent) < count
    assert {key for key, at in sent.items() if key and at and at >= placing[key]} == set()
