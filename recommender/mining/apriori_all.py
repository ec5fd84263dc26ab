"""AprioriAll: litemsets, transformation, then candidate sequences level by level.

R. Agrawal and R. Srikant, Mining Sequential Patterns, ICDE 1995, section 3: the litemset phase
(3.2), the transformation phase (3.3) and AprioriAll's sequence phase (3.4); the maximal phase is
`select.maximal`. Candidates are counted on a prefix tree, walked once for each sequence. It counts
many candidates that turn out rare, so PrefixSpan or SPADE are the ones to use; it is here as the
classic and as an independent check on the others.
"""

from collections import defaultdict
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.mining.bounded import Bounds
from recommender.mining.compiled import compiled
from recommender.mining.constraints import Constraints, absolute_support
from recommender.mining.database import SequenceDatabase
from recommender.mining.patterns import Patterns
from recommender.mining.run import ExplosionError, Limits, StoppedError, patterns_budget

type Litemset = tuple[int, ...]
type Candidate = tuple[int, ...]


def apriori_all(
    database: SequenceDatabase,
    min_support: float,
    *,
    constraints: Constraints = Constraints(),
    limits: Limits = Limits(),
) -> Patterns:
    """All sequential patterns of a minimum support (a count, or a share below 1).

    Raises ConstraintError for a support or constraint that makes no sense, ExplosionError when a
    level has more candidates or patterns than `limits` allow, and StoppedError at Ctrl-C.
    """
    least = absolute_support(min_support, len(database))
    frequent = database.without_rare_items(least, excluded=constraints.excluded)
    times = frequent.times_for(constraints)
    longest = constraints.max_length or 2**31
    litemsets = _litemsets(frequent, least, longest)
    sizes = np.asarray([len(litemset) for litemset in litemsets], np.int64)
    transformed = _transform(frequent, times, list(litemsets))
    found: dict[Candidate, int] = {
        (number,): support for number, support in enumerate(litemsets.values())
    }
    level = list(found)
    budget = patterns_budget(limits)
    complete = True
    try:
        while level:
            candidates = _candidates(level, contiguous_only=constraints.limits_gaps)
            candidates = [c for c in candidates if sizes[list(c)].sum() <= longest]
            if not candidates:
                break
            if len(candidates) + len(found) > budget:
                complete = False
                break
            counts = _count(candidates, transformed, constraints)
            level = [c for c, count in zip(candidates, counts, strict=True) if count >= least]
            found.update((c, n) for c, n in zip(candidates, counts, strict=True) if n >= least)
            if limits.on_progress is not None:
                limits.on_progress(0.0, len(found))
    except KeyboardInterrupt:
        raise StoppedError(
            f"stopped at {len(found):,} patterns",
            _as_patterns(found, list(litemsets), frequent, len(database), least, False),
        ) from None
    patterns = _as_patterns(found, list(litemsets), frequent, len(database), least, complete)
    if not complete and not limits.keep_partial:
        raise ExplosionError(
            f"stopped before counting {len(candidates):,} candidate sequences of length "
            f"{len(candidates[0])}: raise the minimum support, or use PrefixSpan or SPADE",
            patterns,
        )
    return patterns.containing(constraints.required)


def _litemsets(database: SequenceDatabase, min_support: int, longest: int) -> dict[Litemset, int]:
    """Itemsets contained in one element of enough sequences, with their supports, by Apriori."""
    owners = np.repeat(np.arange(len(database)), np.diff(database.offsets))
    places = owners.astype(np.int64) << 32 | database.elements
    tids: dict[Litemset, NDArray[np.int64]] = {
        (item,): places[database.items == item] for item in range(len(database.labels))
    }
    found = {key: _distinct(value) for key, value in tids.items()}
    while tids and len(next(iter(tids))) < longest:
        larger: dict[Litemset, NDArray[np.int64]] = {}
        by_prefix: dict[Litemset, list[int]] = defaultdict(list)
        for key in tids:
            by_prefix[key[:-1]].append(key[-1])
        for prefix, lasts in by_prefix.items():
            for a, b in combinations(sorted(lasts), 2):
                both = np.intersect1d(tids[*prefix, a], tids[*prefix, b], assume_unique=True)
                support = _distinct(both)
                if support >= min_support:
                    larger[*prefix, a, b] = both
                    found[*prefix, a, b] = support
        tids = larger
    return found


