"""Who people are, for themselves and for the demo's sign-in page."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Person


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person and what to call them."""

    id: str
    name: str


def person_name(session: Session, person_id: str) -> str | None:
    """What to call a person; None where there is no such person or no name."""
    return session.scalar(select(Person.name).where(Person.id == person_id))


def person_exists(session: Session, person_id: str) -> bool:
    """Whether there is such a person."""
    return session.scalar(select(Person.id).where(Person.id == person_id)) is not None


def named_people(session: Session, *, limit: int = 100) -> list[PersonName]:
    """People who have a name, in order of their ids: those the demo lets one sign in as."""
    rows = session.execute(
        select(Person.id, Person.name)
        .where(Person.name.is_not(None))
        .order_by(Person.id)
        .limit(limit)
    )
    return [PersonName(row.id, row.name) for row in rows if row.name]
