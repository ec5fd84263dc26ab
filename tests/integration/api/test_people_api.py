"""The shop's server tells of its people; nobody else can, and what is wrong is named."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import AUDIENCE, SHOP_AUDIENCE, Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Base, Channel, ChatOutbox, Person
from db.reads.consents import ConsentLine, consent_ledger, consents_in_force
from nudges.channels.chat import ChatChannel
from nudges.message import Message
from tests.integration.nudges.shoppers import Sink, leave_cart, nudges, policy, sweeper
from web.identity import COOKIE, sign

type Tell = Callable[..., httpx.Response]

ZOE: dict[str, Any] = {
    "email": "Zoe@Example.ORG",
    "name": "Zoe",
    "locale": "en-GB",
    "time_zone": "Europe/London",
    "staff": False,
}
AGREED: dict[str, Any] = {
    "channel": "email",
    "granted": True,
    "wording_version": "checkout-3",
    "source": "checkout",
    "at": "2026-03-02T08:58:00+01:00",
}
HOUR = timedelta(hours=1)
EMBEDDING = Path(__file__).parents[3] / "docs/embedding.md"


@pytest.fixture
def tell(client: TestClient, settings: Settings, clock: SimulatedClock) -> Tell:
    """The shop's server says something of a person; claims of its token can be changed."""

    def patch(body: object, *, person: str = "zoe", **claims: object) -> httpx.Response:
        honest = {
            "aud": SHOP_AUDIENCE,
            "sub": f"p_{person}",
            "exp": int(clock.now().timestamp()) + 60,
        }
        token = jwt.encode(honest | claims, settings.secret, algorithm="HS256")
        answer: httpx.Response = client.patch(
            f"/people/{person}", json=body, headers={"Authorization": f"Bearer {token}"}
        )
        return answer

    return patch


def known(sessions: SessionFactory, key: str = "zoe") -> Person | None:
    with sessions() as session:
        return session.get(Person, key)


def ledger(sessions: SessionFactory, key: str = "zoe") -> list[ConsentLine]:
    with sessions() as session:
        return consent_ledger(session, key)


def test_what_the_shop_says_of_somebody_new_is_kept(tell: Tell, sessions: SessionFactory) -> None:
    assert tell(ZOE).status_code == 204
    zoe = known(sessions)
    assert zoe is not None
    assert (zoe.email, zoe.name) == ("Zoe@example.org", "Zoe")
    assert (zoe.locale, zoe.time_zone, zoe.is_staff) == ("en_GB", "Europe/London", False)


def test_what_is_left_out_stays_and_null_is_forgotten(tell: Tell, sessions: SessionFactory) -> None:
    tell(ZOE)
    assert tell({"name": None, "staff": True}).status_code == 204
    zoe = known(sessions)
    assert zoe is not None
    assert (zoe.email, zoe.name, zoe.is_staff) == ("Zoe@example.org", None, True)
    assert zoe.locale == "en_GB"


def test_a_consent_is_a_line_of_the_ledger_with_basis_wording_time_and_source(
    tell: Tell, sessions: SessionFactory
) -> None:
    assert tell({"consents": [AGREED]}).status_code == 204
    at = datetime(2026, 3, 2, 7, 58, tzinfo=UTC)
    agreed = ConsentLine(Channel.EMAIL, True, "consent", "checkout-3", "checkout", at)
    assert ledger(sessions) == [agreed]


def test_telling_the_same_twice_changes_nothing(tell: Tell, sessions: SessionFactory) -> None:
    tell(ZOE | {"consents": [AGREED, AGREED]})
    tell(ZOE | {"consents": [AGREED]})
    assert len(ledger(sessions)) == 1


def test_no_name_told_of_somebody_without_one_takes_no_message_from_them(
    tell: Tell, sessions: SessionFactory, clock: SimulatedClock, small_shop: None
) -> None:
    tell({"name": None, "consents": [AGREED | {"channel": "chat"}]})
    with sessions.begin() as session:
        leave_cart(session, "zoe", at=clock.now() - HOUR)
    stage = {"name": "first", "after_minutes": 60, "channels": ["chat"]}
    sweeper(sessions, clock, channels=[ChatChannel(sessions)], rules=policy(stages=[stage])).run()
    tell({"name": None})
    with sessions() as session:
        assert session.scalars(select(ChatOutbox.person_id)).all() == ["zoe"]


