"""Suggestions from the database: filters, reasons, what is written down, and no model at all."""

from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import func, select

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.models import (
    Feedback,
    FeedbackKind,
    Person,
    Suggestion,
    Variant,
)
from db.reads.suggesting import interest
from db.writes import carts
from db.writes.visitors import bind
from recommender.prepared import prepare
from recommender.protocol import History, ReasonKind, Surface
from recommender.training import counts_only
from services.reason_words import ReasonWords
from services.suggest import NO_MODEL, SuggestionService
from tests.integration.services.asking import publish, suggest, view
from tests.unit.recommender.shop import ITEMS, item_frame, planted_events
from tests.visitors import create_visitor


@pytest.mark.usefixtures("shop", "model")
def test_what_follows_is_suggested_with_a_reason_to_read(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "tent", "mat")
    first = suggest(service, sessions, identity, clock, k=1)[0]
    assert first.product_id == "stove"
    people, of = first.reason.people, first.reason.of
    assert first.reason_text in {
        f"{people} of the {of} people who took The {because} also took this along"
        for because in ("tent", "mat")
    }


@pytest.mark.usefixtures("shop", "model")
def test_what_is_sold_out_in_the_cart_or_unwanted_is_not_suggested(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "tent", "boots")
    with sessions.begin() as session:
        carts.add(session, identity, "mat", 1, now=clock.now(), source="web")
        session.add(
            Feedback(
                visitor_id=identity.visitor_id,
                product_id="socks",
                kind=FeedbackKind.NOT_INTERESTED,
                at=clock.now(),
            )
        )
    for surface in Surface:
        shown = suggest(service, sessions, identity, clock, surface=surface, k=24, anchor="boots")
        assert not {one.product_id for one in shown} & {"lamp", "mat", "socks", "boots"}


