"""What a shopper turns to by habit is learnt from the moves that nothing else accounts for."""

from datetime import timedelta

import numpy as np
import pytest

from recommender.facts import Facts
from recommender.habits import FEATURES, Habits, Led, learnt_habits
from recommender.sequences import Batch, Vocabulary, build_log, encode
from tests.unit.recommender.shop import BEGIN, rows

SIZE = 12
NAMES = Vocabulary.of([f"p{place:02}" for place in range(SIZE)])
FACTS = Facts.of(
    np.arange(SIZE, dtype=np.int32) % 2,
    np.arange(SIZE, dtype=np.int32) // 6,
    np.array([100.0 * (place % 6 + 1) for place in range(SIZE)]),
)


@pytest.fixture(scope="module")
def counted() -> Habits:
    """Of a log in which product p(i) was met by i + 1 sessions."""
    steps = [
        (f"s{item}-{one}", "v", NAMES.items[item], "view", 0.0)
        for item in range(SIZE)
        for one in range(item + 1)
    ]
    return Habits.fit(build_log(rows(*steps), NAMES), FACTS)


def met(*items: int) -> Batch:
    return encode(
        [(NAMES.items[one], "view", BEGIN + timedelta(minutes=one)) for one in items], NAMES
    )


def leaning(counted: Habits, **weights: float) -> Habits:
    learnt = np.array([weights.get(name, 0.0) for name in FEATURES], np.float32)
    return Habits(counted.taste, counted.everybody, learnt)


def test_it_goes_by_what_is_popular_and_by_what_the_shopper_keeps_to(counted: Habits) -> None:
    popular = leaning(counted, popular=1.0).score(met(0))[0]
    assert (np.diff(popular) > 0).all()
    own = leaning(counted, popular=1.0, category=2.0).score(met(0, 1, 2))[0]
    assert own[:6].sum() > 0.5 > popular[:6].sum()


def test_the_probabilities_are_the_features_by_their_weights(counted: Habits) -> None:
    some = leaning(counted, brand=0.7, category=0.4, price=1.8, met=0.6, colour=0.3, popular=-0.2,
                   recent=1.1)  # fmt: skip
    likely = np.exp(some.weights @ some.features(met(1, 7, 2), 0))
    np.testing.assert_allclose(some.score(met(1, 7, 2))[0], likely / likely.sum(), rtol=1e-4)


def test_what_others_are_led_to_is_less_popular_than_what_they_come_to_themselves() -> None:
    visits = [("p00", "p01")] * 40 + [("p02",)] * 40
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
    popular = Habits.fit(log, FACTS).everybody[0]
    assert popular[1] < popular[2]


def test_of_a_stranger_it_knows_nothing(counted: Habits) -> None:
    assert np.isnan(leaning(counted, popular=1.0).score(encode([], NAMES))).all()


def test_only_the_moves_that_nothing_else_accounts_for_teach_habits(counted: Habits) -> None:
    draw = np.random.default_rng(4)
    keeper = leaning(counted, category=3.0)
    begun = [[int(draw.integers(6)) + 6 * int(draw.integers(2))] for _ in range(600)]
    target = np.empty(600, np.int32)
    others = np.empty((600, 1))
    for case, steps in enumerate(begun):
        by_habit = case % 2 == 0
        scores = keeper.score(met(*steps))[0].astype(np.float64)
        scores[steps] = 0
        elsewhere = np.arange(SIZE) // 6 != steps[0] // 6
        wanted = scores / scores.sum() if by_habit else elsewhere / elsewhere.sum()
        target[case] = draw.choice(SIZE, p=wanted)
        others[case] = 1e-3 if by_habit else 1.0
    led = Led(
        others,
        np.zeros(600, np.int32),
        target,
        lambda part: met(*begun[part.start]),
    )
    learnt = dict(zip(FEATURES, learnt_habits(counted, led).weights.tolist(), strict=True))
    misled = Led(np.full((600, 1), 1e-9), led.rows, target, led.batch)
    confused = dict(zip(FEATURES, learnt_habits(counted, misled).weights.tolist(), strict=True))
    assert learnt["category"] > confused["category"] + 0.5


def test_without_cases_nothing_is_learnt(counted: Habits) -> None:
    none = Led(np.zeros((0, 1)), np.zeros(0, np.int32), np.zeros(0, np.int32), lambda _: met())
    assert not learnt_habits(counted, none).weights.any()
