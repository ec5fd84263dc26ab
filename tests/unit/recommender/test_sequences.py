"""How event frames become logs, sessions and windows."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.sequences import (
    GAP_BUCKETS,
    Vocabulary,
    build_log,
    encode,
    first_touches,
    starts,
    temporal_split,
    windows,
)
from tests.unit.recommender.shop import BEGIN, planted_events, rows

VOCABULARY = Vocabulary.of(["tent", "mat", "stove"])


def test_a_search_without_a_product_is_no_step() -> None:
    events = rows(("a", "1", "tent", "view", 0)).vstack(
        pl.DataFrame(
            {"shopper": ["a"], "session": ["1"], "product": [None], "action": ["search"],
             "at": [BEGIN]},
            schema=rows().schema,
        )
    )  # fmt: skip
    assert len(build_log(events, VOCABULARY)) == 1


def test_without_session_ids_half_an_hour_of_pause_begins_a_new_session() -> None:
    events = rows(
        ("a", "x", "tent", "view", 0),
        ("a", "x", "mat", "view", 29),
        ("a", "x", "stove", "view", 60),
    ).with_columns(session=pl.lit(None, pl.String))
    assert build_log(events, VOCABULARY).session.tolist() == [0, 0, 1]


def test_two_shoppers_with_the_same_session_id_have_two_sessions() -> None:
    log = build_log(rows(("a", "1", "tent", "view", 0), ("b", "1", "mat", "view", 1)), VOCABULARY)
    assert log.session.tolist() == [0, 1]


def test_what_carries_no_session_id_belongs_to_the_visit_that_runs() -> None:
    events = rows(
        ("a", "1", "tent", "view", 0),
        ("a", None, "tent", "add", 1),
        ("a", "1", "mat", "view", 2),
        ("a", None, "tent", "purchase", 40),
    )
    log = build_log(events, VOCABULARY)
    assert log.session.tolist() == [0, 0, 0, 1]
    assert log.item.tolist() == [VOCABULARY.get(one) for one in ("tent", "tent", "mat", "tent")]


def test_a_session_goes_on_after_a_pause_where_its_id_says_so() -> None:
    events = rows(
        ("a", "1", "tent", "view", 0),
        ("a", "1", "mat", "view", 50),
        ("a", "2", "stove", "view", 90),
    )
    assert build_log(events, VOCABULARY).session.tolist() == [0, 0, 1]


STEPS = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from(["1", "2", None]),
        st.sampled_from(["tent", "mat", "stove"]), st.sampled_from(["view", "add", "purchase"]),
        st.integers(0, 200),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@given(STEPS)
def test_no_step_stands_before_an_earlier_one_of_its_shopper(
    steps: list[tuple[str, str | None, str, str, int]],
) -> None:
    log = build_log(rows(*steps), VOCABULARY)
    same = log.shopper[1:] == log.shopper[:-1]
    assert (np.diff(log.at)[same] >= 0).all()
    assert (np.diff(log.session)[same] >= 0).all()
    assert (np.diff(log.session)[~same] > 0).all()


@given(STEPS)
def test_without_ids_training_has_the_sessions_that_serving_has(
    steps: list[tuple[str, str | None, str, str, int]],
) -> None:
    mine = sorted((step for step in steps if step[0] == "a"), key=lambda step: step[4])
    log = build_log(rows(*((who, None, *rest) for who, _, *rest in mine)), VOCABULARY)
    served = encode(
        [(product, action, BEGIN + timedelta(minutes=at)) for _, _, product, action, at in mine],
        VOCABULARY,
    )
    if len(log):
        assert served.in_session[0].tolist() == (log.session == log.session[-1]).tolist()


def test_an_unknown_product_is_minus_one() -> None:
    assert build_log(rows(("a", "1", "kayak", "view", 0)), VOCABULARY).item.tolist() == [-1]


def test_an_unknown_action_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="wave"):
        build_log(rows(("a", "1", "tent", "wave", 0)), VOCABULARY)


def test_a_missing_column_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="session"):
        build_log(rows().drop("session"), VOCABULARY)


def test_only_the_first_time_a_session_turns_to_a_product_counts() -> None:
    log = build_log(
        rows(
            ("a", "1", "tent", "view", 0),
            ("a", "1", "tent", "add", 1),
            ("a", "1", "mat", "view", 2),
            ("a", "2", "tent", "view", 100),
        ),
        VOCABULARY,
    )
    assert first_touches(log).tolist() == [0, 2, 3]


def test_what_a_session_first_meets_by_removing_it_is_not_turned_to() -> None:
    log = build_log(rows(("a", "1", "tent", "view", 0), ("a", "1", "mat", "remove", 1)), VOCABULARY)
    assert first_touches(log).tolist() == [0]


def test_a_window_never_reaches_into_another_shopper() -> None:
    log = build_log(
        rows(
            ("a", "1", "tent", "view", 0),
            ("b", "2", "mat", "view", 1),
            ("b", "2", "stove", "view", 2),
        ),
        VOCABULARY,
    )
    batch = windows(log, np.array([3]), session=log.session[2:3], shopper=log.shopper[2:3])
    assert batch.item.tolist() == [[VOCABULARY.get("mat"), VOCABULARY.get("stove")]]


@given(count=st.integers(1, 100), length=st.integers(1, 12))
def test_a_long_window_begins_at_a_multiple_of_half_its_length(count: int, length: int) -> None:
    log = build_log(
        rows(*(("a", "s", "tent", "view", place) for place in range(count))), VOCABULARY
    )
    nobody = np.zeros(1, np.int32)
    ends = np.array([count])
    steps = int(windows(log, ends, session=nobody, shopper=nobody, length=length).length[0])
    assert (count - steps) % max(length // 2, 1) == 0
    assert steps == count if count <= length else length // 2 < steps <= length


def test_padding_has_no_item_action_or_session() -> None:
    log = build_log(rows(("a", "1", "tent", "view", 0), ("a", "1", "mat", "view", 1)), VOCABULARY)
    batch = windows(log, np.array([1, 2]), session=log.session, shopper=log.shopper)
    assert (batch.item[0, 1], batch.action[0, 1], batch.gap[0, 1]) == (-1, 0, 0)
    assert not batch.in_session[0, 1]


def test_the_first_step_of_a_cut_window_has_no_gap() -> None:
    log = build_log(planted_events(sessions=60), Vocabulary.of(["tent", "mat"]))
    end = np.array([len(log)])
    batch = windows(log, end, session=log.session[-1:], shopper=log.shopper[-1:], length=2)
    assert batch.gap[0, 0] == 0
    assert 0 < batch.gap[0, 1] < GAP_BUCKETS


@given(st.integers(0, 5), st.integers(1, 8), st.integers(2, 12))
def test_serving_and_training_see_a_shopper_alike(seed: int, length: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    steps = [
        ("a", "1", str(draw.choice(["tent", "mat", "stove", "kayak"])), "view", minutes)
        for minutes in np.cumsum(draw.integers(1, 25, count)).tolist()
    ]
    log = build_log(rows(*steps), VOCABULARY)
    trained = windows(
        log,
        np.array([len(log)]),
        session=log.session[-1:],
        shopper=log.shopper[-1:],
        length=length,
    )
    served = encode(
        [(product, action, BEGIN + timedelta(minutes=at)) for _, _, product, action, at in steps],
        VOCABULARY,
        length=length,
    )
    assert served.item.tolist() == trained.item.tolist()
    assert served.action.tolist() == trained.action.tolist()
    assert served.gap.tolist() == trained.gap.tolist()
    assert served.in_session.tolist() == trained.in_session.tolist()


def test_no_session_runs_when_the_last_step_is_long_ago() -> None:
    steps = [("tent", "view", BEGIN)]
    later = encode(steps, VOCABULARY, now=BEGIN + timedelta(hours=2))
    assert later.item.tolist() == [[VOCABULARY.get("tent")]]
    assert not later.in_session.any()


def test_an_empty_history_is_an_empty_window() -> None:
    batch = encode([], VOCABULARY)
    assert (len(batch), batch.length.tolist(), batch.last_items().tolist()) == (1, [0], [-1])


def test_the_split_never_cuts_a_session_and_leaves_nothing_out() -> None:
    log = build_log(planted_events(), Vocabulary.of(["tent"]))
    split = temporal_split(log, valid_days=4, test_days=3)
    parts = (split.train, split.valid, split.test)
    assert sum(len(part) for part in parts) == len(log)
    sessions = [set(part.session.tolist()) for part in parts]
    assert not (sessions[0] & sessions[1])
    assert not (sessions[1] & sessions[2])


def test_every_test_session_begins_after_every_training_session() -> None:
    log = build_log(planted_events(), Vocabulary.of(["tent"]))
    split = temporal_split(log, valid_days=4, test_days=3)
    began = [part.at[starts(part.session)] for part in (split.train, split.valid, split.test)]
    assert began[0].max() < began[1].min()
    assert began[1].max() < began[2].min()


def test_a_log_too_short_to_split_says_how_many_days_it_has() -> None:
    log = build_log(rows(("a", "1", "tent", "view", 0)), VOCABULARY)
    with pytest.raises(ValueError, match=r"0\.0 days"):
        temporal_split(log, valid_days=7, test_days=7)


def test_the_fingerprint_is_of_the_items_and_not_of_their_order() -> None:
    assert Vocabulary.of(["b", "a"]).fingerprint == Vocabulary.of(["a", "b"]).fingerprint
    assert Vocabulary.of(["a"]).fingerprint != Vocabulary.of(["a", "b"]).fingerprint
