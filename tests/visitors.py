"""Visitors that a test wants stored before they have done anything."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.identity import Identity, new_visitor
from db.writes.visitors import claim_visitor


def create_visitor(session: Session, *, now: datetime) -> Identity:
    """A stored visitor whom nobody has signed in."""
    return Identity(claim_visitor(session, new_visitor(), now=now).id)
