"""Reminders in a real browser: the account's button, the service worker, what it tells the shop.

A browser under test reaches no push service of the world, so the page's `PushManager.subscribe`
gives a subscription at the test's own, and what that one decrypts is handed to the service worker
by the DevTools protocol, as the browser itself would.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
import uvicorn
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from sqlalchemy import select

import web
from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory, make_engine, make_session_factory
from db.models import Channel, ChannelAddress, Nudge, Person, Price, Product, Variant
from db.pricing import DeliveryRule
from db.reads.consents import consents_in_force
from nudges.channels.push import PushChannel
from nudges.channels.push_encryption import ShopKey
from tests.browser.support.chat_shop import free_port
from tests.integration.nudges.shoppers import leave_cart, policy, sweeper
from tests.push_service import PushService, push_service
from web.app import create_app
from web.identity import COOKIE, sign

pytestmark = pytest.mark.service

SECONDS = 15
REGISTRATIONS = 100
"""More than the tests of one browser make."""
ANN = Identity("v-ann", "ann")
SUBSCRIBED = """
    const subscription = SUBSCRIPTION;
    PushManager.prototype.subscribe = async (options) => {
        if (!subscription) throw new DOMException("no push service", "AbortError");
        window.subscribedWith = options.applicationServerKey;
        return {
            endpoint: subscription.endpoint,
            toJSON: () => subscription,
            unsubscribe: async () => true,
        };
    };
"""


@dataclass(frozen=True)
class PushShop:
    """The app with a key of its own, and the push service that it may call."""

    url: str
    settings: Settings
    sessions: SessionFactory
    service: PushService

    def connected(self) -> list[str]:
        """Endpoints of Ann's browsers."""
        with self.sessions() as session:
            return list(session.scalars(select(ChannelAddress.address)))

    def agreed(self) -> bool:
        with self.sessions() as session:
            found = consents_in_force(session, "ann").get(Channel.WEB_PUSH)
            return found is not None and found.granted

    def remind(self) -> dict[str, Any]:
        """Ann leaves a tent; what arrives at her browser an hour later, decrypted."""
        now = datetime.now(UTC)
        with self.sessions.begin() as session:
            leave_cart(session, "ann", at=now)
        # The shop's own clock has to be past what is written down, so the sweep looks back.
        rules = policy(
            stages=[{"name": "first", "after_minutes": 1, "channels": ["web_push"]}],
            quiet_hours={"begin": "00:00", "end": "00:00"},
            gates={"idle_minutes": 0},
        )
        channel = PushChannel(self.settings)
        clock = SimulatedClock(now + timedelta(minutes=2))
        sweeper(self.sessions, clock, channels=[channel], rules=rules, settings=self.settings).run()
        (message,) = self.service.taken
        return message

    def nudge(self) -> Nudge:
        with self.sessions() as session:
            return session.scalars(select(Nudge)).one()


@pytest.fixture
def push_shop(sqlite_template: Path, tmp_path: Path) -> Iterator[PushShop]:
    path, port, key = tmp_path / "shop.db", free_port(), ShopKey.new()
    copyfile(sqlite_template, path)
    with push_service(tmp_path, key=key.public_text) as service:
        settings = Settings.model_validate(
            {
                "DATABASE_URL": f"sqlite:///{path}",
                "web_port": port,
                "web_url": f"http://127.0.0.1:{port}",
                "models_dir": tmp_path / "models",
                "push_key": key.private_text,
                "push_contact": "mailto:shop@example.org",
                "push_hosts": [service.host],
            }
        )
        config = uvicorn.Config(create_app(settings), port=port, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        engine = make_engine(settings.database_url)
        sessions = make_session_factory(engine, delivery=DeliveryRule.of(settings))
        fill(sessions)
        yield PushShop(f"http://127.0.0.1:{port}", settings, sessions, service)
        server.should_exit = True
        thread.join()
        engine.dispose()


def fill(sessions: SessionFactory) -> None:
    now = datetime.now(UTC) - timedelta(days=1)
    with sessions.begin() as session:
        session.add_all(
            [
                Person(id="ann", name="Ann", created_at=now),
                Product(id="tent", title="Ridge tent", updated_at=now),
            ]
        )
        session.flush()
        session.add(Variant(id="tent-green", product_id="tent", stock=9))
        session.flush()
        session.add(Price(variant_id="tent-green", amount=11900, currency="EUR", valid_from=now))


@pytest.fixture
def account(driver: WebDriver, push_shop: PushShop) -> Iterator[Callable[..., None]]:
    """Opens Ann's account with a permission, and a push service or none behind her browser."""
    scripts: list[str] = []

    def opened(*, permission: str = "granted", subscription: object = None) -> None:
        script = SUBSCRIBED.replace("SUBSCRIPTION", json.dumps(subscription))
        source = {"source": script}
        added = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)
        scripts.append(added["identifier"])
        setting = {
            "permission": {"name": "notifications"},
            "setting": permission,
            "origin": push_shop.url,
        }
        driver.execute_cdp_cmd("Browser.setPermission", setting)
        driver.get(f"{push_shop.url}/help")
        token = sign(ANN, settings=push_shop.settings, now=datetime.now(UTC))
        driver.add_cookie({"name": COOKIE, "value": token, "httpOnly": True})
        driver.get(f"{push_shop.url}/account")

    yield opened
    for script in scripts:
        known = {"identifier": script}
        driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", known)
    driver.execute_cdp_cmd("Browser.resetPermissions", {})
    with suppress(Exception):
        driver.execute_cdp_cmd("ServiceWorker.disable", {})


