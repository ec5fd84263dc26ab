"""What the skills work with, put together once when the action server starts."""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from core.clock import Clock, SystemClock
from core.settings import Settings
from db.engine import SessionFactory, make_engine, make_session_factory
from db.pricing import DeliveryRule
from nudges.policy import SHIPPED, Policy, load_policy
from services.embedding import Embedder
from services.faq import FaqSearch
from services.freshness import Keeper
from services.search import CatalogueSearch
from services.suggest import SuggestionService


@dataclass(frozen=True, slots=True)
class Shop:
    """The database, the services over it and the clock."""

    settings: Settings
    sessions: SessionFactory
    search: CatalogueSearch
    faq: FaqSearch
    suggestions: SuggestionService
    nudge_policy: Policy
    clock: Clock
    # Writes that no answer waits for, in order.
    background: Executor


def open_shop(settings: Settings, clock: Clock | None = None) -> Shop:
    """Connect and load every model, so that the first message waits for nothing."""
    clock = clock or SystemClock()
    engine = make_engine(settings.database_url)
    sessions = make_session_factory(engine, delivery=DeliveryRule.of(settings))
    embedder = Embedder.load()
    suggestions = SuggestionService(settings)
    Keeper(lambda: suggestions.freshen(sessions, clock.now())).start()
    return Shop(
        settings=settings,
        sessions=sessions,
        search=CatalogueSearch.build(sessions, now=clock.now(), embedder=embedder),
        faq=FaqSearch(embedder),
        suggestions=suggestions,
        nudge_policy=load_policy(settings.nudge_policy or SHIPPED),
        clock=clock,
        background=ThreadPoolExecutor(1, "background"),
    )