def _distinct(places: NDArray[np.int64]) -> int:
    return len(np.unique(places >> 32))


class Transformed(NamedTuple):
    """The database with each element as the litemsets it contains."""

    members: NDArray[np.int32]
    """Litemsets of all elements one after the other."""
    begins: NDArray[np.int64]
    """Where each element begins in `members`, with the end as last entry."""
    positions: NDArray[np.int32]
    """Each element's place in its sequence."""
    seconds: NDArray[np.float64]
    offsets: NDArray[np.int64]
    """Where each sequence's elements begin, with the end as last entry."""


def _transform(
    database: SequenceDatabase, times: NDArray[np.float64], litemsets: list[Litemset]
) -> Transformed:
    """Each element as the litemsets it contains."""
    by_first: dict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)
    for number, litemset in enumerate(litemsets):
        by_first[litemset[0]].append((number, frozenset(litemset)))
    members: list[int] = []
    begins, positions, seconds, offsets = [0], [], [], [0]
    items, elements = database.items.tolist(), database.elements.tolist()
    for begin, end in zip(database.offsets[:-1], database.offsets[1:], strict=True):
        at = int(begin)
        while at < end:
            stop = at + 1
            while stop < end and elements[stop] == elements[at]:
                stop += 1
            held = set(items[at:stop])
            for item in items[at:stop]:
                members.extend(n for n, litemset in by_first[item] if litemset <= held)
            begins.append(len(members))
            positions.append(elements[at])
            seconds.append(times[at])
            at = stop
        offsets.append(len(positions))
    return Transformed(
        np.asarray(members, np.int32),
        np.asarray(begins, np.int64),
        np.asarray(positions, np.int32),
        np.asarray(seconds, np.float64),
        np.asarray(offsets, np.int64),
    )


def _candidates(level: list[Candidate], *, contiguous_only: bool) -> list[Candidate]:
    """Sequences of the next length whose parts are all frequent.

    Where gaps are limited only dropping the first or last element must leave a frequent
    sequence: without an inner one the gap is another.
    """
    frequent = set(level)
    by_prefix: dict[Candidate, list[int]] = defaultdict(list)
    for sequence in level:
        by_prefix[sequence[:-1]].append(sequence[-1])
    candidates = []
    for sequence in level:
        for last in by_prefix[sequence[1:]]:
            candidate = (*sequence, last)
            inner = () if contiguous_only else range(1, len(candidate) - 1)
            if all((*candidate[:drop], *candidate[drop + 1 :]) in frequent for drop in inner):
                candidates.append(candidate)
    return sorted(candidates)


def _count(
    candidates: list[Candidate], transformed: Transformed, constraints: Constraints
) -> list[int]:
    """For each candidate (sorted), the number of sequences that contain it."""
    table = np.asarray(candidates, np.int32)
    values, children, levels = _prefix_tree(table)
    counts = _count_on_tree(
        values,
        children,
        levels,
        table.shape[1],
        transformed.members,
        transformed.begins,
        transformed.positions,
        transformed.seconds,
        transformed.offsets,
        constraints.bind_positions,
        constraints.limits(),
    )
    return [int(count) for count in counts]


