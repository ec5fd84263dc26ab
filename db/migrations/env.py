"""How Alembic reaches the database; run through `db.migrate`."""

from alembic import context
from sqlalchemy import Engine

from db.models import Base


def run() -> None:
    """Run the migrations in one transaction."""
    engine = context.config.attributes["engine"]
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