def test_an_old_consent_told_late_does_not_undo_a_newer_no(
    tell: Tell, sessions: SessionFactory
) -> None:
    withdrawn = AGREED | {"granted": False, "at": "2026-03-02T09:00:00Z", "source": "service desk"}
    tell({"consents": [withdrawn]})
    tell({"consents": [AGREED]})
    with sessions() as session:
        assert not consents_in_force(session, "zoe")[Channel.EMAIL].granted


def named(sessions: SessionFactory, *texts: str) -> set[str]:
    """The tables that one of the texts is anywhere in."""
    with sessions() as session:
        return {
            table.name
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
            if any(text in str(row) for text in texts)
        }


def test_no_table_names_whom_the_shop_takes_back(
    tell: Tell, sessions: SessionFactory, clock: SimulatedClock, small_shop: None
) -> None:
    tell(ZOE | {"consents": [AGREED | {"channel": "chat"}]})
    with sessions.begin() as session:
        leave_cart(session, "zoe", at=clock.now() - HOUR)
    stage = {"name": "first", "after_minutes": 60, "channels": ["chat"]}
    sweeper(sessions, clock, channels=[ChatChannel(sessions)], rules=policy(stages=[stage])).run()
    assert named(sessions, "Zoe", "Europe/London", "en_GB") == {"people", "chat_outbox"}
    tell(dict.fromkeys(("email", "name", "locale", "time_zone")))
    assert named(sessions, "Zoe", "Europe/London", "en_GB") == set()


def test_an_address_belongs_to_one_person(tell: Tell, sessions: SessionFactory) -> None:
    tell(ZOE)
    answer = tell(ZOE | {"name": "Ben", "consents": [AGREED]}, person="ben")
    assert answer.status_code == 409
    assert answer.json()["errors"] == [
        {"field": "email", "message": "another person has this e-mail address"}
    ]
    assert ledger(sessions, "ben") == []
    assert known(sessions, "ben") is None