@pytest.mark.usefixtures("shop")
def test_what_people_buy_again_and_again_may_fill_up_for_its_owner(
    settings: Settings, service: SuggestionService, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    bundle = counts_only(prepare(planted_events(), item_frame()))
    bundle.bought_again[bundle.vocabulary.get("stove")] = True
    publish(settings.models_dir, "v1", bundle.vocabulary.fingerprint, bundle.parts())
    shelf = service.shelf(sessions, clock.now())
    service.current(shelf, clock.now())
    filled = service.filled_up(
        [],
        shelf,
        History(owned=("stove", "boots")),
        (),
        surface=Surface.HOME,
        k=len(ITEMS),
        anchor=None,
    )
    assert {"stove", "boots"} & {one.product_id for one in filled} == {"stove"}


@pytest.mark.usefixtures("shop", "model")
def test_what_was_sold_a_moment_ago_is_not_suggested(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "tent", "mat")
    assert suggest(service, sessions, identity, clock)[0].product_id == "stove"
    with sessions.begin() as session:
        session.get_one(Variant, "stove").stock = 0
    shown = suggest(service, sessions, identity, clock)
    assert len(shown) == 4
    assert "stove" not in {one.product_id for one in shown}


@pytest.mark.usefixtures("shop", "model")
def test_each_suggestion_is_written_down_with_its_model_and_reason(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    shown = suggest(service, sessions, identity, clock, surface=Surface.CHAT)
    with sessions() as session:
        stored = session.get_one(Suggestion, shown[0].suggestion_id)
    assert (stored.visitor_id, stored.surface, stored.rank) == (identity.visitor_id, "chat", 1)
    assert (stored.model_version, stored.product_id) == ("v1", shown[0].product_id)
    assert stored.reason["text"] == shown[0].reason_text


@pytest.mark.usefixtures("shop", "model")
def test_among_some_products_those_taken_along_come_before_the_popular(
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
    service: SuggestionService,
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent", 1, now=clock.now())
    some = {item for item in ITEMS if item not in ("tent", "lamp")}
    with sessions.begin() as session:
        shown = service.suggest(
            session, identity, surface=Surface.CART, k=len(some), now=clock.now(), among=some
        )
    kinds = [one.reason.kind for one in shown]
    assert {one.product_id for one in shown} <= some
    assert kinds[0] is ReasonKind.RULE
    assert ReasonKind.POPULAR in kinds or ReasonKind.POPULAR_IN_CATEGORY in kinds
    rules = [kind is ReasonKind.RULE for kind in kinds]
    assert rules == sorted(rules, reverse=True)


@pytest.mark.parametrize("identity", [Identity("signed-elsewhere"), Identity("", "customer-7")])
def test_somebody_whom_the_shop_has_not_stored_yet_is_suggested_to_as_well(
    shop: None,
    sessions: SessionFactory,
    clock: SimulatedClock,
    service: SuggestionService,
    identity: Identity,
) -> None:
    with sessions.begin() as session:
        shown = service.suggest(
            session, identity, surface=Surface.CHAT, k=3, now=clock.now(), anchor=ITEMS[0]
        )
    assert len(shown) == 3


@pytest.mark.usefixtures("shop", "model")
def test_why_answers_exactly_what_was_shown_and_only_to_whom_it_was(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "tent")
    shown = suggest(service, sessions, identity, clock)[0]
    with sessions.begin() as session:
        stranger = create_visitor(session, now=clock.now())
        assert service.why(session, identity, product_id=shown.product_id) == shown
        assert service.why(session, identity, suggestion_id=shown.suggestion_id) == shown
        assert service.why(session, stranger, suggestion_id=shown.suggestion_id) is None
        assert service.why(session, identity, product_id="never-shown") is None


@pytest.mark.usefixtures("shop")
def test_without_a_model_the_category_comes_first_and_the_reason_says_so(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    shown = suggest(service, sessions, identity, clock, surface=Surface.PRODUCT, k=6, anchor="tent")
    assert service.model_version == NO_MODEL
    assert [one.product_id for one in shown[:2]] == ["bike", "boots"]
    assert shown[0].reason_text == "In Kind 0, like The tent"
    assert (shown[-1].reason.kind, len(shown)) == (ReasonKind.CONTENT, 6)


@pytest.mark.usefixtures("shop")
def test_without_a_model_popularity_is_counted_from_enough_people_only(
    service: SuggestionService, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    for number in range(6):
        with sessions.begin() as session:
            somebody = create_visitor(session, now=clock.now())
        view(sessions, somebody, clock, "pump", *(["poles"] if number < 4 else []))
    with sessions.begin() as session:
        newcomer = create_visitor(session, now=clock.now())
    first, second = suggest(service, sessions, newcomer, clock, k=2)
    assert (first.product_id, first.reason.people) == ("pump", 6)
    assert first.reason_text == "Popular: 6 people were interested in it"
    assert (second.product_id, second.reason.people) == ("poles", None)


@pytest.mark.usefixtures("shop")
def test_a_person_counts_once_however_many_browsers_they_were_seen_in(
    service: SuggestionService, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        session.add(Person(id="ann", created_at=clock.now()))
    for number in range(6):
        with sessions.begin() as session:
            somebody = create_visitor(session, now=clock.now())
            if number < 5:
                somebody = bind(session, somebody, "ann", now=clock.now())
        view(sessions, somebody, clock, "pump")
    with sessions.begin() as session:
        newcomer = create_visitor(session, now=clock.now())
        assert interest(session, since=clock.now() - timedelta(days=1)) == {"pump": 2}
    (first,) = suggest(service, sessions, newcomer, clock, k=1)
    assert (first.product_id, first.reason.people) == ("pump", None)


@pytest.mark.usefixtures("shop")
def test_a_model_of_another_shop_is_not_used(
    sessions: SessionFactory,
    settings: Settings,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    foreign = prepare(
        planted_events().with_columns(product=pl.col("product") + "x"), item_frame().head(0)
    )
    bundle = counts_only(foreign)
    publish(settings.models_dir, "v1", bundle.vocabulary.fingerprint, bundle.parts())
    service = SuggestionService(settings)
    shown = suggest(service, sessions, identity, clock)
    assert len(shown) == 4
    assert service.model_version == NO_MODEL


@pytest.mark.usefixtures("shop", "settings")
def test_a_model_trained_while_the_shop_runs_is_taken_up(
    request: pytest.FixtureRequest,
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    suggest(service, sessions, identity, clock)
    request.getfixturevalue("model")
    clock.advance(timedelta(minutes=1))
    suggest(service, sessions, identity, clock)
    assert service.model_version == "v1"


@pytest.mark.usefixtures("shop", "model")
def test_nothing_to_sell_gives_nothing_and_writes_nothing(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    with sessions.begin() as session:
        for variant in session.scalars(select(Variant)):
            variant.stock = 0
    assert suggest(service, sessions, identity, clock) == []
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Suggestion)) == 0


def test_a_language_without_words_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="services/words"):
        ReasonWords("tlh")
