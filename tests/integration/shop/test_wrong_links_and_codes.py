"""Over HTTP, by the hundred: no wrong link opens anything, and no code but one's own gives a thing.

The token layer's own refusals are in `tests/integration/nudges/test_link_tokens.py`.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from threading import Thread
from time import sleep

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import delete

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.fold import CartItem
from db.models import Coupon, LinkPurpose, Nudge
from nudges.coupons import revoke
from nudges.message import Message
from tests.integration.nudges.coupons import coupons, generous, send_coupons
from tests.integration.nudges.shoppers import leave_cart, person
from tests.integration.shop.conftest import PAGE, Browser
from tests.integration.shop.left import every_row
from web.identity import sign

pytestmark = pytest.mark.slow

JACKET = CartItem("down", "down-red", 1, 19900, "EUR")
SHOPPERS = 60
FORGED = 250
# What a mail has links for.
PURPOSES = (LinkPurpose.RECOVER, LinkPurpose.UNSUBSCRIBE, LinkPurpose.PREFERENCES)
METHODS = ("GET", "HEAD", "POST")
CODE_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"


@pytest.fixture
def messages(
    sessions: SessionFactory, clock: SimulatedClock, settings: Settings, catalogue: None
) -> list[Message]:
    """Sixty shoppers each left a jacket and got a mail with a coupon."""
    with sessions.begin() as session:
        for n in range(SHOPPERS):
            person(session, f"p{n}", now=clock.now())
            leave_cart(session, f"p{n}", at=clock.now(), items=(JACKET,))
    clock.advance(timedelta(hours=1))
    rules = generous(daily_budget=1_000_000)
    sent = send_coupons(sessions, clock, rules=rules, settings=settings)
    assert len(sent) == len(coupons(sessions)) == SHOPPERS
    return sent


@pytest.fixture
def shop(app: FastAPI, messages: list[Message]) -> Iterator[httpx.Client]:
    """A client without cookies of the shop on a socket of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", timeout=30, follow_redirects=True
    ) as client:
        yield client
    server.should_exit = True
    thread.join(timeout=10)


def token(message: Message, purpose: LinkPurpose) -> str:
    return message.links[purpose].rpartition("/")[2]


def forged() -> list[str]:
    random = Random(7)  # noqa: S311 a test's choices
    made = [urlsafe_b64encode(random.randbytes(32)).decode().rstrip("=") for _ in range(FORGED)]
    return [*made, "x", "x" * 43, "x" * 4000, "%3Cscript%3E", "a b"]


def flipped(real: str) -> list[str]:
    """The token with each of its 256 bits flipped, one at a time."""
    bits = int.from_bytes(urlsafe_b64decode(f"{real}="))
    return [
        urlsafe_b64encode((bits ^ (1 << at)).to_bytes(32)).decode().rstrip("=") for at in range(256)
    ]


