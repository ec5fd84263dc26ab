"""Mines a database that is kept in parts on disk, one of which is in memory at a time.

Level by level as GSP does (R. Srikant and R. Agrawal, EDBT 1996): candidates of an item more are
joined from what is frequent in the whole, and counted in part after part by SPADE's joins of
id-lists. Mining each part by itself instead (Savasere et al., VLDB 1995) asks small parts for so
few sequences that a shop's large baskets explode.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.mining.constraints import Constraints, absolute_support
from recommender.mining.cooccurrence import frequent_pairs
from recommender.mining.database import SequenceDatabase
from recommender.mining.itemsets import as_baskets
from recommender.mining.patterns import Patterns
from recommender.mining.recount import recount
from recommender.mining.run import (
    MOST_ITEMS,
    ExplosionError,
    Limits,
    StoppedError,
    patterns_budget,
)


@dataclass(frozen=True, slots=True)
class PartedDatabase:
    """Sequences in parts on disk; no sequence is in two.

    Attributes:
        labels: The items of all parts, ascending.
        supports: For each item, the number of sequences that contain it.
        sizes: The number of sequences in each part.
        baskets: Whether each sequence is taken as one element.
    """

    folder: Path
    labels: NDArray[np.generic]
    supports: NDArray[np.int64]
    ranks: NDArray[np.int32]
    """For each item code in the files, its place in `labels`."""
    sizes: tuple[int, ...]
    baskets: bool = False

    @classmethod
    def write(cls, parts: Iterable[SequenceDatabase], folder: Path) -> "PartedDatabase":
        """Write the parts to the folder as they come; it must stay as long as they are mined."""
        known: dict[object, int] = {}
        supports: list[int] = []
        sizes = []
        for number, part in enumerate(parts):
            codes = [known.setdefault(label, len(known)) for label in part.labels.tolist()]
            supports += [0] * (len(known) - len(supports))
            for code, support in zip(codes, part.item_supports().tolist(), strict=True):
                supports[code] += support
            np.savez(
                folder / f"{number}.npz",
                items=np.asarray(codes, np.int32)[part.items],
                elements=part.elements,
                offsets=part.offsets,
                times=np.empty(0) if part.times is None else part.times,
            )
            sizes.append(len(part))
        labels = np.empty(len(known), object)
        labels[:] = list(known)
        order = np.argsort(labels, kind="stable")
        ranks = np.empty(len(known), np.int32)
        ranks[order] = np.arange(len(known), dtype=np.int32)
        return cls(
            folder, labels[order], np.asarray(supports, np.int64)[order], ranks, tuple(sizes)
        )

    def __len__(self) -> int:
        return sum(self.sizes)

    def item_supports(self) -> NDArray[np.int64]:
        """For each item, the number of sequences that contain it."""
        return self.supports

    def parts(self, keep: NDArray[np.bool_]) -> Iterator[SequenceDatabase]:
        """Each part with only the items kept, which are numbered through and labelled so."""
        numbers = np.arange(len(self.labels), dtype=np.int32)
        for number in range(len(self.sizes)):
            with np.load(self.folder / f"{number}.npz") as stored:
                items, times = stored["items"], stored["times"]
                part = SequenceDatabase.from_arrays(
                    self.ranks[items],
                    stored["elements"],
                    stored["offsets"],
                    numbers,
                    times=times if len(times) == len(items) else None,
                )
            part = part.with_items(keep)
            part = replace(part, labels=np.arange(len(part.labels), dtype=np.int32))
            yield as_baskets(part) if self.baskets else part


def mine_parted(
    database: PartedDatabase,
    min_support: float,
    *,
    constraints: Constraints = Constraints(),
    limits: Limits = Limits(),
) -> Patterns:
    """What the miners would find in all parts together.

    Raises ConstraintError as they do. ExplosionError and StoppedError hold all patterns of the
    lengths that were counted in every part.
    """
    least = absolute_support(min_support, len(database))
    keep = database.supports >= least
    if constraints.excluded:
        keep &= ~np.isin(database.labels, np.asarray(list(constraints.excluded), object))
    longest = constraints.max_length or MOST_ITEMS
    single = np.arange(1, 2 * int(keep.sum()), 2, dtype=np.int32).reshape(-1, 1)
    levels = [(single, database.supports[keep])]

    def found(*, complete: bool) -> Patterns:
        sizes = [rows.shape for rows, _ in levels]
        lengths = np.repeat([items for _, items in sizes], [patterns for patterns, _ in sizes])
        return Patterns(
            np.concatenate([rows.ravel() for rows, _ in levels]),
            np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
            np.concatenate([supports for _, supports in levels]),
            database.labels[keep],
            len(database),
            least,
            complete,
        )

    budget = patterns_budget(limits)
    try:
        while len(levels[-1][0]) and len(levels) < longest:
            if len(levels) == 1:
                rows, supports = _pairs(database, keep, least, constraints, limits)
            else:
                rows = _candidates(levels[-1][0])
                if len(rows) + sum(len(level) for level, _ in levels) > budget:
                    raise ExplosionError(
                        f"stopped before counting {len(rows):,} candidates of {rows.shape[1]} "
                        "items: raise the minimum support or set max_length",
                        found(complete=False),
                    )
                supports = _counted(database, keep, rows, constraints, limits)
            levels.append((rows[supports >= least], supports[supports >= least]))
            if limits.on_progress is not None:
                limits.on_progress(0.0, sum(len(level) for level, _ in levels))
    except ExplosionError as stopped:
        if not limits.keep_partial:
            raise ExplosionError(str(stopped), found(complete=False)) from None
        return found(complete=False)
    except KeyboardInterrupt:
        raise StoppedError(
            f"stopped after patterns of {len(levels)} items", found(complete=False)
        ) from None
    return found(complete=True).containing(constraints.required)


def _pairs(
    database: PartedDatabase,
    keep: NDArray[np.bool_],
    least: int,
    constraints: Constraints,
    limits: Limits,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The patterns of two items that may be frequent, with their supports."""
    codes = np.int64(2 * int(keep.sum()))
    keys, supports = np.empty(0, np.int64), np.empty(0, np.int64)
    within = constraints.max_span == 0
    for part in database.parts(keep):
        pairs = frequent_pairs(
            part, 1, follow=not within, max_length=2, limits=replace(limits, max_patterns=None)
        )
        two = pairs.lengths() == 2
        begins = pairs.offsets[:-1][two]
        theirs = pairs.codes[begins] * codes + pairs.codes[begins + 1]
        keys, places = np.unique(np.concatenate((keys, theirs)), return_inverse=True)
        supports = np.bincount(
            places, np.concatenate((supports, pairs.supports[two])), len(keys)
        ).astype(np.int64)
    keys, supports = keys[supports >= least], supports[supports >= least]
    rows = np.stack((keys // codes, keys % codes), axis=1).astype(np.int32)
    if constraints.bind_positions and not within:
        # Pairs are counted without regard to gaps.
        supports = _counted(database, keep, rows, constraints, limits)
    return rows, supports


def _candidates(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """The patterns of an item more whose first items and whose last items are among these.

    The join of R. Srikant and R. Agrawal, Mining Sequential Patterns: Generalizations and
    Performance Improvements, EDBT 1996, section 3.2, which gaps leave valid.
    """
    followers: dict[bytes, list[int]] = defaultdict(list)
    for row, last in zip(rows[:, :-1], rows[:, -1].tolist(), strict=True):
        followers[row.tobytes()].append(last)
    ends = rows[:, 1:].copy()
    ends[:, 0] |= 1
    nexts = [followers.get(end.tobytes(), []) for end in ends]
    larger = np.repeat(rows, [len(codes) for codes in nexts], axis=0)
    added = np.fromiter(chain.from_iterable(nexts), np.int32, len(larger))
    return np.column_stack((larger, added))


def _counted(
    database: PartedDatabase,
    keep: NDArray[np.bool_],
    rows: NDArray[np.int32],
    constraints: Constraints,
    limits: Limits,
) -> NDArray[np.int64]:
    counts = np.zeros(len(rows), np.int64)
    for part in database.parts(keep):
        counts += recount(part, rows, constraints=constraints, threads=limits.threads)
    return counts
