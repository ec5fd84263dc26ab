"""The link to one's own settings: why it came, by which channels, and a pause."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Channel, LinkPurpose, Pause
from db.reads.consents import consents_in_force
from nudges.message import Message
from tests.integration.nudges.shoppers import Sink, leave_cart, sweeper
from tests.integration.shop.conftest import Browser
from tests.integration.shop.left import STOVE, every_row, path


@pytest.fixture
def link(message: Message) -> str:
    return path(message, LinkPurpose.PREFERENCES)


def granted(sessions: SessionFactory) -> set[Channel]:
    with sessions() as session:
        agreed = consents_in_force(session, "anna")
        return {channel for channel, line in agreed.items() if line.granted}


def sent_after(
    sessions: SessionFactory, clock: SimulatedClock, settings: Settings, wait: timedelta
) -> int:
    """Anna leaves a cart again after this wait; how many mails she then gets in half a day."""
    clock.advance(wait)
    with sessions.begin() as session:
        leave_cart(session, "anna", at=clock.now(), items=(STOVE,))
    sink = Sink()
    sweep = sweeper(sessions, clock, channels=[sink], settings=settings)
    for _ in range(12):
        clock.advance(timedelta(hours=1))
        sweep.run()
    return len(sink.taken)


def test_looking_at_it_changes_nothing(
    browser: Browser, sessions: SessionFactory, link: str
) -> None:
    before = every_row(sessions)
    assert browser.get(link).status_code == 200
    assert every_row(sessions) == before


def test_it_says_why_the_message_came(browser: Browser, link: str) -> None:
    page = browser.get(link).text
    assert "We wrote to you by e-mail on March 2, 2026" in page
    assert "because you left a cart on March 2, 2026" in page
    assert "It was message number 1 about that cart" in page
    assert "You agreed to reminders by e-mail on March 2, 2026." in page


def test_channels_are_switched_on_and_off(
    browser: Browser, sessions: SessionFactory, link: str
) -> None:
    assert granted(sessions) == {Channel.EMAIL}
    answer = browser.post(link, channel="chat")
    assert "Saved." in answer.text
    assert granted(sessions) == {Channel.CHAT}
    assert "You have taken back your agreement to reminders by e-mail" in answer.text


def test_a_channel_that_was_not_offered_cannot_be_switched_on(
    browser: Browser, sessions: SessionFactory, link: str
) -> None:
    browser.client.post(link, data={"channel": ["email", "telegram"]})
    assert granted(sessions) == {Channel.EMAIL}


@pytest.mark.parametrize(("pause", "days"), [("days_7", 7), ("days_30", 30), ("days_90", 90)])
def test_a_pause_lasts_as_long_as_was_asked(
    browser: Browser,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
    link: str,
    pause: str,
    days: int,
) -> None:
    answer = browser.post(link, channel="email", pause=pause)
    assert "You get no reminders until" in answer.text
    assert sent_after(sessions, clock, settings, timedelta(days=days - 2)) == 0
    assert sent_after(sessions, clock, settings, timedelta(days=2)) == 1


def test_a_pause_for_good_can_be_ended(
    browser: Browser,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
    link: str,
) -> None:
    assert "for good" in browser.post(link, channel="email", pause="ever").text
    assert sent_after(sessions, clock, settings, timedelta(days=10)) == 0
    assert "You get no reminders" not in browser.post(link, channel="email", pause="end").text
    assert sent_after(sessions, clock, settings, timedelta(days=2)) == 1


def test_saving_without_a_choice_leaves_a_pause_as_it_is(
    browser: Browser, sessions: SessionFactory, link: str
) -> None:
    browser.post(link, channel="email", pause="days_30")
    browser.post(link, channel="email")
    with sessions() as session:
        (silence,) = session.scalars(select(Pause))
        assert silence.ended_at is None


@pytest.mark.parametrize("form", [{"pause": "forever"}, {"channel": "pigeon"}])
def test_what_the_page_does_not_offer_is_refused(
    browser: Browser, sessions: SessionFactory, link: str, form: dict[str, str]
) -> None:
    assert browser.post(link, **form).status_code == 422
    assert granted(sessions) == {Channel.EMAIL}
