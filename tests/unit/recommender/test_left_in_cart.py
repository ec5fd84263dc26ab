"""Who comes back and goes through what was left in the cart is led down its lines."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from recommender.left_in_cart import LeftInCart
from recommender.sequences import MEMORY, WINDOW, Vocabulary, encode
from tests.unit.recommender.shop import BEGIN

NAMES = Vocabulary.of(["lamp", "mat", "stove", "tent"])
LATER = BEGIN + timedelta(days=1)


def told(before: Sequence[tuple[str, str]], now: Sequence[str]) -> list[str]:
    """What the source says, best first, after earlier steps and looks at products now."""
    steps = [(item, action, BEGIN) for item, action in before]
    steps += [(item, "view", LATER) for item in now]
    scores = LeftInCart(len(NAMES)).score(encode(steps, NAMES))[0]
    known = np.flatnonzero(~np.isnan(scores))
    return [NAMES.items[item] for item in known[np.argsort(-scores[known])]]


LEFT = [("tent", "add"), ("mat", "add"), ("stove", "add")]


def test_the_lines_come_in_the_order_in_which_they_were_put_there() -> None:
    assert told(LEFT, ["tent"]) == ["mat", "stove"]
    assert told(LEFT, ["tent", "mat"]) == ["stove"]


def test_what_was_taken_out_or_bought_is_not_left() -> None:
    assert told([*LEFT, ("mat", "remove")], ["tent"]) == ["stove"]
    assert told([*LEFT, ("stove", "purchase")], ["tent"]) == ["mat"]


@pytest.mark.parametrize("now", [["lamp"], ["tent", "lamp"], []])
def test_of_who_looks_at_other_things_it_says_nothing(now: list[str]) -> None:
    assert told(LEFT, now) == []


def test_of_what_this_very_visit_put_there_it_says_nothing() -> None:
    steps = [(item, "add", LATER) for item in ("tent", "mat")]
    steps.append(("tent", "view", LATER))
    scores = LeftInCart(len(NAMES)).score(encode(steps, NAMES))
    assert np.isnan(scores).all()


def test_what_was_put_there_before_the_window_is_remembered() -> None:
    between = [("lamp", "view")] * WINDOW
    assert told([*LEFT, *between], ["tent"]) == ["mat", "stove"]
    assert told([*LEFT, *between * (MEMORY // WINDOW + 1)], ["tent"]) == []
