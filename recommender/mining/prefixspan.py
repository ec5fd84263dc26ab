"""PrefixSpan: patterns grow at their end, on projections kept as positions.

J. Pei et al., Mining Sequential Patterns by Pattern-Growth: The PrefixSpan Approach, TKDE 2004,
section 3 with pseudo-projection (3.3). A projection holds, for each sequence that contains the
prefix, the position of its leftmost match. Where gaps or spans are limited the leftmost match is
not enough: then it holds every position at which the prefix can end, with the latest start.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.mining.bounded import grow_bounded
from recommender.mining.compiled import compiled, grow
from recommender.mining.constraints import Constraints, absolute_support
from recommender.mining.database import SequenceDatabase
from recommender.mining.patterns import Patterns
from recommender.mining.run import MOST_ITEMS, Limits, Subtree, run_subtrees


def prefixspan(
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
    ends = np.repeat(frequent.offsets[1:], np.diff(frequent.offsets)).astype(np.int32)
    starts, starts_of = _places_by_item(
        frequent.items, frequent.offsets, len(frequent.labels), not constraints.bind_positions
    )
    longest = min(constraints.max_length or MOST_ITEMS, MOST_ITEMS)
    several = frequent.holds_itemsets()
    if constraints.bind_positions:
        times = frequent.times_for(constraints)
        bounds = constraints.limits()

        def kernel(root: int, stop: NDArray[np.int64], found: NDArray[np.int64]) -> Subtree:
            return grow_bounded(
                root,
                starts[starts_of[root] : starts_of[root + 1]],
                frequent.items,
                frequent.elements,
                times,
                ends,
                len(frequent.labels),
                least,
                longest,
                bounds,
                stop,
                found,
            )
    else:

        def kernel(root: int, stop: NDArray[np.int64], found: NDArray[np.int64]) -> Subtree:
            return _grow_leftmost(
                root,
                starts[starts_of[root] : starts_of[root + 1]],
                frequent.items,
                frequent.elements,
                ends,
                len(frequent.labels),
                least,
                longest,
                several,
                stop,
                found,
            )

    patterns = run_subtrees(
        kernel,
        work=np.diff(starts_of),
        labels=frequent.labels,
        sequences=len(database),
        min_support=least,
        limits=limits,
    )
    return patterns.containing(constraints.required)


@compiled
def _places_by_item(
    items: NDArray[np.int32], offsets: NDArray[np.int64], item_count: int, first_only: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """For each item, where it stands: in each sequence first, or everywhere."""
    sizes = np.zeros(item_count + 1, np.int64)
    last = np.full(item_count, -1, np.int64)
    for sequence in range(len(offsets) - 1):
        for place in range(offsets[sequence], offsets[sequence + 1]):
            item = items[place]
            if not first_only or last[item] != sequence:
                last[item] = sequence
                sizes[item + 1] += 1
    begins = np.cumsum(sizes)
    cursor = begins[:-1].copy()
    places = np.empty(begins[-1], np.int32)
    last[:] = -1
    for sequence in range(len(offsets) - 1):
        for place in range(offsets[sequence], offsets[sequence + 1]):
            item = items[place]
            if not first_only or last[item] != sequence:
                last[item] = sequence
                places[cursor[item]] = place
                cursor[item] += 1
    return places, begins


@compiled
def _grow_leftmost(
    root: int,
    root_places: NDArray[np.int32],
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    ends: NDArray[np.int32],
    item_count: int,
    min_support: int,
    max_length: int,
    several: bool,
    stop: NDArray[np.int64],
    found: NDArray[np.int64],
) -> Subtree:
    """Depth first over the patterns that begin with `root`, on leftmost matches.

    An extension is a code (2 * item + 1 begins an element, 2 * item joins the last) with the
    stretch of `places` that is its projection. Below the root, places lie in `kept_*`: what is
    left of the sequences when only items that can still extend the prefix are kept.
    """
    out_codes = np.empty(1024, np.int32)
    out_lengths = np.empty(256, np.int32)
    out_supports = np.empty(256, np.int64)
    out_count, out_items = 0, 0

    places = np.empty(max(1024, 2 * len(root_places)), np.int32)
    places[: len(root_places)] = root_places
    ext_code = np.empty(1024, np.int32)
    ext_begin = np.empty(1024, np.int64)
    ext_end = np.empty(1024, np.int64)
    ext_code[0], ext_begin[0], ext_end[0] = 2 * root + 1, 0, len(root_places)
    next_ext = np.zeros(max_length + 2, np.int64)
    last_ext = np.zeros(max_length + 2, np.int64)
    places_end = np.zeros(max_length + 2, np.int64)
    kept_end = np.zeros(max_length + 2, np.int64)
    in_database = np.zeros(max_length + 2, np.bool_)
    in_database[1] = True
    last_ext[1] = 1
    places_end[1] = len(root_places)
    prefix = np.empty(max_length + 1, np.int32)
    depth = 1

    kept_items = np.empty(1024, np.int32)
    kept_elements = np.empty(1024, np.int32)
    kept_ends = np.empty(1024, np.int32)

    counts = np.zeros(2 * item_count, np.int64)
    stamps = np.zeros(2 * item_count, np.int64)
    slots = np.full(2 * item_count, -1, np.int64)
    touched = np.empty(2 * item_count, np.int32)
    in_element = np.zeros(item_count, np.bool_)
    hit_codes = np.empty(1024, np.int32)
    hit_places = np.empty(1024, np.int32)
    moved = np.empty(1024, np.int32)
    token = 0

    while depth > 0 and stop[0] == 0:
        if next_ext[depth] == last_ext[depth]:
            depth -= 1
            continue
        extension = next_ext[depth]
        next_ext[depth] += 1
        begin, end = ext_begin[extension], ext_end[extension]
        prefix[depth - 1] = ext_code[extension]

        if out_items + depth > len(out_codes):
            out_codes = grow(out_codes, out_items + depth)
        if out_count == len(out_lengths):
            out_lengths = grow(out_lengths, out_count + 1)
            out_supports = grow(out_supports, out_count + 1)
        for index in range(depth):
            out_codes[out_items + index] = prefix[index]
        out_lengths[out_count] = depth
        out_supports[out_count] = end - begin
        out_items += depth
        out_count += 1
        found[0], found[1] = out_count, out_items
        if depth == max_length:
            continue

        if in_database[depth]:
            from_items, from_elements, from_ends = items, elements, ends
        else:
            from_items, from_elements, from_ends = kept_items, kept_elements, kept_ends
        room = 0
        for index in range(begin, end):
            room += from_ends[places[index]] - places[index]
        if 2 * room > len(hit_codes):
            hit_codes = grow(hit_codes, 2 * room)
            hit_places = grow(hit_places, 2 * room)
            moved = grow(moved, 2 * room)
        element_begin = depth - 1
        while prefix[element_begin] & 1 == 0:
            element_begin -= 1

        hits, touched_count = 0, 0
        for index in range(begin, end):
            token += 1
            place = places[index]
            hits, touched_count = _scan(
                place,
                from_ends[place],
                from_items,
                from_elements,
                prefix,
                element_begin,
                depth,
                several,
                token,
                stamps,
                counts,
                touched,
                touched_count,
                hit_codes,
                hit_places,
                hits,
            )

        free = last_ext[depth]
        free_places = places_end[depth]
        for index in range(touched_count):
            code = touched[index]
            if counts[code] >= min_support:
                if free == len(ext_code):
                    ext_code = grow(ext_code, free + 1)
                    ext_begin = grow(ext_begin, free + 1)
                    ext_end = grow(ext_end, free + 1)
                ext_code[free] = code
                ext_begin[free] = free_places
                slots[code] = free_places
                free_places += counts[code]
                ext_end[free] = free_places
                free += 1
            counts[code] = 0
        if free > last_ext[depth]:
            if free_places > len(places):
                places = grow(places, free_places)
            kept = kept_end[depth]
            # Copying pays where it leaves out much of what the children would scan.
            compact = depth + 1 < max_length and 2 * (free - last_ext[depth]) < touched_count
            if compact:
                if kept + room > len(kept_items):
                    kept_items = grow(kept_items, kept + room)
                    kept_elements = grow(kept_elements, kept + room)
                    kept_ends = grow(kept_ends, kept + room)
                    if not in_database[depth]:
                        from_items, from_elements, from_ends = kept_items, kept_elements, kept_ends
                for index in range(element_begin, depth):
                    in_element[prefix[index] >> 1] = True
                base = 0
                for index in range(begin, end):
                    place = places[index]
                    kept_begin = kept
                    for at in range(place + 1, from_ends[place]):
                        item = from_items[at]
                        if slots[2 * item + 1] >= 0 or slots[2 * item] >= 0 or in_element[item]:
                            kept_items[kept] = item
                            kept_elements[kept] = from_elements[at]
                            moved[base + at - place] = kept
                            kept += 1
                    for at in range(kept_begin, kept):
                        kept_ends[at] = kept
                    base += from_ends[place] - place
                for index in range(element_begin, depth):
                    in_element[prefix[index] >> 1] = False
            base, hit = 0, 0
            for index in range(begin, end):
                place = places[index]
                sequence_end = from_ends[place]
                while hit < hits and place < hit_places[hit] < sequence_end:
                    code = hit_codes[hit]
                    slot = slots[code]
                    if slot >= 0:
                        at = hit_places[hit]
                        places[slot] = moved[base + at - place] if compact else at
                        slots[code] = slot + 1
                    hit += 1
                base += sequence_end - place
            kept_end[depth + 1] = kept
            in_database[depth + 1] = in_database[depth] and not compact
            for index in range(last_ext[depth], free):
                slots[ext_code[index]] = -1
        depth += 1
        next_ext[depth] = last_ext[depth - 1]
        last_ext[depth] = free
        places_end[depth] = free_places

    return (
        out_codes[:out_items].copy(),
        out_lengths[:out_count].copy(),
        out_supports[:out_count].copy(),
    )


@compiled
def _scan(
    place: int,
    sequence_end: int,
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    prefix: NDArray[np.int32],
    element_begin: int,
    depth: int,
    several: bool,
    token: int,
    stamps: NDArray[np.int64],
    counts: NDArray[np.int64],
    touched: NDArray[np.int32],
    touched_count: int,
    hit_codes: NDArray[np.int32],
    hit_places: NDArray[np.int32],
    hits: int,
) -> tuple[int, int]:
    """Note the first place of every extension in what follows a match at `place`."""
    at = place + 1
    while several and at < sequence_end and elements[at] == elements[place]:
        code = 2 * items[at]
        stamps[code] = token
        if counts[code] == 0:
            touched[touched_count] = code
            touched_count += 1
        counts[code] += 1
        hit_codes[hits], hit_places[hits] = code, at
        hits += 1
        at += 1
    while at < sequence_end:
        at_end = at + 1
        if several:
            while at_end < sequence_end and elements[at_end] == elements[at]:
                at_end += 1
            joined_from = _end_of_subset(items, at, at_end, prefix, element_begin, depth)
            for joined in range(joined_from, at_end):
                code = 2 * items[joined]
                if stamps[code] != token:
                    stamps[code] = token
                    if counts[code] == 0:
                        touched[touched_count] = code
                        touched_count += 1
                    counts[code] += 1
                    hit_codes[hits], hit_places[hits] = code, joined
                    hits += 1
        while at < at_end:
            code = 2 * items[at] + 1
            if stamps[code] != token:
                stamps[code] = token
                if counts[code] == 0:
                    touched[touched_count] = code
                    touched_count += 1
                counts[code] += 1
                hit_codes[hits], hit_places[hits] = code, at
                hits += 1
            at += 1
    return hits, touched_count


@compiled
def _end_of_subset(
    items: NDArray[np.int32],
    begin: int,
    end: int,
    prefix: NDArray[np.int32],
    subset_begin: int,
    subset_end: int,
) -> int:
    """Where the element's items after the subset begin; `end` where it holds not all of it."""
    at = begin
    for index in range(subset_begin, subset_end):
        item = prefix[index] >> 1
        while at < end and items[at] < item:
            at += 1
        if at == end or items[at] != item:
            return end
        at += 1
    return at
