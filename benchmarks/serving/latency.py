"""Latencies in milliseconds, summed up."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Latency:
    """What the requests took, in milliseconds, by nearest rank."""

    requests: int
    median: float
    p95: float
    p99: float
    longest: float


def summed_up(seconds: Sequence[float]) -> Latency:
    """The summary of some durations; ValueError where there are none."""
    if not seconds:
        raise ValueError("nothing was measured")
    ordered = sorted(duration * 1000 for duration in seconds)

    def rank(share: float) -> float:
        return ordered[ceil(share * len(ordered)) - 1]

    return Latency(len(ordered), rank(0.5), rank(0.95), rank(0.99), ordered[-1])
