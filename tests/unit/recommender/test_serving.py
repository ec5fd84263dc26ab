"""Suggestions: what each surface shows, and the reasons given."""

import time
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.contexts import CONTEXTS
from recommender.popular import Popular
from recommender.prepared import Prepared
from recommender.protocol import History, ReasonKind, Step, Surface
from recommender.reasons import Evidence, Reasons
from recommender.serving import Suggester
from recommender.training import counts_only
from tests.unit.recommender.shop import BEGIN


@pytest.fixture(scope="module")
def suggester(prepared: Prepared) -> Suggester:
    return Suggester(counts_only(prepared), version="counts")


@pytest.fixture(scope="module")
def evidence(prepared: Prepared) -> Evidence:
    return counts_only(prepared).evidence(min_people=5)


def met(*products: str) -> History:
    return History(
        tuple(
            Step(product, "view", BEGIN + timedelta(minutes=minute))
            for minute, product in enumerate(products)
        )
    )


def test_what_mostly_follows_comes_first(suggester: Suggester) -> None:
    shown = suggester.suggest(met("tent", "mat"), k=2, surface=Surface.HOME)
    assert {one.product_id for one in shown} == {"stove", "lamp"}


def test_a_product_page_shows_what_is_taken_with_it(suggester: Suggester) -> None:
    shown = suggester.suggest(History(), k=3, surface=Surface.PRODUCT, anchor="boots")
    assert {one.product_id for one in shown} <= {"socks", "poles", "gaiters"}


def test_what_fewer_people_than_the_floor_took_together_says_nothing_on_a_product_page(
    prepared: Prepared,
) -> None:
    bundle = counts_only(prepared)
    few = Suggester(bundle, version="test", min_people=10_000)
    leaning, plain = (
        one.suggest(History(), k=3, surface=Surface.PRODUCT, anchor="boots")[0].shares["rules"]
        for one in (Suggester(bundle, version="test", min_people=5), few)
    )
    assert leaning > plain


def test_a_product_page_turns_away_from_more_of_the_same_kind(prepared: Prepared) -> None:
    category = prepared.category.copy()
    vocabulary = prepared.vocabulary
    category[[vocabulary.get("tent"), vocabulary.get("mat")]] = 77
    category[[vocabulary.get("stove"), vocabulary.get("lamp")]] = 78
    suggester = Suggester(replace(counts_only(prepared), category=category), version="test")
    shown = suggester.suggest(History(), k=3, surface=Surface.PRODUCT, anchor="tent")
    assert shown[0].product_id != "mat"
    plain = Suggester(counts_only(prepared), version="test")
    usual = plain.suggest(History(), k=3, surface=Surface.PRODUCT, anchor="tent")
    assert "mat" in [one.product_id for one in usual]


def test_the_cart_surface_listens_to_what_lies_in_the_cart(suggester: Suggester) -> None:
    shown = suggester.suggest(History(cart=("bike",)), k=3, surface=Surface.CART)
    assert {one.product_id for one in shown} & {"helmet", "lock", "pump"}


def test_a_question_about_a_product_in_chat_is_answered_as_on_its_page(
    suggester: Suggester,
) -> None:
    page = suggester.suggest(History(), k=3, surface=Surface.PRODUCT, anchor="boots")
    assert suggester.suggest(History(), k=3, surface=Surface.CHAT, anchor="boots") == page


def test_somebody_unknown_is_shown_what_is_popular(suggester: Suggester) -> None:
    shown = suggester.suggest(History(), k=4, surface=Surface.HOME)
    assert len(shown) == 4
    assert {one.reason.kind for one in shown} == {ReasonKind.POPULAR}


def test_what_is_bought_again_and_again_may_be_suggested_to_its_owner(prepared: Prepared) -> None:
    bundle = counts_only(prepared)
    again = bundle.bought_again.copy()
    again[prepared.vocabulary.get("stove")] = True
    suggester = Suggester(replace(bundle, bought_again=again), version="test")
    history = replace(met("tent", "mat"), owned=("stove", "lamp"))
    shown = [one.product_id for one in suggester.suggest(history, k=9, surface=Surface.HOME)]
    assert "stove" in shown
    assert "lamp" not in shown


def test_asking_for_none_gives_none(suggester: Suggester) -> None:
    assert suggester.suggest(History(), k=0, surface=Surface.HOME) == []


def test_a_reason_counts_the_people_who_took_both(prepared: Prepared, evidence: Evidence) -> None:
    items = prepared.vocabulary
    reason = Reasons([items.get("tent")], evidence).of(items.get("mat"))
    events = prepared.events.filter(prepared.events["action"] == "add")
    sessions: dict[tuple[str, str], set[str]] = {}
    for shopper, session, product in events.select("shopper", "session", "product").iter_rows():
        sessions.setdefault((shopper, session), set()).add(product)
    took = {shopper for (shopper, _), taken in sessions.items() if "tent" in taken}
    both = {shopper for (shopper, _), taken in sessions.items() if {"tent", "mat"} <= taken}
    assert (reason.kind, reason.because) == (ReasonKind.RULE, ("tent",))
    assert (reason.people, reason.of) == (len(both), len(took))


def test_no_reason_counts_fewer_people_than_the_floor(prepared: Prepared) -> None:
    evidence = counts_only(prepared).evidence(min_people=10_000)
    for item in range(len(prepared.vocabulary)):
        reason = Reasons([prepared.vocabulary.get("tent")], evidence).of(item)
        assert reason.people is None
        assert reason.of is None


def test_the_product_after_which_it_is_likeliest_is_named(
    prepared: Prepared, evidence: Evidence
) -> None:
    items = prepared.vocabulary
    context = [items.get(name) for name in ("bike", "other01", "tent")]
    assert Reasons(context, evidence).of(items.get("mat")).because == ("tent",)


def test_every_suggestion_has_the_source_that_spoke_loudest(suggester: Suggester) -> None:
    for one in suggester.suggest(met("tent"), k=10, surface=Surface.HOME):
        assert one.source == max(one.shares, key=lambda name: one.shares[name])


def test_a_bundle_without_its_counts_is_refused(bundle: Bundle) -> None:
    from recommender.registry import BrokenModelError

    popular = bundle.source(Popular.name)
    assert popular is not None
    alone = replace(bundle, blend=Blend([popular], np.ones((CONTEXTS, 1))))
    with pytest.raises(BrokenModelError, match="neighbours"):
        Suggester(alone, version="test")


def test_the_same_frozen_set_of_available_products_is_looked_up_once(
    suggester: Suggester, prepared: Prepared
) -> None:
    available = frozenset({"stove", "lamp"})
    for _ in range(3):
        shown = suggester.suggest(met("tent"), k=9, surface=Surface.HOME, available=available)
        assert {one.product_id for one in shown} == available
    other = frozenset({"pump"})
    shown = suggester.suggest(met("tent"), k=9, surface=Surface.HOME, available=other)
    assert {one.product_id for one in shown} == other


def test_a_suggestion_is_made_in_a_few_milliseconds(bundle: Bundle) -> None:
    suggester = Suggester(bundle, version="test")
    history = met(*["tent", "mat", "boots", "socks"] * 10)
    times = []
    for _ in range(30):
        begun = time.perf_counter()
        suggester.suggest(history, k=8, surface=Surface.HOME)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.02
