"""Visitors who look around a running shop, so that there is something to suggest from."""

from random import Random
from secrets import token_hex
from time import time_ns

import httpx


def product_ids(client: httpx.Client) -> list[str]:
    """Every product of the shop."""
    answer = client.get("/catalogue/terms").raise_for_status()
    return [product["id"] for product in answer.json()["products"]]


def new_visitor(client: httpx.Client) -> str:
    """A new visitor's token."""
    token: str = client.post("/visitors").raise_for_status().json()["token"]
    client.cookies.clear()
    return token


def look_around(
    client: httpx.Client, token: str, products: list[str], random: Random, *, views: int = 6
) -> None:
    """View a few products, one after the other."""
    events = [
        {
            "name": "view_item",
            "event_id": token_hex(16),
            "timestamp_micros": time_ns() // 1000,
            "params": {"items": [{"item_id": product}]},
        }
        for product in random.sample(products, views)
    ]
    client.post("/events", json={"events": events}, headers=bearer(token)).raise_for_status()


def bearer(token: str) -> dict[str, str]:
    """The header that proves the visitor."""
    return {"Authorization": f"Bearer {token}"}
