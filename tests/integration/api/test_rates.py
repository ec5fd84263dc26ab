"""Rates: a stranger who asks too much is told to wait; the shop's own servers are not."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from core.clock import SimulatedClock
from core.identity import new_visitor
from core.rate import Rate
from core.settings import Settings
from web.app import create_app
from web.identity import sign

STRANGER, ANOTHER = "203.0.113.7", "203.0.113.8"

type Connect = Callable[..., TestClient]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "rate_per_client": Rate(5, "minute"),
            "rate_per_address": Rate(8, "minute"),
            "rate_of_tokens": Rate(3, "minute"),
        }
    )


@pytest.fixture
def connect(settings: Settings, clock: SimulatedClock) -> Iterator[Connect]:
    """Opens clients of one app from any address."""
    app = create_app(settings, clock=clock)
    with TestClient(app):
        yield lambda address: TestClient(app, client=(address, 50_000))


def bearer(settings: Settings, clock: SimulatedClock) -> dict[str, str]:
    return {"Authorization": f"Bearer {sign(new_visitor(), settings=settings, now=clock.now())}"}


def test_too_much_is_answered_with_how_long_to_wait(
    connect: Connect, clock: SimulatedClock
) -> None:
    stranger = connect(STRANGER)
    for _ in range(3):
        assert stranger.post("/visitors").status_code == 201
    refused = stranger.post("/visitors")
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert "3/minute for new tokens" in refused.json()["detail"]
    clock.advance(timedelta(seconds=int(refused.headers["retry-after"])))
    assert stranger.post("/visitors").status_code == 201


def test_a_token_has_its_rate_wherever_it_comes_from(
    connect: Connect, settings: Settings, clock: SimulatedClock
) -> None:
    shopper = bearer(settings, clock)
    for _ in range(5):
        assert connect(STRANGER).get("/cart", headers=shopper).status_code == 200
    assert connect(ANOTHER).get("/cart", headers=shopper).status_code == 429
    assert connect(ANOTHER).get("/cart", headers=bearer(settings, clock)).status_code == 200


def test_an_address_has_its_rate_whatever_tokens_it_holds(
    connect: Connect, settings: Settings, clock: SimulatedClock
) -> None:
    stranger = connect(STRANGER)
    for _ in range(8):
        assert stranger.get("/cart", headers=bearer(settings, clock)).status_code == 200
    assert stranger.get("/cart", headers=bearer(settings, clock)).status_code == 429
    assert connect(ANOTHER).get("/cart", headers=bearer(settings, clock)).status_code == 200


def test_one_network_of_ipv6_is_one_address(connect: Connect) -> None:
    for number in range(8):
        connect(f"2001:db8::{number:x}").get("/catalogue/terms")
    assert connect("2001:db8::ff").get("/catalogue/terms").status_code == 429
    assert connect("2001:db8:0:1::1").get("/catalogue/terms").status_code == 200


def test_a_large_body_costs_more_than_a_small_one(
    connect: Connect, settings: Settings, clock: SimulatedClock
) -> None:
    shopper, stranger = bearer(settings, clock), connect(STRANGER)
    assert stranger.post("/events", content=b" " * 4096, headers=shopper).status_code == 422
    assert stranger.post("/events", content=b" ", headers=shopper).status_code == 429


def test_a_body_of_unknown_length_costs_as_the_largest(
    connect: Connect, settings: Settings, clock: SimulatedClock
) -> None:
    shopper, stranger = bearer(settings, clock), connect(STRANGER)
    stranger.post("/events", content=iter([b" "]), headers=shopper)
    assert stranger.post("/events", content=b" ", headers=shopper).status_code == 429


def test_a_browser_gets_a_page_that_says_so(connect: Connect) -> None:
    stranger = connect(STRANGER)
    for _ in range(8):
        stranger.get("/help")
    page = stranger.get("/help", headers={"Accept": "text/html"})
    assert page.status_code == 429
    assert "A little slower, please" in page.text
    assert int(page.headers["retry-after"]) > 0


def test_files_and_health_are_free(connect: Connect) -> None:
    stranger = connect(STRANGER)
    for _ in range(10):
        assert stranger.get("/health").status_code == 200
        assert stranger.get("/shop/leaf.svg").status_code == 200


def test_a_page_of_another_origin_may_read_how_long_to_wait(
    connect: Connect, settings: Settings
) -> None:
    stranger, headers = connect(STRANGER), {"Origin": settings.allowed_origins[0]}
    for _ in range(8):
        stranger.get("/catalogue/terms", headers=headers)
    refused = stranger.get("/catalogue/terms", headers=headers)
    assert refused.status_code == 429
    assert refused.headers["access-control-allow-origin"] == headers["Origin"]
    assert "Retry-After" in refused.headers["access-control-expose-headers"]


def test_the_shops_own_servers_are_not_held_back(connect: Connect) -> None:
    own = connect("127.0.0.1")
    assert {own.post("/visitors").status_code for _ in range(10)} == {201}


def test_a_proxy_that_is_not_named_counts_as_one_shopper(connect: Connect) -> None:
    proxy = connect("127.0.0.1")
    answers = [
        proxy.post("/visitors", headers={"X-Forwarded-For": f"198.51.100.{number}"}).status_code
        for number in range(4)
    ]
    assert answers == [201, 201, 201, 429]
