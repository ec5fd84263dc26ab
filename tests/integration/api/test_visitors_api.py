"""Tokens: who gets one, what it proves, and what happens at sign-in and sign-out."""

from datetime import timedelta

import jwt
import pytest
from fastapi.testclient import TestClient

from core.clock import SimulatedClock
from core.identity import AUDIENCE, Identity, read_token
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Person
from db.reads.carts import open_cart
from db.writes import carts
from web.identity import COOKIE, sign

FOREIGN = {"Origin": "https://evil.example"}


@pytest.fixture
def people(sessions: SessionFactory, clock: SimulatedClock) -> None:
    with sessions.begin() as session:
        session.add_all(
            [Person(id=key, name=key, created_at=clock.now()) for key in ("ann", "bob")]
        )


def identity_in(token: str, settings: Settings, clock: SimulatedClock) -> Identity:
    return read_token(token, secret=settings.secret, now=clock.now())


def test_a_new_visitor_gets_a_token_and_the_cookie(
    client: TestClient, settings: Settings, clock: SimulatedClock
) -> None:
    answer = client.post("/visitors")
    assert answer.status_code == 201
    body = answer.json()
    assert identity_in(body["token"], settings, clock) == Identity(body["visitor_id"])
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/chat/token").status_code == 200


def test_a_visitor_who_asks_again_stays_the_same(client: TestClient) -> None:
    first = client.post("/visitors").json()["visitor_id"]
    assert client.post("/visitors").json()["visitor_id"] == first


def test_the_chat_token_says_where_the_chat_is_and_how_long_it_lasts(
    client: TestClient, settings: Settings, clock: SimulatedClock
) -> None:
    visitor = client.post("/visitors").json()["visitor_id"]
    body = client.get("/chat/token").json()
    assert identity_in(body["token"], settings, clock) == Identity(visitor)
    assert (body["chat_url"], body["expires_in"]) == (
        settings.chat_url,
        settings.token_hours * 3600,
    )


