"""Mines a database that is kept in parts on disk, one of which is in memory at a time.

A. Savasere, E. Omiecinski and S. Navathe, An Efficient Algorithm for Mining Association Rules in
Large Databases, VLDB 1995, section 3: what is frequent in the whole is frequent, by the same
share, in some part. So the parts are mined one by one, and what is found in any of them is
counted in all. It holds for sequences with constraints alike, as supports add up over the parts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.mining.constraints import Constraints, absolute_support
from recommender.mining.database import SequenceDatabase
from recommender.mining.itemsets import as_baskets
from recommender.mining.patterns import Patterns
from recommender.mining.recount import recount
from recommender.mining.run import ExplosionError, Limits, StoppedError, patterns_budget
from recommender.mining.select import Miner

NOTHING_YET = (
    "nothing is counted in all people before every part of the history is mined; raise the "
    "minimum support, or hold more of the history in memory at once"
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
    miner: Miner[SequenceDatabase],
    database: PartedDatabase,
    min_support: float,
    *,
    constraints: Constraints = Constraints(),
    limits: Limits = Limits(),
) -> Patterns:
    """What the miner would find in all parts together, its limits taken for each part.

    Raises as the miner does; ExplosionError and StoppedError then hold no pattern.
    """
    least = absolute_support(min_support, len(database))
    keep = database.supports >= least
    if constraints.excluded:
        keep &= ~np.isin(database.labels, np.asarray(list(constraints.excluded), object))
    nothing = Patterns(
        np.empty(0, np.int32),
        np.zeros(1, np.int64),
        np.empty(0, np.int64),
        database.labels[keep],
        len(database),
        least,
        complete=False,
    )
    everywhere = replace(constraints, required=frozenset(), excluded=frozenset())
    in_part = [-(-least * size // len(database)) if size else 1 for size in database.sizes]
    try:
        known = _candidates(miner, database, keep, in_part, everywhere, limits)
        if len(known) > patterns_budget(limits):
            raise ExplosionError(f"stopped at {len(known):,} candidates", nothing)
        keys, counts = _promising(known, in_part, least)
        del known
        _count_missing(database, keep, keys, counts, everywhere)
    except ExplosionError as stopped:
        raise ExplosionError(f"{stopped}; {NOTHING_YET}", nothing) from None
    except KeyboardInterrupt:
        raise StoppedError(f"stopped: {NOTHING_YET}", nothing) from None
    supports = counts.sum(axis=1)
    codes, offsets = _flat(keys)
    whole = replace(nothing, codes=codes, offsets=offsets, supports=supports, complete=True)
    return whole.select(supports >= least).containing(constraints.required)


def _candidates(
    miner: Miner[SequenceDatabase],
    database: PartedDatabase,
    keep: NDArray[np.bool_],
    in_part: list[int],
    constraints: Constraints,
    limits: Limits,
) -> dict[bytes, NDArray[np.int64]]:
    """What is frequent in some part, with its count in each part; -1 where it is not frequent.

    A pattern is its codes as bytes.
    """
    known: dict[bytes, NDArray[np.int64]] = {}
    whole = replace(limits, keep_partial=False, on_progress=None)
    for number, part in enumerate(database.parts(keep)):
        found = miner(part, in_part[number], constraints=constraints, limits=whole)
        items = found.labels[found.codes >> 1].astype(np.int32)
        text = (2 * items + (found.codes & 1)).astype(np.int32).tobytes()
        ends = (4 * found.offsets).tolist()
        for begin, end, support in zip(ends, ends[1:], found.supports.tolist(), strict=False):
            counts = known.get(text[begin:end])
            if counts is None:
                counts = np.full(len(in_part), -1, np.int64)
                known[text[begin:end]] = counts
            counts[number] = support
        if limits.on_progress is not None:
            limits.on_progress((number + 1) / (len(in_part) + 1), len(known))
    return known


def _promising(
    known: dict[bytes, NDArray[np.int64]], in_part: list[int], least: int
) -> tuple[list[bytes], NDArray[np.int64]]:
    """The candidates that can still be frequent, those that begin alike next to each other."""
    keys = sorted(known)
    counts = np.asarray([known[key] for key in keys], np.int64).reshape(len(keys), len(in_part))
    most = np.where(counts < 0, np.asarray(in_part, np.int64) - 1, counts).sum(axis=1) >= least
    return [key for key, stays in zip(keys, most, strict=True) if stays], counts[most]


def _count_missing(
    database: PartedDatabase,
    keep: NDArray[np.bool_],
    keys: list[bytes],
    counts: NDArray[np.int64],
    constraints: Constraints,
) -> None:
    """Fill the counts that are not known."""
    for number, part in enumerate(database.parts(keep)):
        missing = np.flatnonzero(counts[:, number] < 0)
        codes, offsets = _flat([keys[index] for index in missing])
        counts[missing, number] = recount(part, codes, offsets, constraints=constraints)


def _flat(keys: list[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    offsets = np.cumsum([0, *(len(key) // 4 for key in keys)], dtype=np.int64)
    return np.frombuffer(b"".join(keys), np.int32), offsets
