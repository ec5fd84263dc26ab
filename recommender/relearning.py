"""How much worse the blend ranks when it has learnt from other steps, on the very same cases."""

from collections.abc import Iterable
from typing import Protocol

from recommender.ablation import Relearnt
from recommender.blend import Blend
from recommender.evaluation import (
    Cases,
    Ranking,
    difference,
    hits,
    rank_cases,
    reciprocal_ranks,
)
from recommender.fitting import HeldOut, TrainConfig, fit_models
from recommender.prepared import Prepared
from recommender.progress import Progress
from recommender.report import K
from recommender.sequences import Log
from recommender.weighing import Asked


class Lesson(Protocol):
    """Steps to learn from, and what is then known before each case."""

    @property
    def name(self) -> str:
        """What is different about them."""
        ...

    @property
    def train(self) -> Log:
        """The steps of the training days."""
        ...

    def seen(self, cases: Cases) -> Asked:
        """The cases with the steps before them as they are known."""
        ...


def relearn(
    lessons: Iterable[Lesson],
    blend: Blend,
    held_out: HeldOut,
    prepared: Prepared,
    *,
    config: TrainConfig,
    progress: Progress,
) -> tuple[Relearnt, ...]:
    """Train everything anew for each lesson and compare with `blend`, which learnt from all steps.

    Every lesson's blend ranks the same test cases among the same products: those that the visit
    has turned to are left out for all alike, whether a lesson's steps tell of them or not.
    """
    test = held_out.test
    items = len(prepared.vocabulary)
    whole = _ranked(blend, test, test, items, progress)
    found = []
    for lesson in lessons:
        valid, asked = lesson.seen(held_out.valid), lesson.seen(test)
        fitted = fit_models(lesson.train, valid, prepared, config=config, progress=progress)
        ranking = _ranked(fitted.blend, asked, test, items, progress)
        found.append(
            Relearnt(
                lesson.name,
                len(lesson.train),
                recall=difference(ranking, whole, test, k=K, of=hits),
                mrr=difference(ranking, whole, test, k=K, of=reciprocal_ranks),
            )
        )
    return tuple(found)


def _ranked(blend: Blend, asked: Asked, test: Cases, items: int, progress: Progress) -> Ranking:
    progress.begin("ranking", len(test))
    return rank_cases(
        blend.name,
        lambda part: blend.score(asked.batch(part)),
        test,
        items=items,
        ks=(K,),
        progress=progress.advance,
    )
