"""PrefixSpan: patterns grow at their end, on projections kept as positions.

J. Pei et al., Mining Sequential Patterns by Pattern-Growth: The PrefixSpan Approach, TKDE 2004,
section 3 with pseudo-projection (3.3). A projection holds, for each sequence that contains the
prefix, the position of its leftmost match (leftmost.py). Where gaps or spans are limited the
leftmost match is not enough: then it holds every position at which the prefix can end, with the
latest start (bounded.py).
"""

import numpy as np
from numpy.typing import NDArray

from recommender.mining.bounded import grow_bounded
from recommender.mining.constraints import Constraints, absolute_support
from recommender.mining.database import SequenceDatabase
from recommender.mining.leftmost import grow_leftmost
from recommender.mining.patterns import Patterns
from recommender.mining.places import places_by_item
from recommender.mining.run import MOST_ITEMS, Limits, Subtree, Tally, run_subtrees


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
    item_count = len(frequent.labels)
    ends = np.repeat(frequent.offsets[1:], np.diff(frequent.offsets)).astype(np.int32)
    starts, starts_of, previous = places_by_item(
        frequent.items, frequent.offsets, item_count, not constraints.bind_positions
    )
    longest = min(constraints.max_length or MOST_ITEMS, MOST_ITEMS)
    several = frequent.holds_itemsets()
    times = frequent.times_for(constraints)
    bounds = constraints.limits()

    def kernel(first: int, last: int, stop: NDArray[np.int64], found: Tally) -> Subtree:
        if constraints.bind_positions:
            return grow_bounded(
                first,
                last,
                starts,
                starts_of,
                frequent.items,
                frequent.elements,
                times,
                ends,
                least,
                longest,
                bounds,
                stop,
                found,
            )
        return grow_leftmost(
            first,
            last,
            starts,
            starts_of,
            frequent.items,
            frequent.elements,
            previous,
            ends,
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
