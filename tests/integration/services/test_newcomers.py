"""A product that was put into the shop a moment ago, while the model knows nothing of it."""

import time

import pytest

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.models import Category, Price, Product, Variant
from recommender.protocol import ReasonKind
from services import freshness
from services.suggest import SuggestionService
from services.volume import VolumeService
from tests.integration.services.asking import ask, ids, suggest, view


def put_in(
    sessions: SessionFactory, clock: SimulatedClock, product: Product, *, amount: int = 1000
) -> None:
    """The product as a shop would add it: one variant in stock, with a price."""
    now = clock.now()
    product.updated_at = now
    with sessions.begin() as session:
        session.add(product)
        session.flush()
        session.add(Variant(id=product.id, product_id=product.id, stock=3))
        session.flush()
        session.add(Price(variant_id=product.id, amount=amount, currency="EUR", valid_from=now))


@pytest.mark.usefixtures("shop", "model")
def test_the_shop_suggests_it_where_its_category_follows_and_says_that_it_is_new(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    view(sessions, identity, clock, "tent")
    assert len(suggest(service, sessions, identity, clock, k=9)) == 9
    put_in(sessions, clock, Product(id="mat-new", title="A new mat", category_id="kind 1"))
    service.freshen(sessions, clock.now())
    shown = suggest(service, sessions, identity, clock, k=9)
    new = next(one for one in shown if one.product_id == "mat-new")
    assert (new.reason.kind, new.reason_text) == (ReasonKind.NEW, "New in Kind 1")
    view(sessions, identity, clock, "mat", "stove")
    elsewhere = suggest(service, sessions, identity, clock, k=9)
    assert "mat-new" not in [one.product_id for one in elsewhere]


@pytest.mark.usefixtures("shop", "model")
def test_requests_at_volume_know_it_within_seconds(
    volume: VolumeService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(freshness, "FRESHEN_EVERY", 0.1)
    monkeypatch.setattr(freshness, "SHARE", 1)
    view(sessions, identity, clock, "tent")
    volume.start()
    assert "mat-new" not in ids(ask(volume, identity, k=9))
    put_in(sessions, clock, Product(id="mat-new", title="A new mat", category_id="kind 1"))
    until = time.monotonic() + 20
    while "mat-new" not in ids(ask(volume, identity, k=9)):
        assert time.monotonic() < until, "the new product was not suggested"
    with sessions.begin() as session:
        session.get_one(Variant, "mat-new").stock = 0
    assert "mat-new" not in ids(ask(volume, identity, k=9))


@pytest.mark.usefixtures("shop", "model")
def test_one_of_a_category_that_nobody_knows_waits_for_the_next_training(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
) -> None:
    with sessions.begin() as session:
        session.add(Category(id="rafts", title="Rafts"))
    put_in(sessions, clock, Product(id="raft", title="A raft", category_id="rafts"))
    service.freshen(sessions, clock.now())
    view(sessions, identity, clock, "tent")
    shown = suggest(service, sessions, identity, clock, k=9)
    assert "raft" not in [one.product_id for one in shown]
    view(sessions, identity, clock, "raft")
    assert len(suggest(service, sessions, identity, clock, k=9)) == 9
