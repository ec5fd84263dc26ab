"""Runs a miner's kernel over the subtrees of the search, in threads, within limits.

The patterns that begin with an item form a subtree of their own. Neighbouring first items are mined
in one call until there is enough work in it, so that very many items of little work each cost no
more than few of much. A kernel releases the GIL, looks at `stop` as it goes, and tells how far it
is in its tally.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import NDArray

from recommender.mining.patterns import Patterns

type Subtree = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]
"""Codes, lengths and supports of the patterns of one subtree."""
type Tally = NDArray[np.float64]
"""What a call has so far: patterns, their items, and the share of its own work that is done."""
type Kernel = Callable[[int, int, NDArray[np.int64], Tally], Subtree]
"""Mines the subtrees of a range of first items: (first, last + 1, stop[1], tally[3])."""


MOST_ITEMS = 4096
"""Longest pattern that is followed, in items."""


BYTES_OF_A_PATTERN_OBJECT = 400

MOST_BYTES = 4 * 2**30
"""By so much a run grows at most, however much memory the machine has, unless it is told so."""

CALLS_A_THREAD = 32
"""Calls of equal work for each thread, so that all end at about the same time."""


class ExplosionError(RuntimeError):
    """The run found more than it may keep; `patterns` holds what it had."""

    def __init__(self, message: str, patterns: Patterns) -> None:
        super().__init__(message)
        self.patterns = patterns


class StoppedError(KeyboardInterrupt):
    """Somebody pressed Ctrl-C; `patterns` holds what had been found."""

    def __init__(self, message: str, patterns: Patterns) -> None:
        super().__init__(message)
        self.patterns = patterns


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a run may use, and whom it tells how far it is."""

    max_patterns: int | None = None
    """Stop when more are found; None leaves only the memory limit."""
    max_bytes: int | None = None
    """Memory of the run; None is half of what the machine has free, at most MOST_BYTES."""
    threads: int | None = None
    """None is one for each core that this process may use."""
    on_progress: Callable[[float, int], None] | None = None
    """Told the share of the work done (0 to 1) and the patterns found."""
    keep_partial: bool = False
    """Give back what was found, marked incomplete, instead of raising ExplosionError."""


def run_subtrees(
    kernel: Kernel,
    *,
    work: NDArray[np.int64],
    labels: NDArray[np.generic],
    sequences: int,
    min_support: int,
    limits: Limits,
) -> Patterns:
    """Mine every subtree and put the patterns together in the order of their first items.

    `work` estimates each subtree's size. Raises ExplosionError when a limit is reached, and
    StoppedError at Ctrl-C.
    """
    stop = np.zeros(1, np.int64)
    threads = limits.threads or len(os.sched_getaffinity(0))
    begins = _batches(work, CALLS_A_THREAD * threads)
    batch_work = np.add.reduceat(work, begins[:-1]) if len(work) else work
    tallies = np.zeros((len(batch_work), 3))
    budget = _budget(limits)
    memory_before = _resident()
    results: list[Subtree | None] = [None] * len(batch_work)
    exceeded = ""
    interrupted = False
    share = 0.0
    started = time.monotonic()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        pending = {
            pool.submit(
                kernel, int(begins[batch]), int(begins[batch + 1]), stop, tallies[batch]
            ): batch
            for batch in np.argsort(-batch_work, kind="stable").tolist()
        }
        try:
            while pending:
                finished, _ = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in finished:
                    batch = pending.pop(future)
                    results[batch] = future.result()
                    if not stop[0]:
                        tallies[batch, 2] = 1.0
                share = float(tallies[:, 2] @ batch_work) / max(1, int(work.sum()))
                patterns, items = tallies[:, :2].sum(axis=0).astype(int).tolist()
                if limits.on_progress is not None:
                    limits.on_progress(share, patterns)
                if not exceeded:
                    exceeded = _excess(
                        patterns,
                        items,
                        _resident() - memory_before,
                        budget,
                        share,
                        time.monotonic() - started,
                    )
                    stop[0] = bool(exceeded)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            # Work not yet begun sees it at once and ends without a pattern.
            stop[0] = 1
        for future, batch in pending.items():
            results[batch] = future.result()
    kept = [result for result in results if result is not None]
    patterns_found = _join(
        kept, labels, sequences, min_support, complete=not (exceeded or interrupted)
    )
    if interrupted:
        raise StoppedError(
            f"stopped after {time.monotonic() - started:.0f} s, {share:.0%} of the work done, "
            f"at {len(patterns_found):,} patterns",
            patterns_found,
        )
    if exceeded and not limits.keep_partial:
        raise ExplosionError(exceeded, patterns_found)
    return patterns_found


def _budget(limits: Limits) -> tuple[int, int]:
    memory = limits.max_bytes or min(MOST_BYTES, psutil.virtual_memory().available // 2)
    return limits.max_patterns or 2**62, memory


def patterns_budget(limits: Limits) -> int:
    """How many patterns a miner that keeps them as Python objects may hold."""
    patterns, memory = _budget(limits)
    return min(patterns, memory // BYTES_OF_A_PATTERN_OBJECT)


def _excess(
    patterns: int,
    items: int,
    grown: int,
    budget: tuple[int, int],
    share: float,
    seconds: float,
) -> str:
    """Why the run must stop, with an estimate of the whole; empty while it may go on.

    `grown` is by how many bytes the process has grown; joining the patterns copies them twice.
    """
    needed = grown + 2 * (4 * items + 12 * patterns)
    if patterns <= budget[0] and needed <= budget[1]:
        return ""
    why = "" if patterns > budget[0] else f" because of memory ({needed / 2**20:,.0f} MB)"
    estimate = f"about {patterns / share:,.0f}" if share > 0.01 else f"far more than {patterns:,}"
    return (
        f"stopped at {patterns:,} patterns{why} after {seconds:.0f} s, {share:.0%} of the work "
        f"done: the whole would be {estimate}. Raise the minimum support, set max_length, "
        "or ask for the top k patterns."
    )


def _resident() -> int:
    """Bytes of memory that this process holds."""
    return int(psutil.Process().memory_info().rss)


def _batches(work: NDArray[np.int64], calls: int) -> NDArray[np.int64]:
    """Where each range of first items begins, with the end as last entry.

    A range ends where the work so far passes the next of `calls` equal parts.
    """
    total = max(1, int(work.sum()))
    part = (np.cumsum(work) - work) * calls // total
    return np.concatenate((np.flatnonzero(np.diff(part, prepend=-1)), [len(work)])).astype(np.int64)


def _join(
    parts: Sequence[Subtree],
    labels: NDArray[np.generic],
    sequences: int,
    min_support: int,
    *,
    complete: bool,
) -> Patterns:
    empty = np.empty(0, np.int32)
    codes = np.concatenate([empty, *(part[0] for part in parts)])
    lengths = np.concatenate([empty, *(part[1] for part in parts)])
    supports = np.concatenate([empty.astype(np.int64), *(part[2] for part in parts)])
    offsets = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    return Patterns(codes, offsets, supports, labels, sequences, min_support, complete)
