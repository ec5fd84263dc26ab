"""What the second head of the version in force said of many carts when their visits ended.

The windows, the network and the kinds of carts are those of serving (`LiveBlend.leaving`), so of
a cart it says what it would have said after the last step of the visit; but for all at once, and
read from the registry without the rest of the version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from recommender.abandonment import Carts, probability
from recommender.lstm_step import Lstm
from recommender.registry import BrokenModelError, read
from recommender.sequences import Vocabulary, build_log, microseconds, windows

_PARTS = ("catalogue", "carts", Lstm.name)


@dataclass(frozen=True)
class LeftCart:
    """A cart with these products, last changed at `at`."""

    at: datetime
    products: Sequence[str]


@dataclass(frozen=True)
class LeavingHead:
    """The network with its second head, and what tells it the kinds of carts."""

    vocabulary: Vocabulary
    lstm: Lstm
    carts: Carts

    @classmethod
    def load(cls, models_dir: Path, version: str) -> "LeavingHead | None":
        """A version's head; None for a version without one. Raises BrokenModelError."""
        manifest, parts = read(models_dir, version, only=_PARTS)
        if Lstm.name not in parts or "carts" not in parts:
            return None
        try:
            vocabulary = Vocabulary.of(parts["catalogue"]["items"].tolist())
            lstm, carts = Lstm.from_arrays(parts[Lstm.name]), Carts(**parts["carts"])
        except (KeyError, TypeError) as error:
            raise BrokenModelError(
                f"the parts of version {version} do not fit together ({error}): "
                "train again with `cartwright train`"
            ) from error
        if vocabulary.fingerprint != manifest.catalogue:
            raise BrokenModelError(
                f"version {version} was trained on another catalogue than its manifest says: "
                "train again with `cartwright train`"
            )
        return cls(vocabulary, lstm, carts) if len(lstm.weights.leaving) else None

    def chances(self, steps: pl.DataFrame, carts: Mapping[str, LeftCart]) -> dict[str, float]:
        """How likely each cart was left, as told after the last step of the visit that changed it.

        `steps` is an event frame whose shoppers are the carts' keys, oldest first; what came after
        that visit counts for nothing. A cart without a step by then is left out.
        """
        asked = steps.filter(pl.col("shopper").is_in(list(carts)))
        if asked.is_empty():
            return {}
        log = build_log(asked, self.vocabulary)
        names = asked["shopper"].unique().sort().to_list()
        changed = np.array([microseconds(carts[name].at) for name in names])
        by_then = np.bincount(log.shopper[log.at <= changed[log.shopper]], minlength=len(names))
        known = np.flatnonzero(by_then)
        last_change = np.searchsorted(log.shopper, known) + by_then[known] - 1
        session = log.session[last_change]
        ends = np.searchsorted(log.session, session, side="right")
        batch = windows(log, ends, session=session, shopper=known.astype(np.int32))
        index = self.vocabulary.index
        inside = [
            [index[product] for product in carts[names[row]].products if product in index]
            for row in known
        ]
        kinds = self.carts.kinds_after(inside, batch)
        said = probability(self.lstm.weights.leaving, self.lstm.hidden(batch), kinds)
        return dict(zip((names[row] for row in known), said.tolist(), strict=True))
