"""How Alembic reaches the database; run through `db.migrate`, or by its own command line."""

from alembic import context
from sqlalchemy import Engine

from core.settings import get_settings
from db.engine import make_engine
from db.models import Base


def run() -> None:
    """Run the migrations in one transaction."""
    engine = context.config.attributes.get("engine") or make_engine(get_settings().database_url)
    assert isinstance(engine, Engine)  # noqa: S101 attributes are untyped
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
