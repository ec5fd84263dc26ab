"""A shop's own decisions become a model, which is put in force where it earns more."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, select, update

from core.clock import SimulatedClock
from core.money import Money
from core.settings import Settings
from db.engine import SessionFactory
from db.insert import table_of
from db.models import Cart, CouponBudget, Exposure, Nudge, NudgeState, Order, Person, Visitor
from db.pricing import DeliveryRule
from nudges.decision import FREE_DELIVERY, NOTHING, REMINDER
from nudges.experiments import HELD_OUT, WRITTEN_TO
from nudges.policy import HOLD_OUT, load_policy
from nudges.uplift.decider import UpliftDecider
from nudges.uplift.features import FEATURES
from nudges.uplift.learn import (
    FEWEST,
    RIPE,
    TooLittleError,
    following,
    in_force,
    learn,
    put_in_force,
    read_log,
)
from nudges.uplift.model import prior
from recommender.registry import BrokenModelError
from tests.integration.nudges.shoppers import Sink, left_carts, nudges, policy, sweeper

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULE = DeliveryRule(fee=Money("EUR", 490), free_from=Money("EUR", 5000))
COSTS = {NOTHING: 0, REMINDER: 0, FREE_DELIVERY: 490, "percent_10": 450}
CHANCES = {NOTHING: 0.1, REMINDER: 0.12, FREE_DELIVERY: 0.55, "percent_10": 0.15}


def log_of(sessions: SessionFactory, clock: SimulatedClock, count: int, *, ago: timedelta) -> None:
    """So many decisions at random, in a shop where free delivery is what counts."""
    rng = np.random.default_rng(7)
    keys = [f"p{at:05d}" for at in range(count)]
    done = rng.choice(list(COSTS), count).tolist()
    buys = rng.random(count) < [CHANCES[one] for one in done]
    held = (np.array(done) == NOTHING) & (rng.random(count) < 0.5)
    at = [clock.now() - ago + timedelta(minutes=number) for number in range(count)]
    found = dict.fromkeys(FEATURES, 0.0) | {"always": 1.0, "pays_delivery": 1.0}
    why = {"facts": found, "margin": 1575, "costs": COSTS}
    carts = [f"c-{key}" for key in keys]
    with sessions.begin() as session:
        put = session.connection().execute
        put(insert(table_of(Person)), [{"id": key, "created_at": at[0]} for key in keys])
        put(
            insert(table_of(Visitor)),
            [{"id": f"v-{key}", "person_id": key, "created_at": at[0]} for key in keys],
        )
        put(
            insert(table_of(Cart)),
            [
                {"id": cart, "visitor_id": f"v-{key}", "person_id": key, "created_at": when,
                 "last_activity_at": when}
                for cart, key, when in zip(carts, keys, at, strict=True)
            ],
        )  # fmt: skip
        put(
            insert(table_of(Nudge)),
            [
                {"id": f"n-{key}", "cart_id": cart, "visitor_id": f"v-{key}", "person_id": key,
                 "episode": when, "stage": "last", "created_at": when, "policy_version": "test",
                 "state": NudgeState.HELD_OUT if out else NudgeState.SENT,
                 "treatment": None if out else one, "probability": None if out else 0.25,
                 "decision": {"facts": found} if out else why}
                for cart, key, when, one, out in zip(carts, keys, at, done, held, strict=True)
            ],
        )  # fmt: skip
        put(
            insert(table_of(Exposure)),
            [
                {"nudge_id": f"n-{key}", "experiment": HOLD_OUT, "probability": 0.5, "at": when,
                 "arm": HELD_OUT if out else WRITTEN_TO}
                for key, when, out in zip(keys, at, held, strict=True)
            ],
        )  # fmt: skip
        put(
            insert(table_of(Order)),
            [
                {"id": f"o-{key}", "visitor_id": f"v-{key}", "person_id": key, "total": 4500,
                 "placed_at": when + HOUR}
                for key, when, bought in zip(keys, at, buys, strict=True)
                if bought
            ],
        )  # fmt: skip


def test_what_was_logged_is_learned_and_put_in_force(
    sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path
) -> None:
    log_of(sessions, clock, 3000, ago=RIPE + 4 * DAY)
    with sessions() as session:
        log = read_log(session, now=clock.now())
    model, learned = learn(log, policy=load_policy(), before=prior(), version="one")
    assert learned.accepted
    assert learned.gained.low > 0
    row = np.array([[1.0 if name in ("always", "pays_delivery") else 0.0 for name in FEATURES]])
    chances = dict(zip(CHANCES, model.chances(row, list(CHANCES))[0].tolist(), strict=True))
    assert chances == pytest.approx(CHANCES, abs=0.05)
    follow = following(tmp_path)
    assert follow().version == "prior"
    put_in_force(tmp_path, model, learned, now=clock.now())
    assert follow().version == "one"
    assert follow().weights.tolist() == model.weights.tolist()


def test_decisions_that_are_not_settled_yet_are_not_read(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    log_of(sessions, clock, 600, ago=RIPE + 5 * HOUR)
    with sessions() as session:
        log = read_log(session, now=clock.now())
    assert len(log) == 301


@pytest.mark.parametrize(
    "state", [state for state in NudgeState if state not in (NudgeState.SENT, NudgeState.HELD_OUT)]
)
def test_what_did_not_go_out_is_not_taken_for_what_was_done(
    sessions: SessionFactory, clock: SimulatedClock, state: NudgeState
) -> None:
    log_of(sessions, clock, 200, ago=RIPE + DAY)
    with sessions.begin() as session:
        before = read_log(session, now=clock.now())
        treated = Nudge.treatment.is_not(None), Nudge.treatment != NOTHING
        session.execute(update(Nudge).where(*treated).values(state=state))
        after = read_log(session, now=clock.now())
    assert {*before.treatments} == {*COSTS}
    assert {*after.treatments} == {NOTHING}
    assert len(after) == before.treatments.count(NOTHING)
    assert after.decided.sum() == (before.decided & (np.array(before.treatments) == NOTHING)).sum()


def test_too_little_is_said(sessions: SessionFactory, clock: SimulatedClock) -> None:
    log_of(sessions, clock, 50, ago=RIPE + DAY)
    with sessions() as session:
        log = read_log(session, now=clock.now())
    with pytest.raises(TooLittleError, match=f"50 of the {FEWEST} settled decisions"):
        learn(log, policy=load_policy(), before=prior(), version="one")


def test_a_model_that_was_altered_is_refused(
    sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path
) -> None:
    log_of(sessions, clock, 3000, ago=RIPE + 4 * DAY)
    with sessions() as session:
        log = read_log(session, now=clock.now())
    model, learned = learn(log, policy=load_policy(), before=prior(), version="one")
    put_in_force(tmp_path, model, learned, now=clock.now())
    (file,) = tmp_path.glob("uplift/versions/one/*.npz")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BrokenModelError, match="cut short"):
        in_force(tmp_path)


@pytest.mark.usefixtures("small_shop")
def test_the_sweep_keeps_what_it_saw_and_within_the_budget(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    arms = ["reminder", "free_delivery", "percent_10"]
    stage = {"name": "first", "after_minutes": 60, "channels": ["email"], "treatments": arms}
    rules = policy(
        stages=[stage],
        incentives={"daily_budget": 3000, "exploration": 1.0, "max_discount": 1500},
        hold_out={"share": 0.2},
    )
    left_carts(sessions, clock, *(f"p{at}" for at in range(40)), ago=HOUR)
    decider = UpliftDecider(prior, rules, DeliveryRule.of(Settings()))
    sweeper(sessions, clock, channels=[Sink()], rules=rules, decider=decider).run()
    every = nudges(sessions)
    assert {one.treatment for one in every} >= {None, NOTHING, "percent_10"}
    for one in every:
        assert one.decision is not None
        assert set(one.decision["facts"]) == set(FEATURES)
    with sessions() as session:
        (ledger,) = session.scalars(select(CouponBudget))
        assert 0 < ledger.reserved <= 3000
