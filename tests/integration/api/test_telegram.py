"""The bot's webhook: only Telegram is heard; a link connects a chat once; stop ends it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Channel, ChannelAddress, Suppression, TelegramLink
from db.reads.consents import consents_in_force
from nudges.channels.telegram import set_webhook
from nudges.facts import Address
from nudges.store.outcomes import suppress
from nudges.telegram import new_telegram_link, webhook_secret
from tests.bot_api import TOKEN, bot_api
from tests.integration.nudges.shoppers import person

HEADER = "X-Telegram-Bot-Api-Secret-Token"
type Say = Callable[..., str]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"telegram_token": TOKEN, "telegram_bot": "shop_bot"})


@pytest.fixture
def say(client: TestClient, settings: Settings) -> Say:
    """Somebody writes to the bot; what it answers."""

    def said(text: str, *, chat: int = 7, kind: str = "private") -> str:
        update = {"update_id": 1, "message": {"chat": {"id": chat, "type": kind}, "text": text}}
        answer = post(client, settings, update)
        assert answer.get("chat_id", chat) == chat
        return str(answer.get("text", ""))

    return said


def post(client: TestClient, settings: Settings, update: dict[str, Any]) -> dict[str, Any]:
    headers = {HEADER: webhook_secret(settings)}
    response = client.post("/telegram/webhook", json=update, headers=headers)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def link(sessions: SessionFactory, clock: SimulatedClock, key: str = "ann") -> str:
    with sessions.begin() as session:
        address = new_telegram_link(
            session, Identity(f"v-{key}", key), bot="shop_bot", now=clock.now()
        )
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "t.me", "/shop_bot")
    (token,) = parse_qs(parts.query)["start"]
    assert len(token) <= 64, "Telegram takes no longer ones"
    return token


def connected(sessions: SessionFactory) -> dict[str, str | None]:
    """Chats, and whose they are."""
    with sessions() as session:
        rows = session.scalars(select(ChannelAddress))
        return {row.address: row.person_id for row in rows}


def agreed(sessions: SessionFactory, key: str = "ann") -> bool:
    with sessions() as session:
        found = consents_in_force(session, key)
    return Channel.TELEGRAM in found and found[Channel.TELEGRAM].granted


@pytest.fixture(autouse=True)
def people(sessions: SessionFactory, clock: SimulatedClock) -> None:
    with sessions.begin() as session:
        for key in ("ann", "bob"):
            person(session, key, now=clock.now())


def test_the_link_connects_the_chat_and_is_the_consent(
    say: Say, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    assert "Connected" in say(f"/start {link(sessions, clock)}")
    assert connected(sessions) == {"7": "ann"}
    assert agreed(sessions)


def test_the_token_is_stored_as_a_digest_only(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    token = link(sessions, clock)
    with sessions() as session:
        (row,) = session.scalars(select(TelegramLink))
    assert token not in (row.digest, row.person_id, row.visitor_id)


def test_a_used_link_connects_no_other_chat(
    say: Say, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    token = link(sessions, clock)
    say(f"/start {token}")
    assert "does not work" in say(f"/start {token}", chat=8)
    assert connected(sessions) == {"7": "ann"}


def test_an_update_that_comes_twice_changes_nothing(
    say: Say, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    token = link(sessions, clock)
    say(f"/start {token}")
    say("/stop")
    assert "already" in say(f"/start {token}")
    assert not agreed(sessions)


def test_forged_flipped_and_expired_links_are_refused(
    say: Say, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    token = link(sessions, clock)
    for place in range(len(token)):
        flipped = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert "does not work" in say(f"/start {flipped}")
    for wrong in ("x", "A" * 43, token + "A", token.swapcase(), "'; --", "\u202e" + token):
        assert "does not work" in say(f"/start {wrong}")
    clock.advance(timedelta(hours=1, seconds=1))
    assert "does not work" in say(f"/start {token}")
    assert connected(sessions) == {}


def test_a_chat_belongs_to_whom_connected_it_last(
    say: Say, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    say(f"/start {link(sessions, clock)}")
    say(f"/start {link(sessions, clock, 'bob')}")
    assert connected(sessions) == {"7": "bob"}
    say(f"/start {link(sessions, clock, 'bob')}", chat=9)
    assert connected(sessions) == {"9": "bob"}


@pytest.mark.parametrize(
    "text",
    [
        "/stop",
        "/stop@shop_bot",
        "/stop now",
        "STOP",
        " stop ",
        "stop.",
        "Stop!",
        "please stop",
        "stop reminding me",
        "I said STOP, and I do not want these",
        "how do I unsubscribe?",
        "/cancel",
        "Quit!",
    ],
)
def test_stop_withdraws_the_consent(
    say: Say, sessions: SessionFactory, clock: SimulatedClock, text: str
) -> None:
    say(f"/start {link(sessions, clock)}")
    assert "no more reminders" in say(text)
    assert not agreed(sessions)


def test_blocking_the_bot_withdraws_the_consent(
    client: TestClient,
    settings: Settings,
    say: Say,
    sessions: SessionFactory,
    clock: SimulatedClock,
) -> None:
    say(f"/start {link(sessions, clock)}")
    change = {"chat": {"id": 7, "type": "private"}, "new_chat_member": {"status": "kicked"}}
    assert post(client, settings, {"update_id": 2, "my_chat_member": change}) == {}
    assert not agreed(sessions)


def test_connecting_anew_lifts_the_suppression(
    say: Say, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    say(f"/start {link(sessions, clock)}")
    with sessions.begin() as session:
        suppress(session, [(Address(Channel.TELEGRAM, "7"), "blocked")], now=clock.now())
    assert connected(sessions) == {}
    say(f"/start {link(sessions, clock)}")
    with sessions() as session:
        assert session.scalars(select(Suppression)).all() == []


def test_anything_else_is_answered_and_does_nothing(say: Say, sessions: SessionFactory) -> None:
    for text in ("hello", "/start", "where is my order?", "don't stop", "the end of May", ""):
        assert "only send reminders" in say(text)
    assert "not connected" in say("/stop")
    assert connected(sessions) == {}


def test_a_group_cannot_be_connected(
    say: Say, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    assert say(f"/start {link(sessions, clock)}", chat=-5, kind="group") == ""
    assert connected(sessions) == {}


def test_who_does_not_know_the_secret_is_refused(
    client: TestClient, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    token = link(sessions, clock)
    update = {
        "update_id": 1,
        "message": {"chat": {"id": 7, "type": "private"}, "text": f"/start {token}"},
    }
    for headers in ({}, {HEADER: ""}, {HEADER: "0" * 64}):
        assert client.post("/telegram/webhook", json=update, headers=headers).status_code == 403
    assert connected(sessions) == {}


def test_telegram_is_told_where_to_hand_over(settings: Settings) -> None:
    with bot_api() as api:
        here = settings.model_copy(update={"telegram_url": api.url})
        assert set_webhook(here, url="https://shop.example/telegram/webhook", secret="s") is None
        assert api.calls[0][0] == "setWebhook"
        assert api.calls[0][1]["secret_token"] == "s"
        wrong = here.model_copy(update={"telegram_token": "1:x"})
        assert set_webhook(wrong, url="https://shop.example", secret="s") == "Unauthorized"
