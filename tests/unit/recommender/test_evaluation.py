"""How models are measured: cases, ranks, metrics, intervals."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import sequences
from recommender.evaluation import (
    MISS,
    Cases,
    Floats,
    Ranking,
    bootstrap,
    difference,
    find_cases,
    hits,
    known_scores,
    measure,
    novelty,
    oracle_scorer,
    popularity,
    rank_cases,
    reciprocal_ranks,
    scorer,
    target_ranks,
    told,
    top_items,
)
from recommender.popular import Popular
from recommender.sequences import Vocabulary, build_log
from tests.unit.recommender.shop import BEGIN, planted_events, rows

VOCABULARY = Vocabulary.of(["tent", "mat", "stove", "lamp"])
EVENTS = rows(
    ("a", "1", "tent", "view", 0),
    ("a", "1", "tent", "add", 1),
    ("a", "1", "mat", "view", 2),
    ("a", "1", "tent", "view", 3),
    ("a", "1", "stove", "add", 4),
    ("b", "2", "lamp", "view", 10),
    ("a", "3", "tent", "view", 600),
    ("a", "3", "mat", "view", 601),
)


def cases_since(minutes: float) -> Cases:
    log = build_log(EVENTS, VOCABULARY)
    since = BEGIN + timedelta(minutes=minutes)
    return find_cases(log, since=since, until=None, trained=log.select(log.at < 0))


def test_the_cases_of_a_session_are_its_products_after_the_first() -> None:
    targets = [VOCABULARY.items[item] for item in cases_since(0).target]
    assert targets == ["mat", "stove", "mat"]


def test_a_session_of_one_product_has_no_case() -> None:
    assert all(cases_since(0).shopper == 0)


def test_only_sessions_that_began_in_the_period_count() -> None:
    assert len(cases_since(2)) == 1
    log = build_log(EVENTS, VOCABULARY)
    until = BEGIN + timedelta(minutes=500)
    assert len(find_cases(log, since=BEGIN, until=until, trained=log)) == 2


def test_a_target_that_training_did_not_meet_is_marked_unseen() -> None:
    log = build_log(EVENTS, VOCABULARY)
    trained = log.select(log.item == VOCABULARY.get("mat"))
    found = find_cases(log, since=BEGIN, until=None, trained=trained)
    assert found.seen.tolist() == [True, False, True]


def test_the_oracle_is_told_everything_before_the_target_and_nothing_after() -> None:
    first, _, last = told(cases_since(0), EVENTS)
    assert [step.product_id for step in first.steps] == ["tent", "tent"]
    assert (first.shopper, first.session, first.session_from, first.target) == ("a", "1", 0, "mat")
    assert [step.action for step in last.steps] == ["view", "add", "view", "view", "add", "view"]
    assert (last.session_from, last.target) == (5, "mat")


def test_what_the_oracle_is_told_is_what_the_models_see() -> None:
    events = planted_events(sessions=200)
    vocabulary = Vocabulary.of(events["product"].unique().to_list())
    log = build_log(events, vocabulary)
    cases = find_cases(log, since=BEGIN + timedelta(days=20), until=None, trained=log)
    batch = cases.batch(slice(0, len(cases)))
    for row, case in enumerate(told(cases, events)):
        seen = batch.item[row, : batch.length[row]].tolist()
        assert seen == [vocabulary.get(step.product_id) for step in case.steps][-len(seen) :]
        session = case.steps[case.session_from :]
        assert batch.in_session[row].sum() == min(len(session), len(seen))
        assert case.target not in {step.product_id for step in session}


def test_ties_count_against_the_target() -> None:
    scores = np.array([[0.5, 0.5, 0.5, 0.1]])
    assert target_ranks(scores, np.array([0])).tolist() == [3]


def test_a_constant_score_never_hits_the_first_places() -> None:
    assert target_ranks(np.ones((1, 100)), np.array([0])).tolist() == [100]


def test_a_target_that_is_unknown_or_without_a_score_is_a_miss() -> None:
    scores = np.array([[-np.inf, 1.0], [2.0, 1.0]])
    assert target_ranks(scores, np.array([0, -1])).tolist() == [MISS, MISS]


def test_products_of_the_running_session_are_left_out_of_the_ranking() -> None:
    cases = cases_since(0)
    scores = np.ones((3, 4)) * [4, 3, 2, 1]
    known = known_scores(scores, cases.batch(slice(0, 3)))
    touched = [VOCABULARY.items[item] for item in np.flatnonzero(np.isinf(known[1]))]
    assert touched == ["mat", "tent"]


@given(st.lists(st.integers(0, 5), min_size=2, max_size=12), st.data())
def test_a_rank_is_the_number_of_items_at_least_as_good(
    values: list[int], data: st.DataObject
) -> None:
    target = data.draw(st.integers(0, len(values) - 1))
    expected = sum(value >= values[target] for value in values)
    assert target_ranks(np.array([values], float), np.array([target])).tolist() == [expected]


def test_top_items_are_the_best_first_and_short_of_the_unknown() -> None:
    scores = np.array([[0.1, -np.inf, 0.9, 0.9]])
    assert top_items(scores, 10).tolist() == [[2, 3, 0, -1]]


def test_metrics_are_as_computed_by_hand() -> None:
    ranking = Ranking(
        "hand", np.array([1, 2, 30, MISS], np.int32), {20: np.array([1, 0], np.int32)}
    )
    metrics = measure(ranking, np.ones(4, np.bool_), k=20)
    assert metrics.recall == 0.5
    assert metrics.precision == 0.5 / 20
    assert metrics.f1 == pytest.approx(2 * 0.025 * 0.5 / 0.525)
    assert metrics.mrr == (1 + 1 / 2) / 4
    assert metrics.ndcg == pytest.approx((1 + 1 / np.log2(3)) / 4)
    assert (metrics.coverage, metrics.cases) == (0.5, 4)


def test_unseen_targets_can_be_dropped_or_kept_as_misses() -> None:
    ranking = Ranking("hand", np.array([1, MISS], np.int32), {20: np.ones(1, np.int32)})
    assert measure(ranking, np.array([True, False]), k=20).recall == 1.0
    assert measure(ranking, np.array([True, True]), k=20).recall == 0.5


def test_no_cases_give_no_number() -> None:
    ranking = Ranking("hand", np.zeros(0, np.int32), {20: np.zeros(1, np.int32)})
    assert np.isnan(measure(ranking, np.zeros(0, np.bool_), k=20).recall)


def test_the_interval_holds_the_mean_and_narrows_with_more_shoppers() -> None:
    draw = np.random.default_rng(3)
    few, many = draw.random(40), draw.random(4000)
    narrow = bootstrap(many, np.arange(4000, dtype=np.int32))
    wide = bootstrap(few, np.arange(40, dtype=np.int32))
    assert wide.low < wide.mean < wide.high
    assert narrow.high - narrow.low < wide.high - wide.low


def test_cases_of_one_shopper_widen_the_interval() -> None:
    values = np.repeat(np.random.default_rng(0).integers(0, 2, 50), 20).astype(float)
    alone = bootstrap(values, np.arange(1000, dtype=np.int32))
    grouped = bootstrap(values, np.repeat(np.arange(50, dtype=np.int32), 20))
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_a_paired_difference_of_a_model_with_itself_is_nothing() -> None:
    cases = cases_since(0)
    ranking = Ranking("a", np.array([1, 5, 9], np.int32), {20: np.ones(1, np.int32)})
    lead = difference(ranking, ranking, cases, k=20, of=reciprocal_ranks)
    assert (lead.mean, lead.low, lead.high) == (0, 0, 0)
    worse = Ranking("b", np.array([MISS] * 3, np.int32), {20: np.zeros(1, np.int32)})
    assert difference(ranking, worse, cases, k=20, of=hits).low == 1


class KnowsTheAnswer:
    """An oracle that cheats, to show that its row reaches the right case."""

    def score(self, cases, items):  # type: ignore[no-untyped-def]
        return np.array([[float(item == case.target) for item in items] for case in cases])


def test_an_oracle_that_knows_the_answer_ranks_every_target_first() -> None:
    cases = cases_since(0)
    score = oracle_scorer(KnowsTheAnswer(), cases, EVENTS, VOCABULARY)
    assert rank_cases("oracle", score, cases, items=4, size=2).rank.tolist() == [1, 1, 1]


def test_fewer_cases_are_ranked_at_once_where_the_items_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sequences, "MOST_SCORES", 8)
    cases = cases_since(0)
    oracle = oracle_scorer(KnowsTheAnswer(), cases, EVENTS, VOCABULARY)
    asked = []

    def score(part: slice) -> Floats:
        asked.append(part.stop - part.start)
        return oracle(part)

    assert rank_cases("oracle", score, cases, items=4).rank.tolist() == [1, 1, 1]
    assert asked == [2, 1]


def test_coverage_is_the_share_of_items_among_the_first_k_of_anybody() -> None:
    cases = cases_since(0)
    popular = Popular(np.array([4, 3, 2, 1], np.float32))
    ranking = rank_cases("popular", scorer(popular, cases), cases, items=4, ks=(1,))
    assert 0 < measure(ranking, np.ones(len(cases), np.bool_), k=1).coverage < 1


def shown(*times: int) -> Ranking:
    return Ranking("hand", np.ones(1, np.int32), {20: np.array(times, np.int32)})


def test_novelty_is_the_bits_of_surprise_in_what_is_shown() -> None:
    met = np.array([8, 4, 1, 1], np.float32)
    assert novelty(shown(3, 0, 0, 0), met, sessions=8, k=20) == pytest.approx(0)
    assert novelty(shown(1, 1, 0, 0), met, sessions=8, k=20) == pytest.approx((0 + 1) / 2)
    assert novelty(shown(0, 0, 3, 1), met, sessions=8, k=20) == pytest.approx(3)


def test_a_product_that_training_never_met_is_the_most_novel_and_finite() -> None:
    met = np.array([7, 1, 0], np.float32)
    assert novelty(shown(0, 0, 1), met, sessions=8, k=20) == pytest.approx(np.log2(16))


def test_popularity_is_one_where_what_is_shown_is_what_shoppers_turn_to() -> None:
    met, target = np.array([6, 3, 0], np.float32), np.array([0, 1], np.int32)
    assert popularity(shown(1, 1, 0), met, target, k=20) == pytest.approx(1)
    assert popularity(shown(5, 0, 0), met, target, k=20) == pytest.approx(6 / 4.5)


def test_nothing_shown_has_no_novelty_and_no_popularity() -> None:
    met = np.ones(2, np.float32)
    assert np.isnan(novelty(shown(0, 0), met, sessions=8, k=20))
    assert np.isnan(popularity(shown(0, 0), met, np.zeros(1, np.int32), k=20))
