"""SPADE: patterns grow by joining id-lists, the places where each pattern can end.

M. Zaki, SPADE: An Efficient Algorithm for Mining Frequent Sequences, Machine Learning 2001:
id-lists (section 4), temporal and equality joins inside a prefix class, depth first. Pairs that
are too rare together are never joined: P. Fournier-Viger et al., Fast Vertical Mining of
Sequential Patterns Using Co-occurrence Information, PAKDD 2014. With gap limits a class need not
hold both generators of a pattern, so a pattern is joined with items instead: M. Zaki, Sequence
Mining in Categorical Domains: Incorporating Constraints, CIKM 2000, section 3.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.mining.bounded import Bounds
from recommender.mining.compiled import compiled, grow
from recommender.mining.constraints import Constraints, absolute_support
from recommender.mining.cooccurrence import by_first_item, frequent_pairs, is_pair
from recommender.mining.database import SequenceDatabase
from recommender.mining.id_lists import (
    distinct_owners,
    join,
    vertical,
)
from recommender.mining.patterns import Patterns
from recommender.mining.run import (
    MOST_ITEMS,
    ExplosionError,
    Limits,
    StoppedError,
    Subtree,
    Tally,
    run_subtrees,
)


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
    longest = min(constraints.max_length or MOST_ITEMS, MOST_ITEMS)
    # A span of no event leaves nothing to follow: itemsets inside one element, counted once for
    # each sequence.
    within = constraints.max_span == 0
    bounded = constraints.bind_positions and not within
    bounds = constraints.limits()
    try:
        pairs = frequent_pairs(
            frequent,
            least,
            follow=not within,
            max_length=longest,
            limits=replace(limits, max_patterns=None) if bounded else limits,
        )
    except (ExplosionError, StoppedError) as stopped:
        if bounded:
            # Pairs are counted without regard to gaps.
            stopped.patterns = stopped.patterns.select(stopped.patterns.lengths() == 1)
        raise
    if not pairs.complete:
        partial = pairs.select(pairs.lengths() == 1) if bounded else pairs
        return partial.containing(constraints.required)
    partners, partners_of = by_first_item(pairs)
    owners, positions, seconds, lists, list_begins = vertical(
        frequent.items, frequent.elements, times, frequent.offsets, item_count
    )

    def kernel(first: int, last: int, stop: NDArray[np.int64], found: Tally) -> Subtree:
        return _grow_classes(
            first,
            last,
            partners,
            partners_of,
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
def _grow_classes(
    first_root: int,
    last_root: int,
    partners: NDArray[np.int32],
    partners_of: NDArray[np.int64],
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
    found: NDArray[np.float64],
) -> Subtree:
    """Depth first over the patterns that begin with an item from `first_root` to `last_root`.

    `partners` holds the codes that are frequent next to each item.

    An atom is a code (2 * item + 1 begins an element, 2 * item joins the last) with its id-list, a
    stretch of `ids`; `origins` holds where each occurrence began, for the span.
    """
    out_codes = np.empty(1024, np.int32)
    out_lengths = np.empty(256, np.int32)
    out_supports = np.empty(256, np.int64)
    out_count, out_items = 0, 0

    ids = np.empty(1024, np.int32)
    origins = np.empty(1024, np.int32)
    atom_code = np.empty(1024, np.int32)
    atom_support = np.empty(1024, np.int64)
    atom_begin = np.empty(1024, np.int64)
    atom_end = np.empty(1024, np.int64)
    first_atom = np.zeros(max_length + 2, np.int64)
    next_atom = np.zeros(max_length + 2, np.int64)
    last_atom = np.zeros(max_length + 2, np.int64)
    ids_end = np.zeros(max_length + 2, np.int64)
    share = np.zeros(max_length + 2, np.float64)
    prefix = np.empty(max_length + 1, np.int32)

    all_work = max(1, list_begins[last_root] - list_begins[first_root])
    for root in range(first_root, last_root):
        size = list_begins[root + 1] - list_begins[root]
        if size > len(ids):
            ids = grow(ids, size)
            origins = grow(origins, size)
        ids[:size] = lists[list_begins[root] : list_begins[root + 1]]
        origins[:size] = ids[:size]
        atom_code[0], atom_begin[0], atom_end[0] = 2 * root + 1, 0, size
        atom_support[0] = distinct_owners(ids[:size], owners)
        first_atom[1], next_atom[1], ids_end[1] = 0, 0, size
        last_atom[1] = 1 if atom_support[0] >= min_support else 0
        share[1] = size / all_work
        done = (list_begins[root] - list_begins[first_root]) / all_work
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
            found[0], found[1], found[2] = out_count, out_items, done
            if depth == max_length:
                done += share[depth]
                continue

            # At the root, and wherever gaps bind, a pattern is joined with single items; below it,
            # with the other atoms of its class.
            with_items = depth == 1 or bounded
            pairs_begin, pairs_end = partners_of[item], partners_of[item + 1]
            choices = pairs_end - pairs_begin
            if not with_items:
                choices = 2 * (last_atom[depth] - first_atom[depth])
            free = last_atom[depth]
            free_ids = ids_end[depth]
            index = 0
            for choice in range(choices):
                if with_items:
                    next_code = partners[pairs_begin + choice]
                else:
                    index = first_atom[depth] + (choice >> 1)
                    # An atom that begins an element can follow, and join one of its own kind.
                    next_code = atom_code[index] | 1
                    if choice & 1 == 0:
                        if (atom_code[index] & 1) != (code & 1) or atom_code[index] <= code:
                            continue
                        next_code = atom_code[index] & ~1
                    elif atom_code[index] & 1 == 0:
                        continue
                    if not is_pair(partners, pairs_begin, pairs_end, next_code):
                        continue
                other = next_code >> 1
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
                size, support = join(
                    next_code,
                    ids,
                    origins,
                    begin,
                    end,
                    partner_ids,
                    free_ids,
                    owners,
                    positions,
                    seconds,
                    bounded,
                    bounds,
                )
                if support >= min_support:
                    if free == len(atom_code):
                        atom_code = grow(atom_code, free + 1)
                        atom_support = grow(atom_support, free + 1)
                        atom_begin = grow(atom_begin, free + 1)
                        atom_end = grow(atom_end, free + 1)
                    atom_code[free] = next_code
                    atom_support[free] = support
                    atom_begin[free], atom_end[free] = free_ids, free_ids + size
                    free_ids += size
                    free += 1
            depth += 1
            first_atom[depth] = next_atom[depth] = last_atom[depth - 1]
            last_atom[depth] = free
            ids_end[depth] = free_ids
            if free == first_atom[depth]:
                done += share[depth - 1]
            else:
                share[depth] = share[depth - 1] / (free - first_atom[depth])

    return (
        out_codes[:out_items].copy(),
        out_lengths[:out_count].copy(),
        out_supports[:out_count].copy(),
    )
