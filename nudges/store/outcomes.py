"""Writing down what became of nudges. Every change of state goes with a step that tells it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.identity import Identity
from db.addresses import address_digest
from db.among import among
from db.insert import table_of
from db.many import insert_many, update_many
from db.models import (
    Assignment,
    Exposure,
    Nudge,
    NudgeState,
    NudgeStep,
    Suppression,
)
from db.writes.addresses import forget_address
from nudges.facts import Address, InArm


@dataclass(frozen=True, slots=True)
class Change:
    """What one nudge becomes, and the step that tells it; `values` are columns of its row.

    `what` is None where the step would only say again what an earlier one says.
    """

    nudge_id: str
    state: NudgeState
    what: str | None
    values: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)


def write_changes(
    session: Session, claim_id: str, changes: Sequence[Change], *, now: datetime
) -> set[str]:
    """Apply the changes to nudges that this claim still holds; returns the ids of those."""
    held = _held(session, claim_id, [change.nudge_id for change in changes])
    kept = [change for change in changes if change.nudge_id in held]
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for change in kept:
        row = {"id": change.nudge_id, "state": change.state, **change.values}
        by_columns.setdefault(tuple(row), []).append(row)
    for rows in by_columns.values():
        update_many(session, Nudge, rows)
    told = [(one.nudge_id, one.what, one.detail) for one in kept if one.what is not None]
    add_steps(session, told, now=now)
    return held


def add_steps(
    session: Session, steps: Iterable[tuple[str, str, Mapping[str, Any]]], *, now: datetime
) -> None:
    """Note things that happened to nudges: (nudge id, what, detail)."""
    insert_many(
        session,
        NudgeStep,
        [
            {"nudge_id": nudge_id, "at": now, "what": what, "detail": dict(detail)}
            for nudge_id, what, detail in steps
        ],
    )


def note_first(
    session: Session,
    which: ColumnElement[bool],
    moment: InstrumentedAttribute[datetime | None],
    now: datetime,
    **values: Any,
) -> bool:
    """Set a row's column to this moment, and others with it, unless it has one; whether it did."""
    noted = (
        update(moment.class_)
        .where(which, moment.is_(None))
        .values({moment.key: now, **values})
        .returning(moment)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(noted) is not None


def note_delivered(session: Session, nudge_id: str, *, now: datetime) -> None:
    """The shopper's side told that it showed the message; told again changes nothing.

    One whose fate was unknown has arrived, then.
    """
    state = table_of(Nudge).c.state
    arrived = case((state == NudgeState.UNKNOWN, NudgeState.SENT), else_=state)
    if note_first(session, Nudge.id == nudge_id, Nudge.delivered_at, now, state=arrived):
        add_steps(session, [(nudge_id, "delivered", {})], now=now)


def note_clicked(session: Session, nudge_id: str, identity: Identity, *, now: datetime) -> None:
    """The message brought somebody back, in this identity's browser; the first time is noted."""
    if note_first(session, Nudge.id == nudge_id, Nudge.clicked_at, now):
        who = {"visitor_id": identity.visitor_id, "person_id": identity.person_id}
        add_steps(session, [(nudge_id, "clicked", who)], now=now)


def write_exposures(
    session: Session, exposed: Sequence[tuple[str, str, Sequence[InArm]]], *, now: datetime
) -> None:
    """Store that nudges were exposed: (nudge id, subject, its arms); each once."""
    arms = [(nudge_id, subject, arm) for nudge_id, subject, mine in exposed for arm in mine]
    insert_many(
        session,
        Exposure,
        [
            {
                "nudge_id": nudge_id,
                "experiment": arm.experiment,
                "arm": arm.arm,
                "probability": arm.probability,
                "at": now,
            }
            for nudge_id, _, arm in arms
        ],
        or_ignore=True,
    )
    insert_many(
        session,
        Assignment,
        [
            {
                "experiment": arm.experiment,
                "subject": subject,
                "arm": arm.arm,
                "probability": arm.probability,
                "at": now,
            }
            for _, subject, arm in arms
        ],
        or_ignore=True,
    )


def suppress(session: Session, addresses: Iterable[tuple[Address, str]], *, now: datetime) -> None:
    """Never write to these addresses again: (address, why); only their digests are kept."""
    addresses = list(addresses)
    rows = [
        {
            "channel": address.channel,
            "address_digest": address_digest(address.channel, address.address),
            "reason": reason[:300],
            "at": now,
        }
        for address, reason in addresses
    ]
    insert_many(session, Suppression, rows, or_ignore=True)
    for address, _ in addresses:
        forget_address(session, address.channel, address.address)


def recover(session: Session, *, lease: timedelta, now: datetime) -> tuple[int, int]:
    """Take back what dead sweeps left: (put back to wait, marked unknown).

    What was claimed had not been sent yet and is looked at anew. What was being sent may have gone
    out, so it is never sent again.
    """
    back = _take_back(session, NudgeState.CLAIMED, NudgeState.WAITING, lease=lease, now=now)
    lost = _take_back(session, NudgeState.SENDING, NudgeState.UNKNOWN, lease=lease, now=now)
    add_steps(session, [(key, "taken_back", {}) for key in back], now=now)
    add_steps(session, [(key, "unknown", {"failure": LOST}) for key in lost], now=now)
    return len(back), len(lost)


LOST = "its process died while it was being sent"


def _take_back(
    session: Session, was: NudgeState, becomes: NudgeState, *, lease: timedelta, now: datetime
) -> list[str]:
    table = table_of(Nudge)
    stale = (
        select(table.c.id)
        .where(table.c.state == was, table.c.claimed_at <= now - lease)
        .with_for_update(skip_locked=True)
    )
    values: dict[str, Any] = {"state": becomes}
    if becomes is NudgeState.WAITING:
        values["next_at"] = now
        values["claim"] = None
    else:
        values["failure"] = LOST
        values["sent_at"] = table.c.claimed_at
    return list(
        session.scalars(
            update(table).where(table.c.id.in_(stale)).values(values).returning(table.c.id)
        )
    )


def _held(session: Session, claim_id: str, nudge_ids: list[str]) -> set[str]:
    """Those that the claim holds, locked. An unknown one of its own may still become known."""
    return set(
        session.scalars(
            select(Nudge.id)
            .where(
                among(Nudge.id, nudge_ids),
                Nudge.claim == claim_id,
                Nudge.state.in_((NudgeState.CLAIMED, NudgeState.SENDING, NudgeState.UNKNOWN)),
            )
            .with_for_update()
        )
    )
