"""A move is the shopper's own as far as the product before does not lead to it."""

import numpy as np
import pytest

from recommender.own_moves import UNLED, OwnMoves, moves, moves_of
from recommender.sequences import Ints, Log, Vocabulary, build_log
from tests.unit.recommender.shop import rows

NAMES = Vocabulary.of(["bike", "lamp", "lock", "mat", "tent"])
BIKE, LAMP, LOCK, MAT, TENT = range(5)
CATEGORY = np.array([0, -1, 0, 1, 1], np.int32)


def items(*some: int) -> Ints:
    return np.array(some, np.int32)


@pytest.fixture(scope="module")
def log() -> Log:
    """After a tent nearly all turn to a mat, after a bike to a lock, two the other way."""
    visits = [("tent", "mat")] * 98 + [("tent", "lock")] * 2
    visits += [("bike", "lock")] * 98 + [("bike", "mat")] * 2
    return build_log(
        rows(
            *(
                (f"s{number}", "v", product, "view", float(minute))
                for number, visit in enumerate(visits)
                for minute, product in enumerate(visit)
            )
        ),
        NAMES,
    )


@pytest.fixture(scope="module")
def counted(log: Log) -> OwnMoves:
    return OwnMoves.fit(log, CATEGORY)


def test_where_everybody_goes_after_a_product_tells_less_than_where_nobody_does(
    counted: OwnMoves,
) -> None:
    led, own = counted.chances(items(TENT, TENT), items(MAT, LOCK))
    assert led < 0.3 < 0.9 < own <= 1


def test_a_move_does_not_speak_for_itself(counted: OwnMoves) -> None:
    rare, often = items(TENT, TENT), items(LOCK, MAT)
    without = counted.chances(rare, often, counted=1)
    assert without[0] >= counted.chances(rare, often)[0]
    assert without[1] > counted.chances(rare, often)[1]


def test_what_follows_its_category_stands_in_for_a_product_seldom_met(counted: OwnMoves) -> None:
    """Nobody ever left a mat; but who leaves its category turns to more of it."""
    alike, other = counted.chances(items(MAT, MAT), items(TENT, BIKE))
    assert alike < other


def test_without_a_known_product_before_nothing_can_be_told(counted: OwnMoves) -> None:
    newer = len(NAMES)
    chances = counted.chances(items(-1, newer, TENT), items(MAT, MAT, newer))
    assert (chances == np.float32(UNLED)).all()


def test_of_a_log_without_moves_nothing_can_be_told() -> None:
    empty = OwnMoves.fit(build_log(rows(), NAMES), CATEGORY)
    assert np.isfinite(empty.chances(items(TENT), items(MAT))).all()


def test_it_comes_back_from_its_arrays(counted: OwnMoves) -> None:
    again = OwnMoves.from_arrays(counted.arrays())
    some = items(TENT, BIKE, LAMP), items(MAT, MAT, TENT)
    np.testing.assert_array_equal(again.chances(*some), counted.chances(*some))


def test_a_visit_moves_to_each_product_once_and_begins_with_nothing_before() -> None:
    log = build_log(
        rows(
            ("s", "v", "tent", "view", 0),
            ("s", "v", "tent", "add", 1),
            ("s", "v", "mat", "view", 2),
            ("s", "v", "tent", "view", 3),
            ("s", "w", "lock", "view", 99),
        ),
        NAMES,
    )
    before, item, _ = moves(log)
    assert list(zip(before.tolist(), item.tolist(), strict=True)) == [
        (-1, TENT), (TENT, MAT), (-1, LOCK),
    ]  # fmt: skip


def test_going_on_with_a_product_just_seen_is_no_move() -> None:
    before, item = moves_of(items(TENT, TENT, MAT, TENT, BIKE))
    assert list(zip(before.tolist(), item.tolist(), strict=True)) == [
        (-1, TENT), (TENT, MAT), (TENT, BIKE),
    ]  # fmt: skip


def test_coming_back_to_a_product_after_many_others_is_a_move() -> None:
    _, item = moves_of(items(TENT, 5, 6, 7, 8, 9, 10, TENT))
    assert item[-1] == TENT


def test_a_move_is_the_more_a_shoppers_own_the_more_they_lean_to_where_it_leads(
    counted: OwnMoves,
) -> None:
    """Who keeps turning to mats and tents of their own accord was not led there by a bike."""
    share, likely = np.array([0.5, 0.5], np.float32), np.full(4, 0.5, np.float32)

    def leaning(before: Ints, item: Ints) -> float:
        found = counted.leaning(before, item, likely[: len(item)], CATEGORY, share)
        return float(np.exp(found[0]) * share[0])

    led_there = leaning(items(BIKE), items(LOCK))
    besides = leaning(items(-1, -1, -1), items(MAT, TENT, MAT))
    both = leaning(items(BIKE, -1, -1, -1), items(LOCK, MAT, TENT, MAT))
    assert led_there > 0.5 > both > besides