def told(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer tells, but for the moment it was given at."""
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, answer.content, headers


def refusals(shop: httpx.Client, purpose: LinkPurpose, tokens: list[str]) -> dict[str, set[str]]:
    """By method, the different answers to these tokens."""
    answers: dict[str, set[str]] = {}
    for method in METHODS:
        headers = PAGE if method != "POST" else PAGE | {"Origin": str(shop.base_url).rstrip("/")}
        answers[method] = {
            repr(told(shop.request(method, f"/n/{purpose.value}/{one}", headers=headers)))
            for one in tokens
        }
    return answers


@pytest.fixture
def forged_answers(shop: httpx.Client) -> dict[LinkPurpose, dict[str, set[str]]]:
    """What a link is answered with that was never made."""
    return {purpose: refusals(shop, purpose, ["A" * 43]) for purpose in PURPOSES}


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("kind", ["forged", "flipped", "swapped", "expired", "erased"])
def test_every_wrong_link_meets_the_same_answer_and_changes_nothing(
    shop: httpx.Client,
    sessions: SessionFactory,
    clock: SimulatedClock,
    messages: list[Message],
    forged_answers: dict[LinkPurpose, dict[str, set[str]]],
    purpose: LinkPurpose,
    kind: str,
) -> None:
    match kind:
        case "forged":
            wrong = forged()
        case "flipped":
            wrong = flipped(token(messages[0], purpose))
        case "swapped":
            others = [one for one in PURPOSES if one is not purpose]
            wrong = [token(message, other) for message in messages for other in others]
            wrong += [coupon.code for coupon in coupons(sessions)]
        case _:
            wrong = [token(message, purpose) for message in messages]
    if kind == "expired":
        clock.advance(timedelta(days=30))
    if kind == "erased":
        with sessions.begin() as session:
            session.execute(delete(Coupon))
            session.execute(delete(Nudge))
    before = every_row(sessions)
    assert refusals(shop, purpose, wrong) == forged_answers[purpose]
    for method, (answer,) in forged_answers[purpose].items():
        assert answer.startswith("(405" if method == "HEAD" else "(404")
    assert every_row(sessions) == before


def test_looking_at_a_right_link_changes_not_a_single_row(
    shop: httpx.Client, sessions: SessionFactory, messages: list[Message]
) -> None:
    before = every_row(sessions)
    for message in messages:
        for purpose in PURPOSES:
            address = f"/n/{purpose.value}/{token(message, purpose)}"
            assert shop.get(address, headers=PAGE).status_code == 200
            assert shop.head(address, headers=PAGE).status_code == 405
    assert every_row(sessions) == before


@pytest.fixture
def stranger(
    shop: httpx.Client, sessions: SessionFactory, clock: SimulatedClock, settings: Settings
) -> httpx.Client:
    """Ben, signed in, with a jacket in his cart and no coupon of his own."""
    with sessions.begin() as session:
        leave_cart(session, "ben", at=clock.now(), items=(JACKET,))
    return signed_in(shop, "ben", settings, clock)


def signed_in(
    shop: httpx.Client, key: str, settings: Settings, clock: SimulatedClock
) -> httpx.Client:
    identity = Identity(f"v-{key}", key)
    shop.cookies.set("cartwright_token", sign(identity, settings=settings, now=clock.now()))
    return shop


def refusal(shop: httpx.Client, code: str) -> tuple[str, str]:
    """What the cart's page and its API say to a code, which must be a refusal, without the code."""
    page = shop.post("/cart/code", data={"code": code}, headers=PAGE)
    api = shop.post("/cart/promotion", json={"code": code})
    cart = shop.get("/cart", headers={"Accept": "application/json"}).json()["cart"]
    assert (page.status_code, api.status_code) == (409, 409), code
    assert cart["discount"]["amount"] == 0
    assert cart["promotion_code"] is None
    (said,) = re.findall(r"[^>]*\b" + code + r"\b[^<]*\.", page.text)
    assert said.strip() == api.json()["detail"]
    return said.strip().replace(code, "…"), api.json()["errors"][0]["message"]


NO_SUCH_CODE = ("There is no code …. Please check the spelling.", "unknown")


def test_somebody_elses_coupon_and_a_guessed_one_are_alike(
    stranger: httpx.Client, sessions: SessionFactory
) -> None:
    random = Random(7)  # noqa: S311 a test's choices
    codes = [coupon.code for coupon in coupons(sessions)]
    near = [f"{code[:-1]}{random.choice(CODE_LETTERS)}" for code in codes]
    guessed = ["".join(random.choices(CODE_LETTERS, k=12)) for _ in range(FORGED)]
    refusal(stranger, guessed[0])
    before = every_row(sessions)
    del before["suggestions"]
    assert {refusal(stranger, code) for code in [*codes, *near, *guessed]} == {NO_SUCH_CODE}
    after = every_row(sessions)
    del after["suggestions"]  # What the cart's page showed beside each refusal is noted.
    assert after == before


def test_ones_own_coupon_that_has_expired_gives_nothing(
    shop: httpx.Client,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
) -> None:
    clock.advance(timedelta(days=40))
    for coupon in coupons(sessions):
        signed_in(shop, coupon.person_id, settings, clock)
        assert refusal(shop, coupon.code) == ("The code … has ended.", "ended")


def test_ones_own_coupon_that_was_taken_back_gives_nothing(
    shop: httpx.Client,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
) -> None:
    with sessions.begin() as session:
        revoke(session, [coupon.nudge_id for coupon in coupons(sessions)], now=clock.now())
    for coupon in coupons(sessions):
        signed_in(shop, coupon.person_id, settings, clock)
        assert refusal(shop, coupon.code) == ("The code … has ended.", "ended")


def test_ones_own_coupon_that_was_used_gives_nothing(
    shop: httpx.Client,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
) -> None:
    for coupon in coupons(sessions)[:5]:
        browser = Browser(signed_in(shop, coupon.person_id, settings, clock))
        browser.post("/cart/code", code=coupon.code)
        assert browser.cart()["discount"]["amount"] > 0
        assert browser.pay().url.path.startswith("/orders/")
        browser.post("/cart/add", variant_id="down-red", quantity="1")
        said = "The code … was good once, and has been used."
        assert refusal(shop, coupon.code) == (said, "used")
