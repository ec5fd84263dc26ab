"""Signing in and out of the demo shop, and what the account shows."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Channel
from db.reads.consents import consent_ledger, consents_in_force
from nudges.channels.push_encryption import ShopKey
from tests.integration.shop.conftest import Browser
from tests.push_service import Browser as Receiver
from tests.push_service import b64, point_of


def test_a_cart_comes_along_at_sign_in_and_stays_with_the_person(
    browser: Browser, other_browser: Browser
) -> None:
    browser.post("/cart/add", variant_id="stove-1", quantity="1")
    answer = browser.post("/account/sign-in", person_id="anna")
    assert "You are signed in." in answer.text
    assert "Anna Demo" in answer.text
    assert browser.cart()["count"] == 1
    other_browser.post("/account/sign-in", person_id="anna")
    assert other_browser.cart()["count"] == 1


def test_signing_out_leaves_nothing_of_the_person_behind(browser: Browser) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post("/cart/add", variant_id="stove-1", quantity="1")
    answer = browser.post("/account/sign-out")
    assert "Anna Demo" not in answer.text
    assert browser.cart()["count"] == 0


def test_signing_in_as_somebody_else_starts_without_the_first_ones_cart(browser: Browser) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post("/cart/add", variant_id="stove-1", quantity="1")
    answer = browser.post("/account/sign-in", person_id="ben")
    assert "Ben Demo" in answer.text
    assert browser.cart()["count"] == 0


def test_nobody_can_sign_in_as_a_person_who_is_not_there(browser: Browser) -> None:
    assert browser.post("/account/sign-in", person_id="nobody").status_code == 404


@pytest.mark.parametrize("path", ["/sign-in", "/account/sign-in"])
def test_outside_the_demo_nobody_signs_in_without_proof(
    settings: Settings, clock: SimulatedClock, path: str
) -> None:
    from web.app import create_app

    real = settings.model_copy(update={"demo": False, "secret": "s" * 40})
    with TestClient(create_app(real, clock=clock)) as client:
        browser = Browser(client)
        method = browser.get if path == "/sign-in" else browser.post
        assert method(path).status_code == 404


def test_consent_is_a_ledger_that_only_changes_add_to(
    browser: Browser, sessions: SessionFactory
) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post("/account/consent", channel="email")
    browser.post("/account/consent", channel="email")
    browser.post("/account/consent")
    with sessions() as session:
        assert [line.granted for line in consent_ledger(session, "anna")] == [True, False]
        assert not consents_in_force(session, "anna")[Channel.EMAIL].granted


def test_a_ticked_consent_is_shown_ticked(browser: Browser) -> None:
    browser.post("/account/sign-in", person_id="anna")
    text = browser.post("/account/consent", channel="email").text
    assert 'value="email" checked' in text
    assert 'value="telegram" checked' not in text


def test_what_was_left_in_the_cart_is_in_the_account(browser: Browser) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post("/cart/add", variant_id="down-red", quantity="1")
    text = browser.get("/account").text
    assert "Down jacket" in text
    assert "Put in on Mar 2, 2026" in text


def test_every_demo_shopper_can_be_picked(app: FastAPI, browser: Browser) -> None:
    text = browser.get("/sign-in").text
    assert 'value="anna"' in text
    assert 'value="ben"' in text


def test_the_account_leads_to_the_shops_telegram_bot(
    settings: Settings, clock: SimulatedClock, browser: Browser
) -> None:
    from web.app import create_app

    with_bot = settings.model_copy(update={"telegram_token": "1:x", "telegram_bot": "shop_bot"})
    with TestClient(create_app(with_bot, clock=clock)) as client:
        there = Browser(client)
        there.post("/account/sign-in", person_id="anna")
        page = there.get("/account")
        assert 'action="/account/telegram"' in page.text
        assert "form-action 'self' https://t.me" in page.headers["Content-Security-Policy"]
        answer = client.post("/account/telegram", follow_redirects=False)
        assert answer.headers["location"].startswith("https://t.me/shop_bot?start=")
    assert "/account/telegram" not in browser.get("/account").text
    assert browser.post("/account/telegram").status_code == 404


def test_the_account_offers_reminders_in_this_browser_and_their_end(
    settings: Settings, clock: SimulatedClock, browser: Browser
) -> None:
    from web.app import create_app

    push = {"push_key": ShopKey.new().private_text, "push_contact": "mailto:shop@example.org"}
    with TestClient(create_app(settings.model_copy(update=push), clock=clock)) as client:
        there = Browser(client)
        assert "push.js" not in there.get("/account").text
        there.post("/account/sign-in", person_id="anna")
        page = there.get("/account").text
        assert "data-push-start" in page
        assert 'value="web_push"' in page
        keys = Receiver()
        client.post(
            "/push/subscriptions",
            json={
                "endpoint": "https://fcm.googleapis.com/fcm/send/x",
                "keys": {"p256dh": b64(point_of(keys.private)), "auth": b64(keys.auth)},
            },
        ).raise_for_status()
        page = there.get("/account").text
        assert "data-push-stop" in page
        assert 'value="web_push" checked' in page
        assert "data-push-start" in there.post("/account/consent").text
    browser.post("/account/sign-in", person_id="anna")
    assert "data-push" not in browser.get("/account").text
