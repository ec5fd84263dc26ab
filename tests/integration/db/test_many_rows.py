"""Many rows in one statement are stored and changed as one by one they would be."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, StatementError

from db.engine import SessionFactory
from db.many import insert_many, update_many
from db.models import Cart, CartStatus, Channel, Nudge, NudgeState, NudgeStep, Visitor

AT = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)


def nudge(number: int, **values: Any) -> dict[str, Any]:
    usual = {"id": f"n{number}", "cart_id": "c", "visitor_id": "v", "episode": AT,
             "stage": f"s{number}", "state": NudgeState.CLAIMED, "attempts": 0,
             "policy_version": "1", "created_at": AT, "probability": None,
             "decision": None}  # fmt: skip
    return usual | values


@pytest.fixture
def stored(sessions: SessionFactory) -> SessionFactory:
    """A visitor with a cart, about which there are three nudges."""
    with sessions.begin() as session:
        session.add(Visitor(id="v", created_at=AT))
        session.flush()
        session.add(
            Cart(id="c", visitor_id="v", status=CartStatus.OPEN, created_at=AT, last_activity_at=AT)
        )
        session.flush()
        insert_many(session, Nudge, [nudge(number) for number in range(3)])
    return sessions


def nudges(sessions: SessionFactory) -> list[Nudge]:
    with sessions() as session:
        return list(session.scalars(select(Nudge).order_by(Nudge.id)))


def test_values_of_every_type_come_back_as_they_were(stored: SessionFactory) -> None:
    decision = {"rule": "best", "expected": {"percent_10": 1.25}, "note": "ä ' \" \\ \n"}
    berlin = AT.astimezone(timezone(timedelta(hours=1)))
    with stored.begin() as session:
        row = nudge(3, probability=0.1, decision=decision, episode=berlin, state=NudgeState.SENT)
        insert_many(session, Nudge, [row])
    one = nudges(stored)[3]
    assert (one.episode, one.state, one.attempts) == (AT, NudgeState.SENT, 0)
    assert (one.probability, one.decision, one.channel) == (0.1, decision, None)


def test_rows_that_a_constraint_forbids_are_left_out_where_that_is_asked_for(
    stored: SessionFactory,
) -> None:
    again = [nudge(0, attempts=7), nudge(3)]
    with stored.begin() as session:
        insert_many(session, Nudge, again, or_ignore=True)
    assert [(one.id, one.attempts) for one in nudges(stored)] == [
        ("n0", 0), ("n1", 0), ("n2", 0), ("n3", 0),
    ]  # fmt: skip
    with pytest.raises(IntegrityError), stored.begin() as session:
        insert_many(session, Nudge, again)


def test_rows_are_numbered_in_their_order(stored: SessionFactory) -> None:
    steps = [{"nudge_id": f"n{n % 3}", "at": AT, "what": f"{n}", "detail": {}} for n in range(50)]
    with stored.begin() as session:
        insert_many(session, NudgeStep, steps)
        found = session.scalars(select(NudgeStep.what).order_by(NudgeStep.id))
        assert list(found) == [str(n) for n in range(50)]


def test_each_row_gets_its_own_new_values_and_the_others_none(stored: SessionFactory) -> None:
    changes = [
        {"id": "n0", "state": NudgeState.SENT, "channel": Channel.EMAIL, "sent_at": AT},
        {"id": "n2", "state": NudgeState.WAITING, "channel": None, "sent_at": None},
    ]
    with stored.begin() as session:
        update_many(session, Nudge, changes)
    assert [(one.state, one.channel, one.sent_at) for one in nudges(stored)] == [
        (NudgeState.SENT, Channel.EMAIL, AT),
        (NudgeState.CLAIMED, None, None),
        (NudgeState.WAITING, None, None),
    ]


@pytest.mark.parametrize(
    "wrong", [{"created_at": AT.replace(tzinfo=None)}, {"state": "no such state"}]
)
def test_values_that_the_columns_refuse_are_refused(
    stored: SessionFactory, wrong: dict[str, Any]
) -> None:
    with pytest.raises((StatementError, ValueError, LookupError)), stored.begin() as session:
        insert_many(session, Nudge, [nudge(3, **wrong)])
    assert len(nudges(stored)) == 3


def test_no_rows_change_nothing(stored: SessionFactory) -> None:
    with stored.begin() as session:
        insert_many(session, Nudge, [])
        update_many(session, Nudge, [])
    assert len(nudges(stored)) == 3