WORKER = Path(web.__file__).parent / "shop/static/push-worker.js"
IN_WORKER = """
    const [source, name, event, answers, done] = arguments;
    const said = [];
    const handlers = {};
    const subscription = {
        toJSON: () => ({ endpoint: "new" }),
        unsubscribe: async () => said.push("unsubscribed"),
    };
    const self = {
        addEventListener: (kind, handler) => { handlers[kind] = handler; },
        clients: { openWindow: async (url) => said.push(`opened ${url}`) },
        registration: { pushManager: { subscribe: async () => subscription } },
    };
    const fetch = async (path, options) => {
        if (options) said.push(`${path} ${options.body ?? ""}`);
        return { status: answers, ok: answers < 400, json: async () => ({ key: "k" }) };
    };
    new Function("self", "fetch", source)(self, fetch);
    const waited = [];
    const notification = { ...event.notification, close: () => said.push("closed") };
    handlers[name]({ ...event, notification, waitUntil: (promise) => waited.push(promise) });
    Promise.all(waited).then(() => done(said), (error) => done([String(error)]));
"""


def in_worker(
    driver: WebDriver, name: str, event: dict[str, Any], *, answers: int = 204
) -> list[str]:
    """What the service worker does when that happens, for what no test can make happen."""
    script = WORKER.read_text()
    done: list[str] = driver.execute_async_script(IN_WORKER, script, name, event, answers)
    return done


