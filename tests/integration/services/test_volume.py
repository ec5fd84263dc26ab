"""Recommendations at volume: the last event counts, whichever process took it; nothing is lost."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory, make_engine
from db.models import FeedbackKind, Suggestion, Variant
from db.writes import carts
from db.writes.feedback import give_feedback
from db.writes.visitors import bind
from recommender.bundle import Bundle
from recommender.prepared import prepare
from recommender.protocol import Surface
from recommender.training import counts_only
from services import volume as module
from services.suggest import NO_MODEL, SuggestionService
from services.volume import Answer, VolumeService
from tests.integration.services.asking import ask, ids, publish, suggest, view
from tests.unit.recommender.conftest import lstm, prepared, trained  # noqa: F401
from tests.unit.recommender.shop import item_frame, planted_events


@pytest.mark.usefixtures("shop", "model")
@pytest.mark.parametrize("surface", list(Surface))
def test_ids_are_what_the_pages_show(
    volume: VolumeService,
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
    surface: Surface,
) -> None:
    for product in ("tent", "mat", "boots"):
        view(sessions, identity, clock, product)
        shown = suggest(service, sessions, identity, clock, surface=surface, anchor="bike")
        told = ask(volume, identity, surface=surface, anchor="bike").suggestions
        assert [one["product_id"] for one in told] == [one.product_id for one in shown]
        assert [one["reason"]["text"] for one in told] == [one.reason_text for one in shown]


@pytest.mark.usefixtures("shop", "model")
def test_the_next_answer_knows_what_another_process_wrote(
    volume: VolumeService, sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    assert "tent" in ids(ask(volume, identity, k=24))
    view(sessions, identity, clock, "tent", "mat")
    first = ids(ask(volume, identity))
    assert first[0] == "stove"
    with sessions.begin() as session:
        carts.add(session, identity, "stove", 1, now=clock.now(), source="web")
    assert "stove" not in ids(ask(volume, identity))
    with sessions.begin() as session:
        give_feedback(session, identity, "pump", FeedbackKind.NOT_INTERESTED, now=clock.now())
    assert "pump" not in ids(ask(volume, identity, k=24))
    with sessions.begin() as session:
        signed_in = bind(session, identity, "customer-7", now=clock.now())
    assert "stove" not in ids(ask(volume, signed_in))
    view(sessions, signed_in, clock, "bike")
    assert "bike" not in ids(ask(volume, signed_in, k=24))


@pytest.mark.usefixtures("shop", "model")
def test_a_shopper_who_is_read_on_is_known_as_one_who_is_read_anew(
    volume: VolumeService,
    service: SuggestionService,
    database_url: str,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "tent", "boots")
    ask(volume, identity)
    early = SimulatedClock(clock.now() - timedelta(minutes=2))
    for late, products in ((early, ("bike",)), (clock, ("mat",)), (clock, ("socks", "mat"))):
        view(sessions, identity, late, *products)
        engine = make_engine(database_url)
        anew = VolumeService(service, engine, sessions, clock)
        told, fresh = ask(volume, identity), ask(anew, identity)
        anew.stop()
        engine.dispose()
        assert ids(told) == ids(fresh)
        kept, read = volume._kept[identity], anew._kept[identity]
        assert (kept.stamp, kept.history) == (read.stamp, read.history)


@pytest.mark.usefixtures("shop")
def test_an_answer_says_how_likely_the_open_cart_is_left(
    trained: Bundle,  # noqa: F811
    settings: Settings,
    database_url: str,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    publish(settings.models_dir, "v2", trained.vocabulary.fingerprint, trained.parts())
    engine = make_engine(database_url)
    volume = VolumeService(SuggestionService(settings), engine, sessions, clock)
    try:
        view(sessions, identity, clock, "tent", "mat")
        assert ask(volume, identity).leaving is None
        with sessions.begin() as session:
            carts.add(session, identity, "stove", 1, now=clock.now(), source="web")
        first = ask(volume, identity).leaving
        assert first is not None
        assert 0 < first < 1
        view(sessions, identity, clock, "lamp")
        assert ask(volume, identity).leaving not in (None, first)
        clock.advance(timedelta(minutes=31))
        assert ask(volume, identity).leaving is None
    finally:
        volume.stop()
        engine.dispose()


@pytest.mark.usefixtures("shop", "model")
def test_what_sold_out_a_moment_ago_is_left_out(
    volume: VolumeService, sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    view(sessions, identity, clock, "tent", "mat")
    assert ids(ask(volume, identity))[0] == "stove"
    with sessions.begin() as session:
        session.get_one(Variant, "stove").stock = 0
    told = ids(ask(volume, identity))
    assert "stove" not in told
    assert len(told) == 4


@pytest.mark.usefixtures("shop", "model")
def test_all_that_was_shown_is_written_before_the_process_ends(
    service: SuggestionService,
    database_url: str,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    engine = make_engine(database_url)
    volume = VolumeService(service, engine, sessions, clock)
    volume.start()
    try:
        told = [one for _ in range(20) for one in ask(volume, identity).suggestions]
    finally:
        volume.stop()
        engine.dispose()
    with sessions() as session:
        stored = set(session.scalars(select(Suggestion.id)))
        first = session.get_one(Suggestion, told[0]["suggestion_id"])
    assert stored == {one["suggestion_id"] for one in told}
    assert first.reason["text"] == told[0]["reason"]["text"]
    assert (first.visitor_id, first.rank, first.model_version) == (identity.visitor_id, 1, "v1")


@pytest.mark.usefixtures("shop", "model")
def test_shoppers_beyond_the_limit_are_read_again(
    volume: VolumeService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_SHOPPERS", 3)
    view(sessions, identity, clock, "tent", "mat")
    before = ids(ask(volume, identity))
    for number in range(5):
        ask(volume, Identity(f"visitor-{number}"))
    assert ids(ask(volume, identity)) == before


@pytest.mark.usefixtures("shop")
def test_without_a_model_the_catalogue_speaks(volume: VolumeService, identity: Identity) -> None:
    answer = ask(volume, identity, surface=Surface.PRODUCT, anchor="tent")
    assert answer.model_version == NO_MODEL
    assert ids(answer)[:2] == ["bike", "boots"]


@pytest.mark.usefixtures("shop", "model")
def test_a_model_of_another_shop_is_refused_and_the_old_one_goes_on(
    volume: VolumeService,
    service: SuggestionService,
    settings: Settings,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    assert ask(volume, identity).model_version == "v1"
    events = planted_events()
    foreign = counts_only(
        prepare(events.with_columns(product=events["product"] + "x"), item_frame().head(0))
    )
    publish(settings.models_dir, "v2", foreign.vocabulary.fingerprint, foreign.parts())
    clock.advance(timedelta(minutes=1))
    service.freshen(sessions, clock.now())
    assert ask(volume, identity).model_version == "v1"
    assert suggest(service, sessions, identity, clock)
    assert service.model_version == "v1"


@pytest.mark.usefixtures("shop", "model")
def test_a_new_model_is_taken_up_while_requests_come_and_none_is_dropped(
    volume: VolumeService,
    service: SuggestionService,
    settings: Settings,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "tent")
    bundle = counts_only(prepare(planted_events(seed=2), item_frame().head(20)))

    async def under_load() -> list[Answer]:
        freshened = asyncio.create_task(asyncio.to_thread(service.freshen, sessions, clock.now()))
        answers = []
        while not freshened.done() or len(answers) < 20:
            answers.append(await volume.suggest(identity, surface=Surface.HOME, k=4, anchor=None))
        await freshened
        answers.append(await volume.suggest(identity, surface=Surface.HOME, k=4, anchor=None))
        return answers

    assert ask(volume, identity).model_version == "v1"
    publish(settings.models_dir, "v2", bundle.vocabulary.fingerprint, bundle.parts())
    answers = asyncio.run(under_load())
    assert all(len(answer.suggestions) == 4 for answer in answers)
    assert answers[-1].model_version == "v2"
