"""Who people are, for themselves and for the demo's sign-in page."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Person


def person_name(session: Session, person_id: str) -> str | None:
    """What to call a person; None where there is no such person or no name."""
    return session.scalar(select(Person.name).where(Person.id == person_id))


def person_exists(session: Session, person_id: str) -> bool:
    """Whether there is such a person."""
    return session.scalar(select(Person.id).where(Person.id == person_id)) is not None
