"""The blend as served gives what `Blend.mix` and the filters give, however a session came about."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recommender.blend import shares
from recommender.bundle import Bundle
from recommender.filters import allowed, never_suggested
from recommender.live import LiveBlend
from recommender.protocol import History, Step, Surface
from recommender.ranking import SAME_CATEGORY, TOGETHER
from recommender.rule_sources import AssociationRules
from recommender.rules import founded
from recommender.sequences import ACTIONS, WINDOW, encode
from tests.unit.recommender.shop import BEGIN, ITEMS

KNOWN = st.sampled_from([*ITEMS, "a-new-mat", "new-thing", "unheard-of"])
STEPS = st.lists(
    st.tuples(KNOWN, st.sampled_from(ACTIONS), st.sampled_from([0.0, 3.0, 40.0, 4000.0])),
    max_size=WINDOW + 5,
)
FEW = st.lists(KNOWN, max_size=4, unique=True)


def history_of(steps: Sequence[tuple[str, str, float]], cart: Sequence[str]) -> History:
    at, made = BEGIN, []
    for product, action, pause in steps:
        at += timedelta(seconds=pause)
        made.append(Step(product, action, at))
    return History(tuple(made), tuple(cart))


@pytest.fixture(scope="module", params=["trained", "grown"])
def bundle(request: pytest.FixtureRequest, trained: Bundle, grown: Bundle) -> Bundle:
    """As it was trained, and after products came that are newer."""
    return trained if request.param == "trained" else grown


@pytest.fixture(scope="module")
def complements(bundle: Bundle) -> AssociationRules:
    rules = bundle.source(AssociationRules.name)
    assert isinstance(rules, AssociationRules)
    return AssociationRules(founded(rules.index.rules, 5), rules.items)


@pytest.fixture(scope="module")
def live_blend(bundle: Bundle, complements: AssociationRules) -> LiveBlend:
    return LiveBlend(bundle, bundle.evidence(5), complements)


def scored_by_mix(
    bundle: Bundle,
    complements: AssociationRules,
    history: History,
    surface: Surface,
    anchor: str | None,
    hidden: Sequence[str],
) -> np.ndarray[tuple[int], np.dtype[np.floating]]:
    """Every item's score, slowly: all sources over all items, then what the surface does."""
    vocabulary = bundle.vocabulary
    steps = [(step.product_id, step.action, step.at) for step in history.steps]
    last = steps[-1][2] if steps else BEGIN
    about = [vocabulary.get(anchor)] if anchor else []
    if surface is Surface.CART:
        known = {step[0] for step in steps}
        added = [(item, "add", last) for item in history.cart if item not in known]
        steps = sorted([*added, *steps], key=lambda step: step[2])
        about = about or [vocabulary.get(item) for item in history.cart[::-1]]
    if anchor and (not history.steps or history.steps[-1].product_id != anchor):
        steps.append((anchor, "view", last))
    batch = encode(steps, vocabulary)
    parts = bundle.blend.mix(batch).parts[:, 0]
    about = [item for item in about if item >= 0]
    if about and surface in TOGETHER:
        together = np.full((1, len(vocabulary)), np.nan, np.float32)
        complements.add_to(together[0], about)
        together = np.nan_to_num(shares(together))
        weight = TOGETHER[surface] if together.any() else 0.0
        parts = parts * (1 - weight)
        names = [source.name for source in bundle.blend.sources]
        parts[names.index(AssociationRules.name)] += weight * together[0]
        category = bundle.category
        parts[:, np.isin(category, category[about]) & (category >= 0)] *= SAME_CATEGORY[surface]
    never = never_suggested(history, surface=surface, unwanted=hidden, about=anchor)
    mask = allowed(vocabulary, never=never)
    scores: np.ndarray[tuple[int], np.dtype[np.floating]] = np.where(mask, parts.sum(axis=0), 0)
    return scores


