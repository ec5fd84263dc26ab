"""A mail as another parser reads it; and one whose words are not whole never goes out."""

import copy
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from email.utils import parsedate_to_datetime

import pytest

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import LinkPurpose, NudgeState
from nudges import render
from nudges.channels.email import EmailChannel
from nudges.message import Message
from tests.integration.nudges.coupons import send_coupons
from tests.integration.nudges.shoppers import Sink, leave_cart, nudges, person, sweeper

HOUR = timedelta(hours=1)
NAME = "Zoë <b>Ångström</b> & 李"


@pytest.fixture
def message(sessions: SessionFactory, clock: SimulatedClock, small_shop: None) -> Message:
    """A mail with a coupon to somebody whose name is not ASCII, and is hostile to HTML."""
    at = clock.now() - HOUR
    with sessions.begin() as session:
        person(session, "zoe", now=at, name=NAME)
        leave_cart(session, "zoe", at=at)
    (message,) = send_coupons(sessions, clock)
    return message


@pytest.fixture
def parsed(message: Message, clock: SimulatedClock) -> EmailMessage:
    raw = EmailChannel(Settings(shop_name="Bücher & Zelte")).compose(message, now=clock.now())
    return BytesParser(policy=default).parsebytes(raw.as_bytes())


def test_its_headers_are_read_without_a_defect(parsed: EmailMessage, clock: SimulatedClock) -> None:
    assert parsed.defects == []
    assert all(not getattr(value, "defects", ()) for value in parsed.values())
    assert parsed["To"].addresses[0].addr_spec == "zoe@example.org"
    assert parsed["From"].addresses[0].display_name == "Bücher & Zelte"
    assert parsedate_to_datetime(parsed["Date"]) == clock.now()
    assert len({name.lower() for name in parsed.keys()}) == len(parsed.keys())  # noqa: SIM118


def test_it_can_be_unsubscribed_by_one_click(parsed: EmailMessage, message: Message) -> None:
    """RFC 8058, section 3.1: both headers, and one https or http address in brackets."""
    assert parsed["List-Unsubscribe"] == f"<{message.links[LinkPurpose.UNSUBSCRIBE]}>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_its_message_id_is_the_same_each_time(message: Message, clock: SimulatedClock) -> None:
    channel = EmailChannel(Settings())
    first = channel.compose(message, now=clock.now())
    later = channel.compose(message, now=clock.now() + HOUR)
    assert first["Message-ID"] == later["Message-ID"] == f"<{message.nudge_id}@shop.localhost>"


def test_both_parts_say_the_same(parsed: EmailMessage, message: Message) -> None:
    assert parsed.get_content_type() == "multipart/alternative"
    plain, html = parsed.iter_parts()
    assert [plain.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    text, drawn = plain.get_content(), html.get_content()
    assert NAME in text
    assert "Zoë &lt;b&gt;Ångström&lt;/b&gt; &amp; 李" in drawn
    for part in (text, drawn):
        assert "Ridge tent" in part
        assert "10 % off" in part
        assert all(link in part for link in message.links.values())


def test_no_line_is_longer_than_smtp_allows(message: Message, clock: SimulatedClock) -> None:
    raw = EmailChannel(Settings()).compose(message, now=clock.now()).as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize("word", ["button", "unsubscribe", "sender", "hello"])
def test_a_missing_word_is_noticed_before_anything_is_sent(
    sessions: SessionFactory,
    clock: SimulatedClock,
    small_shop: None,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
) -> None:
    words = copy.deepcopy(render.words_of("en"))
    del words["common"][word]
    monkeypatch.setattr(render, "words_of", lambda _: words)
    with sessions.begin() as session:
        person(session, "zoe", now=clock.now() - HOUR)
        leave_cart(session, "zoe", at=clock.now() - HOUR)
    sink = Sink()
    sweeper(sessions, clock, channels=[sink]).run()
    assert sink.taken == []
    (nudge,) = nudges(sessions)
    assert (nudge.state, nudge.gate) == (NudgeState.WAITING, "render")
    assert word in (nudge.failure or "")