def test_the_chat_gives_no_token_to_somebody_without_one(client: TestClient) -> None:
    assert client.get("/chat/token").status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer not-a-token",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Basic YTpi",
        "Bearer \u00e9\u00ff",
    ],
)
def test_a_malformed_token_is_refused(client: TestClient, header: str) -> None:
    answer = client.get("/chat/token", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_expired_token_is_refused(
    client: TestClient, identity: Identity, settings: Settings, clock: SimulatedClock
) -> None:
    token = sign(identity, settings=settings, now=clock.now())
    clock.advance(timedelta(hours=settings.token_hours))
    answer = client.get("/chat/token", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


@pytest.mark.parametrize(
    "claims",
    [
        {"visitor": "v", "person": "ann"},
        {"visitor": "x" * 33, "sub": "v_" + "x" * 33},
        {"visitor": "a\x00b", "sub": "v_a\x00b"},
        {"visitor": "", "sub": "v_"},
        {"visitor": 7, "sub": "v_7"},
        {"aud": "another"},
        {"exp": None},
    ],
)
def test_a_token_with_claims_that_are_none_of_ours_is_refused(
    client: TestClient, settings: Settings, clock: SimulatedClock, claims: dict[str, object]
) -> None:
    honest = {
        "aud": AUDIENCE,
        "sub": "v_v",
        "visitor": "v",
        "person": None,
        "exp": int(clock.now().timestamp()) + 60,
    }
    token = jwt.encode(
        {key: value for key, value in (honest | claims).items() if value is not None},
        settings.secret,
        algorithm="HS256",
    )
    answer = client.get("/chat/token", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_a_token_signed_with_another_secret_is_refused(
    client: TestClient, identity: Identity, settings: Settings, clock: SimulatedClock
) -> None:
    forger = settings.model_copy(update={"secret": "another-secret-of-at-least-32-characters"})
    token = sign(identity, settings=forger, now=clock.now())
    answer = client.get("/chat/token", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


@pytest.mark.usefixtures("people", "small_shop")
def test_signing_in_brings_the_cart_along_and_changes_the_cookie(
    client: TestClient, settings: Settings, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    visitor = client.post("/visitors").json()["visitor_id"]
    with sessions.begin() as session:
        carts.add(session, Identity(visitor), "tent-green", 2, now=clock.now())
    body = client.post("/sign-in", json={"person_id": "ann"}).json()
    assert (body["visitor_id"], body["person_id"]) == (visitor, "ann")
    assert identity_in(client.cookies[COOKIE], settings, clock) == Identity(visitor, "ann")
    with sessions() as session:
        cart = open_cart(session, Identity("", "ann"), now=clock.now())
    assert cart is not None
    assert cart.count == 2


@pytest.mark.usefixtures("people")
def test_signing_out_gives_the_browser_a_new_visitor(client: TestClient) -> None:
    first = client.post("/sign-in", json={"person_id": "ann"}).json()
    out = client.post("/sign-out").json()
    assert out["person_id"] is None
    assert out["visitor_id"] != first["visitor_id"]


@pytest.mark.usefixtures("people")
def test_another_person_on_one_browser_shares_no_visitor(client: TestClient) -> None:
    ann = client.post("/sign-in", json={"person_id": "ann"}).json()
    bob = client.post("/sign-in", json={"person_id": "bob"}).json()
    assert bob["person_id"] == "bob"
    assert bob["visitor_id"] != ann["visitor_id"]


@pytest.mark.usefixtures("people")
def test_a_token_from_before_the_sign_in_opens_no_chat_and_a_new_visitor_is_given(
    client: TestClient,
) -> None:
    before = client.post("/visitors").json()
    client.post("/sign-in", json={"person_id": "ann"})
    client.cookies.clear()
    stale = {"Authorization": f"Bearer {before['token']}"}
    assert client.get("/chat/token", headers=stale).status_code == 401
    anew = client.post("/visitors", headers=stale).json()
    assert anew["visitor_id"] != before["visitor_id"]


@pytest.mark.parametrize("way", ["cookie", "bearer"])
@pytest.mark.parametrize("broken", ["expired", "forged"])
def test_a_browser_whose_token_is_no_longer_valid_gets_a_new_visitor(
    client: TestClient,
    identity: Identity,
    settings: Settings,
    clock: SimulatedClock,
    way: str,
    broken: str,
) -> None:
    token = sign(identity, settings=settings, now=clock.now())
    if broken == "expired":
        clock.advance(timedelta(hours=settings.token_hours))
    else:
        token = token[:-8] + "AAAAAAAA"
    headers = {"Authorization": f"Bearer {token}"} if way == "bearer" else {}
    if way == "cookie":
        client.cookies.set(COOKIE, token)
    answer = client.post("/visitors", headers=headers)
    assert answer.status_code == 201
    assert answer.json()["visitor_id"] != identity.visitor_id
    fresh = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert client.get("/chat/token", headers=fresh).status_code == 200


def test_nobody_signs_in_as_somebody_who_does_not_exist(client: TestClient) -> None:
    answer = client.post("/sign-in", json={"person_id": "nobody"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "person_id"


@pytest.mark.usefixtures("people")
def test_outside_demo_mode_nobody_signs_in_without_a_password(
    app: object, client: TestClient, settings: Settings
) -> None:
    client.app.state.settings = settings.model_copy(update={"demo": False})  # type: ignore[attr-defined]
    assert client.post("/sign-in", json={"person_id": "ann"}).status_code == 403


@pytest.mark.parametrize("path", ["/visitors", "/sign-out", "/sign-in", "/events"])
def test_a_page_of_another_origin_cannot_write_with_the_shoppers_cookie(
    client: TestClient, path: str
) -> None:
    client.post("/visitors")
    body = {"person_id": "ann"} if path == "/sign-in" else {"name": "view_cart", "event_id": "a"}
    assert client.post(path, json=body, headers=FOREIGN).status_code == 403


@pytest.mark.parametrize("origin", ["http://testserver", "http://localhost:8000"])
def test_the_shops_own_pages_can(client: TestClient, origin: str) -> None:
    client.post("/visitors")
    event = {"name": "view_cart", "event_id": "a"}
    assert client.post("/events", json=event, headers={"Origin": origin}).status_code == 202


def test_a_bearer_may_come_from_anywhere(
    client: TestClient, identity: Identity, settings: Settings, clock: SimulatedClock
) -> None:
    token = sign(identity, settings=settings, now=clock.now())
    headers = {"Authorization": f"Bearer {token}", **FOREIGN}
    event = {"name": "view_cart", "event_id": "a"}
    assert client.post("/events", json=event, headers=headers).status_code == 202
