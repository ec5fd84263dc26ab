"""Event frames → sessions → arrays: the one feature function of training and serving.

A step is (item, action, time-gap bucket). Training cuts windows from a `Log` of all shoppers;
serving builds a one-shopper log from the shopper's last steps and cuts the same window from it, so
both see a shopper alike.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.mining.compiled import compiled

type Ints = NDArray[np.int32]
type Times = NDArray[np.int64]
type Bools = NDArray[np.bool_]

ACTIONS = ("view", "search", "add", "remove", "purchase")
TARGET_ACTIONS = ("view", "add", "purchase")
SESSION_GAP = timedelta(minutes=30)
# Upper edges of the gap buckets in seconds; bucket 0 is "no step before", the last has no edge.
GAP_EDGES = (5.0, 20.0, 60.0, 300.0, 1800.0, 86_400.0, 7 * 86_400.0)
GAP_BUCKETS = len(GAP_EDGES) + 2
WINDOW = 40
MEMORY = 160
"""So many steps before the window are remembered, in less detail."""
MICROSECONDS = 1_000_000
MOST_SCORES = 8_000_000
"""So many scores are in memory at a time, of each source."""
ACTION_CODES = {action: code for code, action in enumerate(ACTIONS, start=1)}
TARGET_CODES = tuple(ACTION_CODES[action] for action in TARGET_ACTIONS)


@dataclass(frozen=True)
class Vocabulary:
    """The items a model knows, by their index; an item it does not know is -1."""

    items: tuple[str, ...]
    index: dict[str, int]

    @classmethod
    def of(cls, items: Sequence[str]) -> "Vocabulary":
        """The vocabulary of the distinct items, sorted."""
        ordered = tuple(sorted(set(items)))
        return cls(ordered, {item: position for position, item in enumerate(ordered)})

    def __len__(self) -> int:
        return len(self.items)

    def get(self, item: str) -> int:
        """The item's index, or -1."""
        return self.index.get(item, -1)

    def grown(self, new: Sequence[str]) -> "Vocabulary":
        """The same with items after its own, in the order given; it has none of them yet."""
        items = (*self.items, *new)
        return Vocabulary(items, {item: position for position, item in enumerate(items)})

    @property
    def fingerprint(self) -> str:
        """SHA-256 that two vocabularies share only if they hold the same items."""
        return sha256("\n".join(self.items).encode()).hexdigest()


@dataclass(frozen=True)
class Log:
    """Steps of many shoppers as parallel arrays, sorted by shopper, session and time.

    `session` counts up through the log, so equal values are one session; `at` is microseconds
    since 1970, UTC; `action` is a code of ACTIONS counted from 1.
    """

    shopper: Ints
    session: Ints
    item: Ints
    action: Ints
    at: Times
    gap: Ints

    def __len__(self) -> int:
        return len(self.item)

    def select(self, keep: Bools) -> "Log":
        """The steps where `keep` holds; gaps stay as they were measured."""
        return Log(
            self.shopper[keep],
            self.session[keep],
            self.item[keep],
            self.action[keep],
            self.at[keep],
            self.gap[keep],
        )


@dataclass(frozen=True)
class Batch:
    """Windows of steps, left-aligned in arrays of shape (n, longest).

    Padding has item -1 and action, gap 0. `in_session` marks the steps of the running session.
    `older_item` and `older_action` (n, most) are of the steps before the window, right-aligned:
    what is enough for a profile of the shopper.
    """

    item: Ints
    action: Ints
    gap: Ints
    in_session: Bools
    length: Ints
    older_item: Ints
    older_action: Ints

    def __len__(self) -> int:
        return len(self.length)

    def last_items(self) -> Ints:
        """The item of each window's last step, -1 where it is unknown or there is none."""
        if self.item.shape[1] == 0:
            return np.full(len(self), -1, np.int32)
        rows = np.arange(len(self))
        return np.where(self.length > 0, self.item[rows, np.maximum(self.length - 1, 0)], -1)

    def last_item(self, row: int) -> int:
        """The item of one window's last step, as in `last_items`."""
        steps = int(self.length[row])
        return int(self.item[row, steps - 1]) if steps else -1

    def session_items(self, row: int) -> list[int]:
        """Distinct known items of the running session, the latest first."""
        items: list[int] = _latest(self.item[row], self.in_session[row], self.length[row]).tolist()
        return items

    def known_items(self, row: int) -> Ints:
        """The known items of all steps, the older ones too, oldest first."""
        items = np.concatenate([self.older_item[row], self.item[row, : self.length[row]]])
        known: Ints = items[items >= 0]
        return known