def press(driver: WebDriver, selector: str) -> None:
    button = driver.find_element(By.CSS_SELECTOR, selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()


def reads(driver: WebDriver, text: str, *, within: str = "main") -> None:
    # By a script: the page may be drawn anew meanwhile, and an element is gone then.
    script = f"return document.querySelector('{within}')?.innerText ?? ''"
    WebDriverWait(driver, SECONDS).until(
        lambda d: text in d.execute_script(script), f"{text!r} on the page"
    )


def subscription_at(service: PushService) -> dict[str, Any]:
    made = service.subscribe()
    return {"endpoint": made.endpoint, "keys": {"p256dh": made.p256dh, "auth": made.auth}}


def hand_over(driver: WebDriver, shop: PushShop, message: dict[str, Any]) -> None:
    """Wake the service worker with the message, as the browser does when it decrypted one."""
    driver.execute_async_script(
        "const done = arguments[0]; navigator.serviceWorker.ready.then(() => done())"
    )
    driver.execute_cdp_cmd("ServiceWorker.enable", {})
    # The browser counts the registrations of all tests before, and passes over others' numbers
    # without a word.
    for number in range(REGISTRATIONS):
        driver.execute_cdp_cmd(
            "ServiceWorker.deliverPushMessage",
            {"origin": shop.url, "registrationId": str(number), "data": json.dumps(message)},
        )


def notifications(driver: WebDriver) -> list[dict[str, Any]]:
    told = driver.execute_async_script(
        "const done = arguments[0];"
        "navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) =>"
        " done(JSON.stringify(all.map(({title, body, tag, data}) => ({title, body, tag, data}))))"
        ", (error) => done(String(error)));"
    )
    found: list[dict[str, Any]] = json.loads(told)
    return found


def test_a_reminder_is_shown_and_the_shop_hears_that_it_was(
    driver: WebDriver, push_shop: PushShop, account: Callable[..., None], tmp_path: Path
) -> None:
    subscription = subscription_at(push_shop.service)
    account(subscription=subscription)
    driver.save_screenshot(str(tmp_path / "before.png"))
    press(driver, "[data-push-start]")
    reads(driver, "You get reminders in this browser.")
    driver.save_screenshot(str(tmp_path / "after.png"))
    assert push_shop.connected() == [subscription["endpoint"]]
    assert push_shop.agreed()

    message = push_shop.remind()
    assert push_shop.nudge().delivered_at is None
    hand_over(driver, push_shop, message)
    WebDriverWait(driver, SECONDS).until(lambda d: notifications(d), "a notification")
    (shown,) = notifications(driver)
    assert shown["title"] == "You left something in your cart"
    assert "Ridge tent" in shown["body"]
    assert shown["tag"] == push_shop.nudge().id
    WebDriverWait(driver, SECONDS).until(
        lambda _: push_shop.nudge().delivered_at is not None, "the shop to hear of it"
    )

    # A click opens the first of these.
    driver.get(shown["data"][0])
    reads(driver, "Ridge tent")
    WebDriverWait(driver, SECONDS).until(
        lambda _: push_shop.nudge().clicked_at is not None, "the shop to count the click"
    )


def test_reminders_in_this_browser_end_by_a_button(
    driver: WebDriver, push_shop: PushShop, account: Callable[..., None]
) -> None:
    account(subscription=subscription_at(push_shop.service))
    press(driver, "[data-push-start]")
    reads(driver, "You get reminders in this browser.")
    press(driver, "[data-push-stop]")
    reads(driver, "Your browser asks whether we may show notifications.")
    assert push_shop.connected() == []
    assert not push_shop.agreed()


def test_signing_out_ends_them_and_signs_out(
    driver: WebDriver, push_shop: PushShop, account: Callable[..., None]
) -> None:
    account(subscription=subscription_at(push_shop.service))
    press(driver, "[data-push-start]")
    reads(driver, "You get reminders in this browser.")
    press(driver, "[data-sign-out] button")
    reads(driver, "You are signed out.", within="#notes")
    assert push_shop.connected() == []


def test_a_browser_that_does_not_allow_it_is_told_what_to_do(
    driver: WebDriver, push_shop: PushShop, account: Callable[..., None]
) -> None:
    account(permission="denied")
    press(driver, "[data-push-start]")
    reads(driver, "Your browser does not allow notifications from this shop.")
    assert push_shop.connected() == []
    assert not push_shop.agreed()


def test_a_push_service_out_of_reach_is_said_and_nothing_is_kept(
    driver: WebDriver, push_shop: PushShop, account: Callable[..., None]
) -> None:
    account(subscription=None)
    press(driver, "[data-push-start]")
    reads(driver, "Your browser could not reach its notification service.")
    assert push_shop.connected() == []


def test_a_push_service_that_the_shop_does_not_call_is_said(
    driver: WebDriver, push_shop: PushShop, account: Callable[..., None]
) -> None:
    account(
        subscription=subscription_at(push_shop.service) | {"endpoint": "https://push.example/x"}
    )
    press(driver, "[data-push-start]")
    reads(driver, "This browser cannot show our notifications.")
    assert push_shop.connected() == []


@pytest.mark.parametrize(("action", "opened"), [("", "cart"), ("0", "cart"), ("1", "settings")])
def test_a_click_opens_the_cart_and_the_second_button_the_settings(
    driver: WebDriver, action: str, opened: str
) -> None:
    event = {"action": action, "notification": {"data": ["cart", "settings"]}}
    assert in_worker(driver, "notificationclick", event) == ["closed", f"opened {opened}"]


@pytest.mark.parametrize(
    ("old", "answers", "then"),
    [
        ({"endpoint": "old"}, 204, []),
        (None, 204, []),
        ({"endpoint": "old"}, 404, ["unsubscribed"]),
        (None, 401, ["unsubscribed"]),
        ({"endpoint": "old"}, 503, []),
    ],
)
def test_a_changed_subscription_is_told_to_the_shop_and_ended_where_it_is_nobodys(
    driver: WebDriver, old: dict[str, str] | None, answers: int, then: list[str]
) -> None:
    event = {"oldSubscription": old, "newSubscription": None}
    told, *after = in_worker(driver, "pushsubscriptionchange", event, answers=answers)
    path, _, body = told.partition(" ")
    assert path == "/push/subscriptions/kept"
    assert json.loads(body) == {"endpoint": "new", "was": old["endpoint"] if old else None}
    assert after == then


def test_a_leftover_subscription_of_somebody_else_is_given_up(
    driver: WebDriver, push_shop: PushShop, account: Callable[..., None]
) -> None:
    account(subscription=subscription_at(push_shop.service))
    left = subscription_at(push_shop.service)
    driver.execute_async_script(
        "const done = arguments[0];"
        "navigator.serviceWorker.register('/push-worker.js').then(() => done())"
    )
    script = f"""
        PushManager.prototype.getSubscription = async () => ({{
            endpoint: {json.dumps(left["endpoint"])},
            toJSON: () => ({json.dumps(left)}),
            unsubscribe: async () => {{ document.documentElement.dataset.givenUp = "yes"; }},
        }});
    """
    added = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    driver.refresh()
    WebDriverWait(driver, SECONDS).until(
        lambda d: d.find_elements(By.CSS_SELECTOR, "[data-given-up]"), "it to be given up"
    )
    driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
    assert push_shop.connected() == []
