"""Who comes when: people, browsers and the sessions of the simulated past."""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

import numpy as np

from demo.world import Bools, DemoShopper, Ints, Scenario

SECOND = 1_000_000
DAY = 86_400 * SECOND
PEOPLE_SHARE = 0.4
TWO_DEVICES_SHARE = 0.25
MEAN_SESSIONS = 7.2
MEAN_FURTHER_PRODUCTS = 3.6
MOST_PRODUCTS = 18
PAUSE = 3 * 3600 * SECOND
DEMO_PRODUCTS = 6
# Visits by hour of the day (UTC) and by weekday from Monday.
HOURS = np.array(
    [2, 1, 1, 1, 1, 3, 6, 9, 11, 12, 13, 15, 14, 12, 12, 13, 15, 19, 24, 27, 25, 18, 10, 5], float
)
WEEKDAYS = np.array([1.0, 0.95, 0.95, 1.0, 0.9, 1.1, 1.35])


class Plan(IntEnum):
    """What is decided of a visit beforehand; only demo shoppers' visits have a plan."""

    FREE = 0
    BUY = 1
    LEAVE = 2
    LOOK = 3


@dataclass(frozen=True)
class Visits:
    """Sessions sorted by shopper and time, and whose they are.

    `at` is microseconds since 1970, `products` how many distinct products the session turns to.
    Shopper s owns the visitors where `visitor_shopper == s` and is a person where `is_person[s]`
    (who signs in at `signed_in[s]`).
    """

    shopper: Ints
    at: Ints
    products: Ints
    plan: Ints
    visitor: Ints
    visitor_shopper: Ints
    is_person: Bools
    signed_in: Ints

    def __len__(self) -> int:
        return len(self.at)


def plan_visits(scenario: Scenario, demo: list[DemoShopper]) -> Visits:
    """Draw the sessions of a scenario."""
    rng = scenario.rng(3)
    first = int(scenario.begins.timestamp() * SECOND)
    end = int((scenario.now - timedelta(hours=2)).timestamp() * SECOND)
    mean = rng.lognormal(np.log(MEAN_SESSIONS) - 0.32, 0.8, scenario.shoppers)
    per_shopper = 1 + rng.poisson(np.maximum(mean - 1, 0.2))
    per_shopper[: len(demo)] = 0
    shopper = np.repeat(np.arange(scenario.shoppers), per_shopper)
    at = _times(scenario, rng, len(shopper), first)
    products = 1 + np.minimum(
        rng.geometric(1 / (1 + MEAN_FURTHER_PRODUCTS), len(shopper)) - 1, MOST_PRODUCTS - 1
    )
    inside = (at >= first) & (at <= end)
    shopper, at, products = shopper[inside], at[inside], products[inside]
    plan = np.full(len(shopper), Plan.FREE)
    planned = [
        (row, int(visit.at.timestamp() * SECOND), Plan[visit.does.upper()])
        for row, person in enumerate(demo)
        for visit in person.visits
        if first <= visit.at.timestamp() * SECOND <= end
    ]
    if planned:
        rows, times, plans = (np.array(column) for column in zip(*planned, strict=True))
        shopper, at = np.append(shopper, rows), np.append(at, times)
        plan = np.append(plan, plans)
        products = np.append(products, np.full(len(rows), DEMO_PRODUCTS))
    order = np.lexsort((at, shopper))
    shopper, at = shopper[order], at[order]
    close = np.append(False, (np.diff(shopper) == 0) & (np.diff(at) < PAUSE))
    order, shopper, at = order[~close], shopper[~close], at[~close]
    is_person = rng.random(scenario.shoppers) < PEOPLE_SHARE
    is_person[: len(demo)] = True
    second = is_person & (rng.random(scenario.shoppers) < TWO_DEVICES_SHARE)
    visitor_shopper = np.append(np.arange(scenario.shoppers), np.flatnonzero(second))
    second_of = np.full(scenario.shoppers, -1)
    second_of[second] = np.arange(scenario.shoppers, len(visitor_shopper))
    on_second = (second_of[shopper] >= 0) & (rng.random(len(shopper)) < 0.35)
    return Visits(
        shopper=shopper,
        at=at,
        products=products[order],
        plan=plan[order],
        visitor=np.where(on_second, second_of[shopper], shopper),
        visitor_shopper=visitor_shopper,
        is_person=is_person,
        signed_in=_sign_ins(rng, shopper, at, scenario.shoppers, default=first),
    )


def _times(scenario: Scenario, rng: np.random.Generator, count: int, first: int) -> Ints:
    """Days by weekday and slow growth, hours by the time people shop."""
    days = np.arange(scenario.days + 1)
    weekday = (scenario.begins.weekday() + days) % 7
    weight = WEEKDAYS[weekday] * (1 + 0.3 * days / scenario.days)
    day = rng.choice(days, count, p=weight / weight.sum())
    hour = rng.choice(24, count, p=HOURS / HOURS.sum())
    midnight = first - first % DAY
    return midnight + day * DAY + hour * (DAY // 24) + rng.integers(0, DAY // 24, count)


def _sign_ins(
    rng: np.random.Generator, shopper: Ints, at: Ints, count: int, *, default: int
) -> Ints:
    """The time of one of each shopper's sessions, an early one more often than a late one."""
    signed_in = np.full(count, default)
    starts = np.flatnonzero(np.append(True, np.diff(shopper) > 0)) if len(shopper) else shopper
    sizes = np.diff(np.append(starts, len(shopper)))
    chosen = starts + (rng.random(len(starts)) ** 2 * sizes).astype(np.int64)
    signed_in[shopper[starts]] = at[chosen]
    return signed_in
