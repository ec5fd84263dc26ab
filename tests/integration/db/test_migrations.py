"""The migrations make the tables that the models describe, on both databases."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from core.clock import SimulatedClock
from db.engine import make_engine
from db.migrate import upgrade
from db.models import Base


def test_the_migrated_tables_are_the_models_tables(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences: list[Any] = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []


def test_every_index_of_the_models_exists(database_url: str) -> None:
    engine = make_engine(database_url)
    found = {
        index["name"]
        for table in Base.metadata.tables
        for index in inspect(engine).get_indexes(table)
    }
    engine.dispose()
    wanted = {index.name for table in Base.metadata.tables.values() for index in table.indexes}
    assert wanted <= found


def test_migrating_again_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    engine = make_engine(database_url)
    with engine.connect() as connection:
        assert len(connection.execute(text("SELECT * FROM alembic_version")).all()) == 1
    engine.dispose()


def test_the_folder_of_a_new_sqlite_database_is_made(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/not/yet/there.db")
    assert (tmp_path / "not/yet/there.db").is_file()


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "oracle://x"])
def test_another_kind_of_database_is_refused_with_what_to_use(url: str) -> None:
    with pytest.raises(ValueError, match="use sqlite or postgresql"):
        make_engine(url)


def test_a_naive_time_is_refused(sessions: Any, clock: SimulatedClock) -> None:
    from sqlalchemy.exc import StatementError

    from db.models import Visitor

    with pytest.raises(StatementError, match="naive datetime"), sessions.begin() as session:
        session.add(Visitor(id="v", created_at=clock.now().replace(tzinfo=None)))
