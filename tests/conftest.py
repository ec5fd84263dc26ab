"""What all tests share: a fresh database on both SQLite and PostgreSQL, a clock, a shopper.

A test that uses `database_url` (or `sessions`, `client`, …) runs once on each database. The
PostgreSQL run needs a server at CARTWRIGHT_TEST_POSTGRES (default: the local one, as postgres) and
is skipped without one. With CARTWRIGHT_REQUIRE_SERVICES=1 a skipped service test is a failure.
"""

import os
import shutil
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from core.clock import SimulatedClock
from core.identity import Identity
from core.money import Money
from core.settings import Settings
from db.engine import SessionFactory, make_engine, make_session_factory
from db.migrate import upgrade
from db.models import Base, Category, Price, Product, Variant
from db.pricing import DeliveryRule
from tests.stack import stack
from tests.visitors import create_visitor

__all__ = ["stack"]

POSTGRES = os.environ.get("CARTWRIGHT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1/postgres")
REQUIRE_SERVICES = os.environ.get("CARTWRIGHT_REQUIRE_SERVICES") == "1"
WITH_STACK = ("tests/browser", "tests/contract", "tests/conversations")
DELIVERY = DeliveryRule(fee=Money("EUR", 490), free_from=Money("EUR", 5000))
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
GROWN_BYTES = 1 << 20

# How long one example takes says more about the machine than about the code.
hypothesis_settings.register_profile("cartwright", deadline=None)
hypothesis_settings.load_profile("cartwright")


class ByFolder(LoadFileScheduling):
    """A folder's tests share fixtures, so they stay together; the running assistant is one."""

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.partition("::")[0].rpartition("/")[0]
        return "stack" if folder in WITH_STACK else folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolder:
    """How tests are shared out where there are several workers (`-n`)."""
    # As collected: the stack first, so that its slow start runs beside the other tests.
    config.option.loadscopereorder = False
    return ByFolder(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a service test that was skipped where every service must be there."""
    report = yield
    if REQUIRE_SERVICES and report.skipped and item.get_closest_marker("service"):
        report.outcome = "failed"
        report.longrepr = f"a service is missing, and none may be here: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The address of a migrated PostgreSQL database of this run; skips where there is no server."""
    problem = postgres_problem()
    if problem:
        pytest.skip(f"no PostgreSQL at {POSTGRES}: {problem}")
    name = f"cartwright_test_{token_hex(6)}"
    administer(f"CREATE DATABASE {name}")
    try:
        url = f"{POSTGRES.rpartition('/')[0]}/{name}"
        upgrade(url)
        yield url
    finally:
        administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    url = request.getfixturevalue("postgres_database")
    yield url
    empty(url)


@pytest.fixture
def sessions(database_url: str) -> Iterator[SessionFactory]:
    """Sessions on the fresh database."""
    engine = make_engine(database_url)
    yield make_session_factory(engine, delivery=DELIVERY)
    engine.dispose()


@pytest.fixture
def clock() -> SimulatedClock:
    """Stands at a Monday morning until a test moves it."""
    return SimulatedClock(START)


@pytest.fixture
def identity(sessions: SessionFactory, clock: SimulatedClock) -> Identity:
    """A stored visitor whom nobody has signed in."""
    with sessions.begin() as session:
        return create_visitor(session, now=clock.now())


@pytest.fixture
def small_shop(sessions: SessionFactory, clock: SimulatedClock) -> None:
    """Three products: a tent in two colours, a stove that is nearly gone, a mat without a price."""
    now = clock.now()
    with sessions.begin() as session:
        session.add_all(
            [
                Category(id="camping", title="Camping", synonyms=["outdoors"]),
                Category(id="tents", title="Tents", parent_id="camping"),
            ]
        )
        session.flush()
        session.add_all(
            [
                Product(
                    id="tent",
                    title="Ridge tent",
                    brand="Nordkap",
                    category_id="tents",
                    material="nylon",
                    facts={"waterproof": True},
                    updated_at=now,
                ),
                Product(id="stove", title="Gas stove", category_id="camping", updated_at=now),
                Product(id="mat", title="Foam mat", category_id="camping", updated_at=now),
            ]
        )
        session.flush()
        session.add_all(
            [
                Variant(id="tent-green", product_id="tent", position=0, colour="green", stock=9),
                Variant(id="tent-blue", product_id="tent", position=1, colour="blue", stock=0),
                Variant(id="stove", product_id="stove", stock=1),
                Variant(id="mat", product_id="mat", stock=5),
            ]
        )
        session.flush()
        in_force = {"currency": "EUR", "valid_from": now - timedelta(days=30)}
        session.add_all(
            [
                Price(variant_id="tent-green", amount=11900, list_amount=14900, **in_force),
                Price(variant_id="tent-blue", amount=11900, **in_force),
                Price(variant_id="stove", amount=4500, **in_force),
            ]
        )


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The demo shop's settings on the fresh database, without a trained model."""
    return Settings.model_validate(
        {"DATABASE_URL": database_url, "models_dir": tmp_path / "models"}
    )


@pytest.fixture
def app(settings: Settings, clock: SimulatedClock) -> FastAPI:
    """The web app on the fresh database; tests fill it before they open a client."""
    from web.app import create_app

    return create_app(settings, clock=clock)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Talks to the app; an error inside comes back as a 500, as in production."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@cache
def postgres_problem() -> str | None:
    """Why there is no PostgreSQL to test with, else None."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None


def empty(url: str) -> None:
    """Take all rows out of a PostgreSQL database: faster than a new one for each test."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("SET LOCAL synchronous_commit TO off")
        # What a test of a whole import leaves behind is in the way of each later one until a
        # vacuum, which not every server does by itself.
        grown = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_relation_size(oid) > %s "
            "AND relnamespace = 'public'::regnamespace", (GROWN_BYTES,),
        ).fetchall()  # fmt: skip
        if grown:
            names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in grown)
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))


def administer(statement: Any) -> None:
    """Run a statement that creates or drops a database."""
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(statement)