@compiled
def _latest(item: Ints, in_session: Bools, steps: int) -> Ints:
    found = np.empty(steps, np.int32)
    size = 0
    for step in range(steps - 1, -1, -1):
        one = item[step]
        if in_session[step] and one >= 0 and not (found[:size] == one).any():
            found[size] = one
            size += 1
    return found[:size]


def build_log(events: pl.DataFrame, vocabulary: Vocabulary) -> Log:
    """The log of an event frame [shopper, session, product, action, at].

    Rows without a product (a search for words) are no steps. Each shopper's steps are in order of
    time, those of the same time in the frame's; a pause of SESSION_GAP begins a new session, unless
    the ids say that the same one goes on. Raises ValueError for a missing column or an unknown
    action.
    """
    frame = sorted_steps(events)
    unknown = set(frame["action"].unique().to_list()) - set(ACTIONS)
    if unknown:
        raise ValueError(f"unknown actions {sorted(unknown)}: expected some of {list(ACTIONS)}")
    met = frame["product"].unique()
    items = frame["product"].replace_strict(
        met, [vocabulary.get(product) for product in met.to_list()], return_dtype=pl.Int32
    )
    at = frame["at"].dt.epoch("us").to_numpy().astype(np.int64)
    shopper = frame["shopper"].rle_id().to_numpy().astype(np.int32)
    return Log(
        shopper=shopper,
        session=frame["run"].to_numpy().astype(np.int32),
        item=items.to_numpy().astype(np.int32),
        action=frame["action"]
        .replace_strict(ACTION_CODES, return_dtype=pl.Int32)
        .to_numpy()
        .astype(np.int32),
        at=at,
        gap=gap_buckets(shopper, at),
    )


def sorted_steps(events: pl.DataFrame) -> pl.DataFrame:
    """The frame's steps in log order with `run`, the number of their session."""
    missing = {"shopper", "session", "product", "action", "at"} - set(events.columns)
    if missing:
        raise ValueError(f"the event frame lacks the columns {sorted(missing)}")
    steps = (
        events.with_row_index("row")
        .filter(pl.col("product").is_not_null())
        .sort("shopper", "at", "row")
        .with_columns(pl.col("session").cast(pl.String))
    )
    first = pl.col("shopper") != pl.col("shopper").shift()
    # Only some of a visit's steps may carry its id: the shop's own server knows none.
    known = pl.col("session").forward_fill().over("shopper")
    goes_on = pl.col("session") == known.shift()
    paused = (pl.col("at").diff() > SESSION_GAP) & ~goes_on.fill_null(value=False)
    return steps.with_columns(run=(first | paused).fill_null(value=False).cum_sum())


def gap_buckets(shopper: Ints, at: Times) -> Ints:
    """The bucket of the time since the same shopper's step before; 0 for a shopper's first."""
    if len(at) == 0:
        return np.zeros(0, np.int32)
    seconds = np.diff(at, prepend=at[0]) / MICROSECONDS
    buckets = np.searchsorted(np.asarray(GAP_EDGES), np.maximum(seconds, 0.0), side="right") + 1
    first = np.diff(shopper, prepend=shopper[0] - 1) != 0
    return np.where(first, 0, buckets).astype(np.int32)


def starts(groups: NDArray[Any]) -> NDArray[np.int64]:
    """For each element, the position where its run of equal values begins."""
    if len(groups) == 0:
        return np.zeros(0, np.int64)
    change = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1)).astype(np.int64)
    lengths = np.diff(change, append=len(groups))
    return np.repeat(change, lengths).astype(np.int64)


