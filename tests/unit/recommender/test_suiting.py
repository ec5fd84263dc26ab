"""A shopper's tastes are what makes their moves likeliest, each taste beside the others."""

import numpy as np
import pytest

from recommender.facts import Facts
from recommender.sequences import Ints
from recommender.suiting import STAND_INS, Shelves

ITEMS = 400


def items(*some: int) -> Ints:
    return np.array(some, np.int32)


@pytest.fixture(scope="module")
def facts() -> Facts:
    """Two shelves of ten; brand 0 makes the dear half of each, and all that is red."""
    dear = np.tile(np.arange(10) >= 5, 2)
    return Facts.of(
        np.where(dear, 0, 1).astype(np.int32),
        np.repeat([0, 1], 10).astype(np.int32),
        np.tile(np.arange(10.0), 2),
        ["red" if here and place % 2 else "blue" for place, here in enumerate(dear)],
    )


@pytest.fixture(scope="module")
def shelves(facts: Facts) -> Shelves:
    return Shelves.of(facts, np.ones(20))


def test_a_shelf_shares_add_up_to_one(shelves: Shelves) -> None:
    assert shelves.share[:10].sum() == pytest.approx(1)


def test_who_did_nothing_has_no_taste(shelves: Shelves) -> None:
    suits = shelves.suits(items())
    assert not suits.brand.any()
    assert not suits.shade.any()
    assert suits.place == 0.5


def test_a_taste_for_the_dear_is_not_taken_for_one_for_who_makes_it(shelves: Shelves) -> None:
    """The dearest ones of the brand tell of the price, its cheap ones of the brand."""
    dearest, cheaper = shelves.suits(items(9, 19, 9, 19)), shelves.suits(items(5, 15, 5, 15))
    assert dearest.place > cheaper.place
    assert cheaper.brand[0] > dearest.brand[0]


def test_a_colour_is_a_taste_of_its_own(shelves: Shelves, facts: Facts) -> None:
    red, blue = facts.shade[7], facts.shade[6]
    suits = shelves.suits(items(7, 17, 7, 17))
    assert suits.shade[red] > 0 > suits.shade[blue]


def test_a_shelf_of_one_product_tells_nothing() -> None:
    alone = Facts.of(items(0), items(0), np.array([9.0]), ["red"])
    suits = Shelves.of(alone, np.ones(1)).suits(items(0, 0, 0))
    assert suits.brand.tolist() == pytest.approx([0], abs=1e-6)
    assert suits.moves.tolist() == pytest.approx([1, 1, 1])


def test_moves_are_as_likely_among_their_shelf_as_they_suit(shelves: Shelves) -> None:
    suits = shelves.suits(items(9, 19, 0))
    assert suits.moves[0] > 0.1 > suits.moves[2]


def test_a_long_shelf_is_stood_for_by_some_of_its_products() -> None:
    draw = np.random.default_rng(5)
    brand = draw.integers(0, 4, ITEMS).astype(np.int32)
    long = Facts.of(brand, np.zeros(ITEMS, np.int32), draw.random(ITEMS))
    wanted = draw.random(ITEMS)
    assert ITEMS > STAND_INS
    fond = np.flatnonzero(brand == 2)[:12].astype(np.int32)
    suits = Shelves.of(long, wanted).suits(fond)
    assert suits.brand.argmax() == 2
    assert suits.brand[2] > 0.5


def test_a_newcomer_tells_nothing_of_how_likely_it_was(facts: Facts) -> None:
    shelves = Shelves(facts, Shelves.of(facts, np.ones(20)).share[:19])
    assert shelves.suits(items(19)).moves.tolist() == [0]
