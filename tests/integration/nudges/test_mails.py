"""A mail as another parser reads it; and one whose words are not whole never goes out."""

import copy
import json
import shutil
import subprocess
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import LinkPurpose, Nudge, NudgeState
from nudges import render
from nudges.channels.email import EmailChannel
from nudges.message import Message
from tests.integration.nudges.coupons import send_coupons
from tests.integration.nudges.shoppers import Sink, leave_cart, nudges, person, sweeper

HOUR = timedelta(hours=1)
SETTINGS = Settings(
    shop_name="Bücher & Zelte",
    mail_from="reminders@mail.of-a-shop-with-a-rather-long-name.example",
)
WIDGET = Path(__file__).parents[3] / "web/widget"
POSTAL_MIME = """
import { buffer } from "node:stream/consumers";
import PostalMime from "postal-mime";
console.log(JSON.stringify(await PostalMime.parse(await buffer(process.stdin))));
"""
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
    raw = EmailChannel(SETTINGS).compose(message, now=clock.now())
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


@pytest.fixture
def parsed_elsewhere(message: Message, clock: SimulatedClock) -> dict[str, Any]:
    """The mail as a parser reads it that shares no code with what wrote it: JavaScript's."""
    raw = EmailChannel(SETTINGS).compose(message, now=clock.now())
    ran = subprocess.run(
        ["node", "--input-type=module", "--eval", POSTAL_MIME],
        cwd=WIDGET,
        input=raw.as_bytes(),
        capture_output=True,
        check=True,
    )
    mail: dict[str, Any] = json.loads(ran.stdout)
    return mail


def test_a_parser_of_another_make_reads_the_same(
    parsed_elsewhere: dict[str, Any], message: Message, clock: SimulatedClock
) -> None:
    values = {line["key"]: line["value"] for line in parsed_elsewhere["headers"]}
    assert len(values) == len(parsed_elsewhere["headers"])
    assert values["list-unsubscribe"] == f"<{message.links[LinkPurpose.UNSUBSCRIBE]}>"
    assert values["message-id"] == EmailChannel(SETTINGS).message_id(message)
    assert values["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert parsed_elsewhere["from"]["name"] == "Bücher & Zelte"
    assert [one["address"] for one in parsed_elsewhere["to"]] == ["zoe@example.org"]
    assert parsed_elsewhere["subject"] == message.subject
    assert datetime.fromisoformat(parsed_elsewhere["date"]) == clock.now()
    assert parsed_elsewhere["attachments"] == []
    assert parsed_elsewhere["text"].split() == message.text.split()
    assert parsed_elsewhere["html"].split() == (message.html or "").split()


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


@pytest.mark.parametrize(
    ("wished", "of_shop", "language", "price"),
    [
        ("en_GB", "en", "en-GB", "€119.00"),
        ("de_DE", "en", "en", "€119.00"),
        ("de_DE", "en_AU", "en-AU", "EUR119.00"),
        ("de_DE", "fr_FR", "en", "€119.00"),
        ("no such", "en_GB", "en-GB", "€119.00"),
        (None, "en_GB", "en-GB", "€119.00"),
    ],
)
def test_it_says_in_which_language_it_is_and_writes_prices_and_days_in_it(
    sessions: SessionFactory,
    clock: SimulatedClock,
    small_shop: None,
    wished: str | None,
    of_shop: str,
    language: str,
    price: str,
) -> None:
    with sessions.begin() as session:
        person(session, "zoe", now=clock.now() - HOUR, locale=wished)
        leave_cart(session, "zoe", at=clock.now() - HOUR)
    sink = Sink()
    sweeper(sessions, clock, channels=[sink], settings=Settings(locale=of_shop)).run()
    (message,) = sink.taken
    mail = EmailChannel(SETTINGS).compose(message, now=clock.now())
    assert mail["Content-Language"] == language
    assert f'<html lang="{language}">' in (message.html or "")
    assert price in message.text
    assert "March" in message.text


@pytest.fixture
def due(sessions: SessionFactory, clock: SimulatedClock, small_shop: None) -> None:
    """Zoe left a cart an hour ago."""
    with sessions.begin() as session:
        person(session, "zoe", now=clock.now() - HOUR)
        leave_cart(session, "zoe", at=clock.now() - HOUR)


def swept(sessions: SessionFactory, clock: SimulatedClock) -> Nudge:
    """What became of the nudge in a round that must send nothing."""
    sink = Sink()
    sweeper(sessions, clock, channels=[sink]).run()
    assert sink.taken == []
    (nudge,) = nudges(sessions)
    return nudge


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize("word", ["button", "unsubscribe", "sender", "hello"])
def test_a_missing_word_is_noticed_before_anything_is_sent(
    sessions: SessionFactory, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    words = copy.deepcopy(render.words_of("en"))
    del words["common"][word]
    monkeypatch.setattr(render, "words_of", lambda _: words)
    nudge = swept(sessions, clock)
    assert (nudge.state, nudge.gate) == (NudgeState.WAITING, "render")
    assert word in (nudge.failure or "")


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize("template", ["email.html.jinja", "email.txt.jinja"])
def test_a_missing_value_is_noticed_before_anything_is_sent(
    sessions: SessionFactory,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    template: str,
) -> None:
    shutil.copytree(render.FOLDER / "templates", tmp_path / "templates")
    changed = tmp_path / "templates" / template
    changed.write_text(changed.read_text().replace("{{ total }}", "{{ grand_total }}"))
    monkeypatch.setattr(render, "FOLDER", tmp_path)
    nudge = swept(sessions, clock)
    assert (nudge.state, nudge.gate) == (NudgeState.WAITING, "render")
    assert "grand_total" in (nudge.failure or "")