def windows(
    log: Log,
    ends: NDArray[np.int64],
    *,
    session: Ints,
    shopper: Ints,
    length: int = WINDOW,
    memory: int = 0,
) -> Batch:
    """The last steps of each `shopper` before position `ends` (exclusive), at most `length`.

    A window of a shopper with more steps than that begins at a multiple of half of `length`, as
    those that training learns from do: so it grows from its newer half to the whole, and the next
    step does not push out the first at once.

    `session` is the running session's number for each window; `memory` more steps are remembered.
    The first step of a window has gap 0, so that a window says the same whatever came before it.
    """
    ends = np.asarray(ends, np.int64)
    is_known = (ends > 0) & (log.shopper[ends - 1] == shopper) if len(log) else False
    known = np.where(is_known, ends - np.searchsorted(log.shopper, shopper), 0)
    lengths = (known - _begin(known, length)).astype(np.int32)
    width = int(lengths.max(initial=0))
    positions = ends[:, None] - lengths[:, None] + np.arange(width)
    valid = np.arange(width) < lengths[:, None]
    positions = np.where(valid, positions, 0)

    def gather(values: Ints, padding: int) -> Ints:
        return np.where(valid, values[positions], padding).astype(np.int32)

    if width == 0:
        empty = np.zeros((len(ends), 0), np.int32)
        return Batch(empty, empty, empty, empty.astype(np.bool_), lengths, empty, empty)
    older = (
        ends[:, None] - lengths[:, None] - min(memory, len(log)) + np.arange(min(memory, len(log)))
    )
    theirs = (older >= 0) & (log.shopper[np.maximum(older, 0)] == shopper[:, None])
    gap = gather(log.gap, 0)
    gap[:, 0] = 0
    return Batch(
        item=gather(log.item, -1),
        action=gather(log.action, 0),
        gap=gap,
        in_session=valid & (log.session[positions] == session[:, None]),
        length=lengths,
        older_item=np.where(theirs, log.item[older], -1).astype(np.int32),
        older_action=np.where(theirs, log.action[older], 0).astype(np.int32),
    )


