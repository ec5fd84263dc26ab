"""What the shop says of its people: how to reach them, and what they agreed to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.insert import table_of
from db.models import ChatOutbox, Person
from db.reads.consents import ConsentLine, consent_ledger
from db.writes.consents import record_consent
from db.writes.visitors import lock_person

TOLD = frozenset({"email", "name", "locale", "time_zone", "is_staff"})
"""The columns of `people` that the shop fills in."""


class EmailTakenError(Exception):
    """Another person has this e-mail address."""


def tell_person(
    session: Session,
    person_id: str,
    *,
    values: Mapping[str, str | bool | None],
    consents: Sequence[ConsentLine],
    now: datetime,
) -> None:
    """Store what the shop says of a person, who may be new.

    `values` are columns of TOLD: those left out stay as they are, None is forgotten, and with the
    name the chat messages that call them by it. Of `consents` each is a line of the ledger with a
    time of its own; one that is in it already is not added again, so telling the same twice changes
    nothing. The newest time counts, whoever told it.

    Raises EmailTakenError, and ValueError for a column that is none of the shop's.
    """
    if unknown := values.keys() - TOLD:
        raise ValueError(f"the shop does not tell {', '.join(sorted(unknown))}")
    lock_person(session, person_id, now=now)
    called = session.scalar(select(Person.name).where(Person.id == person_id))
    if values:
        people = table_of(Person)
        try:
            with session.begin_nested():
                session.execute(update(people).where(people.c.id == person_id).values(values))
        except IntegrityError as error:
            raise EmailTakenError("another person has this e-mail address") from error
    if called is not None and values.get("name", called) is None:
        session.execute(delete(ChatOutbox).where(ChatOutbox.person_id == person_id))
    known = set(consent_ledger(session, person_id))
    for line in dict.fromkeys(consents):
        if line not in known:
            record_consent(
                session,
                person_id,
                line.channel,
                granted=line.granted,
                basis=line.basis,
                wording_version=line.wording_version,
                source=line.source,
                now=line.at,
            )
