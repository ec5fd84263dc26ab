"""What a shop's own log had of noise: read from where it was set aside."""

from datetime import timedelta
from pathlib import Path

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.models import EventName, Visitor
from db.reads.training import event_frame
from db.writes.events import NewEvent, NewItem, record
from services.noise import set_aside
from tests.imports import import_as_command

LOG = """event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2026-01-01 10:00:00 UTC,view,1,7,,,9.50,ann,a
2026-01-01 10:00:00 UTC,view,1,7,,,9.50,ann,a
2026-01-01 10:01:00 UTC,cart,2,7,,,-1.00,ann,a
2026-01-01 10:02:00 UTC,view,3,7,,,5.00,ann,a
"""


def test_rows_that_cleaning_held_back_are_read_as_the_events_they_would_have_been(
    sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(LOG)
    import_as_command(sessions, log, clock=clock)
    with sessions() as session:
        events = event_frame(session)
        aside = set_aside(session, events)
    assert aside.select("product", "action").rows() == [("1", "view"), ("2", "add")]
    assert set(aside["shopper"]) == set(events["shopper"])


def test_the_events_of_visitors_marked_or_left_out_as_robots_are_read(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    now = clock.now()
    view = NewEvent("1", EventName.VIEW_ITEM, now - timedelta(hours=1), items=(NewItem("tent"),))
    with sessions.begin() as session:
        for visitor in ("somebody", "marked", "left-out"):
            record(session, Identity(visitor), [view], now=now)
        session.get_one(Visitor, "marked").is_robot = True
    with sessions() as session:
        people = event_frame(session).filter(shopper="somebody")
        aside = set_aside(session, people)
    assert set(aside["shopper"]) == {"marked", "left-out"}
