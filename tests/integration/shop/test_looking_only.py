"""Who only looks leaves nothing behind: robots and health checks must not fill the tables."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from db.engine import SessionFactory
from db.models import Suggestion, Visitor


def rows(sessions: SessionFactory) -> tuple[int, int]:
    """How many visitors and suggestions are stored."""
    with sessions() as session:
        return (
            session.scalar(select(func.count()).select_from(Visitor)) or 0,
            session.scalar(select(func.count()).select_from(Suggestion)) or 0,
        )


@pytest.mark.parametrize("path", ["/", "/products/rain", "/cart", "/account", "/search?q=jacket"])
def test_a_page_view_without_a_token_stores_nothing(
    client: TestClient, sessions: SessionFactory, path: str
) -> None:
    page = client.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert rows(sessions) == (0, 0)


def test_a_token_stores_nothing(client: TestClient, sessions: SessionFactory) -> None:
    assert client.post("/visitors").status_code == 201
    assert client.post("/sign-out").status_code == 200
    assert rows(sessions) == (0, 0)


def test_the_second_page_of_a_browser_is_remembered(
    client: TestClient, sessions: SessionFactory
) -> None:
    client.get("/", headers={"Accept": "text/html"})
    client.get("/", headers={"Accept": "text/html"})
    visitors, suggestions = rows(sessions)
    assert visitors == 1
    assert suggestions > 0


def test_the_first_page_says_why_and_takes_a_no(
    client: TestClient, sessions: SessionFactory
) -> None:
    page = client.get("/", headers={"Accept": "text/html"}).text
    assert "Why this?" in page
    assert 'data-product="stove"' in page
    assert 'name="suggestion_id" value=""' in page
    answer = client.post("/suggestions/not-interested", data={"product_id": "stove"})
    assert answer.status_code == 200
    assert rows(sessions)[0] == 1
    assert 'data-product="stove"' not in client.get("/", headers={"Accept": "text/html"}).text


def test_the_first_thing_a_browser_does_stores_it(
    client: TestClient, sessions: SessionFactory
) -> None:
    client.get("/", headers={"Accept": "text/html"})
    client.post("/cart/add", data={"variant_id": "stove-1", "quantity": "1"})
    assert rows(sessions)[0] == 1
    assert client.get("/cart", headers={"Accept": "application/json"}).json()["cart"]["count"] == 1
