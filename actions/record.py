"""What shoppers look for in chat, kept as the events that the search page sends."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from actions.context import Shop
from actions.skill import CHAT, Turn
from core.identity import Identity
from core.ids import new_id
from db.models import EventName
from db.writes.events import NewEvent, record
from db.writes.visitors import ForeignVisitorError
from services.query import SearchQuery

log = structlog.get_logger()

LONGEST_TERM = 200


def record_search(shop: Shop, turn: Turn, query: SearchQuery) -> None:
    """Store a search in the background: the answer neither waits for it nor depends on it.

    Its term is what was looked for, without the prices and the talk around it.
    """
    named = [value for values in query.include.values() for value in values]
    term = (query.text or " ".join(named)).strip()[:LONGEST_TERM]
    if term:
        event = NewEvent(new_id(), EventName.SEARCH, turn.now, search_term=term)
        shop.background.submit(_store, shop, turn.identity, event)


def _store(shop: Shop, identity: Identity, event: NewEvent) -> None:
    try:
        with shop.sessions.begin() as session:
            record(session, identity, [event], now=event.at, source=CHAT)
    except (SQLAlchemyError, ForeignVisitorError):
        log.exception("search_not_recorded")
