"""A shopper's word on a product or a suggestion."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import Feedback, FeedbackKind, Suggestion
from db.owners import owned_by
from db.writes.visitors import claim_visitor, require_current


class UnknownSuggestion(Exception):  # noqa: N818 reads as the outcome it is
    """No such suggestion was shown to this shopper for this product."""


def give_feedback(
    session: Session,
    identity: Identity,
    product_id: str,
    kind: FeedbackKind,
    *,
    now: datetime,
    suggestion_id: str | None = None,
) -> None:
    """Store what the shopper says of a product; the newest word counts.

    Raises UnknownSuggestion where the suggestion is not one shown to them for this product.
    """
    visitor = claim_visitor(session, identity, now=now)
    require_current(identity, visitor)
    mine = Identity(visitor.id, visitor.person_id)
    if suggestion_id is not None:
        shown = select(Suggestion.id).where(
            Suggestion.id == suggestion_id,
            Suggestion.product_id == product_id,
            owned_by(mine, Suggestion.visitor_id, Suggestion.person_id),
        )
        if session.scalar(shown) is None:
            raise UnknownSuggestion(suggestion_id)
    session.add(
        Feedback(
            visitor_id=visitor.id,
            person_id=visitor.person_id,
            product_id=product_id,
            kind=kind,
            suggestion_id=suggestion_id,
            at=now,
        )
    )
    session.flush()
