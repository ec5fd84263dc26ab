"""SPADE: patterns grow by joining id-lists, the places where each pattern can end.

M. Zaki, SPADE: An Efficient Algorithm for Mining Frequent Sequences, Machine Learning 2001:
id-lists (section 4), temporal and equality joins inside a prefix class, depth first. Pairs that
are too rare together are never joined: P. Fournier-Viger et al., Fast Vertical Mining of
Sequential Patterns Using Co-occurrence Information, PAKDD 2014. With gap limits a class need not
hold both generators of a pattern, so a pattern is joined with items instead: M. Zaki, Sequence
Mining in Categorical Domains: Incorporating Constraints, CIKM 2000, section 3.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.mining.bounded import Bounds
from recommender.mining.compiled import compiled, grow
from recommender.mining.constraints import Constraints, absolute_support
from recommender.mining.database import SequenceDatabase
from recommender.mining.patterns import Patterns
from recommender.mining.run import MOST_ITEMS, Limits, Subtree, run_subtrees

MOST_PAIRED_ITEMS = 20_000
"""Up to so many frequent items the co-occurrence of all pairs is kept, a byte a pair."""
FOLLOWS, JOINS = 1, 2


def spade(
    database: SequenceDatabase,
    min_support: float,
    *,
    constraints: Constraints = Constraints(),
    limits: Limits = Limits(),
) -> Patterns:
    """All sequential patterns of a minimum support (a count, or a share below 1).

    Raises ConstraintError for a support or constraint that makes no sense, and ExplosionError
    when there are more patterns than `limits` allow.
    """
    least = absolute_support(min_support, len(database))
    frequent = database.without_rare_items(least, excluded=constraints.excluded)
    item_count = len(frequent.labels)
    times = frequent.times_for(constraints)
    owners, positions, seconds, lists, list_begins = _vertical(
        frequent.items, frequent.elements, times, frequent.offsets, item_count
    )
    sequence_lists, sequence_begins = _sequences_by_item(
        frequent.items, frequent.offsets, item_count
    )
    longest = min(constraints.max_length or MOST_ITEMS, MOST_ITEMS)
    # A span of no event leaves nothing to follow: itemsets inside one element, counted once for
    # each sequence.
    within = constraints.max_span == 0
    bounded = constraints.bind_positions and not within
    bounds = constraints.limits()
    paired = item_count <= MOST_PAIRED_ITEMS
    together = np.full((item_count, item_count) if paired else (0, 0), FOLLOWS | JOINS, np.uint8)
    if paired:
        _mark_pairs(
            frequent.items,
            frequent.elements,
            frequent.offsets,
            sequence_lists,
            sequence_begins,
            least,
            together,
        )

    if within:
        together &= JOINS

    def kernel(root: int, stop: NDArray[np.int64], found: NDArray[np.int64]) -> Subtree:
        row = (
            together[root]
            if paired
            else _pairs_of(
                root,
                frequent.items,
                frequent.elements,
                frequent.offsets,
                sequence_lists,
                sequence_begins,
                item_count,
                least,
            )
        )
        if within:
            row &= JOINS
        return _grow_class(
            root,
            row,
            together,
            lists,
            list_begins,
            owners,
            positions,
            seconds,
            least,
            longest,
            bounded,
            bounds,
            stop,
            found,
        )

    patterns = run_subtrees(
        kernel,
        work=np.diff(list_begins),
        labels=frequent.labels,
        sequences=len(database),
        min_support=least,
        limits=limits,
    )
    return patterns.containing(constraints.required)


@compiled
def _vertical(
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    times: NDArray[np.float64],
    offsets: NDArray[np.int64],
    item_count: int,
) -> tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.float64],
    NDArray[np.int32],
    NDArray[np.int64],
]:
    """Number all elements through; each one's sequence, place and time, and each item's id-list."""
    owners = np.empty(len(items), np.int32)
    positions = np.empty(len(items), np.int32)
    seconds = np.empty(len(items), np.float64)
    ids = np.empty(len(items), np.int32)
    begins = np.zeros(item_count + 1, np.int64)
    count = 0
    for sequence in range(len(offsets) - 1):
        for at in range(offsets[sequence], offsets[sequence + 1]):
            if at == offsets[sequence] or elements[at] != elements[at - 1]:
                owners[count], positions[count] = sequence, elements[at]
                seconds[count] = times[at]
                count += 1
            ids[at] = count - 1
            begins[items[at] + 1] += 1
    begins = np.cumsum(begins)
    cursor = begins[:-1].copy()
    lists = np.empty(len(items), np.int32)
    for at in range(len(items)):
        lists[cursor[items[at]]] = ids[at]
        cursor[items[at]] += 1
    return owners[:count].copy(), positions[:count].copy(), seconds[:count].copy(), lists, begins


@compiled
def _sequences_by_item(
    items: NDArray[np.int32], offsets: NDArray[np.int64], item_count: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """For each item, the sequences that contain it."""
    sizes = np.zeros(item_count + 1, np.int64)
    last = np.full(item_count, -1, np.int64)
    for sequence in range(len(offsets) - 1):
        for at in range(offsets[sequence], offsets[sequence + 1]):
            if last[items[at]] != sequence:
                last[items[at]] = sequence
                sizes[items[at] + 1] += 1
    begins = np.cumsum(sizes)
    cursor = begins[:-1].copy()
    members = np.empty(begins[-1], np.int32)
    last[:] = -1
    for sequence in range(len(offsets) - 1):
        for at in range(offsets[sequence], offsets[sequence + 1]):
            item = items[at]
            if last[item] != sequence:
                last[item] = sequence
                members[cursor[item]] = sequence
                cursor[item] += 1
    return members, begins


@compiled
def _pairs_of(
    item: int,
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    offsets: NDArray[np.int64],
    sequence_lists: NDArray[np.int32],
    sequence_begins: NDArray[np.int64],
    item_count: int,
    min_support: int,
) -> NDArray[np.uint8]:
    """For each other item, whether enough sequences have it after `item`, or beside it."""
    follows = np.zeros(item_count, np.int64)
    joins = np.zeros(item_count, np.int64)
    followed = np.full(item_count, -1, np.int64)
    joined = np.full(item_count, -1, np.int64)
    for index in range(sequence_begins[item], sequence_begins[item + 1]):
        sequence = sequence_lists[index]
        begin, end = offsets[sequence], offsets[sequence + 1]
        first = begin
        while items[first] != item:
            first += 1
        for at in range(first + 1, end):
            other = items[at]
            if elements[at] > elements[first] and followed[other] != sequence:
                followed[other] = sequence
                follows[other] += 1
        for at in range(first, end):
            if items[at] == item:
                beside = at + 1
                while beside < end and elements[beside] == elements[at]:
                    if joined[items[beside]] != sequence:
                        joined[items[beside]] = sequence
                        joins[items[beside]] += 1
                    beside += 1
    marks = np.zeros(item_count, np.uint8)
    for other in range(item_count):
        if follows[other] >= min_support:
            marks[other] |= FOLLOWS
        if joins[other] >= min_support:
            marks[other] |= JOINS
    return marks


@compiled
def _mark_pairs(
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    offsets: NDArray[np.int64],
    sequence_lists: NDArray[np.int32],
    sequence_begins: NDArray[np.int64],
    min_support: int,
    together: NDArray[np.uint8],
) -> None:
    for item in range(len(together)):
        together[item] = _pairs_of(
            item,
            items,
            elements,
            offsets,
            sequence_lists,
            sequence_begins,
            len(together),
            min_support,
        )


@compiled
def _grow_class(
    root: int,
    root_pairs: NDArray[np.uint8],
    together: NDArray[np.uint8],
    lists: NDArray[np.int32],
    list_begins: NDArray[np.int64],
    owners: NDArray[np.int32],
    positions: NDArray[np.int32],
    seconds: NDArray[np.float64],
    min_support: int,
    max_length: int,
    bounded: bool,
    bounds: Bounds,
    stop: NDArray[np.int64],
    found: NDArray[np.int64],
) -> Subtree:
    """Depth first over the patterns that begin with `root`.

    An atom is a code (2 * item + 1 begins an element, 2 * item joins the last) with its id-list, a
    stretch of `ids`; `origins` holds where each occurrence began, for the span.
    """
    item_count = len(list_begins) - 1
    out_codes = np.empty(1024, np.int32)
    out_lengths = np.empty(256, np.int32)
    out_supports = np.empty(256, np.int64)
    out_count, out_items = 0, 0

    root_size = list_begins[root + 1] - list_begins[root]
    ids = np.empty(max(1024, 2 * root_size), np.int32)
    ids[:root_size] = lists[list_begins[root] : list_begins[root + 1]]
    origins = ids.copy()
    atom_code = np.empty(1024, np.int32)
    atom_support = np.empty(1024, np.int64)
    atom_begin = np.empty(1024, np.int64)
    atom_end = np.empty(1024, np.int64)
    atom_code[0], atom_begin[0], atom_end[0] = 2 * root + 1, 0, root_size
    atom_support[0] = _distinct_owners(ids[:root_size], owners)
    first_atom = np.zeros(max_length + 2, np.int64)
    next_atom = np.zeros(max_length + 2, np.int64)
    last_atom = np.zeros(max_length + 2, np.int64)
    ids_end = np.zeros(max_length + 2, np.int64)
    last_atom[1] = 1 if atom_support[0] >= min_support else 0
    ids_end[1] = root_size
    prefix = np.empty(max_length + 1, np.int32)
    depth = 1

    while depth > 0 and stop[0] == 0:
        if next_atom[depth] == last_atom[depth]:
            depth -= 1
            continue
        atom = next_atom[depth]
        next_atom[depth] += 1
        code = atom_code[atom]
        item = code >> 1
        prefix[depth - 1] = code

        if out_items + depth > len(out_codes):
            out_codes = grow(out_codes, out_items + depth)
        if out_count == len(out_lengths):
            out_lengths = grow(out_lengths, out_count + 1)
            out_supports = grow(out_supports, out_count + 1)
        for index in range(depth):
            out_codes[out_items + index] = prefix[index]
        out_lengths[out_count] = depth
        out_supports[out_count] = atom_support[atom]
        out_items += depth
        out_count += 1
        found[0], found[1] = out_count, out_items
        if depth == max_length:
            continue

        # At the root, and wherever gaps bind, a pattern is joined with single items; below it,
        # with the other atoms of its class.
        with_items = depth == 1 or bounded
        partners = item_count if with_items else last_atom[depth] - first_atom[depth]
        pairs = root_pairs if depth == 1 else root_pairs[:0]
        free = last_atom[depth]
        free_ids = ids_end[depth]
        for partner in range(2 * partners):
            if with_items:
                other = partner >> 1
                join = partner & 1 == 0
                other_code = 2 * other + (0 if join else 1)
            else:
                index = first_atom[depth] + (partner >> 1)
                other = atom_code[index] >> 1
                other_code = atom_code[index]
                join = partner & 1 == 0
                # An element grows only by atoms of its own kind; only new elements follow.
                if join and (other_code & 1) != (code & 1):
                    continue
                if not join and other_code & 1 == 0:
                    continue
            if join and other <= item:
                continue
            mark = JOINS if join else FOLLOWS
            if len(pairs) > 0:
                if pairs[other] & mark == 0:
                    continue
            elif len(together) > 0 and together[item, other] & mark == 0:
                continue
            begin, end = atom_begin[atom], atom_end[atom]
            if with_items:
                partner_ids = lists[list_begins[other] : list_begins[other + 1]]
            else:
                partner_ids = ids[atom_begin[index] : atom_end[index]]
            if free_ids + len(partner_ids) > len(ids):
                ids = grow(ids, free_ids + len(partner_ids))
                origins = grow(origins, free_ids + len(partner_ids))
                if not with_items:
                    partner_ids = ids[atom_begin[index] : atom_end[index]]
            if join:
                size, support = _join_equal(ids, origins, begin, end, partner_ids, free_ids, owners)
            elif bounded:
                size, support = _join_bounded(
                    ids,
                    origins,
                    begin,
                    end,
                    partner_ids,
                    free_ids,
                    owners,
                    positions,
                    seconds,
                    bounds,
                )
            else:
                size, support = _join_later(ids, begin, end, partner_ids, free_ids, owners)
            if support >= min_support:
                if free == len(atom_code):
                    atom_code = grow(atom_code, free + 1)
                    atom_support = grow(atom_support, free + 1)
                    atom_begin = grow(atom_begin, free + 1)
                    atom_end = grow(atom_end, free + 1)
                atom_code[free] = 2 * other + (0 if join else 1)
                atom_support[free] = support
                atom_begin[free], atom_end[free] = free_ids, free_ids + size
                free_ids += size
                free += 1
        depth += 1
        first_atom[depth] = next_atom[depth] = last_atom[depth - 1]
        last_atom[depth] = free
        ids_end[depth] = free_ids

    return (
        out_codes[:out_items].copy(),
        out_lengths[:out_count].copy(),
        out_supports[:out_count].copy(),
    )


@compiled
def _distinct_owners(ids: NDArray[np.int32], owners: NDArray[np.int32]) -> int:
    count, last = 0, -1
    for element in ids:
        if owners[element] != last:
            last = owners[element]
            count += 1
    return count


@compiled
def _join_later(
    ids: NDArray[np.int32],
    begin: int,
    end: int,
    partner: NDArray[np.int32],
    free: int,
    owners: NDArray[np.int32],
) -> tuple[int, int]:
    """Temporal join: the partner's elements after the pattern's earliest end, from `free` on."""
    at, size, support, last = begin, 0, 0, -1
    for element in partner:
        owner = owners[element]
        while at < end and owners[ids[at]] < owner:
            at += 1
        if at == end:
            break
        first = ids[at]
        if owners[first] == owner and first < element:
            ids[free + size] = element
            size += 1
            if owner != last:
                last = owner
                support += 1
    return size, support


@compiled
def _join_equal(
    ids: NDArray[np.int32],
    origins: NDArray[np.int32],
    begin: int,
    end: int,
    partner: NDArray[np.int32],
    free: int,
    owners: NDArray[np.int32],
) -> tuple[int, int]:
    """Equality join: the elements that both have, from `free` on."""
    at, size, support, last = begin, 0, 0, -1
    for element in partner:
        while at < end and ids[at] < element:
            at += 1
        if at == end:
            break
        if ids[at] == element:
            ids[free + size] = element
            origins[free + size] = origins[at]
            size += 1
            if owners[element] != last:
                last = owners[element]
                support += 1
    return size, support


@compiled
def _join_bounded(
    ids: NDArray[np.int32],
    origins: NDArray[np.int32],
    begin: int,
    end: int,
    partner: NDArray[np.int32],
    free: int,
    owners: NDArray[np.int32],
    positions: NDArray[np.int32],
    seconds: NDArray[np.float64],
    bounds: Bounds,
) -> tuple[int, int]:
    """Temporal join within the limits, keeping the latest beginning of each new end."""
    min_gap, max_gap, max_span, min_seconds, max_seconds, max_span_seconds = bounds
    group, size, support, last = begin, 0, 0, -1
    for element in partner:
        owner = owners[element]
        while group < end and owners[ids[group]] < owner:
            group += 1
        if group == end:
            break
        latest = -1
        at = group
        while at < end and ids[at] < element:
            gap = positions[element] - positions[ids[at]]
            if owners[ids[at]] != owner or gap < min_gap:
                break
            waited = seconds[element] - seconds[ids[at]]
            origin = origins[at]
            if (
                gap <= max_gap
                and min_seconds <= waited <= max_seconds
                and origin > latest
                and positions[element] - positions[origin] <= max_span
                and seconds[element] - seconds[origin] <= max_span_seconds
            ):
                latest = origin
            at += 1
        if latest >= 0:
            ids[free + size] = element
            origins[free + size] = latest
            size += 1
            if owner != last:
                last = owner
                support += 1
    return size, support
