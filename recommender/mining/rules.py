"""Rules from patterns: what leads to what, how surely, and whether it could be chance.

Association rules split an itemset (Agrawal, Imieliński & Swami 1993), sequential rules a pattern
into what came first and what followed. Confidence and support as there; lift and conviction: Brin
et al., Dynamic Itemset Counting, SIGMOD 1997; leverage: Piatetsky-Shapiro 1991. The test is
Fisher's exact one, one-sided, with Holm's correction for the number of rules tried (S. Holm, A
Simple Sequentially Rejective Multiple Test Procedure, 1979).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import hypergeom

from recommender.mining.constraints import ConstraintError
from recommender.mining.patterns import Element, Patterns

type Side = tuple[Element, ...]

MOST_SPLITS = 5_000_000
"""More ways of splitting patterns than this are refused: each would be an object in memory."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has the antecedent has the consequent too, or goes on to it.

    Counts are of sequences: of distinct people, where a sequence is a person's history.
    """

    antecedent: Side
    consequent: Side
    count: int
    antecedent_count: int
    consequent_count: int
    sequences: int
    p_value: float
    """Chance of so many by luck alone, corrected for all rules tried."""

    @property
    def support(self) -> float:
        """Share of all sequences that hold the whole rule."""
        return self.count / self.sequences

    @property
    def confidence(self) -> float:
        """Share of the sequences with the antecedent that hold the whole rule."""
        return self.count / self.antecedent_count

    @property
    def lift(self) -> float:
        """Confidence over the consequent's share: above 1 it comes more often than by itself."""
        return self.confidence * self.sequences / self.consequent_count

    @property
    def leverage(self) -> float:
        """Support beyond what independent sides would have."""
        return self.support - self.antecedent_count * self.consequent_count / self.sequences**2

    @property
    def conviction(self) -> float:
        """How much rarer the rule fails than with independent sides; infinite if it never does."""
        misses = 1 - self.confidence
        return (1 - self.consequent_count / self.sequences) / misses if misses else float("inf")


def association_rules(itemsets: Patterns, *, min_confidence: float) -> list[Rule]:
    """Every split of every itemset into two sides, at least that confident.

    `itemsets` must hold all frequent itemsets, for the sides' own counts; of an incomplete run,
    rules with an uncounted side are left out. Raises ConstraintError where there are more than
    MOST_SPLITS ways to split.
    """
    _check(min_confidence, float(np.exp2(np.minimum(itemsets.lengths(), 64)).sum()))
    supports = _supports(itemsets)
    candidates: list[tuple[Side, Side, int]] = []
    for pattern in itemsets:
        (items,) = pattern.elements
        for size in range(1, len(items)):
            for chosen in combinations(items, size):
                rest = tuple(item for item in items if item not in chosen)
                candidates.append(((chosen,), (rest,), pattern.support))
    return _rules(candidates, supports, itemsets.sequences, min_confidence)


def sequential_rules(patterns: Patterns, *, min_confidence: float) -> list[Rule]:
    """Every split of every pattern into what came first and what followed, at least that confident.

    `patterns` as for association_rules. The test asks whether those with the antecedent hold the
    whole more often than those with the consequent would by chance, in any order, so it errs on
    the side of calling a rule chance.
    """
    lengths = patterns.lengths()
    # A side holds its items, so splits of long patterns weigh more than they number.
    _check(min_confidence, max(float(lengths.sum()), float((lengths**2).sum()) / 10))
    supports = _supports(patterns)
    candidates = [
        (pattern.elements[:at], pattern.elements[at:], pattern.support)
        for pattern in patterns
        for at in range(1, len(pattern.elements))
    ]
    return _rules(candidates, supports, patterns.sequences, min_confidence)


def to_frame(rules: list[Rule]) -> pl.DataFrame:
    """One row a rule, with every measure."""
    return pl.DataFrame(
        {
            "antecedent": [[list(element) for element in rule.antecedent] for rule in rules],
            "consequent": [[list(element) for element in rule.consequent] for rule in rules],
            **{
                name: [getattr(rule, name) for rule in rules]
                for name in (
                    "count",
                    "antecedent_count",
                    "consequent_count",
                    "support",
                    "confidence",
                    "lift",
                    "leverage",
                    "conviction",
                    "p_value",
                )
            },
        }
    )


def _check(min_confidence: float, splits: float) -> None:
    if not 0 <= min_confidence <= 1:
        raise ConstraintError(f"minimum confidence is {min_confidence}: it must lie from 0 to 1")
    if splits > MOST_SPLITS:
        raise ConstraintError(
            f"rules would be sought among {splits:,.0f} splits of the patterns, more than "
            f"{MOST_SPLITS:,}: raise the minimum support or limit the length"
        )


def _supports(patterns: Patterns) -> dict[Side, int]:
    return {pattern.elements: pattern.support for pattern in patterns}


def _rules(
    candidates: list[tuple[Side, Side, int]],
    supports: dict[Side, int],
    sequences: int,
    min_confidence: float,
) -> list[Rule]:
    """Rules from candidate splits, the most confident first."""
    confident = [
        (antecedent, consequent, count, supports[antecedent], supports[consequent])
        for antecedent, consequent, count in candidates
        if antecedent in supports
        and consequent in supports
        and count >= min_confidence * supports[antecedent] - 1e-9
    ]
    if not confident:
        return []
    counts = np.asarray([row[2:] for row in confident], np.int64)
    p_values = holm(chance(counts[:, 0], counts[:, 1], counts[:, 2], sequences), len(candidates))
    rules = [
        Rule(*row, sequences=sequences, p_value=float(p))
        for row, p in zip(confident, p_values, strict=True)
    ]
    return sorted(
        rules,
        key=lambda rule: (
            -rule.confidence,
            -rule.count,
            str(rule.antecedent),
            str(rule.consequent),
        ),
    )


def chance(
    both: NDArray[np.int64],
    antecedent: NDArray[np.int64],
    consequent: NDArray[np.int64],
    sequences: int,
) -> NDArray[np.float64]:
    """Fisher's exact test, one-sided: chance of at least `both` when the sides are independent."""
    return np.asarray(hypergeom.sf(both - 1, sequences, consequent, antecedent), np.float64)


def holm(p_values: NDArray[np.float64], tried: int) -> NDArray[np.float64]:
    """Corrected for `tried` tests, of which `p_values` are the ones kept.

    The others are taken to come later in the order. Where some would have come earlier, Holm's
    own factor is smaller, so the corrected values err on the high side.
    """
    order = np.argsort(p_values)
    factors = np.maximum(tried - np.arange(len(p_values)), 1)
    corrected = np.maximum.accumulate(p_values[order] * factors)
    result = np.empty_like(corrected)
    result[order] = np.minimum(corrected, 1.0)
    return result
