"""What a shopper answers to a reminder, or says of the cart they hesitate over."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import NudgeReply, Pause, ReplyKind
from db.reads.carts import open_cart
from db.reads.nudges import last_written
from db.writes.visitors import claim_visitor, require_current

# A message is answered while it is remembered; later words are about the cart alone.
ANSWERS = timedelta(days=14)


def record_reply(
    session: Session,
    identity: Identity,
    kind: ReplyKind,
    *,
    quiet_until: datetime | None,
    source: str,
    now: datetime,
) -> datetime | None:
    """Store what the shopper said, where they have a cart or were written to lately.

    With `quiet_until` nothing more is sent about their cart before then; returns that moment as it
    is stored, None where there is no cart to be quiet about. Whoever has neither leaves no row.
    """
    cart = open_cart(session, identity, now=now)
    cart_id = cart.id if cart and cart.lines else None
    written = last_written(session, identity)
    answered = written if written and now - written.at <= ANSWERS else None
    if cart_id is None and answered is None:
        return None
    visitor = claim_visitor(session, identity, now=now)
    require_current(identity, visitor)
    session.add(
        NudgeReply(
            visitor_id=visitor.id,
            person_id=visitor.person_id,
            cart_id=cart_id,
            nudge_id=answered.nudge_id if answered else None,
            kind=kind,
            at=now,
        )
    )
    pause = None
    if quiet_until is not None and cart_id is not None:
        pause = Pause(
            visitor_id=visitor.id,
            person_id=visitor.person_id,
            cart_id=cart_id,
            until=quiet_until,
            reason=kind.value,
            source=source,
            at=now,
        )
        session.add(pause)
    session.flush()
    return pause.until if pause else None
