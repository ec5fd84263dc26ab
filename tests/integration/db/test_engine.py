"""How the database is opened."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from db.engine import SessionFactory


def test_a_failed_statement_does_not_tell_a_shoppers_values(sessions: SessionFactory) -> None:
    with sessions() as session, pytest.raises(SQLAlchemyError) as error:
        session.execute(text("SELECT :name FROM nowhere"), {"name": "Anna"})
    assert "nowhere" in str(error.value)
    assert "Anna" not in str(error.value)
