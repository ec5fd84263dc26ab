"""Tables of models, and INSERT … ON CONFLICT DO NOTHING alike on SQLite and PostgreSQL."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.models import Base


def table_of(model: type[Base]) -> Table:
    """The table behind a model, for statements that go past the ORM for speed."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 a declarative model always has one
    return table


def insert_or_ignore(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An insert into the model's table that leaves rows alone which are there already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table_of(model)).on_conflict_do_nothing()
    return sqlite.insert(table_of(model)).on_conflict_do_nothing()
