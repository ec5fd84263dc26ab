"""Asks again without the product that a reason names, and compares the suggestion's score.

The moments are those of `cartwright evaluate`: what a shopper had done before they turned to a
product on the held-out days. Everything with the named product is left out of the steps and of the
cart, as if they had never met it; all else stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.evaluation import Case, Cases, find_cases, told
from recommender.fitting import TrainConfig, held_out_days
from recommender.prepared import Prepared
from recommender.protocol import History, ReasonKind, Step, Suggested, Surface
from recommender.sequences import MEMORY, WINDOW, temporal_split
from recommender.serving import Suggester

NAMING = (ReasonKind.RULE, ReasonKind.SEQUENCE, ReasonKind.SIMILAR)
"""Reasons that name a product as what the suggestion rests on."""
SURFACES = (Surface.HOME, Surface.CART)
SHOWN = 8


@dataclass(frozen=True)
class Occluded:
    """A suggestion that was shown, and its score without the product that its reason names.

    `without` is None where the reason names none, 0 where it is suggested no more.
    """

    surface: Surface
    suggested: Suggested
    without: float | None

    @property
    def falls(self) -> bool:
        """Whether the score fell."""
        return self.without is not None and self.without < self.suggested.score


def moments(prepared: Prepared, *, seed: int) -> Iterator[Case]:
    """The cases of the held-out days, in an order drawn by the seed.

    Raises ValueError where the log is too short to hold days out.
    """
    days = held_out_days(prepared.log, TrainConfig())
    split = temporal_split(prepared.log, valid_days=days, test_days=days)
    cases = find_cases(prepared.log, since=split.test_from, until=None, trained=split.train)
    order = np.random.default_rng(seed).permutation(len(cases))
    drawn = Cases(cases.log, cases.position[order], cases.seen[order])
    yield from told(drawn, prepared.events)


def occlude(suggester: Suggester, cases: Iterator[Case], *, count: int) -> list[Occluded]:
    """Suggestions shown on SURFACES, until `count` of them have a reason that names a product."""
    found: list[Occluded] = []
    named = 0
    for case in cases:
        for surface in SURFACES:
            shown = suggester.suggest(history_of(case.steps), k=SHOWN, surface=surface)
            for one in shown:
                without = None
                if one.reason.kind in NAMING and named < count:
                    without = _score_without(suggester, case.steps, one, surface)
                    named += 1
                found.append(Occluded(surface, one, without))
        if named >= count:
            break
    return found


def history_of(steps: Sequence[Step]) -> History:
    """What serving would know after the steps: the latest of them, and the cart they leave."""
    cart: dict[str, None] = {}
    for step in steps:
        if step.action == "add":
            cart.setdefault(step.product_id)
        elif step.action in ("remove", "purchase"):
            cart.pop(step.product_id, None)
    return History(tuple(steps[-WINDOW - MEMORY :]), tuple(cart))


def _score_without(
    suggester: Suggester, steps: Sequence[Step], one: Suggested, surface: Surface
) -> float:
    rest = [step for step in steps if step.product_id not in one.reason.because]
    everything = len(suggester.vocabulary)
    again = suggester.suggest(history_of(rest), k=everything, surface=surface)
    return next((other.score for other in again if other.product_id == one.product_id), 0.0)
