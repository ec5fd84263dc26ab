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
    constraints: Constraints = Constraints(),
    limits: Limits = Limits(),
    within_elements: bool = False,
) -> Patterns:
    """All itemsets of a minimum support (a count, or a share below 1), as patterns of one element.

    Each sequence is one basket and the order inside it is left aside. With `within_elements` each
    element is a basket, and an itemset counts once for each sequence that has it in some element:
    people, where a sequence is a person. Of the constraints, gaps and spans say nothing here.
    """
    return spade(
        database if within_elements else as_baskets(database),
        min_support,
        constraints=in_one_element(constraints),
        limits=limits,
    )


def in_one_element(constraints: Constraints) -> Constraints:
    """The same for patterns of one element."""
    return Constraints(
        max_length=constraints.max_length,
        max_span=0,
        required=constraints.required,
        excluded=constraints.excluded,
    )


def as_baskets(database: SequenceDatabase) -> SequenceDatabase:
    """The same items with each sequence as one element."""
    return SequenceDatabase.from_arrays(
        database.items,
        np.zeros_like(database.elements),
        database.offsets,
        database.labels,
    )
