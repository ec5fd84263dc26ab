"""Frequent itemsets: what is taken together, in any order.

A basket is a sequence of one element, so the miners of sequences find itemsets as they are; SPADE
then is Eclat (M. Zaki, Scalable Algorithms for Association Mining, TKDE 2000), with its id-lists
of baskets. It beat the packaged miners at hand on the reference files, see docs/mining.md.
"""

import numpy as np

from recommender.mining.constraints import Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.patterns import Patterns
from recommender.mining.run import Limits
from recommender.mining.spade import spade


def frequent_itemsets(
    database: SequenceDatabase,
    min_support: float,
    *,
    max_length: int | None = None,
    limits: Limits = Limits(),
) -> Patterns:
    """All itemsets of a minimum support (a count, or a share below 1), as patterns of one element.

    The order inside a sequence is left aside: each sequence is one basket.
    """
    return spade(
        as_baskets(database),
        min_support,
        constraints=Constraints(max_length=max_length),
        limits=limits,
    )


def as_baskets(database: SequenceDatabase) -> SequenceDatabase:
    """The same items with each sequence as one element."""
    return SequenceDatabase.from_arrays(
        database.items,
        np.zeros_like(database.elements),
        database.offsets,
        database.labels,
    )
