"""Session neighbours: what went on in past sessions that met the same products.

Of the family of session-based nearest neighbours (Ludewig & Jannach 2018; STAN: Garg et al. 2019;
VSTAN: Ludewig et al. 2020). Past sessions that share products with the running one are found
through an inverted index; one counts the more, the later in the running session the shared products
were met, the rarer they are, the shorter and the more recent the past session is. Of the nearest,
each product counts by how far it lies from the latest shared product, after it more than before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import repeat
from threading import local

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.newcomers import Newcomers
from recommender.protocol import Arrays, Scores
from recommender.sequences import WINDOW, Batch, Ints, Log, starts

type Places = NDArray[np.int64]
NO_SESSION = -1


@dataclass(frozen=True)
class NeighbourConfig:
    """How sessions are compared; the defaults do well on public logs of shops."""

    nearest: int = 500
    postings: int = 5_000
    """So many of the latest sessions with a product are looked at."""
    query_decay: float = 1.5
    """A product met so many products earlier in the running session counts 1/e."""
    recency: float = 1.0
    """A session after which this share of all sessions began counts 1/e."""
    length: float = 0.25
    """Sessions count by 1 / steps to this power."""
    rarity: float = 2.0
    """Shared products count by how rare they are (0 to 1) to this power."""
    distance: float = 2.0
    """A product so many steps from the shared one counts 1/e."""
    before: float = 0.5
    """What a product before the shared one counts, against one after it."""
    itself: float = 0.5
    """What the shared product counts that comes again, against the one after it."""
    scored_rarity: float = 0.5
    """Scored products count by how rare they are to this power."""


class _Room(local):
    """What each thread notes down while it answers one question.

    With a million sessions, room made anew for all of them takes half of a question's time. `near`,
    `score` and `turn` are all 0 between questions.
    """

    def __init__(self, sessions: int, items: int) -> None:
        self.near = np.zeros(sessions, np.float32)
        self.met = np.empty(sessions, np.int32)
        self.score = np.zeros(items, np.float32)
        self.items = np.empty(items, np.int32)
        self.turn = np.zeros(items, np.int32)


class SessionNeighbours:
    """Suggests what the past sessions nearest to the running one turned to."""

    name = "neighbours"

    def __init__(
        self,
        config: NeighbourConfig,
        shopper: Ints,
        begin: Places,
        item: Ints,
        first: Places,
        session: Ints,
    ) -> None:
        """From the sessions, oldest first, and the latest sessions that met each item.

        Session s is one of `shopper[s]` and has the items `item[begin[s] : begin[s + 1]]`, in their
        order; item i was met by `session[first[i] : first[i + 1]]`, the latest first.
        """
        self.config = config
        self.shopper, self.begin, self.item = shopper, begin, item
        self.first, self.session = first, session
        sessions = max(len(begin) - 1, 1)
        age = 1 - np.arange(1, len(begin)) / sessions
        sizes = np.maximum(np.diff(begin), 1)
        self._worth = (np.exp(-age / config.recency) * sizes**-config.length).astype(np.float32)
        rare = np.log1p(sessions / np.maximum(np.diff(first), 1)) / np.log1p(sessions)
        self._rarity = (rare**config.rarity).astype(np.float32)
        self._scored = (rare**config.scored_rarity).astype(np.float32)
        self._by_distance = _by_distance(config, int(sizes.max(initial=1)))
        self._room = _Room(len(begin) - 1, len(first) - 1)

    @classmethod
    def fit(
        cls, log: Log, items: int, *, config: NeighbourConfig | None = None
    ) -> "SessionNeighbours":
        """Keep the log's sessions that met two products or more, by the time they began."""
        config = config or NeighbourConfig()
        log = log.select(log.item >= 0)
        begins = np.unique(starts(log.session))
        sizes = np.diff(begins, append=len(log))
        order = _kept(log, begins, sizes)
        begin = np.concatenate([[0], np.cumsum(sizes[order])]).astype(np.int64)
        taken = np.repeat(begins[order] - begin[:-1], sizes[order]) + np.arange(begin[-1])
        item = log.item[taken].astype(np.int32)
        first, session = _postings(begin, item, items, config.postings)
        return cls(config, log.shopper[begins[order]], begin, item, first, session)

    def score(self, batch: Batch) -> Scores:
        """The weights of the nearest sessions, added up by product; NaN where none has it."""
        scores = np.full((len(batch), len(self.first) - 1), np.nan, np.float32)
        asked = (np.array(batch.session_items(row), np.int32) for row in range(len(batch)))
        for row, (items, values) in enumerate(self.after(asked)):
            scores[row, items] = values
        return scores

    def tuned(self, config: NeighbourConfig) -> "SessionNeighbours":
        """The same sessions compared in another way; `postings` must be as it was."""
        return SessionNeighbours(
            config, self.shopper, self.begin, self.item, self.first, self.session
        )

    def found(self, batch: Batch) -> tuple[Ints, Scores]:
        """As Sparse says."""
        return next(self.after([np.array(batch.session_items(0), np.int32)]))

    def after(
        self, questions: Iterable[Ints], but: Iterable[int] = repeat(NO_SESSION)
    ) -> Iterator[tuple[Ints, Scores]]:
        """For each of some distinct items, the latest first, what the sessions that met them say.

        That is items, each once, and their scores; the others have none. `but` names a session for
        each that is not asked.
        """
        config, room = self.config, self._room
        for asked, left_out in zip(questions, but, strict=False):
            back = np.arange(len(asked), dtype=np.float32)
            yield _neighbours(
                asked, np.exp(-back / np.float32(config.query_decay)),
                self.begin, self.item, self.first, self.session,
                self._worth, self._rarity, self._scored,
                config.nearest, self._by_distance,
                room.near, room.met, room.score, room.items, room.turn, left_out,
            )  # fmt: skip

    def people(self, asked: Ints, target: int) -> tuple[int, int]:
        """Of the shoppers behind the nearest sessions, how many turned to the item in them.

        As (those, all of them); `asked` as in `after`.
        """
        config, room = self.config, self._room
        back = np.arange(len(asked), dtype=np.float32)
        nearest, _ = _nearest(
            asked, np.exp(-back / np.float32(config.query_decay)),
            self.first, self.session, self._worth, self._rarity,
            config.nearest, room.near, room.met, NO_SESSION,
        )  # fmt: skip
        with_it = [
            one for one in nearest if target in self.item[self.begin[one] : self.begin[one + 1]]
        ]
        return len(set(self.shopper[with_it].tolist())), len(set(self.shopper[nearest].tolist()))

    def of_others(self, log: Log, steps: Places) -> Iterator[tuple[Ints, Scores]]:
        """What all sessions but its own say after each of some steps of the log fitted on.

        Of a step's session the steps up to it are known, as many as a window holds.
        """
        known = log.select(log.item >= 0)
        begins = np.unique(starts(known.session))
        number = np.full(int(log.session.max(initial=-1)) + 1, NO_SESSION)
        order = _kept(known, begins, np.diff(begins, append=len(known)))
        number[known.session[begins[order]]] = np.arange(len(order))
        first = np.maximum(starts(log.session)[steps], steps + 1 - WINDOW)
        met = (log.item[one : step + 1] for one, step in zip(first, steps, strict=True))
        asked = (np.array(list(dict.fromkeys(a[a >= 0][::-1].tolist())), np.int32) for a in met)
        return self.after(asked, but=number[log.session[steps]].tolist())

    def grown(self, new: Newcomers) -> "SessionNeighbours":
        """The same sessions, none of which met the new items."""
        first = np.pad(self.first, (0, len(new)), mode="edge")
        return SessionNeighbours(
            self.config, self.shopper, self.begin, self.item, first, self.session
        )

    def arrays(self) -> Arrays:
        """The sessions; the index is made again from them."""
        return {
            "config": np.array([getattr(self.config, field.name) for field in fields(self.config)]),
            "shopper": self.shopper,
            "begin": self.begin,
            "item": self.item,
            "items": np.array(len(self.first) - 1),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "SessionNeighbours":
        """The recommender that `arrays` came from."""
        nearest, postings, *rest = arrays["config"].tolist()
        config = NeighbourConfig(int(nearest), int(postings), *rest)
        begin, item = arrays["begin"], arrays["item"]
        index = _postings(begin, item, int(arrays["items"]), config.postings)
        return cls(config, arrays["shopper"], begin, item, *index)


def _kept(log: Log, begins: Places, sizes: Places) -> Places:
    """The sessions, by their place in the log, that are compared with, oldest first."""
    order = np.argsort(log.at[begins], kind="stable") if len(log) else begins
    return order[sizes[order] > 1]


def _postings(begin: Places, item: Ints, items: int, most: int) -> tuple[Places, Ints]:
    """For each item, the latest `most` sessions that met it."""
    session = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    met = np.unique(item * np.int64(len(begin)) + (len(begin) - 2 - session))
    by_item, back = np.divmod(met, len(begin))
    rank = np.arange(len(met)) - starts(by_item)
    by_item, back = by_item[rank < most], back[rank < most]
    first = np.concatenate([[0], np.cumsum(np.bincount(by_item, minlength=items))])
    return first.astype(np.int64), (len(begin) - 2 - back).astype(np.int32)


def _by_distance(config: NeighbourConfig, most: int) -> Scores:
    """What a product counts that lies -most to most steps from the shared one, (2 most + 1,)."""
    far = np.arange(most, dtype=np.float32)
    decay = np.exp(-far / np.float32(config.distance))
    before = np.float32(config.before) * decay[::-1]
    return np.concatenate([before, [np.float32(config.itself)], decay]).astype(np.float32)


@compiled
def _nearest(
    asked: Ints, weight: Scores,
    first: Places, session: Ints, worth: Scores, rarity: Scores,
    nearest: int, near: Scores, met: Ints, left_out: int,
) -> tuple[Ints, Scores]:  # fmt: skip
    """The nearest sessions but `left_out` and what each counts, in no order.

    Arguments as in `_neighbours`.
    """
    count = 0
    for at in range(len(asked)):
        one = asked[at]
        value = weight[at] * rarity[one]
        for place in range(first[one], first[one + 1]):
            where = session[place]
            if where == left_out:
                continue
            if near[where] == 0:
                met[count] = where
                count += 1
            near[where] += value
    met = met[:count]
    value_of = near[met] * worth[met]
    near[met] = 0
    if count > nearest:
        least = np.partition(value_of, count - nearest)[count - nearest]
        keep = value_of >= least
        met, value_of = met[keep], value_of[keep]
    return met, value_of


@compiled
def _neighbours(
    asked: Ints, weight: Scores,
    begin: Places, item: Ints, first: Places, session: Ints,
    worth: Scores, rarity: Scores, scored: Scores,
    nearest: int, by_distance: Scores,
    near: Scores, met: Ints, score: Scores, items: Ints, turn: Ints, left_out: int,
) -> tuple[Ints, Scores]:  # fmt: skip
    """Items of the nearest sessions but `left_out`, each once, and their scores.

    `asked` has the latest first; `near` to `turn` are the fields of a `_Room`. `by_distance` has
    what a product counts that lies so many steps from the shared one, which is in its middle.
    """
    span = len(by_distance) // 2
    met, value_of = _nearest(
        asked, weight, first, session, worth, rarity, nearest, near, met, left_out
    )
    for at in range(len(asked)):
        turn[asked[at]] = len(asked) - at
    size = 0
    for at in range(len(met)):
        one = met[at]
        low, high = begin[one], begin[one + 1]
        shared, latest = low, 0
        for place in range(low, high):
            if turn[item[place]] >= latest and turn[item[place]] > 0:
                shared, latest = place, turn[item[place]]
        for place in range(low, high):
            gain = by_distance[place - shared + span] * value_of[at] * scored[item[place]]
            if gain <= 0:
                continue
            if score[item[place]] == 0:
                items[size] = item[place]
                size += 1
            score[item[place]] += gain
    for one in asked:
        turn[one] = 0
    scored_items = items[:size].copy()
    values = score[scored_items]
    score[scored_items] = 0
    return scored_items, values