@given(
    steps=STEPS,
    cart=FEW,
    hidden=FEW,
    surface=st.sampled_from([Surface.HOME, Surface.PRODUCT, Surface.CART]),
    anchor=st.none() | KNOWN,
    seen=st.integers(0, WINDOW + 5),
)
@example(
    steps=[],
    cart=["bike", "unheard-of"],
    hidden=[],
    surface=Surface.CART,
    anchor="unheard-of",
    seen=0,
)
def test_a_session_followed_step_by_step_is_suggested_what_the_whole_blend_says(
    bundle: Bundle,
    complements: AssociationRules,
    live_blend: LiveBlend,
    steps: list[tuple[str, str, float]],
    cart: list[str],
    hidden: list[str],
    surface: Surface,
    anchor: str | None,
    seen: int,
) -> None:
    history = history_of(steps, cart)
    before = live_blend.follow(history_of(steps[:seen], []))
    live = live_blend.follow(history, hidden, before=before)
    every = allowed(bundle.vocabulary)
    for _ in range(2):
        shown = live_blend.suggest(live, k=8, surface=surface, available=every, anchor=anchor)
    scores = scored_by_mix(bundle, complements, history, surface, anchor, hidden)
    best = np.sort(scores)[::-1][: min(8, int((scores > 1e-9).sum()))]
    assert [one.score for one in shown] == pytest.approx(best.tolist(), rel=2e-3, abs=1e-7)
    for one in shown:
        own = scores[bundle.vocabulary.get(one.product_id)]
        assert one.score == pytest.approx(own, rel=2e-3, abs=1e-7)
        assert sum(one.shares.values()) == pytest.approx(1, abs=1e-3)


def test_what_sold_out_is_not_suggested_though_it_was_a_moment_ago(
    bundle: Bundle, live_blend: LiveBlend
) -> None:
    live = live_blend.follow(history_of([("tent", "view", 0.0)], []))
    every = allowed(bundle.vocabulary)
    first = live_blend.suggest(live, k=1, surface=Surface.HOME, available=every)[0]
    without = every.copy()
    without[bundle.vocabulary.get(first.product_id)] = False
    shown = live_blend.suggest(live, k=8, surface=Surface.HOME, available=without)
    assert first.product_id not in {one.product_id for one in shown}
    assert len(shown) == 8


def test_another_session_is_not_taken_for_the_beginning(live_blend: LiveBlend) -> None:
    before = live_blend.follow(history_of([("tent", "view", 0.0), ("mat", "view", 3.0)], []))
    history = history_of([("boots", "view", 0.0), ("socks", "view", 3.0)], [])
    fresh, followed = live_blend.follow(history), live_blend.follow(history, before=before)
    assert fresh.window.state is not None
    assert followed.window.state is not None
    np.testing.assert_array_equal(fresh.window.state[0], followed.window.state[0])


@pytest.mark.parametrize(
    "products",
    [
        ("tent", "mat", "stove", "boots", "socks", "bike"),
        ("bike", "pump", "pump", "tent", "unheard-of", "mat"),
        ("a-new-mat", "socks", "boots", "boots"),
    ],
)
@pytest.mark.parametrize("pause", [40.0, 4000.0])
def test_what_is_kept_of_the_ranking_before_gives_the_reasons_that_ranking_again_gives(
    bundle: Bundle, live_blend: LiveBlend, products: tuple[str, ...], pause: float
) -> None:
    every = allowed(bundle.vocabulary)
    live = None
    for count in range(1, len(products) + 1):
        history = history_of([(product, "view", pause) for product in products[:count]], [])
        live = live_blend.follow(history, before=live)
        fresh = live_blend.follow(history)
        shown, again = (
            live_blend.suggest(one, k=8, surface=Surface.HOME, available=every)
            for one in (live, fresh)
        )
        assert [one.product_id for one in shown] == [one.product_id for one in again]
        assert [one.reason for one in shown] == [one.reason for one in again]


def test_the_ranking_before_is_summed_up_once_for_a_session_that_is_followed(
    bundle: Bundle, live_blend: LiveBlend, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = allowed(bundle.vocabulary)
    steps = [("tent", "view", 0.0), ("mat", "view", 3.0)]
    live = live_blend.follow(history_of(steps[:1], []))
    live_blend.suggest(live, k=8, surface=Surface.HOME, available=every)
    rankings = []
    best = live_blend._ranker.best
    monkeypatch.setattr(
        live_blend._ranker,
        "best",
        lambda *args, **named: rankings.append(1) or best(*args, **named),
    )
    live = live_blend.follow(history_of(steps, []), before=live)
    live_blend.suggest(live, k=8, surface=Surface.HOME, available=every)
    assert len(rankings) == 1
