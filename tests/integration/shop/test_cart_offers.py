"""Offers on the cart's page: what applies, what the others lack, what would close the gap."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select, update

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Coupon, Person, Price, Promotion, PromotionKind, Suggestion
from tests.integration.shop.conftest import Browser
from tests.integration.shop.left import JACKET, remind
from web.wording import load_words

CHAT_WORDS = Path(__file__).parents[3] / "bot/domain/responses/en.yml"


@pytest.fixture(autouse=True)
def promotions(sessions: SessionFactory, clock: SimulatedClock, catalogue: None) -> None:
    """Beside a tenth off jackets: one for everything, one for large carts, one that is over."""

    def promotion(code: str, title: str, **more: Any) -> Promotion:
        terms = {"kind": PromotionKind.PERCENT, "value": 5, "minimum": 0, "currency": "EUR"}
        begun = clock.now() - timedelta(days=2)
        return Promotion(code=code, title=title, **{**terms, "starts_at": begun, **more})

    with sessions.begin() as session:
        session.add_all(
            [
                promotion("ALL5", "5% off everything"),
                promotion("BIG20", "A fifth off from €150", value=20, minimum=15000),
                promotion("OLD50", "Half price", value=50, ends_at=clock.now() - timedelta(days=1)),
            ]
        )


def offers(browser: Browser) -> list[str]:
    """What each offer below the lines says, in order."""
    page = browser.get("/cart").text
    items = re.findall(r'<li class="offer.*?</li>', page, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", item)).split()) for item in items]


def summary(browser: Browser) -> str:
    found = re.search(
        r'<section class="summary".*?</section>', browser.get("/cart").text, re.DOTALL
    )
    assert found
    return found[0]


def test_offers_that_apply_come_first_and_the_others_say_what_they_lack(browser: Browser) -> None:
    browser.post("/cart/add", variant_id="stove-1", quantity="1")
    assert offers(browser) == [
        "5% off everything ALL5 Use ALL5",
        "A fifth off from €150 BIG20 €125.10 missing",
        "10% off jackets JACKET10 for Jackets only",
    ]


def test_the_offer_that_is_used_stands_in_the_summary_alone(browser: Browser) -> None:
    browser.post("/cart/add", variant_id="rain-blue-m", quantity="1")
    assert "ALL5" not in summary(browser)
    browser.post("/cart/code", code="ALL5")
    assert "Discount (ALL5)" in summary(browser)
    assert "JACKET10" not in summary(browser)
    assert offers(browser) == [
        "10% off jackets JACKET10 Use JACKET10 instead",
        "A fifth off from €150 BIG20 €31.00 missing",
    ]


def test_an_offers_button_uses_it(browser: Browser) -> None:
    browser.post("/cart/add", variant_id="rain-blue-m", quantity="1")
    browser.post("/cart/code", code="ALL5")
    browser.post("/cart/code", code="JACKET10")
    assert browser.cart()["promotion_code"] == "JACKET10"


def test_a_personal_coupon_is_shown_to_its_owner_alone(
    browser: Browser,
    other_browser: Browser,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
) -> None:
    with sessions.begin() as session:
        session.execute(update(Person).where(Person.id == "anna").values(email="anna@example.org"))
    remind(sessions, clock, settings, JACKET, treatment="percent_10")
    with sessions() as session:
        code = session.scalars(select(Coupon.code)).one()
    for who, person_id in ((browser, "anna"), (other_browser, "ben")):
        who.post("/account/sign-in", person_id=person_id)
        who.post("/cart/add", variant_id="stove-1", quantity="1")
    assert any(code in offer and "(only for you)" in offer for offer in offers(browser))
    assert code not in other_browser.get("/cart").text


def test_what_closes_the_gap_to_free_delivery_is_shown_with_its_reason(
    browser: Browser, sessions: SessionFactory
) -> None:
    with sessions.begin() as session:
        dear = select(Price).where(Price.variant_id == "down-red")
        session.scalars(dear).one().amount = 2900
    browser.post("/cart/add", variant_id="stove-1", quantity="1")
    page = browser.get("/cart").text
    section = re.search(r'<section aria-labelledby="top-up".*?</section>', page, re.DOTALL)
    assert section
    assert "€25.10 more and delivery is free." in section[0]
    assert "Down jacket" in section[0]
    assert '<p class="reason">' in section[0]
    assert page.count('data-product="down"') == 1, "nothing is suggested twice on a page"
    with sessions() as session:
        shown = list(session.scalars(select(Suggestion.product_id)))
    assert "down" in shown


def test_where_nothing_small_closes_the_gap_nothing_is_suggested_for_it(browser: Browser) -> None:
    browser.post("/cart/add", variant_id="stove-1", quantity="1")
    assert 'aria-labelledby="top-up"' not in browser.get("/cart").text


def test_an_empty_cart_shows_no_offers(browser: Browser) -> None:
    assert offers(browser) == []


def test_the_page_says_of_an_offer_what_the_chat_says() -> None:
    chat = yaml.safe_load(CHAT_WORDS.read_text(encoding="utf-8"))["responses"]
    page = load_words("en").cart.offers
    pairs = {
        "works": "word_offer_works",
        "minimum": "word_offer_minimum",
        "category": "word_offer_category",
        "only_for_you": "word_only_for_you",
        "use": "word_use_code",
    }
    for on_page, in_chat in pairs.items():
        assert getattr(page, on_page) == chat[in_chat][0]["text"]
