"""POST /events: what a GA4-tagged shop may send, and what it is told where something is wrong."""

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.clock import EPOCH, SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Event
from db.reads.carts import open_cart
from web.api.events import MAX_EVENTS, MAX_ITEMS
from web.identity import sign
from web.limits import MAX_BODY


@pytest.fixture
def shopper(
    client: TestClient, identity: Identity, settings: Settings, clock: SimulatedClock
) -> TestClient:
    """A client that sends the visitor's token as a bearer."""
    client.headers["Authorization"] = f"Bearer {sign(identity, settings=settings, now=clock.now())}"
    return client


def add(event_id: str = "e1", **item: Any) -> dict[str, Any]:
    fields = {"item_id": "tent", "item_variant": "tent-green", "price": 119.0, "quantity": 1} | item
    return {
        "name": "add_to_cart",
        "event_id": event_id,
        "params": {"currency": "EUR", "items": [fields]},
    }


def stored_rows(sessions: SessionFactory) -> int:
    with sessions() as session:
        return session.scalars(select(func.count()).select_from(Event)).one()


def wrong_fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["field"] for error in answer.json()["errors"]]


def test_one_event_is_stored_and_folded_into_the_cart(
    shopper: TestClient, sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    answer = shopper.post("/events", json=add(quantity=2))
    assert (answer.status_code, answer.json()) == (202, {"stored": 1, "duplicates": 0})
    with sessions() as session:
        cart = open_cart(session, identity, now=clock.now())
    assert cart is not None
    assert [(line.variant_id, line.quantity) for line in cart.lines] == [("tent-green", 2)]


def test_a_batch_is_stored_at_once_and_a_repeat_changes_nothing(shopper: TestClient) -> None:
    batch = {"events": [add("a"), add("b"), add("a")]}
    assert shopper.post("/events", json=batch).json() == {"stored": 2, "duplicates": 1}
    assert shopper.post("/events", json=batch).json() == {"stored": 0, "duplicates": 3}


def test_one_wrong_event_in_a_batch_is_named_and_nothing_is_stored(
    shopper: TestClient, sessions: SessionFactory
) -> None:
    batch = {"events": [add("a"), add("b"), add("c"), add("d", quantity=0)]}
    answer = shopper.post("/events", json=batch)
    assert wrong_fields(answer) == ["events[3].params.items[0].quantity"]
    assert answer.json()["detail"].startswith("events[3].params.items[0].quantity: ")
    assert stored_rows(sessions) == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "page_view"}, "name"),
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 65}, "event_id"),
        ({"event_id": "a\x00b"}, "event_id"),
        ({"event_id": ["a"]}, "event_id"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-03-02T10:00:00"}, "time"),
        ({"timestamp_micros": 10**30}, "timestamp_micros"),
        ({"timestamp_micros": True}, "timestamp_micros"),
        ({"params": []}, "params"),
        ({"params": {"currency": "euro"}}, "params.currency"),
        ({"params": {"items": {}}}, "params.items"),
        ({"params": {"items": [{}]}}, "params.items[0].item_id"),
        ({"params": {"items": [{"item_id": "\x00"}]}}, "params.items[0].item_id"),
        ({"params": {"items": [{"item_id": "a", "price": -1}]}}, "params.items[0].price"),
        ({"params": {"items": [{"item_id": "a", "price": "NaN"}]}}, "params.items[0].price"),
        ({"params": {"items": [{"item_id": "a", "price": 1e300}]}}, "params.items[0].price"),
        ({"params": {"items": [{"item_id": "a", "quantity": 2**70}]}}, "params.items[0].quantity"),
        ({"params": {"items": [{"item_id": "a", "quantity": 1.5}]}}, "params.items[0].quantity"),
        ({"params": {"items": [{"item_id": "a", "quantity": True}]}}, "params.items[0].quantity"),
        ({"params": {"items": [{"item_id": "a"}] * (MAX_ITEMS + 1)}}, "params.items"),
        ({"params": {"items": [{"item_id": "a"}], "search_term": "x" * 201}}, "params.search_term"),
        ({"params": {"items": [{"item_id": "a"}], "value": "12,50"}}, "params.value"),
    ],
)
def test_a_wrong_field_is_named(shopper: TestClient, change: dict[str, Any], field: str) -> None:
    assert field in wrong_fields(shopper.post("/events", json=add() | change))


def test_a_lone_surrogate_is_refused(shopper: TestClient) -> None:
    body = '{"name": "search", "event_id": "a", "params": {"search_term": "\\ud800"}}'
    answer = shopper.post("/events", content=body, headers={"Content-Type": "application/json"})
    assert wrong_fields(answer) == ["params.search_term"]


@pytest.mark.parametrize(
    ("event", "needs"),
    [
        ({"name": "add_to_cart"}, "params.items"),
        ({"name": "search"}, "params.search_term"),
        ({"name": "purchase", "params": {"items": [{"item_id": "a"}]}}, "params.transaction_id"),
    ],
)
def test_an_event_without_what_its_name_needs_is_refused_and_told_so(
    shopper: TestClient, event: dict[str, Any], needs: str
) -> None:
    answer = shopper.post("/events", json={"event_id": "a"} | event)
    assert answer.status_code == 422
    assert needs in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 50_000, b"9" * 5_000])
def test_what_is_no_json_is_refused(shopper: TestClient, body: bytes) -> None:
    answer = shopper.post("/events", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [None, [], "text", 1, {"events": []}, {"events": {}}, {}])
def test_what_is_no_event_is_refused(shopper: TestClient, body: Any) -> None:
    assert wrong_fields(shopper.post("/events", json=body))


