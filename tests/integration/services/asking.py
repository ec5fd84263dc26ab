"""What a shopper of these tests does, and asks to be suggested."""

import asyncio
from datetime import timedelta
from pathlib import Path

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.models import EventName
from db.writes.events import NewEvent, NewItem, record
from recommender.bundle import SOURCES
from recommender.protocol import Surface
from recommender.registry import Manifest, store, switch
from services.suggest import ShownSuggestion, SuggestionService
from services.volume import Answer, VolumeService


def publish(folder: Path, version: str, catalogue: str, parts: dict) -> None:  # type: ignore[type-arg]
    sources = tuple(name for name in parts if name in SOURCES)
    store(folder, Manifest(version, "2026-03-01T00:00:00+00:00", catalogue, True, sources), parts)
    switch(folder, version)


def view(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock, *products: str
) -> None:
    with sessions.begin() as session:
        for product in products:
            clock.advance(timedelta(seconds=20))
            item = NewItem(product_id=product, variant_id=product, quantity=1)
            event = NewEvent(
                f"{product}-{clock.now().isoformat()}",
                EventName.VIEW_ITEM,
                clock.now(),
                items=(item,),
            )
            record(session, identity, [event], now=clock.now())


def suggest(
    service: SuggestionService,
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
    *,
    surface: Surface = Surface.HOME,
    k: int = 4,
    anchor: str | None = None,
) -> list[ShownSuggestion]:
    with sessions.begin() as session:
        return service.suggest(
            session, identity, surface=surface, k=k, now=clock.now(), anchor=anchor
        )


def ask(
    volume: VolumeService,
    identity: Identity,
    *,
    surface: Surface = Surface.HOME,
    k: int = 4,
    anchor: str | None = None,
) -> Answer:
    return asyncio.run(volume.suggest(identity, surface=surface, k=k, anchor=anchor))


def ids(answer: Answer) -> list[str]:
    return [one["product_id"] for one in answer.suggestions]
