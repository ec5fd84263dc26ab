"""Pages render, say what they should, and let nothing hostile through."""

import json
import re

import pytest
from sqlalchemy import select

from db.engine import SessionFactory
from db.models import Feedback
from tests.integration.shop.conftest import HOSTILE, Browser


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/", "Welcome"),
        ("/categories", "Everything"),
        ("/categories?reduced=1", "Reduced"),
        ("/categories/jackets", "Jackets"),
        ("/search?q=jacket", "Results for"),
        ("/search", "Search"),
        ("/products/rain", "Rain jacket"),
        ("/cart", "Your cart"),
        ("/account", "You are not signed in"),
        ("/sign-in", "Sign in"),
        ("/help", "Delivery"),
    ],
)
def test_every_page_has_its_heading(browser: Browser, path: str, heading: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    first = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    assert first
    assert heading in first[1]


@pytest.mark.parametrize(
    "path", ["/", "/categories/odd", "/products/odd", "/search?q=%3Cscript%3Ealert(1)%3C/script%3E"]
)
def test_what_a_catalogue_or_a_search_says_never_becomes_markup(
    browser: Browser, path: str
) -> None:
    browser.post("/cart/add", variant_id="odd-1", quantity="1")
    for page in (path, "/cart", "/checkout"):
        text = browser.get(page).text
        assert "<script>alert" not in text
        assert not re.search(r"<script(?![^>]*(src=|application/))", text)


def test_the_policy_of_a_page_lets_no_inline_script_run(browser: Browser) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["script-src"] == "'self'"


def test_an_unknown_product_is_a_page_that_says_so(browser: Browser) -> None:
    answer = browser.get("/products/nothing")
    assert answer.status_code == 404
    assert "We no longer have this product." in answer.text


def test_an_unknown_address_is_a_page_for_a_browser_and_a_problem_for_a_script(
    browser: Browser,
) -> None:
    assert "This page is not here" in browser.get("/nowhere").text
    answer = browser.client.get("/nowhere", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_product_page_shows_price_reduction_stock_and_facts(browser: Browser) -> None:
    text = browser.get("/products/rain?colour=black").text
    assert "€119.00" in text
    assert "Only 2 left" in text
    assert "1.42 kg" in text
    text = browser.get("/products/rain?variant=rain-blue-m").text
    assert "You save €30.00" in text
    assert re.search(r'value="rain-blue-l"[^>]*disabled', text)


def test_a_category_shows_what_is_below_it_and_filters_by_one_variant(browser: Browser) -> None:
    assert "Gas stove" in browser.get("/categories/outdoor").text
    blue = browser.get("/categories/jackets?colour=blue").text
    assert "Rain jacket" in blue
    assert "Down jacket" not in blue
    none = browser.get("/categories/jackets?colour=blue&size=L&in_stock=1").text
    assert "Nothing matches these filters." in none


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=99999999999999", "price_min=x", "price_max=1e999", "sort=worst",
     "price_min=NaN", "colour=%01", "page=%F0%9F%98%80", "q=" + "a" * 5000],
)  # fmt: skip
def test_an_address_that_makes_no_sense_still_shows_the_page(browser: Browser, query: str) -> None:
    assert browser.get(f"/categories/jackets?{query}").status_code == 200


@pytest.mark.parametrize("path", ["/products/%00", "/orders/%00", "/categories?colour=%00"])
def test_an_address_with_a_nul_character_is_refused(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 400


def test_search_reads_price_and_negation_from_words(browser: Browser) -> None:
    text = browser.get("/search?q=jackets under 150 but not black").text
    assert "Rain jacket" in text
    assert "Down jacket" not in text
    assert "Not: black" in text
    assert "Up to €150.00" in text


def test_pages_push_their_event_in_the_names_of_ga4(browser: Browser) -> None:
    page = browser.get("/products/rain").text
    data = re.search(r'id="shop-data">(.*?)</script>', page, re.DOTALL)
    assert data
    (event,) = json.loads(data[1])["events"]
    assert event["event"] == "view_item"
    assert event["ecommerce"]["items"][0]["item_id"] == "rain"
    assert event["ecommerce"]["items"][0]["price"] == 119.0


def test_a_first_page_gives_an_identity_that_the_next_one_keeps(browser: Browser) -> None:
    first = browser.get("/")
    assert "cartwright_token" in first.cookies
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "cartwright_token" not in browser.get("/").cookies


def test_titles_are_escaped_where_they_are_attributes(browser: Browser) -> None:
    text = browser.get("/products/odd").text
    assert HOSTILE not in text
    assert "{{7*7}}" in text
    assert 'alt="&lt;script&gt;' in text


def test_what_is_not_wanted_is_hidden_and_the_page_shown_again(
    browser: Browser, sessions: SessionFactory
) -> None:
    answer = browser.post("/suggestions/not-interested", product_id="stove", back="/products/rain")
    assert answer.url.path == "/products/rain"
    with sessions() as session:
        assert session.scalars(select(Feedback.product_id)).all() == ["stove"]


@pytest.mark.parametrize("away", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_a_form_leads_to_no_other_site(browser: Browser, away: str) -> None:
    answer = browser.post("/suggestions/not-interested", product_id="stove", back=away)
    assert (answer.url.host, answer.url.path) == ("testserver", "/")


def test_nothing_is_kept_of_a_product_that_the_shop_does_not_have(
    browser: Browser, sessions: SessionFactory
) -> None:
    answer = browser.post("/suggestions/not-interested", product_id="no-such-thing")
    assert answer.status_code == 404
    with sessions() as session:
        assert session.scalars(select(Feedback.product_id)).all() == []