def test_more_than_a_batch_may_hold_is_refused(
    shopper: TestClient, sessions: SessionFactory
) -> None:
    batch = {"events": [{"name": "view_cart", "event_id": str(n)} for n in range(MAX_EVENTS + 1)]}
    assert wrong_fields(shopper.post("/events", json=batch)) == ["events"]
    assert stored_rows(sessions) == 0


def test_a_body_beyond_the_limit_is_refused_by_its_declared_length(shopper: TestClient) -> None:
    answer = shopper.post("/events", content=b" " * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert answer.json()["status"] == 413


def test_a_body_beyond_the_limit_is_refused_while_it_streams(shopper: TestClient) -> None:
    chunks = (b" " * 65_536 for _ in range(32))
    headers = {"Content-Type": "application/json"}
    answer = shopper.post("/events", content=chunks, headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("days", [-31, -400, 1, 4000])
def test_a_clock_that_is_far_off_is_told_so(
    shopper: TestClient, clock: SimulatedClock, sessions: SessionFactory, days: int
) -> None:
    at = clock.now() + timedelta(days=days)
    batch = {"events": [add("a"), add("b") | {"time": at.isoformat()}]}
    assert wrong_fields(shopper.post("/events", json=batch)) == ["events[1].time"]
    micros = (at - EPOCH) // timedelta(microseconds=1)
    answer = shopper.post("/events", json=add() | {"timestamp_micros": micros})
    assert wrong_fields(answer) == ["timestamp_micros"]
    assert stored_rows(sessions) == 0


def test_a_clock_a_little_ahead_counts_as_now(
    shopper: TestClient, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    ahead = clock.now() + timedelta(minutes=3)
    assert shopper.post("/events", json=add() | {"time": ahead.isoformat()}).status_code == 202
    with sessions() as session:
        assert session.scalars(select(Event.at)).one() == clock.now()


@pytest.mark.parametrize(
    ("price", "minor"),
    [(19.99, 1999), ("19.99", 1999), (0.1, 10), (1.005, 101), (4.35, 435), (0, 0), (1e9, 10**11)],
)
def test_prices_become_minor_units_without_float_errors(
    shopper: TestClient, sessions: SessionFactory, price: Any, minor: int
) -> None:
    assert shopper.post("/events", json=add(price=price)).status_code == 202
    with sessions() as session:
        assert session.scalars(select(Event.unit_amount)).one() == minor


def test_a_currency_without_decimals_is_not_multiplied(
    shopper: TestClient, sessions: SessionFactory
) -> None:
    event = add(price=1200)
    event["params"]["currency"] = "JPY"
    assert shopper.post("/events", json=event).status_code == 202
    with sessions() as session:
        assert session.execute(select(Event.unit_amount, Event.currency)).one() == (1200, "JPY")


def test_ids_that_a_shop_sends_as_numbers_are_taken_as_text(
    shopper: TestClient, sessions: SessionFactory
) -> None:
    assert shopper.post("/events", json=add(item_id=4711, item_variant=12)).status_code == 202
    with sessions() as session:
        assert session.execute(select(Event.product_id, Event.variant_id)).one() == ("4711", "12")


def test_all_else_that_ga4_sends_is_ignored(shopper: TestClient) -> None:
    event = add(item_brand="X", discount=2, index=1, location_id="L")
    event["params"] |= {"engagement_time_msec": 100, "coupon": "C", "tax": 1, "shipping": 5}
    event |= {"consent": {"ad_user_data": "DENIED"}}
    assert shopper.post("/events", json=event).status_code == 202


def test_a_token_is_needed(client: TestClient) -> None:
    answer = client.post("/events", json=add())
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
near_events = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["add_to_cart", "purchase", "search", "view_item"]) | json_values,
        "event_id": st.text(max_size=70) | json_values,
        "timestamp_micros": st.integers() | json_values,
        "time": st.datetimes().map(str) | json_values,
        "params": st.fixed_dictionaries(
            {},
            optional={
                "currency": st.sampled_from(["EUR", "XXX"]) | json_values,
                "value": st.floats() | json_values,
                "search_term": st.text() | json_values,
                "transaction_id": st.text() | json_values,
                "items": st.lists(
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "item_id": st.text() | json_values,
                            "item_variant": st.text() | json_values,
                            "price": st.floats() | st.decimals().map(str) | json_values,
                            "quantity": st.integers() | json_values,
                        },
                    ),
                    max_size=3,
                )
                | json_values,
            },
        )
        | json_values,
    },
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=near_events | st.fixed_dictionaries({"events": st.lists(near_events, max_size=3)}))
def test_whatever_is_sent_the_answer_is_stored_or_a_problem(shopper: TestClient, body: Any) -> None:
    answer = shopper.post(
        "/events",
        content=json.dumps(body).encode("utf-8", "surrogatepass"),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in {202, 400, 422}, answer.text
    if answer.status_code != 202:
        assert answer.headers["content-type"] == "application/problem+json"


def test_openapi_documents_single_and_batch_with_examples(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    content = document["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]
    assert {"one", "batch"} == content["examples"].keys()
    schemas = document["components"]["schemas"]
    shapes = schemas[content["schema"]["$ref"].rpartition("/")[2]]["oneOf"]
    assert {shape["$ref"].rpartition("/")[2] for shape in shapes} == {"EventIn", "EventBatch"}


@pytest.mark.parametrize("example", ["one", "batch"])
def test_the_documented_examples_are_accepted(
    shopper: TestClient, clock: SimulatedClock, example: str
) -> None:
    operation = shopper.get("/openapi.json").json()["paths"]["/events"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    assert shopper.post("/events", json=examples[example]["value"]).status_code == 202
