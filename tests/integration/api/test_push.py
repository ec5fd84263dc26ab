"""Reminders in browsers: whose subscription it is, where the shop may be sent, what was shown."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity, issue_token
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Channel, ChannelAddress, LinkPurpose, NudgeState, Suppression
from db.reads.consents import consents_in_force
from nudges.channels import Outcome, OutcomeKind
from nudges.channels.push_encryption import ShopKey
from nudges.facts import Address
from nudges.message import Message
from nudges.store.outcomes import suppress
from tests.conftest import START
from tests.integration.nudges.shoppers import (
    Sink,
    leave_cart,
    nudges,
    person,
    policy,
    sweeper,
)
from tests.push_service import Browser, b64, point_of

HOUR = timedelta(hours=1)
ANN = Identity("v-ann", "ann")
ANN_ELSEWHERE = Identity("v-ann-phone", "ann")
BOB = Identity("v-bob", "bob")
GUEST = Identity("v-guest", None)
PUSH_RULES = policy(stages=[{"name": "first", "after_minutes": 60, "channels": ["web_push"]}])


@pytest.fixture
def settings(settings: Settings) -> Settings:
    push = {"push_key": ShopKey.new().private_text, "push_contact": "mailto:shop@example.org"}
    return settings.model_copy(update=push)


@pytest.fixture(autouse=True)
def people(sessions: SessionFactory, clock: SimulatedClock) -> None:
    with sessions.begin() as session:
        for key in ("ann", "bob"):
            person(session, key, now=clock.now())


@pytest.fixture
def api(client: TestClient, settings: Settings, clock: SimulatedClock) -> "Api":
    return Api(client, settings, clock)


class Api:
    """Browsers that talk with the shop, each by its own token."""

    def __init__(self, client: TestClient, settings: Settings, clock: SimulatedClock) -> None:
        self.client = client
        self._settings = settings
        self._clock = clock

    def token(self, who: Identity) -> str:
        secret, now = self._settings.secret, self._clock.now()
        return issue_token(who, secret=secret, now=now, lifetime=30 * 24 * HOUR)

    def post(self, path: str, who: Identity, body: Mapping[str, Any] | None = None) -> int:
        headers = {"Authorization": f"Bearer {self.token(who)}"}
        answer: httpx.Response = self.client.post(path, json=body, headers=headers)
        return answer.status_code

    def subscribe(self, who: Identity, place: str) -> int:
        return self.post("/push/subscriptions", who, subscription(place))

    def keep(self, who: Identity, place: str, *, was: str | None) -> int:
        body = {**subscription(place), "was": endpoint(was) if was else None}
        return self.post("/push/subscriptions/kept", who, body)

    def end(self, who: Identity) -> int:
        return self.post("/push/subscriptions/ended", who)


def endpoint(place: str) -> str:
    return f"https://fcm.googleapis.com/fcm/send/{place}"


def subscription(place: str, *, at: str | None = None) -> dict[str, Any]:
    browser = Browser()
    keys = {"p256dh": b64(point_of(browser.private)), "auth": b64(browser.auth)}
    return {"endpoint": at or endpoint(place), "expirationTime": None, "keys": keys}


def connected(sessions: SessionFactory) -> dict[str, str | None]:
    """Subscriptions, and whose they are."""
    with sessions() as session:
        rows = session.scalars(select(ChannelAddress))
        return {row.address.rpartition("/")[2]: row.person_id for row in rows}


def agreed(sessions: SessionFactory, key: str = "ann") -> bool:
    with sessions() as session:
        found = consents_in_force(session, key)
    return Channel.WEB_PUSH in found and found[Channel.WEB_PUSH].granted


def reminder(sessions: SessionFactory, clock: SimulatedClock, *answers: Outcome) -> list[Message]:
    """What a sweep sends on to push services an hour after Ann left a cart."""
    with sessions.begin() as session:
        leave_cart(session, "ann", at=clock.now())
    clock.advance(HOUR)
    sink = Sink(name=Channel.WEB_PUSH, confirms=True, answers=list(answers))
    for _ in range(2):
        sweeper(sessions, clock, channels=[sink], rules=PUSH_RULES).run()
        clock.advance(timedelta(minutes=1))
    return sink.taken


def test_subscribing_a_browser_is_the_consent(api: Api, sessions: SessionFactory) -> None:
    assert api.subscribe(ANN, "laptop") == 204
    assert connected(sessions) == {"laptop": "ann"}
    assert agreed(sessions)


def test_an_account_may_have_several_browsers_and_each_has_one_subscription(
    api: Api, sessions: SessionFactory
) -> None:
    api.subscribe(ANN, "laptop")
    api.subscribe(ANN_ELSEWHERE, "phone")
    api.subscribe(ANN, "laptop-anew")
    assert connected(sessions) == {"phone": "ann", "laptop-anew": "ann"}


@pytest.mark.usefixtures("small_shop")
def test_one_reminder_goes_to_one_browser_the_last_heard_of(
    api: Api, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    api.subscribe(ANN_ELSEWHERE, "phone")
    clock.advance(HOUR)
    api.subscribe(ANN, "laptop")
    clock.advance(HOUR)
    api.keep(ANN_ELSEWHERE, "phone", was="phone")
    (message,) = reminder(sessions, clock)
    assert message.address.address == endpoint("phone")


@pytest.mark.usefixtures("small_shop")
def test_where_a_browser_is_gone_the_reminder_goes_to_the_one_before(
    api: Api, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    api.subscribe(ANN_ELSEWHERE, "phone")
    clock.advance(HOUR)
    api.subscribe(ANN, "laptop")
    gone = Outcome(OutcomeKind.PERMANENT, "push service 410", suppress=True)
    tried = reminder(sessions, clock, gone)
    assert [one.address.address for one in tried] == [endpoint("laptop"), endpoint("phone")]
    assert [one.state for one in nudges(sessions)] == [NudgeState.SENT]
    assert connected(sessions) == {"phone": "ann"}


def test_a_subscription_belongs_to_whom_had_it_made_last(
    api: Api, sessions: SessionFactory
) -> None:
    api.subscribe(ANN, "shared")
    api.subscribe(BOB, "shared")
    assert connected(sessions) == {"shared": "bob"}


def test_subscribing_anew_lifts_the_suppression(
    api: Api, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    api.subscribe(ANN, "laptop")
    with sessions.begin() as session:
        gone = Address(Channel.WEB_PUSH, endpoint("laptop"))
        suppress(session, [(gone, "push service 410")], now=clock.now())
    assert connected(sessions) == {}
    api.subscribe(ANN, "laptop")
    with sessions() as session:
        assert session.scalars(select(Suppression)).all() == []


def test_a_guest_has_no_account_to_remind(api: Api, sessions: SessionFactory) -> None:
    assert api.subscribe(GUEST, "laptop") == 403
    assert api.keep(GUEST, "laptop", was="laptop") == 404
    assert api.end(GUEST) == 403
    assert api.client.post("/push/subscriptions", json=subscription("x")).status_code == 401
    assert connected(sessions) == {}


def test_a_page_of_another_site_subscribes_nobody(api: Api, sessions: SessionFactory) -> None:
    api.client.cookies.set("cartwright_token", api.token(ANN))
    foreign = {"Origin": "https://evil.example"}
    answer = api.client.post("/push/subscriptions", json=subscription("x"), headers=foreign)
    assert answer.status_code == 403
    assert connected(sessions) == {}


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/x",
        "http://fcm.googleapis.com/x",
        "https://evil.example/fcm.googleapis.com",
    ],
)
def test_the_shop_takes_no_address_but_a_push_services(
    api: Api, sessions: SessionFactory, address: str
) -> None:
    body = subscription("", at=address)
    assert api.post("/push/subscriptions", ANN, body) == 422
    api.subscribe(ANN, "laptop")
    body |= {"was": endpoint("laptop")}
    assert api.post("/push/subscriptions/kept", ANN, body) == 422
    assert connected(sessions) == {"laptop": "ann"}


@pytest.mark.parametrize(
    "change",
    [
        {"keys": {"p256dh": "x", "auth": "y"}},
        {"keys": {"p256dh": b64(b"\x04" + b"\x01" * 64), "auth": b64(b"x" * 16)}},
        {"keys": {}},
        {"endpoint": endpoint("x" * 1100)},
        {"endpoint": endpoint("x\0")},
    ],
    ids=["short", "not on the curve", "missing", "a long address", "a NUL"],
)
def test_what_is_no_subscription_is_refused(
    api: Api, sessions: SessionFactory, change: dict[str, Any]
) -> None:
    body = subscription("x") | change
    assert api.post("/push/subscriptions", ANN, body) == 422
    assert api.post("/push/subscriptions/kept", ANN, body | {"was": body["endpoint"]}) == 422
    assert connected(sessions) == {}


def test_a_browsers_own_stop_ends_it_there_and_the_last_one_is_a_no(
    api: Api, sessions: SessionFactory
) -> None:
    api.subscribe(ANN, "laptop")
    api.subscribe(ANN_ELSEWHERE, "phone")
    assert api.end(ANN) == 204
    assert connected(sessions) == {"phone": "ann"}
    assert agreed(sessions)
    assert api.end(ANN_ELSEWHERE) == 204
    assert connected(sessions) == {}
    assert not agreed(sessions)


def test_a_changed_subscription_takes_the_place_of_the_old_one(
    api: Api, sessions: SessionFactory
) -> None:
    api.subscribe(ANN, "old")
    assert api.keep(ANN, "new", was="old") == 204
    assert api.keep(ANN, "newer", was=None) == 204
    assert connected(sessions) == {"newer": "ann"}


def test_a_browser_with_a_new_token_keeps_its_subscription(
    api: Api, sessions: SessionFactory
) -> None:
    api.subscribe(ANN, "laptop")
    later = Identity("v-later", "ann")
    assert api.keep(later, "laptop", was="laptop") == 204
    assert api.end(later) == 204
    assert connected(sessions) == {}


def test_nobody_keeps_or_ends_what_is_another_shoppers(api: Api, sessions: SessionFactory) -> None:
    api.subscribe(ANN, "laptop")
    assert api.keep(BOB, "laptop", was="laptop") == 404
    assert api.keep(BOB, "other", was=None) == 404
    assert api.end(BOB) == 204
    assert connected(sessions) == {"laptop": "ann"}


@pytest.mark.parametrize("path", ["/sign-out", "/account/sign-out"])
def test_after_signing_out_nothing_of_the_person_comes_to_the_browser(
    api: Api, sessions: SessionFactory, path: str
) -> None:
    api.subscribe(ANN, "laptop")
    api.subscribe(ANN_ELSEWHERE, "phone")
    assert api.post(path, ANN) < 400
    assert connected(sessions) == {"phone": "ann"}


def test_nor_after_somebody_else_signed_in_there(api: Api, sessions: SessionFactory) -> None:
    api.subscribe(ANN, "laptop")
    assert api.post("/sign-in", ANN, {"person_id": "bob"}) == 200
    assert connected(sessions) == {}


@pytest.mark.usefixtures("small_shop")
def test_delivered_is_what_the_browser_showed_and_once(
    api: Api, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    api.subscribe(ANN, "laptop")
    (message,) = reminder(sessions, clock)
    (nudge,) = nudges(sessions)
    assert (nudge.state, nudge.delivered_at) == (NudgeState.SENT, None)
    path = "/n/shown/" + message.links[LinkPurpose.SHOWN].rpartition("/")[2]
    assert api.client.post(path).status_code == 204
    (nudge,) = nudges(sessions)
    assert nudge.delivered_at == clock.now()
    clock.advance(HOUR)
    assert api.client.post(path).status_code == 204
    assert nudges(sessions)[0].delivered_at == nudge.delivered_at


@pytest.mark.usefixtures("small_shop")
def test_what_was_shown_has_arrived_though_nobody_knew(
    api: Api, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    api.subscribe(ANN, "laptop")
    (message,) = reminder(sessions, clock, Outcome(OutcomeKind.UNKNOWN, "no answer"))
    assert nudges(sessions)[0].state is NudgeState.UNKNOWN
    api.client.post("/n/shown/" + message.links[LinkPurpose.SHOWN].rpartition("/")[2])
    assert nudges(sessions)[0].state is NudgeState.SENT


@pytest.mark.usefixtures("small_shop")
def test_a_message_is_kept_for_hours_and_not_into_the_night(
    api: Api, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    api.subscribe(ANN, "laptop")
    (message,) = reminder(sessions, clock)
    assert message.expires_at == START + HOUR + timedelta(hours=4)
    api.subscribe(BOB, "bobs")
    # In Berlin it is 18:30; the quiet hours of the plain policy begin at 21:00.
    clock.advance(START.replace(hour=17, minute=30) - clock.now())
    with sessions.begin() as session:
        leave_cart(session, "bob", at=clock.now() - HOUR)
    sink = Sink(name=Channel.WEB_PUSH)
    sweeper(sessions, clock, channels=[sink], rules=PUSH_RULES).run()
    assert [one.expires_at for one in sink.taken] == [START.replace(hour=20)]


@pytest.mark.usefixtures("small_shop")
def test_no_other_token_says_that_a_message_was_shown(
    api: Api, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    api.subscribe(ANN, "laptop")
    (message,) = reminder(sessions, clock)
    tokens = {purpose: link.rpartition("/")[2] for purpose, link in message.links.items()}
    shown = tokens.pop(LinkPurpose.SHOWN)
    for wrong in (*tokens.values(), shown[:-1], shown.swapcase(), "x" * 43):
        assert api.client.post(f"/n/shown/{wrong}").status_code == 404
    assert api.client.get(f"/n/shown/{shown}").status_code in (404, 405)
    assert nudges(sessions)[0].delivered_at is None


def test_the_service_worker_is_the_whole_shops_and_calls_this_shop_alone(
    api: Api, settings: Settings
) -> None:
    answer = api.client.get("/push-worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"
    key = api.client.get("/push/key").json()["key"]
    assert key == ShopKey.read(settings.push_key or "").public_text


def test_without_a_key_there_is_nothing_of_it(
    settings: Settings, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    from web.app import create_app

    app: FastAPI = create_app(settings.model_copy(update={"push_key": None}), clock=clock)
    with TestClient(app) as client:
        api = Api(client, settings, clock)
        assert api.subscribe(ANN, "laptop") == 404
        assert client.get("/push-worker.js").status_code == 404
        assert client.get("/push/key").status_code == 404
    assert connected(sessions) == {}
