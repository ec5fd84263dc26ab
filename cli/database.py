"""The shop's database as a command uses it: brought up to date, and closed afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from db.engine import SessionFactory


@contextmanager
def open_database() -> Iterator["SessionFactory"]:
    """Sessions on the database that the settings name."""
    from core.settings import get_settings
    from db.engine import make_engine, make_session_factory
    from db.migrate import upgrade

    url = get_settings().database_url
    upgrade(url)
    engine = make_engine(url)
    try:
        yield make_session_factory(engine)
    finally:
        engine.dispose()
