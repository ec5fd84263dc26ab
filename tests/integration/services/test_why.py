"""What is told of a suggestion beyond its reason."""

import re

import numpy as np
import pytest

from benchmarks.serving.made_up import learnt
from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.models import FeedbackKind, Variant
from db.writes import carts
from db.writes.feedback import give_feedback
from recommender.prepared import prepare
from recommender.protocol import Surface
from recommender.training import counts_only
from services.suggest import ShownSuggestion, SuggestionService
from services.why import Why, told_beyond
from tests.integration.services.asking import publish, suggest, view
from tests.unit.recommender.shop import item_frame, planted_events
from tests.visitors import create_visitor


def instead(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
    shown: ShownSuggestion,
) -> str | None:
    """The product that would have stood there without the one that the reason names."""
    with sessions() as session:
        found = told_beyond(service, session, identity, shown, now=clock.now()).instead
    return list(found.titles)[1] if found else None


@pytest.mark.usefixtures("shop", "model")
def test_instead_stands_what_somebody_sees_who_never_met_the_named_product(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    with sessions.begin() as session:
        twin = create_visitor(session, now=clock.now())
    view(sessions, twin, clock, "boots")
    view(sessions, identity, clock, "boots", "tent")
    seen = [one.product_id for one in suggest(service, sessions, twin, clock, k=24)]
    seen.remove("tent")
    shown = suggest(service, sessions, identity, clock, k=8)
    above: set[str] = set()
    named = 0
    for one in shown:
        if one.reason.because == ("tent",):
            first = next(product for product in seen if product not in above)
            expected = None if first == one.product_id else first
            assert instead(service, sessions, identity, clock, one) == expected
            named += expected is not None
        above.add(one.product_id)
    assert named


@pytest.mark.usefixtures("shop", "model")
def test_instead_stays_the_same_whatever_the_shopper_did_since(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "boots", "tent")
    first = suggest(service, sessions, identity, clock)[0]
    before = instead(service, sessions, identity, clock, first)
    view(sessions, identity, clock, first.product_id)
    with sessions.begin() as session:
        carts.add(session, identity, first.product_id, 1, now=clock.now(), source="web")
    assert before is not None
    assert instead(service, sessions, identity, clock, first) == before


@pytest.mark.usefixtures("shop", "model")
def test_what_sold_out_or_is_unwanted_never_stands_instead(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "boots", "tent")
    first = suggest(service, sessions, identity, clock)[0]
    sold_out = instead(service, sessions, identity, clock, first)
    with sessions.begin() as session:
        session.get_one(Variant, sold_out).stock = 0
    unwanted = instead(service, sessions, identity, clock, first)
    with sessions.begin() as session:
        give_feedback(
            session, identity, str(unwanted), FeedbackKind.NOT_INTERESTED, now=clock.now()
        )
    third = instead(service, sessions, identity, clock, first)
    assert len({None, sold_out, unwanted, third}) == 4


@pytest.mark.usefixtures("shop", "model")
def test_nothing_stands_instead_where_the_reason_names_nothing(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    for one in suggest(service, sessions, identity, clock):
        assert not one.reason.because
        assert instead(service, sessions, identity, clock, one) is None


@pytest.mark.usefixtures("shop")
def test_nothing_stands_instead_where_the_place_stays_the_same(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "tent")
    first = suggest(service, sessions, identity, clock)[0]
    assert (first.product_id, first.reason.because) == ("bike", ("tent",))
    assert instead(service, sessions, identity, clock, first) is None


@pytest.mark.usefixtures("shop", "model")
def test_nothing_stands_instead_of_what_was_chosen_from_a_few(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "boots", "tent")
    best = suggest(service, sessions, identity, clock, k=1)[0]
    assert instead(service, sessions, identity, clock, best) is not None
    with sessions.begin() as session:
        (same,) = service.suggest(
            session, identity, surface=Surface.HOME, k=1, now=clock.now(), among=[best.product_id]
        )
    assert same.reason == best.reason
    assert instead(service, sessions, identity, clock, same) is None


def beyond(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
    shown: ShownSuggestion,
) -> Why:
    with sessions() as session:
        return told_beyond(service, session, identity, shown, now=clock.now())


@pytest.mark.usefixtures("shop", "model")
def test_people_whose_visits_were_alike_are_told_from_the_shops_floor_on(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "boots", "tent")
    shown = suggest(service, sessions, identity, clock, k=8)
    told = [beyond(service, sessions, identity, clock, one).visits_alike for one in shown]
    counts = [re.findall(r"\d+", one.text) for one in told if one is not None]
    assert counts
    for people, of in counts:
        assert 5 <= int(people) <= int(of)
    assert len(counts) < len(told)


@pytest.mark.usefixtures("shop")
def test_what_moved_the_network_is_named_once(
    settings: Settings,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    prepared = prepare(planted_events(), item_frame())
    bundle = learnt(prepared, np.random.default_rng(3))
    publish(settings.models_dir, "v1", bundle.vocabulary.fingerprint, bundle.parts())
    service = SuggestionService(settings)
    view(sessions, identity, clock, "boots", "tent", "mat")
    named = 0
    for one in suggest(service, sessions, identity, clock, k=8):
        moved = beyond(service, sessions, identity, clock, one).moved
        if moved is not None:
            (product,) = moved.titles
            assert product in {"boots", "tent", "mat"} - set(one.reason.because)
            assert moved.text == f"Of what you looked at, The {product} counted most for it"
            named += 1
    assert named


@pytest.mark.usefixtures("shop", "model")
def test_nothing_is_told_by_another_version_than_the_one_that_suggested(
    service: SuggestionService,
    settings: Settings,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "boots", "tent")
    shown = suggest(service, sessions, identity, clock, k=8)
    before = [beyond(service, sessions, identity, clock, one).visits_alike for one in shown]
    bundle = counts_only(prepare(planted_events(), item_frame()))
    publish(settings.models_dir, "v2", bundle.vocabulary.fingerprint, bundle.parts())
    suggest(service, sessions, identity, clock)
    after = [beyond(service, sessions, identity, clock, one).visits_alike for one in shown]
    assert any(before)
    assert not any(after)
