"""The demo's mails: caught by an SMTP server of the demo's own, and shown at a page."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import LinkPurpose, Person
from demo.mail_catcher import catch
from demo.mailbox import KEPT, Mailbox
from nudges.channels import Outcome, OutcomeKind
from nudges.channels.email import EmailChannel
from nudges.message import Message
from tests.integration.shop.conftest import HOSTILE, Browser
from tests.integration.shop.left import STOVE, path, remind
from tests.stack import free_port


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    values = settings.model_dump() | {"DATABASE_URL": settings.database_url}
    values |= {"mail_port": free_port(), "mails_dir": tmp_path / "mails"}
    del values["smtp_url"]
    return Settings.model_validate(values)


@contextmanager
def catching(settings: Settings, clock: SimulatedClock) -> Iterator[None]:
    """The catcher, running in a thread of its own."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    task = loop.create_task(catch(settings, stop, clock=clock))
    ready = threading.Event()
    loop.call_later(0.2, ready.set)
    thread = threading.Thread(target=loop.run_until_complete, args=(task,))
    thread.start()
    ready.wait(5)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture
def message(
    sessions: SessionFactory, clock: SimulatedClock, settings: Settings, catalogue: None
) -> Message:
    with sessions.begin() as session:
        named = update(Person).where(Person.id == "anna")
        session.execute(named.values(email="anna@example.org", name=HOSTILE))
    return remind(sessions, clock, settings, STOVE)


@pytest.fixture
def outcome(message: Message, settings: Settings, clock: SimulatedClock) -> Outcome:
    with catching(settings, clock):
        (outcome,) = EmailChannel(settings).deliver([message], now=clock.now())
    return outcome


def test_a_mail_is_caught_whole(outcome: Outcome, settings: Settings, message: Message) -> None:
    assert outcome.kind is OutcomeKind.ACCEPTED
    (mail,) = Mailbox(settings.mails_dir).newest()
    assert mail.header("To") == "anna@example.org"
    assert mail.header("Message-ID") == outcome.message_id
    assert mail.html is not None
    assert mail.text is not None
    for part in (mail.html, mail.text):
        assert message.links[LinkPurpose.RECOVER] in part
        assert "Gas stove" in part


@pytest.mark.usefixtures("outcome")
def test_the_page_shows_it_with_its_headers_and_its_plain_text(
    browser: Browser, settings: Settings, message: Message
) -> None:
    (mail,) = Mailbox(settings.mails_dir).newest()
    assert f"/demo/mails/{mail.key}" in browser.get("/demo/mails").text
    page = browser.get(f"/demo/mails/{mail.key}").text
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in page
    assert path(message, LinkPurpose.PREFERENCES) in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


@pytest.mark.usefixtures("outcome")
def test_its_frame_runs_no_script_whatever_the_mail_holds(
    browser: Browser, settings: Settings
) -> None:
    (mail,) = Mailbox(settings.mails_dir).newest()
    answer = browser.get(f"/demo/mails/{mail.key}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "key", ["nothing", "..%2f..%2fetc%2fpasswd", "20260302T100000000000-0a0b0c0d"]
)
def test_what_is_no_mail_is_missing(browser: Browser, key: str) -> None:
    assert browser.get(f"/demo/mails/{key}").status_code == 404
    assert browser.get(f"/demo/mails/{key}/html").status_code == 404


@pytest.mark.usefixtures("outcome")
def test_outside_the_demo_there_is_no_such_page(settings: Settings, clock: SimulatedClock) -> None:
    from web.app import create_app

    (mail,) = Mailbox(settings.mails_dir).newest()
    real = settings.model_copy(update={"demo": False, "secret": "s" * 40})
    with TestClient(create_app(real, clock=clock)) as client:
        for address in ("/demo/mails", f"/demo/mails/{mail.key}", f"/demo/mails/{mail.key}/html"):
            assert client.get(address).status_code == 404


def test_only_the_newest_are_kept(tmp_path: Path, clock: SimulatedClock) -> None:
    box = Mailbox(tmp_path / "mails")
    keys = [box.keep(b"Subject: x\r\n\r\nx", now=clock.now()) for _ in range(KEPT + 5)]
    assert len(list(box.newest())) == KEPT
    assert len(set(keys)) == KEPT + 5


@pytest.mark.parametrize(
    ("values", "catches"),
    [({}, True), ({"smtp_url": "smtp://mail.example"}, False), ({"demo": False}, False)],
)
def test_mails_are_caught_where_the_demo_names_no_server(
    values: dict[str, object], catches: bool
) -> None:
    given = Settings.model_validate({"secret": "s" * 40} | values)
    assert given.catches_mail is catches
