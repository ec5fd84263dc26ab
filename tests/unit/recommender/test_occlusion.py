"""The product named as what moved the network most is the one without which it expects least."""

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.contexts import CONTEXTS
from recommender.lstm_step import Lstm
from recommender.occlusion import moved_most
from recommender.popular import Popular
from recommender.sequences import Batch, Vocabulary, encode
from tests.unit.recommender.shop import BEGIN, ITEMS

STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(ITEMS)), st.sampled_from(["view", "add"])), max_size=12
)


def window(steps: list[tuple[str, str]], vocabulary: Vocabulary) -> Batch:
    """The same as serving makes of the steps, one after another in half a minute."""
    return encode(
        [(item, action, BEGIN + timedelta(seconds=30 * at))
         for at, (item, action) in enumerate(steps)],
        vocabulary,
    )  # fmt: skip


def expected(lstm: Lstm, batch: Batch, item: int) -> float:
    return float(np.nan_to_num(lstm.expected(batch)[0, item]))


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, wanted=st.sampled_from(sorted(ITEMS)))
def test_without_it_the_network_expects_the_item_less_than_without_any_other(
    trained: Bundle, lstm: Lstm, steps: list[tuple[str, str]], wanted: str
) -> None:
    vocabulary = trained.vocabulary
    item = vocabulary.get(wanted)
    batch = window(steps, vocabulary)
    named = moved_most(trained.blend, batch, item)
    if named is None:
        return
    assert named != item

    def without(product: str) -> Batch:
        rest = [step for step in steps if step[0] != product]
        return window(rest, vocabulary)

    name = vocabulary.items[named]
    least = expected(lstm, without(name), item)
    assert least < expected(lstm, batch, item)
    others = {product for product, _ in steps} - {name, wanted}
    assert all(least <= expected(lstm, without(one), item) * 1.01 for one in others)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, wanted=st.sampled_from(sorted(ITEMS)))
def test_the_blend_scores_the_item_less_without_it(
    trained: Bundle, steps: list[tuple[str, str]], wanted: str
) -> None:
    vocabulary, blend = trained.vocabulary, trained.blend
    item = vocabulary.get(wanted)
    named = moved_most(blend, window(steps, vocabulary), item)
    if named is not None:
        rest = [step for step in steps if step[0] != vocabulary.items[named]]
        before, after = (
            np.nan_to_num(blend.score(window(some, vocabulary))[0, item]) for some in (steps, rest)
        )
        assert after < before


def test_nothing_is_named_of_an_empty_window_or_without_a_network(trained: Bundle) -> None:
    vocabulary = trained.vocabulary
    item = vocabulary.get("mat")
    assert moved_most(trained.blend, window([], vocabulary), item) is None
    popular = trained.source(Popular.name)
    assert popular is not None
    alone = Blend([popular], np.ones((CONTEXTS, 1)))
    assert moved_most(alone, window([("tent", "view")], vocabulary), item) is None
