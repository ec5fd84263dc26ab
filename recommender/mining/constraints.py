"""What a miner is asked for: how often, how long, how far apart."""

import math
from dataclasses import dataclass, field


class ConstraintError(ValueError):
    """A constraint that cannot be met; the message names it and says what to give instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Limits on the patterns of a run; the default is every pattern of the minimum support.

    A gap is the distance between two neighbouring elements of a pattern, a span the distance
    between its first and last element. Both are counted in events (an element and the next are
    one apart) and in seconds, where the database has times. A limit of None does not bind.
    """

    max_length: int | None = None
    """Most items in a pattern, over all its elements."""
    min_gap: int = 1
    max_gap: int | None = None
    max_span: int | None = None
    min_gap_seconds: float = 0.0
    max_gap_seconds: float | None = None
    max_span_seconds: float | None = None
    required: frozenset[object] = field(default_factory=frozenset)
    """Labels of items that a pattern must all contain."""
    excluded: frozenset[object] = field(default_factory=frozenset)
    """Labels of items that no pattern may contain."""

    def __post_init__(self) -> None:
        for name in ("max_length", "min_gap", "max_gap"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConstraintError(f"{name} is {value}: it must be at least 1")
        for name in ("max_span", "min_gap_seconds", "max_gap_seconds", "max_span_seconds"):
            value = getattr(self, name)
            if value is not None and (value < 0 or math.isnan(value)):
                raise ConstraintError(f"{name} is {value}: it must not be negative")
        if self.max_gap is not None and self.max_gap < self.min_gap:
            raise ConstraintError(f"max_gap {self.max_gap} is smaller than min_gap {self.min_gap}")
        both = self.required & self.excluded
        if both:
            raise ConstraintError(f"required and excluded at once: {sorted(map(str, both))}")

    @property
    def bind_positions(self) -> bool:
        """Whether where the elements lie matters, beyond their order."""
        return (
            self.min_gap > 1
            or self.max_gap is not None
            or self.max_span is not None
            or self.bind_times
        )

    @property
    def bind_times(self) -> bool:
        """Whether a limit in seconds binds."""
        return (
            self.min_gap_seconds > 0
            or self.max_gap_seconds is not None
            or self.max_span_seconds is not None
        )

    @property
    def limits_gaps(self) -> bool:
        """Whether dropping an inner element can break a pattern (support then is not monotone)."""
        return self.max_gap is not None or self.max_gap_seconds is not None

    def limits(self) -> tuple[int, int, int, float, float, float]:
        """The bounds as the kernels take them, with numbers that never bind for None."""
        unbounded = 2**31 - 1
        return (
            self.min_gap,
            unbounded if self.max_gap is None else self.max_gap,
            unbounded if self.max_span is None else self.max_span,
            self.min_gap_seconds,
            math.inf if self.max_gap_seconds is None else self.max_gap_seconds,
            math.inf if self.max_span_seconds is None else self.max_span_seconds,
        )


def absolute_support(min_support: float, sequences: int) -> int:
    """The least number of sequences: a whole number is a count, a fraction below 1 a share.

    A share is rounded up, as SPMF does. Raises ConstraintError unless it is positive.
    """
    if isinstance(min_support, bool) or not min_support > 0:
        raise ConstraintError(
            f"minimum support is {min_support}: give a count of at least 1, "
            "or a share above 0 and below 1"
        )
    if min_support >= 1:
        if min_support != int(min_support):
            raise ConstraintError(
                f"minimum support is {min_support}: a count must be a whole number, "
                "a share must be below 1"
            )
        return int(min_support)
    # The product of a decimal share with a whole number can land a hair above the true value.
    return max(1, math.ceil(round(min_support * sequences, 9)))
