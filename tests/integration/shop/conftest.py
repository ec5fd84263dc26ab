"""A shop small enough to know by heart, and a browser that uses its pages without a script."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Client, Response
from sqlalchemy import update

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import (
    Category,
    FaqEntry,
    Person,
    Price,
    Product,
    Promotion,
    PromotionKind,
    Variant,
)
from nudges.message import Message
from tests.integration.shop.left import STOVE, remind

PAGE = {"Accept": "text/html,application/xhtml+xml"}
HOSTILE = '<script>alert("x")</script>\'"&{{7*7}}'
ADDRESS = {
    "name": "Test Shopper",
    "email": "shopper@example.org",
    "street": "Long Lane 1",
    "postcode": "10115",
    "city": "Berlin",
    "country": "DE",
    "card_number": "4242 4242 4242 4242",
    "card_expiry": "08/29",
    "card_code": "123",
}


@pytest.fixture(autouse=True)
def catalogue(sessions: SessionFactory, clock: SimulatedClock) -> None:
    """Jackets in colours and sizes, one stove, and a product whose every word is hostile."""
    now = clock.now()
    with sessions.begin() as session:
        session.add_all(
            [
                Category(id="outdoor", title="Outdoor", synonyms=[]),
                Category(id="jackets", title="Jackets", parent_id="outdoor", synonyms=["coat"]),
                Category(id="stoves", title="Stoves", parent_id="outdoor", synonyms=[]),
                Category(id="odd", title=HOSTILE, synonyms=[]),
            ]
        )
        session.flush()

        def product(key: str, title: str, category: str, **more: Any) -> None:
            session.add(Product(id=key, title=title, category_id=category, updated_at=now, **more))
            session.flush()

        def variant(
            key: str,
            product_id: str,
            amount: int,
            *,
            stock: int = 10,
            was: int | None = None,
            **more: Any,
        ) -> None:
            session.add(Variant(id=key, product_id=product_id, stock=stock, **more))
            session.flush()
            session.add(
                Price(
                    variant_id=key,
                    amount=amount,
                    list_amount=was,
                    currency="EUR",
                    valid_from=now - timedelta(days=1),
                )
            )

        product(
            "rain",
            "Rain jacket",
            "jackets",
            brand="Ridge",
            material="nylon",
            facts={"waterproof": True, "weight_g": 1420},
            description="Keeps the rain out.",
        )
        variant("rain-blue-m", "rain", 11900, was=14900, colour="blue", size="M")
        variant("rain-blue-l", "rain", 12900, stock=0, colour="blue", size="L", position=1)
        variant("rain-black-m", "rain", 11900, stock=2, colour="black", size="M", position=2)
        product("down", "Down jacket", "jackets", brand="Moss", description="Warm and light.")
        variant("down-red", "down", 19900, colour="red")
        product("stove", "Gas stove", "stoves", brand="Ridge", description="Boils a litre.")
        variant("stove-1", "stove", 2490)
        product("odd", HOSTILE, "odd", brand=HOSTILE, material=HOSTILE, description=HOSTILE)
        variant("odd-1", "odd", 100, colour=HOSTILE, size=HOSTILE)
        session.add_all(
            [
                Promotion(
                    code="JACKET10",
                    title="10% off jackets",
                    kind=PromotionKind.PERCENT,
                    value=10,
                    minimum=5000,
                    currency="EUR",
                    category_id="jackets",
                    starts_at=now - timedelta(days=1),
                ),
                FaqEntry(
                    id="cost",
                    topic="Delivery",
                    question="What does delivery cost?",
                    answer="€4.90, free from €50.",
                    updated_at=now,
                ),
                Person(id="anna", name="Anna Demo", created_at=now),
                Person(id="ben", name="Ben Demo", created_at=now),
            ]
        )


@dataclass
class Browser:
    """A browser with its cookies that asks for pages and follows where they lead."""

    client: Client

    def get(self, path: str) -> Response:
        """Open a page."""
        return self.client.get(path, headers=PAGE)

    def post(self, path: str, **form: str) -> Response:
        """Send a form as a page without a script does."""
        return self.client.post(path, data=form, headers=PAGE)

    def cart(self) -> dict[str, Any]:
        """The cart as the API gives it to this browser."""
        answer = self.client.get("/cart", headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        cart: dict[str, Any] = answer.json()["cart"]
        return cart

    def pay(self, **changed: str) -> Response:
        """Fill in the checkout that is open and send it."""
        page = self.get("/checkout").text
        total = re.search(r'name="seen_total" value="(\d+)"', page)
        assert total, page
        return self.post("/checkout", **{**ADDRESS, "seen_total": total[1], **changed})


@pytest.fixture
def browser(client: TestClient) -> Browser:
    """A shopper's browser on the shop."""
    return Browser(client)


@pytest.fixture
def other_browser(app: FastAPI, client: TestClient) -> Iterator[Browser]:
    """Another shopper's browser on the same shop."""
    with TestClient(app, raise_server_exceptions=False) as other:
        yield Browser(other)


@pytest.fixture
def mailbox(sessions: SessionFactory, catalogue: None) -> None:
    """Anna has an e-mail address."""
    with sessions.begin() as session:
        session.execute(update(Person).where(Person.id == "anna").values(email="anna@example.org"))


@pytest.fixture
def message(
    sessions: SessionFactory, clock: SimulatedClock, settings: Settings, mailbox: None
) -> Message:
    """Anna left a stove, and got a mail about it."""
    return remind(sessions, clock, settings, STOVE)
