"""A shop with histories that one knows by heart, and the command on it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from core.clock import SystemClock
from core.settings import get_settings
from db.engine import SessionFactory, make_engine, make_session_factory
from db.migrate import upgrade
from db.models import Event, EventName, Product, Visitor

type Command = Callable[..., Result]

BEGIN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TITLES = {"tent": "Ridge tent", "stove": "Gas stove", "mat": "Foam mat", "mug": "Tin [red] mug"}


def add_visits(
    sessions: SessionFactory, visits: list[list[tuple[float, str, EventName]]], *, prefix: str = "v"
) -> None:
    """A visitor for each history of (days since BEGIN, product, what was done)."""
    with sessions.begin() as session:
        for number, history in enumerate(visits):
            visitor = f"{prefix}{number:03}"
            session.add(Visitor(id=visitor, created_at=BEGIN))
            session.flush()
            for index, (days, product, name) in enumerate(history):
                at = BEGIN + timedelta(days=days)
                session.add(
                    Event(
                        visitor_id=visitor,
                        event_id=f"{index}",
                        name=name,
                        at=at,
                        received_at=at,
                        session_id=f"{visitor}-{at:%j}",
                        product_id=product,
                    )
                )


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionFactory]:
    """Eight people bought a tent and a mug in one visit and a stove 5 days on; six later a mat.

    Three more bought a mat alone. Everybody had looked at a mug before.
    """
    url = f"sqlite:///{tmp_path}/shop.db"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    get_settings.cache_clear()
    upgrade(url)
    engine = make_engine(url)
    sessions = make_session_factory(engine)
    with sessions.begin() as session:
        now = SystemClock().now()
        session.add_all(Product(id=i, title=title, updated_at=now) for i, title in TITLES.items())
    look = (-1.0, "mug", EventName.VIEW_ITEM)
    buy = EventName.PURCHASE
    campers = [look, (0, "tent", buy), (0.01, "mug", buy), (5, "stove", buy)]
    add_visits(
        sessions,
        [[*campers, (40, "mat", buy)]] * 6 + [campers] * 2 + [[look, (3, "mat", buy)]] * 3,
    )
    yield sessions
    engine.dispose()
    get_settings.cache_clear()


@pytest.fixture
def command(shop: SessionFactory) -> Command:
    """Run `cartwright mine` on that shop."""
    return lambda *words: CliRunner().invoke(app, ["mine", *(str(word) for word in words)])
