"""How the database is opened."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory, read_session
from db.models import Visitor
from db.writes.visitors import claim_visitor


def test_a_failed_statement_does_not_tell_a_shoppers_values(sessions: SessionFactory) -> None:
    with sessions() as session, pytest.raises(SQLAlchemyError) as error:
        session.execute(text("SELECT :name FROM nowhere"), {"name": "Anna"})
    assert "nowhere" in str(error.value)
    assert "Anna" not in str(error.value)


def test_what_is_written_while_somebody_reads_is_not_in_what_they_read(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with read_session(sessions) as reading:
        before = reading.scalars(select(Visitor.id)).all()
        with sessions.begin() as session:
            claim_visitor(session, Identity("v-late"), now=clock.now())
        assert reading.scalars(select(Visitor.id)).all() == before
    with read_session(sessions) as reading:
        assert "v-late" in reading.scalars(select(Visitor.id)).all()
