"""Live visitors who behave like robots: kept in the events, left out of training and mining."""

from datetime import timedelta

import pytest

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.fold import CartItem
from db.models import EventName, Product
from db.reads.training import event_frame
from db.writes.events import NewEvent, record
from recommender.progress import Silent
from services.mining import Together, shop_history
from services.robots import left_out
from services.training import Frames, read_frames
from tests.visitors import create_visitor


def look(
    sessions: SessionFactory, clock: SimulatedClock, *, gaps: list[float], each: int = 1
) -> Identity:
    """A visitor who looks at a product, `each` at a time, with these pauses in seconds."""
    with sessions.begin() as session:
        if session.get(Product, "lamp") is None:
            session.add(Product(id="lamp", title="Lamp", description="", updated_at=clock.now()))
        visitor = create_visitor(session, now=clock.now())
        at = clock.now() - timedelta(hours=20)
        events = []
        for number, gap in enumerate(gaps):
            at += timedelta(seconds=gap)
            item = CartItem("lamp", None, 1, None, None)
            events.append(NewEvent(f"view-{number}", EventName.VIEW_ITEM, at, items=(item,) * each))
        record(session, visitor, events, now=clock.now())
    return visitor


def trained_on(settings: Settings, clock: SimulatedClock) -> Frames:
    return read_frames(settings, now=clock.now(), progress=Silent())


def test_a_live_visitor_who_breaks_a_robot_rule_is_left_out_of_training_and_counted(
    settings: Settings, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    person = look(sessions, clock, gaps=[3, 40, 21, 90, 8] * 12)
    look(sessions, clock, gaps=[0.3, 0.6] * 40)
    look(sessions, clock, gaps=[30.0] * 35)
    look(sessions, clock, gaps=[2, 9] * 520)
    frames = trained_on(settings, clock)
    assert set(frames.events["shopper"]) == {person.visitor_id}
    assert frames.robots == {"robot_speed": 1, "robot_rhythm": 1, "robot_volume": 1}
    assert "3 (robot_rhythm 1, robot_speed 1, robot_volume 1)" in str(left_out(frames.robots))


def test_one_view_of_many_products_is_one_view(
    settings: Settings, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    look(sessions, clock, gaps=[5], each=80)
    assert left_out(trained_on(settings, clock).robots) is None


def test_the_events_of_somebody_left_out_stay_stored(
    settings: Settings, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    look(sessions, clock, gaps=[0.5] * 70)
    assert trained_on(settings, clock).events.is_empty()
    with sessions() as session:
        assert event_frame(session).height == 70


@pytest.mark.parametrize("at_once", [1, 1000], ids=["in parts", "at once"])
def test_a_live_visitor_who_breaks_a_robot_rule_is_left_out_of_mining_and_counted(
    sessions: SessionFactory, clock: SimulatedClock, at_once: int
) -> None:
    person = look(sessions, clock, gaps=[3, 40, 21, 90, 8] * 12)
    look(sessions, clock, gaps=[0.3, 0.6] * 40)
    with sessions() as session:
        history = shop_history(
            session,
            actions=["view"],
            together=Together.MOMENT,
            zone="UTC",
            now=clock.now(),
            at_once=at_once,
        )
        parts = list(history.parts)
    assert [set(part["sequence"]) for part in parts] == [{person.visitor_id}]
    assert history.people == 1
    assert history.robots == {"robot_speed": 1}
