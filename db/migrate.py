"""Bring a database to the newest version of the tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from db.engine import make_engine

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: str) -> None:
    """Run the migrations that the database at `url` lacks; none where it is up to date."""
    engine = make_engine(url)
    try:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = engine
        command.upgrade(config, "head")
    finally:
        engine.dispose()
