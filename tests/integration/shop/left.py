"""A message about a left cart, as the sweep sends it, and the links in it."""

from datetime import timedelta

from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.fold import CartItem
from db.models import Base, Channel, EventName, LinkPurpose
from db.writes.consents import record_consent
from db.writes.events import NewEvent, record
from nudges.message import Message
from tests.integration.nudges.coupons import send_coupons

STOVE = CartItem("stove", "stove-1", 1, 2490, "EUR")
JACKET = CartItem("rain", "rain-black-m", 2, 11900, "EUR")


def remind(
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
    *items: CartItem,
    person_id: str = "anna",
    treatment: str = "reminder",
) -> Message:
    """The person leaves these things in a cart; the mail that comes of it an hour later."""
    with sessions.begin() as session:
        identity = Identity(f"v-{person_id}", person_id)
        event = NewEvent("left", EventName.ADD_TO_CART, clock.now(), items=items)
        record(session, identity, [event], now=clock.now())
        record_consent(
            session,
            person_id,
            Channel.EMAIL,
            granted=True,
            wording_version="test-1",
            source="test",
            now=clock.now(),
        )
    clock.advance(timedelta(hours=1))
    (message,) = send_coupons(sessions, clock, treatment, settings=settings)
    return message


def path(message: Message, purpose: LinkPurpose) -> str:
    """Where a link of the message leads, without the host."""
    return "/n/" + message.links[purpose].partition("/n/")[2]


def every_row(sessions: SessionFactory) -> dict[str, list[str]]:
    """All that is stored, to be compared with what is stored later."""
    with sessions() as session:
        return {
            table.name: sorted(repr(tuple(row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
        }
