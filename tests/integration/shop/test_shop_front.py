"""What a shop says of itself: the demo's words in the demo shop alone, its own name elsewhere."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, update

from core.clock import SimulatedClock
from core.settings import DEMO_SECRET, Settings
from db.engine import SessionFactory
from db.models import ImportRun, ImportStatus, Price
from db.reads.showcase import DEMO_FORMAT
from tests.integration.shop.conftest import PAGE
from web.app import create_app

OWN_SECRET = "a-secret-of-this-shop-with-32-characters"


def page_of(settings: Settings, clock: SimulatedClock, path: str = "/", **changes: Any) -> str:
    with TestClient(create_app(settings.model_copy(update=changes), clock=clock)) as client:
        return client.get(path, headers=PAGE).text


@pytest.fixture
def filled(sessions: SessionFactory, clock: SimulatedClock) -> None:
    """The database says that it holds the demo shop."""
    now = clock.now()
    with sessions.begin() as session:
        session.execute(
            insert(ImportRun).values(
                id="1" * 32, file_digest="1" * 64, file_name="{}", format=DEMO_FORMAT,
                status=ImportStatus.FINISHED, rows_read=0, rows_stored=0, started_at=now,
                finished_at=now,
            )
        )  # fmt: skip


@pytest.mark.usefixtures("filled")
def test_the_demo_shop_has_its_name_its_words_and_its_sign_in(
    settings: Settings, clock: SimulatedClock
) -> None:
    page = page_of(settings, clock)
    assert "Fernhill" in page
    assert "Gear for the trail" in page
    assert "This is a demo shop" in page
    assert 'href="/sign-in"' in page
    assert "demo shop of Cartwright" in page_of(settings, clock, "/help")


@pytest.mark.parametrize("path", ["/", "/help", "/account", "/no-such-page", "/products/rain"])
def test_nothing_of_the_demo_is_said_with_a_catalogue_of_ones_own(
    settings: Settings, clock: SimulatedClock, path: str
) -> None:
    page = page_of(settings.model_copy(update={"demo": False}), clock, path)
    for word in ("Fernhill", "waterproof", "trail", "demo", "leaf.svg", 'href="/sign-in"'):
        assert word not in page


def test_a_shop_bears_the_name_that_is_set(settings: Settings, clock: SimulatedClock) -> None:
    page = page_of(settings, clock, shop_name="Harbour Street Gifts")
    assert page.count("Harbour Street Gifts") >= 3


def test_a_trial_with_ones_own_catalogue_in_demo_mode_bears_no_foreign_name(
    settings: Settings, clock: SimulatedClock
) -> None:
    assert settings.secret == DEMO_SECRET
    page = page_of(settings, clock)
    assert "Fernhill" not in page
    assert "Our shop" in page


def test_outside_the_demo_the_name_is_neutral_until_it_is_set() -> None:
    settings = Settings.model_validate({"demo": False, "secret": OWN_SECRET})
    assert settings.shop_name == "Our shop"


def test_reductions_are_offered_only_where_there_are_some(
    settings: Settings, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    assert 'href="/categories?reduced=1"' in page_of(settings, clock, "/help")
    with sessions.begin() as session:
        session.execute(update(Price).values(list_amount=None))
    assert "reduced" not in page_of(settings, clock, "/categories")


def test_products_that_nobody_took_along_are_not_said_to_go_well(
    settings: Settings, clock: SimulatedClock
) -> None:
    page = page_of(settings, clock, "/products/rain")
    assert "You may also like" in page
    assert "Goes well with it" not in page
