"""web/static/track.js in a real browser, sending to the real app."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import pytest
import uvicorn
from fastapi.responses import HTMLResponse
from selenium.webdriver.chrome.webdriver import WebDriver
from sqlalchemy import select

from core.settings import Settings
from db.engine import SessionFactory, make_engine, make_session_factory
from db.models import Event, Visitor
from tests.browser.support.chat_shop import free_port
from web.app import create_app

pytestmark = pytest.mark.service

PAGE = """<!doctype html><title>Shop</title>
<script>
window.dataLayer = window.dataLayer || [];
function gtag() { dataLayer.push(arguments); }
BEFORE
</script>
<script src="API/static/track.js" defer></script>"""
TENT = "{item_id: 'tent', item_variant: 'tent-green', price: 119.5, quantity: 2}"


@dataclass(frozen=True)
class TaggedShop:
    """The app, and a page that is tagged for GA4; the page may live on another origin."""

    api: str
    elsewhere: str
    sessions: SessionFactory
    before: list[str]

    def stored(self) -> list[tuple[str, str | None]]:
        """Names and products of all stored events, in order of arrival."""
        with self.sessions() as session:
            rows = session.execute(select(Event.name, Event.product_id).order_by(Event.id))
            return [(row.name.value, row.product_id) for row in rows]

    def wait_for(self, count: int, *, seconds: float = 15) -> list[tuple[str, str | None]]:
        """The stored events once there are `count`."""
        end = time.monotonic() + seconds
        while len(self.stored()) < count and time.monotonic() < end:
            time.sleep(0.1)
        return self.stored()


@pytest.fixture
def tagged(sqlite_template: Path, tmp_path: Path) -> Iterator[TaggedShop]:
    path = tmp_path / "shop.db"
    copyfile(sqlite_template, path)
    port, other_port = free_port(), free_port()
    elsewhere = f"http://127.0.0.1:{other_port}"
    settings = Settings.model_validate(
        {
            "DATABASE_URL": f"sqlite:///{path}",
            "allowed_origins": [elsewhere],
            "models_dir": tmp_path / "models",
        }
    )
    app = create_app(settings)
    before: list[str] = []

    def page() -> HTMLResponse:
        html = PAGE.replace("API", f"http://127.0.0.1:{port}").replace("BEFORE", "".join(before))
        policy = "default-src 'self' 'unsafe-inline' http://127.0.0.1:*"
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    app.router.add_api_route("/tagged", page)
    servers = [
        uvicorn.Server(uvicorn.Config(app, port=one, log_level="error", lifespan="off"))
        for one in (port, other_port)
    ]
    threads = [threading.Thread(target=server.run) for server in servers]
    for thread in threads:
        thread.start()
    while not all(server.started for server in servers):
        time.sleep(0.02)
    engine = make_engine(settings.database_url)
    yield TaggedShop(f"http://127.0.0.1:{port}", elsewhere, make_session_factory(engine), before)
    for server in servers:
        server.should_exit = True
    for thread in threads:
        thread.join()
    engine.dispose()


def test_events_pushed_before_and_after_loading_arrive_in_both_of_ga4s_forms(
    driver: WebDriver, tagged: TaggedShop
) -> None:
    tagged.before.append(
        f"gtag('event', 'view_item', {{currency: 'EUR', items: [{TENT}]}});"
        "dataLayer.push({event: 'page_view'});"
    )
    driver.get(f"{tagged.api}/tagged")
    driver.execute_script(
        f"dataLayer.push({{ecommerce: null}}, {{event: 'add_to_cart', ecommerce: "
        f"{{currency: 'EUR', items: [{TENT}]}}}});"
        "gtag('event', 'search', {search_term: 'warm socks'});"
    )
    assert tagged.wait_for(3) == [
        ("view_item", "tent"),
        ("add_to_cart", "tent"),
        ("search", None),
    ]
    with tagged.sessions() as session:
        add = session.scalars(select(Event).where(Event.name == "add_to_cart")).one()
        assert (add.variant_id, add.quantity, add.unit_amount) == ("tent-green", 2, 11950)
        assert len(set(session.scalars(select(Event.session_id)))) == 1
        assert len(session.scalars(select(Visitor.id)).all()) == 1


def test_an_event_pushed_twice_with_one_id_is_stored_once(
    driver: WebDriver, tagged: TaggedShop
) -> None:
    driver.get(f"{tagged.api}/tagged")
    pushed = f"{{event: 'view_item', event_id: 'one', ecommerce: {{items: [{TENT}]}}}}"
    driver.execute_script(f"dataLayer.push({pushed}); dataLayer.push({pushed});")
    driver.execute_script("gtag('event', 'search', {search_term: 'last'});")
    assert tagged.wait_for(2) == [("view_item", "tent"), ("search", None)]


def test_an_event_pushed_just_before_the_page_is_left_arrives(
    driver: WebDriver, tagged: TaggedShop
) -> None:
    driver.get(f"{tagged.api}/tagged")
    driver.execute_script("gtag('event', 'search', {search_term: 'a first one'});")
    tagged.wait_for(1)
    driver.execute_script(
        "gtag('event', 'search', {search_term: 'gone'}); location.href = 'about:blank';"
    )
    assert len(tagged.wait_for(2)) == 2


def test_events_of_a_time_without_network_arrive_when_it_is_back(
    driver: WebDriver, tagged: TaggedShop
) -> None:
    driver.get(f"{tagged.api}/tagged")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": True, **offline})
    driver.execute_script("gtag('event', 'search', {search_term: 'tunnel'});")
    time.sleep(1)
    assert tagged.stored() == []
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": False, **offline})
    assert tagged.wait_for(1) == [("search", None)]


def test_a_page_on_another_origin_keeps_one_visitor_across_pages(
    driver: WebDriver, tagged: TaggedShop
) -> None:
    for word in ("one", "two"):
        driver.get(f"{tagged.elsewhere}/tagged")
        driver.execute_script("gtag('event', 'search', {search_term: arguments[0]});", word)
        tagged.wait_for({"one": 1, "two": 2}[word])
    with tagged.sessions() as session:
        assert len(set(session.scalars(select(Event.visitor_id)))) == 1
    assert driver.execute_script("return localStorage.getItem('cartwright:token')")


def test_one_event_that_the_server_refuses_holds_up_no_other(
    driver: WebDriver, tagged: TaggedShop
) -> None:
    driver.get(f"{tagged.api}/tagged")
    driver.execute_script(
        "gtag('event', 'view_item', {items: [{item_id: 'gold', price: 1e15}]});"
        "gtag('event', 'search', {search_term: 'fine'});"
    )
    assert tagged.wait_for(1) == [("search", None)]
    waiting = "return JSON.parse(localStorage.getItem('cartwright:events')).length"
    end = time.monotonic() + 5
    while driver.execute_script(waiting) and time.monotonic() < end:
        time.sleep(0.1)
    assert driver.execute_script(waiting) == 0


@pytest.mark.parametrize(
    "entry", ["'text'", "null", "{event: 1}", "{event: 'add_to_cart'}", "['event']", "{0: 'event'}"]
)
def test_what_is_no_event_disturbs_nothing(
    driver: WebDriver, tagged: TaggedShop, entry: str
) -> None:
    driver.get(f"{tagged.api}/tagged")
    driver.execute_script(f"dataLayer.push({entry});")
    driver.execute_script("gtag('event', 'search', {search_term: 'still here'});")
    assert tagged.wait_for(1) == [("search", None)]


def test_nothing_is_kept_or_sent_without_consent(driver: WebDriver, tagged: TaggedShop) -> None:
    tagged.before.append("gtag('consent', 'default', {analytics_storage: 'denied'});")
    driver.get(f"{tagged.api}/tagged")
    driver.execute_script("gtag('event', 'search', {search_term: 'secret'});")
    driver.execute_script("gtag('consent', 'update', {analytics_storage: 'granted'});")
    driver.execute_script("gtag('event', 'search', {search_term: 'open'});")
    tagged.wait_for(1)
    with tagged.sessions() as session:
        assert session.scalars(select(Event.search_term)).all() == ["open"]
