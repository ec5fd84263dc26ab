"""The JSON that the shop's own script, the chat widget and other shops use."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from db.engine import SessionFactory
from db.models import Event, EventName, Suggestion, Variant
from tests.integration.shop.conftest import HOSTILE, Browser

JSON = {"Accept": "application/json"}


@pytest.fixture
def shopper(client: TestClient) -> TestClient:
    """A client with a token."""
    assert client.post("/visitors").status_code == 201
    return client


def add(client: TestClient, variant_id: str, quantity: int = 1) -> Any:
    """Put pieces into the cart and return the answer's body."""
    answer = client.post("/cart/lines", json={"variant_id": variant_id, "quantity": quantity})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_cart_is_empty_until_something_is_in_it(shopper: TestClient) -> None:
    cart = shopper.get("/cart", headers=JSON).json()["cart"]
    assert cart["lines"] == []
    assert cart["total"] == {"amount": 0, "currency": "EUR", "text": "€0.00"}


def test_a_cart_needs_a_token(client: TestClient) -> None:
    assert client.get("/cart", headers=JSON).status_code == 401
    assert client.post("/cart/lines", json={"variant_id": "stove-1"}).status_code == 401


def test_a_line_is_a_card_with_a_quantity_and_a_total(shopper: TestClient) -> None:
    (line,) = add(shopper, "rain-blue-m", 2)["cart"]["lines"]
    assert line["product_id"] == "rain"
    assert line["price"]["text"] == "€119.00"
    assert line["list_price"]["text"] == "€149.00"
    assert line["line_total"]["amount"] == 23800
    assert line["url"] == "/products/rain"
    assert line["picture"] == "/pictures/rain.svg?colour=blue"


def test_the_event_that_a_change_answers_with_counts_once_when_the_page_sends_it_too(
    shopper: TestClient, sessions: SessionFactory
) -> None:
    (pushed,) = add(shopper, "stove-1", 2)["events"]
    params = {"currency": "EUR", "items": pushed["ecommerce"]["items"]}
    sent = {"name": pushed["event"], "event_id": pushed["event_id"], "params": params}
    assert shopper.post("/events", json=sent).json() == {"stored": 0, "duplicates": 1}
    assert shopper.get("/cart", headers=JSON).json()["cart"]["count"] == 2
    with sessions() as session:
        rows = session.scalars(select(Event).where(Event.name == EventName.ADD_TO_CART)).all()
    assert len(rows) == 1


def test_setting_a_quantity_answers_with_the_difference_as_event(shopper: TestClient) -> None:
    add(shopper, "stove-1", 5)
    answer = shopper.patch("/cart/lines/stove-1", json={"quantity": 2}).json()
    (event,) = answer["events"]
    assert event["event"] == "remove_from_cart"
    assert event["ecommerce"]["items"][0]["quantity"] == 3
    assert answer["cart"]["count"] == 2
    assert shopper.patch("/cart/lines/stove-1", json={"quantity": 2}).json()["events"] == []


def test_deleting_a_line_and_the_whole_cart(shopper: TestClient) -> None:
    add(shopper, "stove-1")
    add(shopper, "rain-blue-m")
    assert shopper.delete("/cart/lines/stove-1").json()["cart"]["count"] == 1
    assert shopper.delete("/cart").json()["cart"]["count"] == 0
    assert shopper.delete("/cart/lines/stove-1").status_code == 404