# What is wrong


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"email": "zoe"}, "email", "one e-mail address"),
        ({"email": "zoe@localhost"}, "email", "one e-mail address"),
        ({"email": "a@example.org, b@example.org"}, "email", "one e-mail address"),
        ({"email": "zoë@example.org"}, "email", "in ASCII"),
        ({"email": "zoe@bücher.example"}, "email", "xn--"),
        ({"email": "zoe@example.org\nBcc: all@example.org"}, "email", "one e-mail address"),
        ({"email": "z" * 65 + "@example.org"}, "email", "one e-mail address"),
        ({"name": ""}, "name", "at least 1"),
        ({"name": "a\nb"}, "name", "control characters"),
        ({"locale": "en_XX"}, "locale", "there is no locale 'en_XX'"),
        ({"time_zone": "Europe/Londinium"}, "time_zone", "there is no time zone"),
        ({"staff": None}, "staff", "boolean"),
        ({"staff": "yes"}, "staff", "boolean"),
        ({"zone": "Europe/London"}, "zone", "not permitted"),
        ({"consents": [AGREED | {"channel": "fax"}]}, "consents[0].channel", "'email'"),
        ({"consents": [AGREED | {"at": "yesterday"}]}, "consents[0].at", "datetime"),
        ({"consents": [AGREED | {"at": "2026-03-02T10:00:00"}]}, "consents[0].at", "timezone"),
        ({"consents": [AGREED | {"at": "2027-01-01T00:00:00Z"}]}, "consents[0].at", "future"),
        ({"consents": [AGREED | {"at": "0001-01-01T00:00:00Z"}]}, "consents[0].at", "after 1970"),
        ({"consents": [{"channel": "email"}]}, "consents[0].granted", "required"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_kept(
    tell: Tell, sessions: SessionFactory, wrong: dict[str, Any], field: str, message: str
) -> None:
    answer = tell(ZOE | wrong)
    assert answer.status_code == 422
    (found,) = [one for one in answer.json()["errors"] if one["field"] == field]
    assert message in found["message"]
    assert known(sessions) is None


@pytest.mark.parametrize(
    ("claims", "status", "message"),
    [
        ({"aud": AUDIENCE}, 401, "Audience doesn't match"),
        ({"exp": 1772445600 - 1}, 401, "has expired"),
        ({"exp": 1772445600 + 3601}, 401, "more than an hour ahead"),
        ({"exp": "soon"}, 401, "malformed"),
        ({"sub": "v_zoe"}, 401, "sub must be p_"),
        ({"sub": "p_"}, 401, "sub must be p_"),
        ({"sub": "p_ben"}, 403, "its sub must be p_zoe"),
    ],
)
def test_a_token_that_is_not_the_shops_word_on_this_person_is_refused(
    tell: Tell, sessions: SessionFactory, claims: dict[str, object], status: int, message: str
) -> None:
    answer = tell(ZOE, **claims)
    assert answer.status_code == status
    assert message in answer.json()["detail"]
    assert known(sessions) is None


@pytest.fixture
def browser(
    client: TestClient, settings: Settings, clock: SimulatedClock
) -> Iterator[dict[str, str]]:
    """Zoe's own browser, signed in: its cookie, and its token as headers."""
    token = sign(Identity("v-zoe", "zoe"), settings=settings, now=clock.now())
    client.cookies.set(COOKIE, token)
    yield {"Authorization": f"Bearer {token}"}
    client.cookies.clear()


def test_a_shopper_cannot_say_who_they_are(
    client: TestClient, sessions: SessionFactory, browser: dict[str, str]
) -> None:
    by_cookie = client.patch("/people/zoe", json={"staff": True})
    by_bearer = client.patch("/people/zoe", json={"staff": True}, headers=browser)
    by_another = client.patch("/people/zoe", json={}, headers={"Authorization": "Basic em9lOg=="})
    assert [one.status_code for one in (by_cookie, by_bearer, by_another)] == [401, 401, 401]
    assert known(sessions) is None


def test_a_token_of_the_shops_server_is_no_shoppers_token(
    client: TestClient, settings: Settings, clock: SimulatedClock
) -> None:
    expires = int(clock.now().timestamp()) + 60
    claims = {"aud": SHOP_AUDIENCE, "sub": "p_zoe", "visitor": "v", "person": "zoe", "exp": expires}
    token = jwt.encode(claims, settings.secret, algorithm="HS256")
    answer = client.get("/chat/token", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_the_worked_example_of_the_documents_works(
    client: TestClient,
    sessions: SessionFactory,
    settings: Settings,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.advance(timedelta(days=100))
    (code,) = re.findall(r"```python\n(.*?)```", EMBEDDING.read_text(encoding="utf-8"), re.DOTALL)

    def patch(url: str, **rest: Any) -> httpx.Response:
        answer: httpx.Response = client.patch(url.removeprefix("https://assistant.example"), **rest)
        return answer

    monkeypatch.setattr(httpx, "patch", patch)
    monkeypatch.setattr("time.time", lambda: clock.now().timestamp())
    exec(code, {"SECRET": settings.secret})  # noqa: S102 our own document
    monkeypatch.undo()
    assert [line.granted for line in ledger(sessions, "4711")] == [True, False]


# What comes of it


def swept(sessions: SessionFactory, clock: SimulatedClock) -> list[Message]:
    sink = Sink()
    sweeper(sessions, clock, channels=[sink]).run()
    return sink.taken


@pytest.fixture
def left(sessions: SessionFactory, clock: SimulatedClock, small_shop: None) -> None:
    """Somebody signed in by the shop's token alone left a cart an hour ago."""
    with sessions.begin() as session:
        leave_cart(session, "zoe", at=clock.now() - HOUR)


@pytest.mark.usefixtures("left")
def test_who_signed_in_at_the_shop_is_reminded_at_the_address_that_the_shop_told(
    tell: Tell, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    tell(ZOE | {"consents": [AGREED]})
    (message,) = swept(sessions, clock)
    assert message.address.address == "Zoe@example.org"
    assert message.text.startswith("Hello Zoe,")
    assert message.language == "en-GB"


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(
    ("told", "gate"),
    [
        ({}, "no_consent"),
        ({"consents": [AGREED], "email": None}, "unreachable"),
        ({"consents": [AGREED], "staff": True}, "left_out"),
        (
            {"consents": [AGREED, AGREED | {"granted": False, "at": "2026-03-02T08:00:00Z"}]},
            "no_consent",
        ),
    ],
)
def test_nobody_is_reminded_whom_the_shop_did_not_tell_to(
    tell: Tell, sessions: SessionFactory, clock: SimulatedClock, told: dict[str, Any], gate: str
) -> None:
    assert tell(ZOE | told).status_code == 204
    assert swept(sessions, clock) == []
    (nudge,) = nudges(sessions)
    assert nudge.gate == gate
