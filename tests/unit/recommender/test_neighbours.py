"""Session neighbours: equal to the slow definition, and each setting does what it says."""

from dataclasses import replace
from datetime import timedelta
from math import exp, log1p

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.neighbours import NeighbourConfig, SessionNeighbours
from recommender.sequences import Batch, Log, Vocabulary, build_log, encode
from tests.unit.recommender.shop import BEGIN

ITEMS = "abcdef"
VOCABULARY = Vocabulary.of(list(ITEMS))
CONFIG = NeighbourConfig()
SESSIONS = st.lists(st.text(ITEMS, min_size=1, max_size=5), min_size=1, max_size=12)


def log_of(sessions: list[str]) -> Log:
    rows = [
        (f"s{number:02}", f"s{number:02}", item, "view",
         BEGIN + timedelta(hours=number, seconds=place))
        for number, session in enumerate(sessions)
        for place, item in enumerate(session)
    ]  # fmt: skip
    frame = pl.DataFrame(
        rows, schema=["shopper", "session", "product", "action", "at"], orient="row"
    )
    return build_log(frame, VOCABULARY)


def running(session: str) -> Batch:
    steps = [(item, "view", BEGIN + timedelta(seconds=at)) for at, item in enumerate(session)]
    return encode(steps, VOCABULARY)


def scored(sessions: list[str], session: str, config: NeighbourConfig) -> dict[str, float]:
    model = SessionNeighbours.fit(log_of(sessions), len(ITEMS), config=config)
    scores = model.score(running(session))[0].tolist()
    return {item: score for item, score in zip(ITEMS, scores, strict=True) if not np.isnan(score)}


def slowly(sessions: list[str], session: str, config: NeighbourConfig) -> dict[str, float]:
    """The definition, one past session after the other, with all of them near."""
    kept = [past for past in sessions if len(past) > 1]
    asked = list(dict.fromkeys(session[::-1]))

    def rare(item: str) -> float:
        met = max(sum(item in past for past in kept), 1)
        return log1p(len(kept) / met) / log1p(len(kept))

    scores: dict[str, float] = {}
    for number, past in enumerate(kept, start=1):
        shared = [(back, item) for back, item in enumerate(asked) if item in past]
        if not shared:
            continue
        near = sum(exp(-back / config.query_decay) * rare(item) ** config.rarity
                   for back, item in shared)  # fmt: skip
        near *= exp(-(1 - number / len(kept)) / config.recency) / len(past) ** config.length
        at = past.rindex(shared[0][1])
        for place, item in enumerate(past):
            part = config.itself
            if place != at:
                side = 1.0 if place > at else config.before
                part = side * exp(-(abs(place - at) - 1) / config.distance)
            gain = near * part * rare(item) ** config.scored_rarity
            scores[item] = scores.get(item, 0) + gain
    return scores


@given(
    sessions=SESSIONS,
    session=st.text(ITEMS, min_size=1, max_size=5),
    before=st.sampled_from([0.3, 1.0]),
    decay=st.sampled_from([0.5, 4.0]),
    rarity=st.sampled_from([0.0, 0.5, 2.0]),
)
@settings(deadline=None)
def test_it_is_what_the_definition_says(
    sessions: list[str], session: str, before: float, decay: float, rarity: float
) -> None:
    config = replace(CONFIG, before=before, query_decay=decay, rarity=rarity)
    expected = slowly(sessions, session, config)
    assert scored(sessions, session, config) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_only_the_nearest_sessions_count() -> None:
    sessions = ["abc", "ad", "ae"]
    assert set(scored(sessions, "abc", replace(CONFIG, nearest=1))) == {"a", "b", "c"}


def test_only_the_latest_sessions_of_an_item_are_looked_at() -> None:
    found = scored(["ab", "ac", "ad"], "a", replace(CONFIG, postings=2))
    assert set(found) == {"a", "c", "d"}


def test_a_later_session_counts_more() -> None:
    found = scored(["ab", "ac"], "a", replace(CONFIG, recency=0.2))
    assert found["c"] > 2 * found["b"]


def test_what_came_after_counts_more_than_what_came_before() -> None:
    found = scored(["bac"], "a", CONFIG)
    assert found["c"] == pytest.approx(found["b"] / CONFIG.before, rel=1e-3)


def test_a_session_that_nobody_shared_says_nothing() -> None:
    assert scored(["ab", "bc"], "f", CONFIG) == {}


def test_one_shopper_is_found_what_a_crowd_is_scored() -> None:
    model = SessionNeighbours.fit(log_of(["abc", "bcd", "ce"]), len(ITEMS))
    items, values = model.found(running("bc"))
    np.testing.assert_array_equal(model.score(running("bc"))[0, items], values)
    assert len(items) == len(set(items.tolist())) == 5


def test_people_are_the_shoppers_behind_the_nearest_sessions_each_once() -> None:
    rows = [("ann", "1", "ab"), ("ann", "2", "ab"), ("bob", "3", "ac"), ("cat", "4", "de")]
    frame = pl.DataFrame(
        [(who, session, item, "view", BEGIN + timedelta(hours=int(session), seconds=at))
         for who, session, items in rows for at, item in enumerate(items)],
        schema=["shopper", "session", "product", "action", "at"], orient="row",
    )  # fmt: skip
    model = SessionNeighbours.fit(build_log(frame, VOCABULARY), len(ITEMS))
    index = VOCABULARY.index
    asked = np.array([index["a"]], np.int32)
    assert model.people(asked, index["b"]) == (1, 2)
    assert model.people(asked, index["c"]) == (1, 2)
    assert model.people(asked, index["d"]) == (0, 2)
    assert SessionNeighbours.from_arrays(model.arrays()).people(asked, index["b"]) == (1, 2)


def test_a_newcomer_was_met_by_nobody_in_the_nearest_sessions() -> None:
    model = SessionNeighbours.fit(log_of(["ab", "ac"]), len(ITEMS))
    assert model.people(np.array([0], np.int32), len(ITEMS)) == (0, 2)
