"""A page of nudges whose facts are read together: whose they are, and what about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from db.models import Channel
from db.owners import Owner, owned_by_any
from nudges.policy import Policy


@dataclass(frozen=True)
class Page:
    """The rows of nudges and their carts, and what to judge them by.

    Facts are kept by cart or by owner: the person, else the visitor. `channels` are those that can
    be sent on.
    """

    session: Session
    rows: Sequence[Any]
    policy: Policy
    channels: frozenset[Channel]
    now: datetime

    @cached_property
    def carts(self) -> set[str]:
        """The carts."""
        return {row.cart_id for row in self.rows}

    @cached_property
    def people(self) -> set[str]:
        """The people among the owners."""
        return {row.person_id for row in self.rows if row.person_id}

    @cached_property
    def visitors(self) -> set[str]:
        """The owners whom nobody knows by name."""
        return {row.visitor_id for row in self.rows if not row.person_id}

    @cached_property
    def owners(self) -> list[Owner]:
        """All owners."""
        return [*{Owner.of(row.visitor_id, row.person_id) for row in self.rows}]

    def owned(self, model: Any) -> ColumnElement[bool]:
        """The condition that a row of the model is of one of the owners."""
        return owned_by_any(self.owners, model.visitor_id, model.person_id)
