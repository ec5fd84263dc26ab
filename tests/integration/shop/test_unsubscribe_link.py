"""The link that ends reminders: only a POST does, and with the token alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from core.ids import new_id
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Channel, LinkPurpose, Reminder
from db.reads.consents import consent_ledger, consents_in_force
from db.writes.asked import ask_reminder
from nudges.channels import Outcome, OutcomeKind
from nudges.message import Message
from tests.integration.nudges.shoppers import Sink, leave_cart, sweeper
from tests.integration.shop.conftest import Browser
from tests.integration.shop.left import STOVE, path


@pytest.fixture
def link(message: Message) -> str:
    return path(message, LinkPurpose.UNSUBSCRIBE)


def agreed(sessions: SessionFactory) -> bool:
    with sessions() as session:
        return consents_in_force(session, "anna")[Channel.EMAIL].granted


def test_looking_at_it_ends_nothing(browser: Browser, sessions: SessionFactory, link: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        browser.client.request(method, link)
    assert "Stop the reminders" in browser.get(link).text
    assert agreed(sessions)


def test_its_button_does(browser: Browser, sessions: SessionFactory, link: str) -> None:
    answer = browser.post(link)
    assert answer.status_code == 200
    assert "We will not write to you by e-mail" in answer.text
    assert not agreed(sessions)


@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_one_click_of_a_mail_program_does(
    browser: Browser, sessions: SessionFactory, link: str, kind: str
) -> None:
    """RFC 8058, section 3.2: either encoding, no cookie, and no redirect to follow."""
    field = {"List-Unsubscribe": "One-Click"}
    body = (
        {"data": field} if kind == "form" else {"files": {k: (None, v) for k, v in field.items()}}
    )
    answer = browser.client.post(link, follow_redirects=False, **body)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert not agreed(sessions)


def test_doing_it_again_changes_nothing(
    browser: Browser, sessions: SessionFactory, link: str
) -> None:
    assert browser.post(link).status_code == browser.post(link).status_code == 200
    with sessions() as session:
        assert [line.granted for line in consent_ledger(session, "anna")] == [True, False]


def test_nothing_is_sent_afterwards(
    browser: Browser,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
    link: str,
) -> None:
    with sessions.begin() as session:
        session.add(
            Reminder(
                id=new_id(),
                visitor_id="v-anna",
                person_id="anna",
                due_at=clock.now() + timedelta(hours=2),
                channel=Channel.EMAIL,
                source="chat",
                asked_at=clock.now(),
            )
        )
    browser.post(link)
    with sessions.begin() as session:
        leave_cart(session, "anna", at=clock.now(), items=(STOVE,))
    sink = Sink()
    sweep = sweeper(sessions, clock, channels=[sink], settings=settings)
    for _ in range(40):
        clock.advance(timedelta(hours=1))
        sweep.run()
    assert sink.taken == []
    with sessions() as session:
        assert session.scalars(select(Reminder.cancelled_at)).one() is not None


def test_a_reminder_asked_for_that_is_being_tried_again_is_taken_back_too(
    browser: Browser,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
    link: str,
) -> None:
    with sessions.begin() as session:
        ask_reminder(
            session,
            Identity("v-anna", "anna"),
            due_at=clock.now() + timedelta(hours=2),
            channel=Channel.EMAIL,
            source="chat",
            now=clock.now(),
        )
    sink = Sink(answers=[Outcome(OutcomeKind.TEMPORARY, "the mail server is away")])
    sweep = sweeper(sessions, clock, channels=[sink], settings=settings)
    clock.advance(timedelta(hours=2))
    sweep.run()
    assert len(sink.taken) == 1
    browser.post(link)
    for _ in range(40):
        clock.advance(timedelta(hours=1))
        sweep.run()
    assert len(sink.taken) == 1


def test_a_guest_is_silent_on_that_channel(sessions: SessionFactory, clock: SimulatedClock) -> None:
    from db.models import Pause
    from nudges.links import Link
    from nudges.unsubscribe import unsubscribe
    from tests.visitors import create_visitor

    with sessions.begin() as session:
        guest: Identity = create_visitor(session, now=clock.now())
        link = Link("0" * 64, "n", "c", guest.visitor_id, None, Channel.CHAT)
        unsubscribe(session, link, now=clock.now())
        unsubscribe(session, link, now=clock.now())
        (silence,) = session.scalars(select(Pause))
        assert (silence.visitor_id, silence.channel) == (guest.visitor_id, Channel.CHAT)
