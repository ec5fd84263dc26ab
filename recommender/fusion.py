"""What each class of events gives: the blend without it, as if the shop had never recorded it.

The events are gone from all that the models learn from and from what is known of a shopper, on the
training, the validation and the test days alike; the cases stay, and so do their targets. So
without views the models learn from searches, carts and purchases alone, and are asked which product
the shopper looks at next all the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation import Cases
from recommender.fitting import HeldOut
from recommender.prepared import Prepared
from recommender.sequences import (
    ACTION_CODES,
    Batch,
    Bools,
    Ints,
    Log,
    gap_buckets,
    sorted_steps,
)

CLASSES = {
    "views": ("view",),
    "searches": ("search",),
    "cart": ("add", "remove"),
    "purchases": ("purchase",),
}
"""What is done with a product, by class; `chat` is whatever was done in the conversation."""
CHAT = "chat"


@dataclass(frozen=True)
class Lacking:
    """Cases of which some steps before them are not known; what is asked is the same."""

    cases: Cases
    log: Log
    ends: NDArray[np.int64]
    """For each case the end, in `log`, of what is known before it."""

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def target(self) -> Ints:
        """The items to predict."""
        return self.cases.target

    def batch(self, part: slice) -> Batch:
        """What a recommender sees of the cases in `part`."""
        return self.cases.batch_known(part, self.log, self.ends[part])


@dataclass(frozen=True)
class Without:
    """A lesson (`relearning.Lesson`) that lacks a class of events; `known` is the rest."""

    name: str
    known: Log
    before: NDArray[np.int64]
    """How many known steps come before each step of the whole log."""
    train: Log

    @classmethod
    def of(cls, name: str, gone: Bools, log: Log, train: Log) -> "Without":
        """Without the steps of `log` that are `gone`; `train` are all those of training days."""
        keep = ~gone
        known = _kept(log, keep)
        trained = np.isin(known.session, train.session)
        return cls(
            name,
            known,
            np.concatenate([[0], np.cumsum(keep)]).astype(np.int64),
            known.select(trained),
        )

    def seen(self, cases: Cases) -> Lacking:
        """The cases without the class of events before them."""
        return Lacking(cases, self.known, self.before[cases.position])


def _kept(log: Log, keep: Bools) -> Log:
    """The steps that are kept, each gap measured from the last kept one."""
    kept = log.select(keep)
    return replace(kept, gap=gap_buckets(kept.shopper, kept.at))


def event_classes(prepared: Prepared) -> dict[str, Bools]:
    """Which steps of the log are of which class, for those that it has beside others."""
    action = prepared.log.action
    found: dict[str, Bools] = {
        name: np.isin(action, [ACTION_CODES[one] for one in actions])
        for name, actions in CLASSES.items()
    }
    if "source" in prepared.events.columns:
        source = sorted_steps(prepared.events)["source"]
        found[CHAT] = (source == CHAT).fill_null(value=False).to_numpy()
    return {name: of for name, of in found.items() if of.any() and not of.all()}


def without_each(prepared: Prepared, held_out: HeldOut) -> Iterator[Without]:
    """A lesson without each class of events that the log has beside others."""
    for name, gone in event_classes(prepared).items():
        yield Without.of(name, gone, prepared.log, held_out.split.train)
