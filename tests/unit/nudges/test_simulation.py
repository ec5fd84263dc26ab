"""A simulated year breaks no promise, and two policies differ by what they send alone.

CARTWRIGHT_TEST_WHOLE_YEAR=1 simulates 20,000 shoppers over 365 days where the promises are looked
at, in place of the small shop of every day.
"""

import os
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from core.settings import Settings
from db.models import Channel
from db.pricing import DeliveryRule
from nudges.decision import AlwaysRemind
from nudges.policy import Policy
from nudges.simulate.audit import violations
from nudges.simulate.compare import (
    NOBODY,
    SHIPPED,
    all_policies,
    log_of,
    margin,
    measured,
    run,
    run_best,
    two_lives,
)
from nudges.simulate.policies import Nobody
from nudges.simulate.report import play
from nudges.simulate.shoppers import BEGINS, Scenario, Shop, draw_shop
from nudges.simulate.state import Diary, Sent
from nudges.simulate.truth import Mind, Reason, brings_back, still_alone
from nudges.uplift.model import prior
from tests.unit.nudges.left_carts import SHIPPED as POLICY

RULE = DeliveryRule.of(Settings())
SMALL = Scenario(seed=3, shoppers=400, days=90)
WHOLE = os.environ.get("CARTWRIGHT_TEST_WHOLE_YEAR") == "1"
PROMISED = Scenario(seed=2026, shoppers=20_000, days=365) if WHOLE else SMALL


@cache
def shop() -> Shop:
    return draw_shop(SMALL)


@cache
def reminded() -> Diary:
    return run(shop(), POLICY, AlwaysRemind(), RULE)


def changed(table: str, **values: Any) -> Policy:
    part = getattr(POLICY, table).model_copy(update=values)
    return POLICY.model_copy(update={table: part})


@pytest.mark.timeout(4 * 3600 if WHOLE else 600)
def test_every_policy_keeps_every_promise() -> None:
    year = draw_shop(PROMISED)
    for name, diary in all_policies(year, POLICY, prior(), RULE).items():
        assert violations(year, POLICY, diary) == Counter(), name
        assert (len(diary.sent) == 0) is (name == NOBODY)
        # Seen with `pytest -rP`: how much there was to break a promise with.
        sys.stdout.write(f"{name}: {len(diary.sent):,} messages\n")


@pytest.mark.parametrize(
    ("table", "values", "broken"),
    [
        ("caps", {"per_week": 1}, "per_week"),
        ("caps", {"per_month": 1}, "per_month"),
        ("caps", {"per_cart": 1}, "per_cart"),
        ("caps", {"gap_hours": 60}, "gap_hours"),
    ],
)
def test_the_audit_sees_what_a_stricter_policy_would_not_have_sent(
    table: str, values: dict[str, Any], broken: str
) -> None:
    assert violations(shop(), changed(table, **values), reminded())[broken] > 0


def test_the_audit_sees_what_should_never_have_been_sent() -> None:
    diary = reminded()
    first = diary.sent[0]
    bought = next(order for order in diary.orders if order.cart_id in diary.touched)
    refused = next(
        row for row, one in enumerate(shop().people) if not one.consents[Channel.TELEGRAM]
    )
    forged = [
        replace(first, at=first.at.replace(hour=1), nudge_id="night"),
        replace(first, person=refused, channel=Channel.TELEGRAM),
        Sent("late", first.person, bought.cart_id, diary.touched[bought.cart_id][-1], "first",
             first.channel, "reminder", bought.at + timedelta(hours=1), 0.0),
    ]  # fmt: skip
    seen = Counter[str]()
    for message in forged:
        seen += violations(shop(), POLICY, replace(diary, sent=[message]))
    assert {"quiet_hours", "no_consent", "after_purchase"} <= set(seen)
    assert violations(shop(), POLICY, replace(diary, sent=[first, first]))["sent_twice"] == 1


def test_the_same_seed_gives_the_same_shop_and_run() -> None:
    again = draw_shop(SMALL)
    assert again.visits == shop().visits
    assert run(again, POLICY, AlwaysRemind(), RULE).sent == reminded().sent


