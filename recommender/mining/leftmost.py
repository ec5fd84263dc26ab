"""Pattern growth on leftmost matches, for patterns whose places are bound by their order alone.

Pseudo-projection after J. Pei et al., TKDE 2004, section 3.3, with two additions. An item is new
after a match where its previous place lies before it, so what a suffix holds is counted without
remembering what was seen. And where most items can no longer extend a prefix, its suffixes are
copied without them.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled, grow
from recommender.mining.run import Subtree


@compiled
def grow_leftmost(
    first_root: int,
    last_root: int,
    starts: NDArray[np.int32],
    starts_of: NDArray[np.int64],
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    previous: NDArray[np.int32],
    ends: NDArray[np.int32],
    min_support: int,
    max_length: int,
    several: bool,
    stop: NDArray[np.int64],
    found: NDArray[np.float64],
) -> Subtree:
    """Depth first over the patterns that begin with an item from `first_root` to `last_root`.

    `starts` holds each item's first places, `previous` where each entry's item stood before in its
    sequence (or -1), `ends` each entry's end of sequence; `several` whether
    any element has more than one item.

    An extension is a code (2 * item + 1 begins an element, 2 * item joins the last) with the
    stretch of `places` that is its projection. Below the root, places lie in `kept_*`: what is
    left of the sequences when only items that can still extend the prefix are kept.
    """
    item_count = len(starts_of) - 1
    out_codes = np.empty(1024, np.int32)
    out_lengths = np.empty(256, np.int32)
    out_supports = np.empty(256, np.int64)
    out_count, out_items = 0, 0

    places = np.empty(1024, np.int32)
    ext_code = np.empty(1024, np.int32)
    ext_begin = np.empty(1024, np.int64)
    ext_end = np.empty(1024, np.int64)
    next_ext = np.zeros(max_length + 2, np.int64)
    last_ext = np.zeros(max_length + 2, np.int64)
    places_end = np.zeros(max_length + 2, np.int64)
    kept_end = np.zeros(max_length + 2, np.int64)
    in_database = np.ones(max_length + 2, np.bool_)
    share = np.zeros(max_length + 2, np.float64)
    prefix = np.empty(max_length + 1, np.int32)

    kept_items = np.empty(1024, np.int32)
    kept_elements = np.empty(1024, np.int32)
    kept_previous = np.empty(1024, np.int32)
    kept_ends = np.empty(1024, np.int32)
    moved = np.empty(1024, np.int32)

    counts = np.zeros(2 * item_count, np.int32)
    slots = np.full(2 * item_count, -1, np.int64)
    touched = np.empty(2 * item_count, np.int32)
    stamps = np.zeros(item_count if several else 0, np.int64)
    in_element = np.zeros(item_count, np.bool_)
    join_codes = np.empty(1024, np.int32)
    join_places = np.empty(1024, np.int32)
    token = 0

    all_work = max(1, starts_of[last_root] - starts_of[first_root])
    for root in range(first_root, last_root):
        size = starts_of[root + 1] - starts_of[root]
        if size > len(places):
            places = grow(places, size)
        places[:size] = starts[starts_of[root] : starts_of[root + 1]]
        ext_code[0], ext_begin[0], ext_end[0] = 2 * root + 1, 0, size
        next_ext[1], last_ext[1], places_end[1] = 0, 1, size
        share[1] = size / all_work
        done = (starts_of[root] - starts_of[first_root]) / all_work
        depth = 1
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
            found[0], found[1], found[2] = out_count, out_items, done

            if in_database[depth]:
                from_items, from_elements = items, elements
                from_previous, from_ends = previous, ends
            else:
                from_items, from_elements = kept_items, kept_elements
                from_previous, from_ends = kept_previous, kept_ends
            room = 0
            for index in range(begin, end):
                room += from_ends[places[index]] - places[index] - 1
            if depth == max_length or room < min_support:
                done += share[depth]
                continue

            joins, replayed, touched_count = 0, 0, 0
            for index in range(begin, end):
                place = places[index]
                sequence_end = from_ends[place]
                at = place + 1
                if several:
                    while at < sequence_end and from_elements[at] == from_elements[place]:
                        at += 1
                for later in range(at, sequence_end):
                    if from_previous[later] < at:
                        code = 2 * from_items[later] + 1
                        if counts[code] == 0:
                            touched[touched_count] = code
                            touched_count += 1
                        counts[code] += 1
            element_begin = depth - 1
            while prefix[element_begin] & 1 == 0:
                element_begin -= 1
            if several:
                if room > len(join_codes):
                    join_codes = grow(join_codes, room)
                    join_places = grow(join_places, room)
                for index in range(begin, end):
                    token += 1
                    first_join = joins
                    joins = _joins_after(
                        places[index],
                        from_ends[places[index]],
                        from_items,
                        from_elements,
                        prefix,
                        element_begin,
                        depth,
                        token,
                        stamps,
                        join_codes,
                        join_places,
                        joins,
                    )
                    for join in range(first_join, joins):
                        code = join_codes[join]
                        if counts[code] == 0:
                            touched[touched_count] = code
                            touched_count += 1
                        counts[code] += 1

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
            children = free - last_ext[depth]
            if children == 0:
                done += share[depth]
                continue
            if free_places > len(places):
                places = grow(places, free_places)
            kept = kept_end[depth]
            # Copying pays where it leaves out much of what the children would scan.
            compact = depth + 1 < max_length and 2 * children < touched_count
            if compact:
                if kept + room > len(kept_items):
                    kept_items = grow(kept_items, kept + room)
                    kept_elements = grow(kept_elements, kept + room)
                    kept_previous = grow(kept_previous, kept + room)
                    kept_ends = grow(kept_ends, kept + room)
                    if not in_database[depth]:
                        from_items, from_elements = kept_items, kept_elements
                        from_previous, from_ends = kept_previous, kept_ends
                if room > len(moved):
                    moved = grow(moved, room)
                for index in range(element_begin, depth):
                    in_element[prefix[index] >> 1] = several
            for index in range(begin, end):
                place = places[index]
                sequence_end = from_ends[place]
                if compact:
                    kept = _copy_suffix(
                        place,
                        sequence_end,
                        from_items,
                        from_elements,
                        from_previous,
                        slots,
                        in_element,
                        kept_items,
                        kept_elements,
                        kept_previous,
                        kept_ends,
                        kept,
                        moved,
                    )
                at = place + 1
                if several:
                    while at < sequence_end and from_elements[at] == from_elements[place]:
                        at += 1
                for later in range(at, sequence_end):
                    slot = slots[2 * from_items[later] + 1]
                    if slot >= 0 and from_previous[later] < at:
                        places[slot] = moved[later - place - 1] if compact else later
                        slots[2 * from_items[later] + 1] = slot + 1
                while replayed < joins and place < join_places[replayed] < sequence_end:
                    code, later = join_codes[replayed], join_places[replayed]
                    slot = slots[code]
                    if slot >= 0:
                        places[slot] = moved[later - place - 1] if compact else later
                        slots[code] = slot + 1
                    replayed += 1
            for index in range(element_begin, depth):
                in_element[prefix[index] >> 1] = False
            for index in range(last_ext[depth], free):
                slots[ext_code[index]] = -1
            depth += 1
            next_ext[depth] = last_ext[depth - 1]
            last_ext[depth] = free
            places_end[depth] = free_places
            kept_end[depth] = kept
            in_database[depth] = in_database[depth - 1] and not compact
            share[depth] = share[depth - 1] / children

    return (
        out_codes[:out_items].copy(),
        out_lengths[:out_count].copy(),
        out_supports[:out_count].copy(),
    )


@compiled
def _copy_suffix(
    place: int,
    sequence_end: int,
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    previous: NDArray[np.int32],
    slots: NDArray[np.int64],
    in_element: NDArray[np.bool_],
    kept_items: NDArray[np.int32],
    kept_elements: NDArray[np.int32],
    kept_previous: NDArray[np.int32],
    kept_ends: NDArray[np.int32],
    kept: int,
    moved: NDArray[np.int32],
) -> int:
    """Copy what can still extend the prefix, noting in `moved` where it went; the end of it.

    An item's earlier place in the suffix is copied with it, so `previous` stays right.
    """
    kept_begin = kept
    for at in range(place + 1, sequence_end):
        item = items[at]
        if slots[2 * item + 1] >= 0 or slots[2 * item] >= 0 or in_element[item]:
            kept_items[kept] = item
            kept_elements[kept] = elements[at]
            before = previous[at]
            kept_previous[kept] = moved[before - place - 1] if before > place else -1
            moved[at - place - 1] = kept
            kept += 1
    for at in range(kept_begin, kept):
        kept_ends[at] = kept
    return kept


@compiled
def _joins_after(
    place: int,
    sequence_end: int,
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    prefix: NDArray[np.int32],
    element_begin: int,
    depth: int,
    token: int,
    stamps: NDArray[np.int64],
    join_codes: NDArray[np.int32],
    join_places: NDArray[np.int32],
    joins: int,
) -> int:
    """Note the first place of every item that can join the prefix's last element."""
    at = place + 1
    while at < sequence_end and elements[at] == elements[place]:
        stamps[items[at]] = token
        join_codes[joins], join_places[joins] = 2 * items[at], at
        joins += 1
        at += 1
    while at < sequence_end:
        at_end = at + 1
        while at_end < sequence_end and elements[at_end] == elements[at]:
            at_end += 1
        for joined in range(
            _end_of_subset(items, at, at_end, prefix, element_begin, depth), at_end
        ):
            if stamps[items[joined]] != token:
                stamps[items[joined]] = token
                join_codes[joins], join_places[joins] = 2 * items[joined], joined
                joins += 1
        at = at_end
    return joins


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