def _begin(steps: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """At which of a shopper's so many steps a window of at most `length` begins."""
    half = max(length // 2, 1)
    return np.maximum(-(-(steps - length) // half), 0) * half


def encode(
    steps: Sequence[tuple[str, str, datetime]],
    vocabulary: Vocabulary,
    *,
    now: datetime | None = None,
    length: int = WINDOW,
    memory: int = MEMORY,
) -> Batch:
    """One shopper's steps (product, action, time) as a batch of one window, for serving.

    The running session is what follows the last pause of SESSION_GAP; none runs where `now` is that
    long after the last step. Steps are put in time order; an action that is none of ACTIONS is
    left out.
    """
    known = [step for step in steps if step[1] in ACTION_CODES]
    known.sort(key=lambda step: step[2])
    first = max(int(_begin(np.array(len(known)), length)) - memory, 0)
    # By whole halves of a window, so that it begins where it would with all of them.
    known = known[first - first % max(length // 2, 1) :]
    size = len(known)
    at = np.fromiter((microseconds(step[2]) for step in known), np.int64, size)
    pause = SESSION_GAP // timedelta(microseconds=1)
    session = np.cumsum(np.diff(at, prepend=at[:1]) > pause).astype(np.int32)
    shopper = np.zeros(size, np.int32)
    running = int(session[-1]) if size else 0
    if now is not None and size and microseconds(now) - int(at[-1]) > pause:
        running = -1
    log = Log(
        shopper=shopper,
        session=session,
        item=np.fromiter((vocabulary.get(step[0]) for step in known), np.int32, size),
        action=np.fromiter((ACTION_CODES[step[1]] for step in known), np.int32, size),
        at=at,
        gap=gap_buckets(shopper, at),
    )
    return windows(
        log,
        np.array([size], np.int64),
        session=np.array([running], np.int32),
        shopper=np.zeros(1, np.int32),
        length=length,
        memory=memory,
    )


def extended(
    batch: Batch,
    item: int,
    action: int,
    *,
    pause: timedelta = timedelta(),
    length: int = WINDOW,
) -> Batch:
    """One window with one more step that long after its last, as `encode` would make it."""
    steps = int(batch.length[0])
    half = max(length // 2, 1)
    first = max(-((length - steps - 1) // half), 0) * half
    bucket = bisect_right(GAP_EDGES, pause.total_seconds()) + 1
    return Batch(
        *_one_more(
            batch.item[0, :steps], batch.action[0, :steps], batch.gap[0, :steps],
            batch.in_session[0, :steps], batch.older_item[0], batch.older_action[0],
            first, item, action, bucket, pause > SESSION_GAP,
        )
    )  # fmt: skip


@compiled
def _one_more(
    item: Ints, action: Ints, gap: Ints, in_session: Bools, older_item: Ints, older_action: Ints,
    first: int, new_item: int, new_action: int, bucket: int, begins_session: bool,
) -> tuple[Ints, Ints, Ints, Bools, Ints, Ints, Ints]:  # fmt: skip
    """The fields of the window that begins at step `first` of one, with one more step."""
    size = len(item) + 1 - first
    items, actions = np.empty((1, size), np.int32), np.empty((1, size), np.int32)
    gaps, running = np.empty((1, size), np.int32), np.empty((1, size), np.bool_)
    items[0, :-1], items[0, -1] = item[first:], new_item
    actions[0, :-1], actions[0, -1] = action[first:], new_action
    gaps[0, :-1], gaps[0, -1] = gap[first:], bucket
    gaps[0, 0] = 0
    running[0, :-1], running[0, -1] = in_session[first:], True
    if begins_session:
        running[0, :-1] = False
    kept = min(len(older_item), MEMORY - first)
    before, did = np.empty((1, kept + first), np.int32), np.empty((1, kept + first), np.int32)
    before[0, :kept], before[0, kept:] = older_item[len(older_item) - kept :], item[:first]
    did[0, :kept], did[0, kept:] = older_action[len(older_action) - kept :], action[:first]
    return items, actions, gaps, running, np.full(1, size, np.int32), before, did


@compiled
def goes_on(
    item: Ints, action: Ints, gap: Ints, older_item: Ints, older_action: Ints,
    first_item: Ints, first_action: Ints, first_gap: Ints,
    first_older_item: Ints, first_older_action: Ints,
) -> bool:  # fmt: skip
    """Whether a window's steps begin with the first's, after the same older steps.

    Older ones are compared from the last on; padding has action 0.
    """
    for step in range(len(first_item)):
        if item[step] != first_item[step] or action[step] != first_action[step]:
            return False
        if gap[step] != first_gap[step]:
            return False
    for back in range(1, max(len(older_item), len(first_older_item)) + 1):
        ours = older_action[-back] if back <= len(older_action) else 0
        theirs = first_older_action[-back] if back <= len(first_older_action) else 0
        if ours != theirs:
            return False
        if ours > 0 and older_item[-back] != first_older_item[-back]:
            return False
    return True


def beginning(batch: Batch, steps: int) -> Batch:
    """The first steps of one window."""
    return Batch(
        batch.item[:, :steps],
        batch.action[:, :steps],
        batch.gap[:, :steps],
        batch.in_session[:, :steps],
        np.array([steps], np.int32),
        batch.older_item,
        batch.older_action,
    )


def microseconds(at: datetime) -> int:
    """Microseconds since 1970; a naive time is refused."""
    if at.tzinfo is None:
        raise ValueError(f"naive datetime {at!r}: every time is aware UTC")
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def first_touches(log: Log) -> NDArray[np.int64]:
    """Positions where a session turns to a product for the first time, by a target action."""
    if len(log) == 0:
        return np.zeros(0, np.int64)
    first = first_met(log.session, log.item) & np.isin(log.action, TARGET_CODES)
    touched: NDArray[np.int64] = np.flatnonzero(first)
    return touched


def first_met(session: Ints, item: Ints) -> Bools:
    """The steps, given in their order, with an item that is new to their session."""
    key = session.astype(np.int64) * (int(item.max(initial=0)) + 2) + item + 1
    first = np.zeros(len(key), np.bool_)
    first[np.unique(key, return_index=True)[1]] = True
    return first


@dataclass(frozen=True)
class Split:
    """Sessions by the time they began: `train` is everything before `valid_from`."""

    train: Log
    valid: Log
    test: Log
    valid_from: datetime
    test_from: datetime


def temporal_split(log: Log, *, valid_days: float, test_days: float) -> Split:
    """Cut by the time each session began; a session is never cut in two.

    The last `test_days` are for testing and the `valid_days` before them for choosing. Raises
    ValueError where the log spans no more than both together.
    """
    if len(log) == 0:
        raise ValueError("there are no events to split")
    began = log.at[starts(log.session)]
    end = int(began.max()) + 1
    day = 86_400 * MICROSECONDS
    test_from = end - round(test_days * day)
    valid_from = test_from - round(valid_days * day)
    if not began.min() < valid_from:
        raise ValueError(
            f"the events span {(end - int(began.min())) / day:.1f} days: too few for "
            f"{valid_days:g} days of validation and {test_days:g} of test after the training days"
        )
    return Split(
        train=log.select(began < valid_from),
        valid=log.select((began >= valid_from) & (began < test_from)),
        test=log.select(began >= test_from),
        valid_from=_time(valid_from),
        test_from=_time(test_from),
    )


def _time(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of `size` that cover range(count)."""
    for begin in range(0, count, size):
        yield slice(begin, min(begin + size, count))


def score_chunks(count: int, items: int, most: int) -> Iterator[slice]:
    """Slices of at most `most` windows, fewer where their scores of all items are many."""
    return chunks(count, max(1, min(most, MOST_SCORES // max(items, 1))))