def test_whoever_gets_no_message_does_the_same_under_every_policy() -> None:
    alone = run(shop(), POLICY, Nobody(), RULE)
    written_to = {message.person for message in reminded().sent}
    kept = [order for order in reminded().orders if order.person not in written_to]
    assert kept == [order for order in alone.orders if order.person not in written_to]
    assert 0 < len(written_to) < SMALL.shoppers


def test_the_days_budget_is_never_exceeded_however_small() -> None:
    poor = changed("incentives", daily_budget=600, exploration=1.0)
    diary = all_policies(shop(), poor, prior(), RULE)[SHIPPED]
    assert 0 < max(diary.budget.values()) <= 600


def test_the_best_possible_earns_more_than_reminding_everybody() -> None:
    larger = draw_shop(Scenario(seed=4, shoppers=1500, days=60))
    best = margin(run_best(larger, POLICY, RULE), POLICY)
    assert best > margin(run(larger, POLICY, AlwaysRemind(), RULE), POLICY)
    assert best > margin(run(larger, POLICY, Nobody(), RULE), POLICY)


def test_the_true_lift_of_writing_to_nobody_is_nothing() -> None:
    assert two_lives(shop(), POLICY, Nobody(), RULE).true_lift == 0


def test_too_small_a_shop_is_told_that_there_is_not_enough_data() -> None:
    found = measured(shop(), POLICY, reminded())
    assert found.margin is None
    assert "that each group needs" in (found.missing or "")


def test_only_settled_decisions_are_learned_from() -> None:
    diary = all_policies(shop(), POLICY, prior(), RULE)[SHIPPED]
    log = log_of(diary, SMALL)
    settled = [one for one in diary.decided if one.at <= SMALL.ends - timedelta(days=7)]
    assert 0 < len(log) == len(settled) < len(diary.decided)
    assert np.isfinite(log.rows).all()
    assert not log.decided.all()


def test_a_play_adds_up() -> None:
    played = play("shipped", SMALL, POLICY, RULE, rounds=0)
    assert played.messages == sum(played.channels.values()) == sum(played.by_hour)
    assert played.brought == pytest.approx(played.by_day[-1])
    assert sum(played.by_hour[21:]) + sum(played.by_hour[:8]) == 0
    assert played.violations == {}


# The truth


def mind(**changes: float) -> Mind:
    values = {"forgetful": 1.0, "price": 1.0, "delivery": 1.0, "patience": 1.0} | changes
    return Mind(**values, hunts=False)


def chance(reason: Reason, treatment: str, *, hours: float = 20, pays: bool = True) -> float:
    return brings_back(
        reason, mind(), treatment, hours=hours, messages_before=0, pays_delivery=pays
    )


def test_each_reason_is_answered_best_by_what_it_is_about() -> None:
    treatments = ("none", "reminder", "free_delivery", "percent_10")
    for reason, best in (
        (Reason.PRICE, "percent_10"),
        (Reason.DELIVERY_COST, "free_delivery"),
    ):
        assert max(treatments, key=lambda one: chance(reason, one)) == best
    forgot = chance(Reason.DISTRACTION, "reminder")
    assert chance(Reason.DISTRACTION, "percent_10") - forgot < forgot / 2


def test_free_delivery_moves_nobody_who_has_it_anyway() -> None:
    reason = Reason.DELIVERY_COST
    assert chance(reason, "free_delivery", pays=False) == chance(reason, "reminder")


def test_a_message_fades_and_patience_with_a_cart_runs_out() -> None:
    assert chance(Reason.DISTRACTION, "reminder", hours=72) < chance(
        Reason.DISTRACTION, "reminder", hours=1
    )
    days = [still_alone(Reason.PRICE, mind(), days=day) for day in (0, 1, 5, 20)]
    assert days == sorted(days, reverse=True)


def test_the_shop_begins_when_the_simulation_says() -> None:
    assert all(BEGINS <= visit.at < SMALL.ends for visit in shop().visits)
