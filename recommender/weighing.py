"""What the sources weigh in the blend, learnt from the validation cases, and taste on top."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.blend import Blend, category_of, fit_weights, shares
from recommender.collaborative import Collaborative
from recommender.content import Content
from recommender.contexts import CONTEXTS, context_rows
from recommender.left_in_cart import LeftInCart
from recommender.neighbours import SessionNeighbours
from recommender.popular import ItemToItem, Popular, PopularInCategory, RecentlyPopular
from recommender.protocol import Source
from recommender.rule_sources import AssociationRules, SequentialRules
from recommender.sequences import Batch, Ints, score_chunks
from recommender.taste import Choice, Taste, choice_of, learn_taste, likelihood, with_weights

# What the sources weigh while nothing could be learnt about them.
COUNTED_WEIGHTS = {
    LeftInCart.name: 0.2,
    AssociationRules.name: 0.2,
    SequentialRules.name: 0.2,
    SessionNeighbours.name: 0.2,
    ItemToItem.name: 0.2,
    Collaborative.name: 0.05,
    Content.name: 0.05,
    PopularInCategory.name: 0.07,
    RecentlyPopular.name: 0.05,
    Popular.name: 0.03,
}


class Asked(Protocol):
    """Windows, and the item that followed each."""

    def __len__(self) -> int:
        """How many."""
        ...

    @property
    def target(self) -> Ints:
        """What followed; negative where it is unknown."""
        ...

    def batch(self, part: slice) -> Batch:
        """Some of the windows."""
        ...


def learn_weights(sources: Sequence[Source], cases: Asked, *, items: int) -> NDArray[np.float64]:
    """Blend weights from the validation cases."""
    return fit_weights(*target_shares(sources, cases, items=items))


def target_shares(
    sources: Sequence[Source], cases: Asked, *, items: int
) -> tuple[NDArray[np.float64], Ints]:
    """What `fit_weights` learns from: the sources' shares of each target, and its row."""
    known = np.full((len(cases), len(sources)), np.nan)
    category = category_of(sources)
    rows = np.zeros(len(cases), np.int32)
    for part in score_chunks(len(cases), items, 512):
        batch = cases.batch(part)
        rows[part] = context_rows(batch, category)
        target = cases.target[part]
        at = np.arange(len(target))
        for column, source in enumerate(sources):
            known[part, column] = np.where(
                target >= 0, shares(source.score(batch))[at, np.maximum(target, 0)], np.nan
            )
    return known, rows


def learnt_taste(blend: Blend, taste: Taste, cases: Asked, *, items: int) -> Taste:
    """The same counts of what suits whom, with weights from the validation cases.

    `blend` and `taste` have none yet. A case counts by how likely it is that the sources which
    taste leans led to it: first as they say it without taste, then as they do with what was learnt.
    """
    choices: list[Choice] = []
    masses: list[tuple[float, float, float]] = []
    for part in score_chunks(len(cases), items, 512):
        batch = cases.batch(part)
        parts = shares(np.stack([source.score(batch) for source in blend.sources]))
        nearest = blend.nearest(parts)
        mixed = blend.combine(parts, batch)
        led = mixed.parts[blend.led].sum(axis=0)
        for row, target in enumerate(cases.target[part].tolist()):
            choice = choice_of(taste, batch, row, led[row], target, nearest=nearest[row])
            if choice is not None:
                choices.append(choice)
                own, whole = float(led[row, target]), float(np.exp(choice.offset).sum())
                masses.append((own, float(mixed.total[row, target]) - own, whole))
    if not choices:
        return taste
    own, others, whole = np.array(masses).T
    learnt = learn_taste(choices, own / (own + others))
    leaned = whole * [likelihood(choice, learnt) for choice in choices]
    learnt = learn_taste(choices, leaned / (leaned + others))
    return with_weights(taste, learnt[:-1], learnt[-1])


def counted_weights(sources: list[Source]) -> NDArray[np.float64]:
    """Fixed weights for the counting sources, alike for every context."""
    weights = np.array([COUNTED_WEIGHTS.get(source.name, 0.0) for source in sources])
    return np.tile(weights / weights.sum(), (CONTEXTS, 1))
