"""A shopper's taste: what they keep to carries over to what they never met."""

from datetime import timedelta

import numpy as np
import pytest

from recommender.facts import Facts
from recommender.sequences import Batch, Log, Vocabulary, build_log, encode
from recommender.taste import FEATURES, Choice, Taste, choice_of, learn_taste, with_weights
from tests.unit.recommender.shop import BEGIN, rows

# Two categories of six products each, dearer and dearer; brand 0 makes the even ones, brand 1 the
# odd ones; the first half of each category comes in red, the others in blue, one of them in red
# too; the last product has neither brand, category, price nor colour.
SIZE = 13
BRAND = np.array([place % 2 for place in range(12)] + [-1], np.int32)
CATEGORY = np.array([place // 6 for place in range(12)] + [-1], np.int32)
COLOURS = [*["red"] * 3, *["blue"] * 3, *["red"] * 3, "blue\nred", *["blue"] * 2, None]
AMOUNT = np.array([100.0 * (place % 6 + 1) for place in range(12)] + [np.nan])
NAMES = Vocabulary.of([f"p{place:02}" for place in range(SIZE)])


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts.of(BRAND, CATEGORY, AMOUNT, COLOURS)


@pytest.fixture(scope="module")
def everybody() -> Log:
    """A log in which each product was met once."""
    steps = [(f"s{item}", "v", name, "view", 0.0) for item, name in enumerate(NAMES.items)]
    return build_log(rows(*steps), NAMES)


@pytest.fixture(scope="module")
def taste(facts: Facts, everybody: Log) -> Taste:
    return Taste.fit(everybody, facts)


def met(*items: int) -> Batch:
    steps = [
        (NAMES.items[item], "view", BEGIN + timedelta(minutes=at)) for at, item in enumerate(items)
    ]
    return encode(steps, NAMES)


def feature(taste: Taste, name: str, *items: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    found: np.ndarray[tuple[int], np.dtype[np.float32]] = taste.features(met(*items), 0)[
        FEATURES.index(name)
    ]
    return found


def test_a_place_by_price_goes_from_the_cheapest_to_the_dearest_of_the_category(
    facts: Facts,
) -> None:
    np.testing.assert_allclose(facts.place[:6], [0, 0.2, 0.4, 0.6, 0.8, 1])
    assert np.isnan(facts.place[12])


def test_a_product_alone_in_its_category_is_in_the_middle() -> None:
    alone = Facts.of(np.zeros(1, np.int32), np.zeros(1, np.int32), np.array([990.0]))
    assert alone.place.tolist() == [0.5]


def test_who_keeps_to_a_brand_is_drawn_to_its_other_products(taste: Taste) -> None:
    leaning = feature(taste, "brand", 0, 2, 4)
    assert leaning[6] > 0 > leaning[7]


def test_a_brand_met_as_often_as_its_categories_sell_it_says_nothing(taste: Taste) -> None:
    assert feature(taste, "brand", 2, 3)[:12] == pytest.approx(np.zeros(12), abs=1e-3)


def test_who_keeps_to_a_category_is_drawn_to_it(taste: Taste) -> None:
    leaning = feature(taste, "category", 0, 1, 2)
    assert leaning[3] > 0 > leaning[8]


def test_a_kind_that_the_product_before_leads_to_says_less_than_one_come_to_unled(
    facts: Facts,
) -> None:
    visits = [("p00", "p06")] * 50 + [("p01", "p02")] * 50
    log = build_log(
        rows(
            *(
                (f"s{number}", "v", product, "view", float(minute))
                for number, visit in enumerate(visits)
                for minute, product in enumerate(visit)
            )
        ),
        NAMES,
    )
    taste = Taste.fit(log, facts)
    assert feature(taste, "category", 0, 6)[7] < feature(taste, "category", 1, 6)[7]


def test_who_buys_dear_is_drawn_to_the_dear_end_of_other_shelves(taste: Taste) -> None:
    leaning = feature(taste, "price", 4, 5)
    assert leaning[11] > leaning[6]


def test_who_keeps_to_a_colour_is_drawn_to_what_comes_in_it(taste: Taste) -> None:
    leaning = feature(taste, "colour", 0, 1, 2)
    assert leaning[6] > leaning[9] > leaning[11]


def test_what_was_met_oftener_counts_more(taste: Taste) -> None:
    leaning = feature(taste, "met", 3, 3, 8)
    assert leaning[3] > leaning[8] > leaning[0] == 0


def test_a_product_that_the_catalogue_says_nothing_of_is_left_alone(taste: Taste) -> None:
    leaning = with_weights(taste, np.ones(len(FEATURES), np.float32))
    assert leaning.factors(met(0, 2))[0, 12] == 1


def test_of_a_stranger_it_says_nothing(taste: Taste) -> None:
    leaning = with_weights(taste, np.ones(len(FEATURES), np.float32))
    assert leaning.factors(encode([], NAMES)).tolist() == [[1.0] * SIZE]


@pytest.mark.parametrize("items", [(0,), (3, 3, 8), (1, 2, 9, 11, 12), (12,)])
def test_what_suits_is_the_features_by_their_weights(taste: Taste, items: tuple[int, ...]) -> None:
    weights = np.array([0.7, -0.2, 1.3, 0.4, 0.5], np.float32)
    factors = with_weights(taste, weights).factors(met(*items))[0]
    assert factors == pytest.approx(np.exp(weights @ taste.features(met(*items), 0)), rel=1e-5)


def test_a_shop_without_brands_categories_and_prices_is_no_error(everybody: Log) -> None:
    nothing = np.full(SIZE, -1, np.int32)
    facts = Facts.of(nothing, nothing, np.full(SIZE, np.nan))
    factors = Taste.fit(everybody, facts, np.ones(len(FEATURES), np.float32)).factors(met(3))
    assert factors[0, 3] == pytest.approx(2)
    assert np.delete(factors[0], 3).tolist() == [1.0] * (SIZE - 1)


def test_the_weights_that_made_the_choices_are_found_again() -> None:
    draw = np.random.default_rng(3)
    truth = np.array([1.0, 0.0, 2.0, -0.5, 0.7])
    choices = []
    for _ in range(4_000):
        features = draw.normal(0, 1, (12, len(FEATURES))).astype(np.float32)
        offset = np.log(draw.dirichlet(np.ones(12))).astype(np.float32)
        noise = draw.gumbel(size=12)
        choices.append(Choice(features, offset, int((features @ truth + offset + noise).argmax())))
    np.testing.assert_allclose(learn_taste(choices), truth, atol=0.1)


def test_without_choices_nothing_is_learnt() -> None:
    assert not learn_taste([]).any()


def test_a_choice_is_among_what_the_blend_knows_and_the_session_has_not_touched(
    taste: Taste,
) -> None:
    scores = np.linspace(0.1, 1, SIZE).astype(np.float32)
    scores[0] = np.nan
    nearest = np.zeros(SIZE, np.float32)
    choice = choice_of(taste, met(4), 0, scores, 7, nearest=nearest)
    assert choice is not None
    assert len(choice.offset) == SIZE - 2
    assert choice.offset[choice.chosen] == pytest.approx(np.log(scores[7]))
    assert choice_of(taste, met(4), 0, scores, 4, nearest=nearest) is None
    assert choice_of(taste, met(4), 0, scores, -1, nearest=nearest) is None


def test_what_the_nearest_sessions_turned_to_is_a_feature_of_a_choice(taste: Taste) -> None:
    nearest = np.zeros(SIZE, np.float32)
    nearest[7] = 0.5
    choice = choice_of(taste, met(4), 0, np.ones(SIZE, np.float32), 7, nearest=nearest)
    assert choice is not None
    assert choice.features.shape[1] == len(FEATURES) + 1
    assert choice.features[:, -1].argmax() == choice.chosen


def test_it_comes_back_from_its_arrays(taste: Taste) -> None:
    weights = np.array([1, 0.5, 2, 0.3, 0.4], np.float32)
    leaning = with_weights(taste, weights, np.float32(0.2))
    again = Taste.from_arrays(leaning.arrays())
    assert again.alike == leaning.alike
    np.testing.assert_array_equal(again.factors(met(1, 3, 9)), leaning.factors(met(1, 3, 9)))
