"""What the processes of the race tests run; small, since each starts a Python of its own."""

from datetime import datetime, timedelta

from core.identity import Identity
from db.engine import make_engine, make_session_factory
from db.fold import CartItem
from db.models import EventName
from db.writes.events import NewEvent, record


def add_often(url: str, visitor_id: str, writer: str, times: int) -> None:
    """Add a tent `times` times, each in a transaction of its own."""
    engine = make_engine(url)
    sessions = make_session_factory(engine)
    start = datetime.fromisoformat("2026-03-02T10:00:00+00:00")
    item = CartItem("tent", "tent-green", 1, 11900, "EUR")
    for number in range(times):
        at = start + timedelta(seconds=number)
        event = NewEvent(f"{writer}-{number}", EventName.ADD_TO_CART, at, items=(item,))
        with sessions.begin() as session:
            record(session, Identity(visitor_id), [event], now=at)
    engine.dispose()