def test_more_than_the_stock_is_a_conflict_that_says_how_many_there_are(
    shopper: TestClient,
) -> None:
    answer = shopper.post("/cart/lines", json={"variant_id": "rain-black-m", "quantity": 3})
    assert answer.status_code == 409
    assert answer.json()["errors"] == [{"field": "quantity", "message": "2 in stock"}]
    assert "only 2 of it" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [{}, {"variant_id": "stove-1", "quantity": 0}, {"variant_id": "stove-1", "quantity": "2"},
     {"variant_id": "stove-1", "quantity": True}, {"variant_id": ""}, {"variant_id": "x" * 65},
     {"variant_id": "stove-1", "quantity": 100}],
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_refused_by_field(
    shopper: TestClient, body: dict[str, Any]
) -> None:
    answer = shopper.post("/cart/lines", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in {"variant_id", "quantity"}


@pytest.mark.parametrize("key", ["\x00", "a\x00b", "🙂", "' OR 1=1 --", "../../etc/passwd"])
def test_a_hostile_variant_is_an_unknown_one(shopper: TestClient, key: str) -> None:
    answer = shopper.post("/cart/lines", json={"variant_id": key})
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_code_that_does_not_apply_is_a_conflict_with_the_reason(shopper: TestClient) -> None:
    add(shopper, "stove-1")
    answer = shopper.post("/cart/promotion", json={"code": "jacket10"})
    assert answer.status_code == 409
    assert answer.json()["errors"] == [{"field": "code", "message": "category"}]
    assert "is for Jackets" in answer.json()["detail"]


def test_a_code_applies_and_null_takes_it_off(shopper: TestClient) -> None:
    add(shopper, "rain-blue-m")
    cart = shopper.post("/cart/promotion", json={"code": "jacket10"}).json()["cart"]
    assert cart["promotion_code"] == "JACKET10"
    assert cart["total"]["amount"] == 11900 - 1190
    cart = shopper.post("/cart/promotion", json={"code": None}).json()["cart"]
    assert cart["promotion_code"] is None


def test_recommendations_are_cards_with_reasons_stored_as_shown(
    shopper: TestClient, sessions: SessionFactory
) -> None:
    add(shopper, "rain-blue-m")
    answer = shopper.get("/recommendations?surface=cart&k=3").json()
    shown = answer["recommendations"]
    assert {one["product_id"] for one in shown} == {"down", "stove", "odd"}
    assert all(one["reason"]["text"] for one in shown)
    with sessions() as session:
        stored = session.scalars(select(Suggestion.id).where(Suggestion.surface == "cart")).all()
    assert {one["suggestion_id"] for one in shown} == set(stored)


def test_what_is_not_interesting_is_not_recommended_again(shopper: TestClient) -> None:
    (first, *_) = shopper.get("/recommendations").json()["recommendations"]
    answer = shopper.post(
        "/feedback",
        json={
            "kind": "not_interested",
            "product_id": first["product_id"],
            "suggestion_id": first["suggestion_id"],
        },
    )
    assert answer.status_code == 204
    again = shopper.get("/recommendations").json()["recommendations"]
    assert first["product_id"] not in {one["product_id"] for one in again}


def test_nobody_hears_why_something_was_suggested_to_another(
    shopper: TestClient, other_browser: Browser
) -> None:
    (first, *_) = shopper.get("/recommendations").json()["recommendations"]
    path = f"/suggestions/{first['suggestion_id']}/why"
    assert first["reason"]["text"] in shopper.get(path, headers=JSON).json()["text"]
    other_browser.get("/")
    assert other_browser.client.get(path, headers=JSON).status_code == 404
    answer = other_browser.client.post(
        "/feedback",
        json={
            "kind": "not_interested",
            "product_id": first["product_id"],
            "suggestion_id": first["suggestion_id"],
        },
    )
    assert answer.status_code == 422


def test_why_tells_what_would_be_there_without_the_product_that_the_reason_names(
    shopper: TestClient,
) -> None:
    alone, *_ = shopper.get("/recommendations").json()["recommendations"]
    add(shopper, "down-red")
    (first, *_) = shopper.get("/recommendations").json()["recommendations"]
    assert first["reason"]["text"] == "In Jackets, like Down jacket"
    why = shopper.get(f"/suggestions/{first['suggestion_id']}/why", headers=JSON).json()["text"]
    assert why.endswith(f" Without Down jacket, you would have seen {HOSTILE} in this place.")
    why = shopper.get(f"/suggestions/{alone['suggestion_id']}/why", headers=JSON).json()["text"]
    assert "Without" not in why


def test_what_sold_out_a_moment_ago_is_not_recommended(
    shopper: TestClient, sessions: SessionFactory
) -> None:
    before = shopper.get("/recommendations").json()["recommendations"]
    assert "stove" in {one["product_id"] for one in before}
    with sessions.begin() as session:
        session.get_one(Variant, "stove-1").stock = 0
    after = shopper.get("/recommendations").json()["recommendations"]
    assert "stove" not in {one["product_id"] for one in after}


@pytest.mark.parametrize(
    "query", ["k=0", "k=25", "k=x", "surface=moon", "surface=product", "product=" + "x" * 65]
)
def test_a_wrong_parameter_of_recommendations_is_named(shopper: TestClient, query: str) -> None:
    answer = shopper.get(f"/recommendations?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in {"k", "surface", "product"}


def test_the_terms_come_once_and_then_by_etag(client: TestClient) -> None:
    first = client.get("/catalogue/terms")
    terms = first.json()
    assert "jackets" in {one["id"] for one in terms["categories"]}
    assert "Ridge" in terms["brands"]
    assert {"id": "stove", "title": "Gas stove"} in terms["products"]
    again = client.get("/catalogue/terms", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_search_and_product_as_json(client: TestClient) -> None:
    found = client.get("/catalogue/search", params={"q": "jackets under 150 not black"}).json()
    assert [one["variant_id"] for one in found["products"]] == ["rain-blue-m"]
    product = client.get("/catalogue/products/rain").json()
    assert [one["stock"] for one in product["variants"]] == ["in_stock", "out", "low"]
    assert client.get("/catalogue/products/nothing").status_code == 404


@pytest.mark.parametrize(
    "query", ["", "?k=3", "?surface=cart", "?surface=product&product=stove&k=2"]
)
def test_ids_come_the_short_way_as_they_come_from_the_route(
    shopper: TestClient, query: str
) -> None:
    short = shopper.get(f"/recommendations/ids{query}")
    # What the short way does not know is left to the route, which looks away.
    route = shopper.get(f"/recommendations/ids{query}{'&' if query else '?'}utm_source=mail")
    assert short.status_code == route.status_code == 200
    for answer in (short, route):
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    one, other = (_without_ids(answer.json()) for answer in (short, route))
    assert one["recommendations"]
    assert one == other


def _without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    told = [one | {"suggestion_id": None} for one in answer["recommendations"]]
    return answer | {"recommendations": told}


@pytest.mark.parametrize(
    "query", ["k=0", "k=25", "k=many", "surface=moon", "surface=product", "product=", "product=%01"]
)
def test_ids_are_refused_with_the_parameter_that_is_wrong(shopper: TestClient, query: str) -> None:
    answer = shopper.get(f"/recommendations/ids?{query}")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] in ("k", "surface", "product")


def test_ids_need_a_token_that_is_valid(shopper: TestClient) -> None:
    headers = {"Authorization": "Bearer forged"}
    assert shopper.get("/recommendations/ids", headers=headers).status_code == 401
    shopper.cookies.clear()
    assert shopper.get("/recommendations/ids").status_code == 401
