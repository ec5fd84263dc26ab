"""Pattern growth under gap and span limits: every end of a prefix is followed, not the leftmost.

A projection holds, for each place where the prefix can end, the latest place where it can have
begun: a later beginning never has the longer span, so the others need not be kept. This is the
occurrence list of M. Zaki, Sequence Mining in Categorical Domains: Incorporating Constraints,
CIKM 2000, sections 3.2 to 3.4, walked horizontally.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled, grow
from recommender.mining.run import Subtree

type Bounds = tuple[int, int, int, float, float, float]


@compiled
def grow_bounded(
    first_root: int,
    last_root: int,
    starts: NDArray[np.int32],
    starts_of: NDArray[np.int64],
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    times: NDArray[np.float64],
    ends: NDArray[np.int32],
    min_support: int,
    max_length: int,
    bounds: Bounds,
    stop: NDArray[np.int64],
    found: NDArray[np.float64],
) -> Subtree:
    """Depth first over the patterns that begin with an item from `first_root` to `last_root`.

    `starts` holds all places of each item.
    """
    item_count = len(starts_of) - 1
    out_codes = np.empty(1024, np.int32)
    out_lengths = np.empty(256, np.int32)
    out_supports = np.empty(256, np.int64)
    out_count, out_items = 0, 0

    places = np.empty(1024, np.int32)
    origins = np.empty(1024, np.int32)
    ext_code = np.empty(1024, np.int32)
    ext_support = np.empty(1024, np.int64)
    ext_begin = np.empty(1024, np.int64)
    ext_end = np.empty(1024, np.int64)
    next_ext = np.zeros(max_length + 2, np.int64)
    last_ext = np.zeros(max_length + 2, np.int64)
    places_end = np.zeros(max_length + 2, np.int64)
    share = np.zeros(max_length + 2, np.float64)
    prefix = np.empty(max_length + 1, np.int32)

    supports = np.zeros(2 * item_count, np.int64)
    entries = np.zeros(2 * item_count, np.int64)
    stamps = np.zeros(2 * item_count, np.int64)
    slots = np.empty(2 * item_count, np.int64)
    touched = np.empty(2 * item_count, np.int32)
    hit_codes = np.empty(1024, np.int32)
    hit_places = np.empty(1024, np.int32)
    hit_origins = np.empty(1024, np.int32)
    token = 0

    window = np.empty(64, np.int32)

    all_work = max(1, starts_of[last_root] - starts_of[first_root])
    for root in range(first_root, last_root):
        size = starts_of[root + 1] - starts_of[root]
        if size > len(places):
            places = grow(places, size)
            origins = grow(origins, size)
        places[:size] = starts[starts_of[root] : starts_of[root + 1]]
        origins[:size] = places[:size]
        ext_code[0], ext_begin[0], ext_end[0] = 2 * root + 1, 0, size
        ext_support[0] = _count_sequences(places[:size], ends)
        next_ext[1], places_end[1] = 0, size
        last_ext[1] = 1 if ext_support[0] >= min_support else 0
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
            out_codes[out_items : out_items + depth] = prefix[:depth]
            out_lengths[out_count] = depth
            out_supports[out_count] = ext_support[extension]
            out_items += depth
            out_count += 1
            found[0], found[1], found[2] = out_count, out_items, done
            if depth == max_length:
                done += share[depth]
                continue

            hits, touched_count = 0, 0
            group = begin
            while group < end:
                sequence_end = ends[places[group]]
                group_end = group + 1
                while group_end < end and ends[places[group_end]] == sequence_end:
                    group_end += 1
                token += 1
                room = hits + 2 * (sequence_end - places[group])
                if room > len(hit_codes):
                    hit_codes = grow(hit_codes, room)
                    hit_places = grow(hit_places, room)
                    hit_origins = grow(hit_origins, room)
                first_hit = hits
                for index in range(group, group_end):
                    at = places[index] + 1
                    while at < sequence_end and elements[at] == elements[places[index]]:
                        hit_codes[hits], hit_places[hits] = 2 * items[at], at
                        hit_origins[hits] = origins[index]
                        hits += 1
                        at += 1
                if group_end - group > len(window):
                    window = grow(window, group_end - group)
                hits = _followers(
                    group,
                    group_end,
                    sequence_end,
                    places,
                    origins,
                    items,
                    elements,
                    times,
                    bounds,
                    window,
                    hit_codes,
                    hit_places,
                    hit_origins,
                    hits,
                )
                for hit in range(first_hit, hits):
                    code = hit_codes[hit]
                    if entries[code] == 0:
                        touched[touched_count] = code
                        touched_count += 1
                    entries[code] += 1
                    if stamps[code] != token:
                        stamps[code] = token
                        supports[code] += 1
                group = group_end

            free = last_ext[depth]
            free_places = places_end[depth]
            for index in range(touched_count):
                code = touched[index]
                slots[code] = -1
                if supports[code] >= min_support:
                    if free == len(ext_code):
                        ext_code = grow(ext_code, free + 1)
                        ext_support = grow(ext_support, free + 1)
                        ext_begin = grow(ext_begin, free + 1)
                        ext_end = grow(ext_end, free + 1)
                    ext_code[free] = code
                    ext_support[free] = supports[code]
                    ext_begin[free] = free_places
                    slots[code] = free_places
                    free_places += entries[code]
                    ext_end[free] = free_places
                    free += 1
                supports[code] = 0
                entries[code] = 0
            if free_places > len(places):
                places = grow(places, free_places)
                origins = grow(origins, free_places)
            for hit in range(hits):
                code = hit_codes[hit]
                if slots[code] >= 0:
                    places[slots[code]] = hit_places[hit]
                    origins[slots[code]] = hit_origins[hit]
                    slots[code] += 1
            depth += 1
            next_ext[depth] = last_ext[depth - 1]
            last_ext[depth] = free
            places_end[depth] = free_places
            children = free - last_ext[depth - 1]
            if children == 0:
                done += share[depth - 1]
            else:
                share[depth] = share[depth - 1] / children

    return (
        out_codes[:out_items].copy(),
        out_lengths[:out_count].copy(),
        out_supports[:out_count].copy(),
    )


@compiled
def _followers(
    group: int,
    group_end: int,
    sequence_end: int,
    places: NDArray[np.int32],
    origins: NDArray[np.int32],
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    times: NDArray[np.float64],
    bounds: Bounds,
    window: NDArray[np.int32],
    hit_codes: NDArray[np.int32],
    hit_places: NDArray[np.int32],
    hit_origins: NDArray[np.int32],
    hits: int,
) -> int:
    """Note every place that can follow one of the ends, with the latest beginning it can have.

    The ends in reach of a place slide along with it. `window` keeps those that can still give the
    latest beginning: their beginnings fall from its front to its back.
    """
    min_gap, max_gap, max_span, min_seconds, max_seconds, max_span_seconds = bounds
    front, back, entering = 0, 0, group
    for at in range(places[group] + 1, sequence_end):
        while (
            entering < group_end
            and elements[at] - elements[places[entering]] >= min_gap
            and times[at] - times[places[entering]] >= min_seconds
        ):
            while back > front and origins[window[back - 1]] <= origins[entering]:
                back -= 1
            window[back] = entering
            back += 1
            entering += 1
        while front < back and (
            elements[at] - elements[places[window[front]]] > max_gap
            or times[at] - times[places[window[front]]] > max_seconds
        ):
            front += 1
        if front == back:
            continue
        origin = origins[window[front]]
        if (
            elements[at] - elements[origin] <= max_span
            and times[at] - times[origin] <= max_span_seconds
        ):
            hit_codes[hits], hit_places[hits] = 2 * items[at] + 1, at
            hit_origins[hits] = origin
            hits += 1
    return hits


@compiled
def _count_sequences(places: NDArray[np.int32], ends: NDArray[np.int32]) -> int:
    count = 0
    last = -1
    for place in places:
        if ends[place] != last:
            last = ends[place]
            count += 1
    return count
