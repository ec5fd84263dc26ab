"""What of a shopper's purchases was refunded, from the `refund` events that name them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.fold import CartItem, LineKey
from db.models import Event, EventName, Visitor
from db.owners import owner_values, visitors_of_bound


@dataclass(frozen=True, slots=True)
class Refunds:
    """Transactions refunded whole, and the pieces refunded of others."""

    whole: frozenset[str]
    pieces: Mapping[tuple[str, LineKey], int]

    def of(self, transaction_id: str | None, key: LineKey, quantity: int) -> int:
        """How many of a purchase line's `quantity` pieces were refunded."""
        if transaction_id is None:
            return 0
        if transaction_id in self.whole:
            return quantity
        return min(quantity, self.pieces.get((transaction_id, key), 0))


def refunds(session: Session, identity: Identity) -> Refunds:
    """The identity's refunds."""
    statement = _refunds(signed_in=bool(identity.person_id))
    return _gathered(session.connection().execute(statement, owner_values(identity)))


def refunds_of_people(
    session: Session, people: Select[str | None], *, since: datetime, until: datetime
) -> dict[str, Refunds]:
    """What was refunded to each of these people from `since` on, before `until`."""
    rows = session.execute(
        select(
            Visitor.person_id,
            Event.transaction_id,
            Event.product_id,
            Event.variant_id,
            Event.quantity,
        )
        .join(Visitor, Visitor.id == Event.visitor_id)
        .where(
            Event.at >= since,
            Event.at < until,
            # In the statement's text, as the index of refunds holds none but this name.
            Event.name == bindparam(None, EventName.REFUND, literal_execute=True),
            Visitor.person_id.in_(people),
        )
    )
    by_person: dict[str, list[Any]] = defaultdict(list)
    for person_id, *refund in rows:
        if person_id is not None:
            by_person[person_id].append(refund)
    return {person: _gathered(theirs) for person, theirs in by_person.items()}


def _gathered(rows: Iterable[Any]) -> Refunds:
    """From (transaction, product, variant, quantity); as in GA4, no product means the whole."""
    whole: set[str] = set()
    pieces: Counter[tuple[str, LineKey]] = Counter()
    for transaction_id, product_id, variant_id, quantity in rows:
        if transaction_id is None:
            continue
        if product_id is None:
            whole.add(transaction_id)
        else:
            pieces[transaction_id, CartItem(product_id, variant_id).key] += quantity or 1
    return Refunds(frozenset(whole), pieces)


@cache
def _refunds(*, signed_in: bool) -> Select[str | None, str | None, str | None, int | None]:
    """Built once, as all that every suggestion asks: this takes longer than running it."""
    return select(Event.transaction_id, Event.product_id, Event.variant_id, Event.quantity).where(
        Event.visitor_id.in_(visitors_of_bound(signed_in=signed_in)),
        Event.name == EventName.REFUND,
    )
