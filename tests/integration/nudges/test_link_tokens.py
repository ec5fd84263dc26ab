"""What is stored of a link's token opens nothing, and the token itself only for a while."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import LinkPurpose, LinkToken
from nudges.links import open_link
from nudges.message import Message
from nudges.tokens import new_token
from tests.integration.nudges.shoppers import Sink, left_carts, sweeper


@pytest.fixture
def messages(sessions: SessionFactory, clock: SimulatedClock, small_shop: None) -> list[Message]:
    """Ten shoppers' messages: thirty links that work."""
    left_carts(sessions, clock, *(f"p{n}" for n in range(10)), ago=timedelta(hours=1))
    sink = Sink()
    sweeper(sessions, clock, channels=[sink], settings=Settings()).run()
    return sink.taken


def plain(link: str) -> str:
    return link.rsplit("/", 1)[1]


def test_each_token_is_good_for_its_purpose_alone(
    sessions: SessionFactory, clock: SimulatedClock, messages: list[Message]
) -> None:
    with sessions() as session:
        for message in messages:
            for made_for, link in message.links.items():
                for purpose in LinkPurpose:
                    opened = open_link(session, plain(link), purpose, now=clock.now())
                    assert (opened is not None) is (purpose is made_for)
                    assert opened is None or opened.nudge_id == message.nudge_id


def test_no_token_outlives_its_time(
    sessions: SessionFactory, clock: SimulatedClock, messages: list[Message]
) -> None:
    clock.advance(timedelta(days=30))
    with sessions() as session:
        for message in messages:
            for purpose, link in message.links.items():
                assert open_link(session, plain(link), purpose, now=clock.now()) is None


def test_what_is_stored_opens_nothing(
    sessions: SessionFactory, clock: SimulatedClock, messages: list[Message]
) -> None:
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(LinkToken)) == 30
        for digest, purpose in session.execute(select(LinkToken.digest, LinkToken.purpose)):
            assert open_link(session, digest, purpose, now=clock.now()) is None
            assert open_link(session, digest[:43], purpose, now=clock.now()) is None


def test_a_token_has_256_random_bits() -> None:
    tokens = {new_token(LinkPurpose.RECOVER).plain for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {43}
