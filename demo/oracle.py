"""The best that any predictor could do on the demo shop's past.

It computes the very distribution that the simulation drew from, given the steps that may be looked
at. What it knows beyond a predictor: the structure (trails, bundles, likeness, fashion) without
noise, and, unless told otherwise, each shopper's tastes; what it does not know is the draw itself.
So `knows_tastes=True` is an upper bound, and `knows_tastes=False` (everybody is average) is about
what one reaches for a shopper never seen before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from demo.behaviour import Did, Moments, next_probabilities
from demo.catalogue import load_catalogue
from demo.names import shopper_rows
from demo.visits import plan_visits
from demo.world import Scenario, Tastes, World, build_world, draw_tastes, load_shoppers
from recommender.evaluation import Case
from recommender.protocol import Step

_DID = {"view": Did.VIEW, "add": Did.ADD, "remove": Did.REMOVE, "purchase": Did.PURCHASE}


@dataclass(frozen=True)
class DemoOracle:
    """Answers `recommender.evaluation.Oracle` for the past of a scenario."""

    scenario: Scenario
    world: World
    tastes: Tastes
    row_of: dict[str, int]
    knows_tastes: bool = True

    @classmethod
    def of(cls, scenario: Scenario, *, knows_tastes: bool = True) -> "DemoOracle":
        """Recompute the truth of a scenario (a few seconds)."""
        world = build_world(scenario, load_catalogue())
        demo = load_shoppers(scenario.now)
        return cls(
            scenario=scenario,
            world=world,
            tastes=draw_tastes(scenario, world, demo),
            row_of=shopper_rows(scenario, plan_visits(scenario, demo)),
            knows_tastes=knows_tastes,
        )

    @cached_property
    def _index(self) -> dict[str, int]:
        return {product.id: row for row, product in enumerate(self.world.catalogue.products)}

    def score(self, cases: Sequence[Case], items: Sequence[str]) -> NDArray[np.float64]:
        """The true probability of each item being the next product, (len(cases), len(items)).

        Items that the demo shop does not have get 0; shoppers it does not know are average.
        """
        probabilities = next_probabilities(self.world, self.tastes, self.moments(cases))
        columns = np.array([self._index.get(item, -1) for item in items])
        scores = np.zeros((len(cases), len(items)))
        known = columns >= 0
        scores[:, known] = probabilities[:, columns[known]]
        return scores

    def moments(self, cases: Sequence[Case]) -> Moments:
        """What can be observed at each case."""
        average = len(self.tastes.price_place)
        moments = Moments(
            shopper=np.full(len(cases), average),
            day=np.zeros(len(cases), np.int64),
            last=np.full(len(cases), -1),
            did=np.zeros(len(cases), np.int64),
            previous=np.full(len(cases), -1),
            touched=np.zeros((len(cases), self.world.size), bool),
            leftover=np.full(len(cases), -1),
        )
        for row, case in enumerate(cases):
            if self.knows_tastes:
                moments.shopper[row] = self.row_of.get(case.shopper, average)
            self._observe(moments, row, case)
        return moments

    def known_steps(self, steps: Sequence[Step]) -> list[tuple[int, Did]]:
        """The steps that the simulation could have taken, as it codes them."""
        return [
            (self._index[step.product_id], _DID[step.action])
            for step in steps
            if step.product_id in self._index and step.action in _DID
        ]

    def _observe(self, moments: Moments, row: int, case: Case) -> None:
        steps = self.known_steps(case.steps)
        here = [
            self._index[step.product_id]
            for step in case.steps[case.session_from :]
            if step.product_id in self._index
        ]
        if not here:
            return
        begins = case.steps[case.session_from].at
        moments.day[row] = (begins - self.scenario.begins).days
        moments.last[row], moments.did[row] = steps[-1]
        for item, _ in reversed(steps):
            if item != steps[-1][0]:
                moments.previous[row] = item
                break
        moments.touched[row, here] = True
        moments.leftover[row] = _next_leftover(steps[: len(steps) - len(here)], here)


def _next_leftover(before: Sequence[tuple[int, Did]], here: Sequence[int]) -> int:
    """What comes next of the cart that the session began with, where it was gone through so far."""
    cart: dict[int, None] = {}
    for item, did in before:
        if did is Did.ADD:
            cart.setdefault(item)
        elif did in {Did.REMOVE, Did.PURCHASE}:
            cart.pop(item, None)
    left, through = list(cart), list(dict.fromkeys(here))
    if len(through) < len(left) and left[: len(through)] == through:
        return left[len(through)]
    return -1
