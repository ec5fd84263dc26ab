"""The counting recommenders, by hand."""

from datetime import timedelta

import numpy as np

from recommender.popular import (
    ItemToItem,
    Popular,
    PopularInCategory,
    RecentlyPopular,
    bought_again,
    people_per_item,
)
from recommender.sequences import Vocabulary, build_log, encode
from tests.unit.recommender.shop import BEGIN, rows

VOCABULARY = Vocabulary.of(["lamp", "mat", "stove", "tent"])
LAMP, MAT, STOVE, TENT = range(4)
DAY = 1440
LOG = build_log(
    rows(
        ("a", "1", "tent", "view", 0),
        ("a", "1", "tent", "add", 1),
        ("a", "1", "mat", "view", 2),
        ("a", "2", "tent", "view", 2 * DAY),
        ("a", "2", "mat", "view", 2 * DAY + 1),
        ("b", "3", "tent", "view", 3 * DAY),
        ("b", "3", "stove", "view", 3 * DAY + 1),
    ),
    VOCABULARY,
)


def after(product: str, weights: object) -> list[float]:
    batch = encode([(product, "view", BEGIN)], VOCABULARY)
    return weights.score(batch)[0].tolist()  # type: ignore[attr-defined, no-any-return]


def test_popular_counts_sessions_and_not_steps() -> None:
    weights = Popular.fit(LOG, 4).weights
    assert weights[[MAT, STOVE, TENT]].tolist() == [2, 1, 3]


def test_popular_knows_nothing_of_what_nobody_touched() -> None:
    assert np.isnan(Popular.fit(LOG, 4).weights[LAMP])


def test_recently_popular_halves_in_three_days() -> None:
    log = build_log(
        rows(("a", "1", "mat", "view", 0), ("b", "2", "tent", "view", 3 * DAY)), VOCABULARY
    )
    weights = RecentlyPopular.fit(log, 4).weights
    assert weights[TENT] == 1
    assert weights[MAT] == np.float32(0.5)


def test_the_category_of_the_last_product_comes_first_and_all_else_after() -> None:
    category = np.array([0, 0, 1, 1], np.int32)
    scores = after("stove", PopularInCategory.fit(LOG, 4, category))
    assert scores[TENT] > scores[STOVE] > scores[MAT] > 0


def test_without_a_category_popularity_decides() -> None:
    scores = after("stove", PopularInCategory.fit(LOG, 4, np.full(4, -1, np.int32)))
    assert scores[TENT] > scores[MAT] > scores[STOVE]


def test_item_to_item_counts_the_sessions_that_had_both() -> None:
    scores = after("tent", ItemToItem.fit(LOG, 4))
    assert (scores[MAT], scores[STOVE]) == (2, 1)
    assert np.isnan(scores[TENT])


def test_item_to_item_knows_how_many_people_stand_behind_a_count() -> None:
    model = ItemToItem.fit(LOG, 4)
    found = model.neighbours(TENT)
    assert dict(
        zip(model.neighbour[found].tolist(), model.people[found].tolist(), strict=True)
    ) == {
        MAT: 1,
        STOVE: 1,
    }
    assert model.item_people[TENT] == 2


def test_people_are_counted_once() -> None:
    assert people_per_item(LOG, 4).tolist() == [0, 1, 1, 2]


def test_what_a_fifth_of_its_buyers_buy_again_is_bought_again() -> None:
    steps = []
    for number in range(20):
        for visit in range(2 if number < 5 else 1):
            at = float(number * 100 + visit * DAY)
            steps.append((f"p{number}", f"{number}-{visit}", "stove", "purchase", at))
        steps.append((f"p{number}", f"{number}-0", "tent", "purchase", float(number * 100)))
    log = build_log(rows(*steps), VOCABULARY)
    assert bought_again(log, 4).tolist() == [False, False, True, False]


def test_recently_popular_of_nothing_knows_nothing() -> None:
    empty = LOG.select(LOG.at < int((BEGIN - timedelta(days=1)).timestamp()))
    assert np.isnan(RecentlyPopular.fit(empty, 4).weights).all()
