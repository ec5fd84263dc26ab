"""What all recommenders share: what goes in, what comes out, what each must be able to do."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recommender.newcomers import Newcomers
from recommender.sequences import Batch, Ints

type Scores = NDArray[np.float32]
type Arrays = dict[str, NDArray[Any]]


class NoModelError(Exception):
    """There is no model to serve; the message says what to do."""


class Surface(StrEnum):
    """Where a suggestion is shown."""

    HOME = "home"
    PRODUCT = "product"
    CART = "cart"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a shopper did with a product; `action` is one of `sequences.ACTIONS`."""

    product_id: str
    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a shopper when a suggestion is asked for; steps oldest first."""

    steps: tuple[Step, ...] = ()
    cart: tuple[str, ...] = ()
    owned: tuple[str, ...] = ()


class ReasonKind(StrEnum):
    """What a suggestion rests on."""

    RULE = "rule"
    SEQUENCE = "sequence"
    SIMILAR = "similar"
    POPULAR_IN_CATEGORY = "popular_in_category"
    POPULAR = "popular"
    CONTENT = "content"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a product is suggested: `people` of the `of` people who met `because` also met it.

    Counts are None where fewer people stand behind them than may be shown.
    """

    kind: ReasonKind
    because: tuple[str, ...] = ()
    people: int | None = None
    of: int | None = None
    confidence: float | None = None
    lift: float | None = None


@dataclass(frozen=True, slots=True)
class Suggested:
    """A product at its rank (from 1); `shares` says how much each source gave, adding up to 1."""

    product_id: str
    score: float
    rank: int
    source: str
    reason: Reason
    shares: dict[str, float] = field(default_factory=dict)


class Recommender(Protocol):
    """Scores every item of the vocabulary for what a shopper turns to next.

    Higher is likelier. Scores are at least 0, and NaN where the recommender knows nothing of the
    item; an unknown item in the batch or an empty history is never an error. Equal input gives
    equal output. tests/unit/recommender/test_conformance.py holds every recommender to this.
    """

    name: str

    def score(self, batch: Batch) -> Scores:
        """Scores of shape (len(batch), number of items)."""
        ...


class Source(Recommender, Protocol):
    """A recommender that the blend mixes and the registry keeps."""

    def grown(self, new: Newcomers) -> Self:
        """The same with items after those that it learnt from; where it counts, it knows none."""
        ...

    def arrays(self) -> Arrays:
        """All that was learnt, as arrays for one npz file."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The recommender that `arrays` came from."""
        ...


@runtime_checkable
class Sparse(Protocol):
    """A source that knows few items of any one shopper, and finds them without scoring the rest."""

    def found(self, batch: Batch) -> tuple[Ints, Scores]:
        """The items that `score` knows for a batch of one window, and their scores.

        The scores of one that comes more than once add up.
        """
        ...


@runtime_checkable
class Shared(Protocol):
    """A source that says the same to everybody, so that serving works it out once."""

    def of_everybody(self) -> Scores:
        """The scores (items,) of any window."""
        ...


class Said(Protocol):
    """What one source says of single items for one window."""

    def at(self, items: Ints, place: Ints) -> Scores:
        """The true shares of `items`; `place` (n,) has each one's position in them, else -1."""
        ...


class Term(Said, Protocol):
    """What one source says of the items for one window, as shares that add up to 1."""

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """Add the shares of all items times `weight`; the network's as rounded."""
        ...


@runtime_checkable
class Spread(Protocol):
    """A source whose scores of all items follow from few numbers, so that few need be written."""

    def spread(self, batch: Batch) -> Term | None:
        """The shares for a batch of one window; None where it knows nothing."""
        ...
