"""The best that any predictor could say of an open cart of the demo shop: will it be left?

From what can be observed (all the shopper's steps up to the moment), the rest of the visit is
played many times by the simulation itself, and at the end of each the true chance of a purchase is
taken. What it knows beyond a predictor: how shoppers decide, without noise, and, unless told
otherwise, each one's tastes and how readily they add. It does not know the draws. Whoever clears
the cart of what this visit has not looked at is about to pay: the simulation does it at no other
time.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from demo.behaviour import Did
from demo.oracle import DemoOracle
from demo.simulate import (
    CART_LINES,
    LOOK_AT_CART,
    TAKE_OUT,
    Rows,
    Shoppers,
    any_line_touched,
    buying_chance,
    choose,
    keenness,
    look_again,
    maybe_add,
    value_in_cart,
    view,
)
from demo.visits import MEAN_FURTHER_PRODUCTS, MOST_PRODUCTS, Plan
from demo.world import Bools, Floats, Ints, Tastes
from recommender.evaluation import Case

PLAYED = 64
TOGETHER = 1_000
GOES_ON = MEAN_FURTHER_PRODUCTS / (1 + MEAN_FURTHER_PRODUCTS)

type Chances = NDArray[np.float64]


@dataclass(frozen=True)
class _Moments:
    """Shoppers in the middle of a visit, one a case, as the simulation keeps them.

    `turns` is how many products the visit has turned to. `may_add` where the last step is a look
    at a new product, `may_take_out` where it put one in; `turning` where it looked once more at an
    earlier one, which comes before another turn; `paying` where the cart was cleared to pay.
    """

    state: Shoppers
    turns: Ints
    may_add: Bools
    may_take_out: Bools
    turning: Bools
    paying: Bools


@dataclass(frozen=True)
class LeavingOracle:
    """Knows how likely an open cart of a scenario is left."""

    truth: DemoOracle
    seed: int = 0

    def probability(
        self,
        cases: Sequence[Case],
        *,
        played: int = PLAYED,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Chances:
        """The chance that each cart is left, from `played` ends of each visit."""
        rng = np.random.default_rng(self.seed)
        said = []
        for first in range(0, len(cases), TOGETHER):
            part = cases[first : first + TOGETHER]
            moments = self._replayed(part)
            tastes, keen = self._whose(part)
            buys = np.zeros(len(part))
            for _ in range(played):
                buys += self._played(deepcopy(moments), tastes, keen, rng)
            said.append(np.where(moments.paying, 0.0, 1 - buys / played))
            progress(len(part))
        return np.concatenate(said) if said else np.zeros(0)

    @cached_property
    def _keen(self) -> Floats:
        scenario = self.truth.scenario
        return np.append(keenness(scenario.rng(4), scenario.shoppers), np.float32(1))

    def _whose(self, cases: Sequence[Case]) -> tuple[Tastes, Floats]:
        """Tastes and keenness with one row a case."""
        all_of = self.truth.tastes
        average = len(all_of.price_place)
        known = self.truth.row_of if self.truth.knows_tastes else {}
        rows = np.array([known.get(case.shopper, average) for case in cases])
        place = np.append(all_of.price_place, all_of.price_place.mean())
        tastes = replace(
            all_of, pull=all_of.pull[rows], fit=all_of.fit[rows], price_place=place[rows]
        )
        return tastes, self._keen[rows]

    def _replayed(self, cases: Sequence[Case]) -> _Moments:
        world, count = self.truth.world, len(cases)
        state = Shoppers(count, world.size)
        turns = np.zeros(count, np.int64)
        flags = {name: np.zeros(count, np.bool_) for name in ("add", "out", "turn", "pay")}
        for row, case in enumerate(cases):
            begins = case.steps[case.session_from].at
            state.day[row] = (begins - self.truth.scenario.begins).days
            one = np.array([row])
            earlier = self.truth.known_steps(case.steps[: case.session_from])
            present = self.truth.known_steps(case.steps[case.session_from :])
            for number, (item, did) in enumerate([*earlier, *present]):
                if number == len(earlier):
                    state.left[row] = state.cart[row]
                here = number >= len(earlier)
                met = bool(state.touched[row, item])
                if did is Did.VIEW:
                    flags["turn"][row] = met and item != state.last[row]
                    flags["add"][row] = not flags["turn"][row]
                    if here and not met:
                        _turned_to(state, row, item)
                        turns[row] += 1
                    elif here and item != state.last[row]:
                        state.second_last_here[row] = state.last[row]
                elif did is Did.ADD:
                    state.put(one, np.array([item]))
                elif item in state.cart[row]:
                    flags["pay"][row] |= here and did is Did.REMOVE and not met
                    state.take(one, np.array([item]))
                flags["out"][row] = did is Did.ADD
                flags["add"][row] &= did is Did.VIEW
                flags["turn"][row] &= did is Did.VIEW
                state.step(one, np.array([item]), did)
        return _Moments(state, turns, flags["add"], flags["out"], flags["turn"], flags["pay"])

    def _played(
        self, at: _Moments, tastes: Tastes, keen: Floats, rng: np.random.Generator
    ) -> Chances:
        """Each visit played to its end once; the chance of a purchase there."""
        world, state, turns = self.truth.world, at.state, at.turns
        everybody = np.arange(len(turns))

        def add(who: Ints, rows: Rows) -> None:
            free = np.full(len(who), Plan.FREE)
            maybe_add(world, tastes, state, rng, rows, who, who, state.last[who], keen, free)

        add(everybody[at.may_add], Rows())
        sorry = everybody[at.may_take_out & (rng.random(len(turns)) < TAKE_OUT)]
        state.take(sorry, state.last[sorry])
        state.step(sorry, state.last[sorry], Did.REMOVE)
        goes_on = at.turning | (rng.random(len(turns)) < GOES_ON) & (turns < MOST_PRODUCTS)
        who, again = everybody[goes_on], ~at.turning[goes_on]
        while len(who):
            rows = Rows()
            look_again(state, rng, rows, who[again], who[again], turns[who[again]])
            begins = np.zeros(len(who), np.bool_)
            item = choose(world, tastes, state, rng, who, begins)
            view(state, rng, rows, who, who, item, begins)
            add(who, rows)
            turns[who] += 1
            who = who[(rng.random(len(who)) < GOES_ON) & (turns[who] < MOST_PRODUCTS)]
            again = np.ones(len(who), np.bool_)
        chance = LOOK_AT_CART * buying_chance(value_in_cart(world, state, everybody))
        return np.where(any_line_touched(state, everybody), chance, 0.0)


def _turned_to(state: Shoppers, row: int, item: int) -> None:
    """What `view` keeps of a turn, for one shopper."""
    through = int(state.gone_through[row])
    follows = through < CART_LINES and state.left[row, through] == item
    state.gone_through[row] = through + 1 if follows else CART_LINES
    begins = not state.touched[row].any()
    state.second_last_here[row] = -1 if begins else state.last[row]
    state.touched[row, item] = True