@compiled
def _prefix_tree(
    table: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Nodes breadth first: each one's litemset, where its children begin, where leaves begin.

    `table` is sorted, so the children of a node are a stretch of the next level.
    """
    rows, width = table.shape
    first = np.zeros((width + 1, rows), np.bool_)
    sizes = np.zeros(width, np.int64)
    for row in range(rows):
        differs = row == 0
        for column in range(width):
            differs = differs or table[row, column] != table[row - 1, column]
            if differs:
                first[column, row] = True
                sizes[column] += 1
    total = sizes.sum()
    values = np.empty(total, np.int32)
    children = np.zeros(total + 1, np.int64)
    node = 0
    below = 0
    for column in range(width):
        below += sizes[column]
        child = below
        for row in range(rows):
            if first[column, row]:
                values[node] = table[row, column]
                children[node] = child
                node += 1
            if column + 1 < width and first[column + 1, row]:
                child += 1
    children[total] = total
    levels = np.zeros(width + 1, np.int64)
    levels[1:] = np.cumsum(sizes)
    return values, children, levels


@compiled
def _count_on_tree(
    values: NDArray[np.int32],
    children: NDArray[np.int64],
    levels: NDArray[np.int64],
    width: int,
    members: NDArray[np.int32],
    begins: NDArray[np.int64],
    positions: NDArray[np.int32],
    seconds: NDArray[np.float64],
    offsets: NDArray[np.int64],
    bounded: bool,
    bounds: Bounds,
) -> NDArray[np.int64]:
    """Walk the tree for each sequence, keeping where the path so far can end in it.

    Unbounded, only the leftmost end of a path is kept; else every end with its latest beginning.
    """
    leaves_from = levels[width - 1]
    counts = np.zeros(len(values) - leaves_from, np.int64)
    most = 1
    for sequence in range(len(offsets) - 1):
        most = max(most, offsets[sequence + 1] - offsets[sequence])
    ends = np.empty((width + 1, most), np.int64)
    starts = np.empty((width + 1, most), np.int64)
    sizes = np.zeros(width + 1, np.int64)
    node_at = np.zeros(width + 1, np.int64)
    node_end = np.zeros(width + 1, np.int64)
    for sequence in range(len(offsets) - 1):
        first, last = offsets[sequence], offsets[sequence + 1]
        if last - first < width:
            continue
        depth = 0
        node_at[0], node_end[0] = 0, levels[1]
        while depth >= 0:
            if node_at[depth] == node_end[depth]:
                depth -= 1
                continue
            node = node_at[depth]
            node_at[depth] += 1
            size = _ends_of(
                values[node],
                depth,
                ends,
                starts,
                sizes[depth],
                first,
                last,
                members,
                begins,
                positions,
                seconds,
                bounded,
                bounds,
            )
            if size == 0:
                continue
            if depth == width - 1:
                counts[node - leaves_from] += 1
                continue
            depth += 1
            sizes[depth] = size
            node_at[depth] = children[node]
            node_end[depth] = children[node + 1] if node + 1 < levels[depth] else levels[depth + 1]
    return counts


@compiled
def _ends_of(
    litemset: int,
    depth: int,
    ends: NDArray[np.int64],
    starts: NDArray[np.int64],
    size: int,
    first: int,
    last: int,
    members: NDArray[np.int32],
    begins: NDArray[np.int64],
    positions: NDArray[np.int32],
    seconds: NDArray[np.float64],
    bounded: bool,
    bounds: Bounds,
) -> int:
    """Write where the path can end with `litemset` next, to the level below; their number."""
    min_gap, max_gap, max_span, min_seconds, max_seconds, max_span_seconds = bounds
    found = 0
    begin = first if depth == 0 else ends[depth, 0] + 1
    for element in range(begin, last):
        holds = False
        for at in range(begins[element], begins[element + 1]):
            if members[at] == litemset:
                holds = True
                break
        if not holds:
            continue
        latest = element if depth == 0 else -1
        if depth > 0 and not bounded:
            latest = starts[depth, 0]
        elif depth > 0:
            for index in range(size):
                end, start = ends[depth, index], starts[depth, index]
                gap = positions[element] - positions[end]
                if end >= element or gap < min_gap:
                    break
                waited = seconds[element] - seconds[end]
                if (
                    gap <= max_gap
                    and min_seconds <= waited <= max_seconds
                    and start > latest
                    and positions[element] - positions[start] <= max_span
                    and seconds[element] - seconds[start] <= max_span_seconds
                ):
                    latest = start
        if latest >= 0:
            ends[depth + 1, found] = element
            starts[depth + 1, found] = latest
            found += 1
            if not bounded:
                break
    return found


def _as_patterns(
    found: dict[Candidate, int],
    litemsets: list[Litemset],
    database: SequenceDatabase,
    sequences: int,
    min_support: int,
    complete: bool,
) -> Patterns:
    coded = [
        [2 * item + 1 if index == 0 else 2 * item for index, item in enumerate(litemset)]
        for litemset in litemsets
    ]
    rows = [[code for number in candidate for code in coded[number]] for candidate in found]
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    codes = np.fromiter((code for row in rows for code in row), np.int32, offsets[-1])
    return Patterns(
        codes,
        offsets,
        np.fromiter(found.values(), np.int64, len(found)),
        database.labels,
        sequences,
        min_support,
        complete,
    )
