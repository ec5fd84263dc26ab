"""Browsers that shoppers want to be reminded in: their push subscriptions, from first to last.

A subscription is a channel address, one a browser, whose endpoint the browser's push service gave
and whose keys only the browser can read with. What comes next is sent to the one that was last
heard of; where that one is gone, to the one before.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import Channel, ChannelAddress, LinkPurpose
from db.reads.consents import consents_in_force
from db.writes.addresses import connect_address, forget_address
from db.writes.asked import stop_reminders
from db.writes.consents import record_consent
from db.writes.visitors import end_notifications
from nudges.links import mark_used, open_link
from nudges.store.outcomes import note_delivered

WORDING = "push-1"
SOURCE = "browser"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser's PushManager gave: an address, and its keys in base64url."""

    endpoint: str
    p256dh: str
    auth: str


def subscribe(
    session: Session, identity: Identity, subscription: Subscription, *, now: datetime
) -> None:
    """Remind the signed-in shopper in this browser from now on; this is the consent.

    Whoever had the subscription before is not reminded there any more. Raises ValueError for a
    guest.
    """
    if identity.person_id is None:
        raise ValueError("only somebody who is signed in is reminded by a browser")
    _connect(session, identity, subscription, now=now)
    record_consent(
        session,
        identity.person_id,
        Channel.WEB_PUSH,
        granted=True,
        wording_version=WORDING,
        source=SOURCE,
        now=now,
    )


def keep(
    session: Session,
    identity: Identity,
    subscription: Subscription,
    *,
    was: str | None,
    now: datetime,
) -> bool:
    """The browser still has its subscription, or has this one in place of the one at `was`.

    Where it does not know the old one any more, this browser's is meant. False, and nothing is
    kept, where the shopper has no such subscription: it was somebody else's, or is ended.
    """
    if identity.person_id is None:
        return False
    which = ChannelAddress.address == was if was else _in_browser(identity)
    known = session.scalar(select(ChannelAddress.address).where(_mine(identity), which))
    if known is None:
        return False
    forget_address(session, Channel.WEB_PUSH, known)
    _connect(session, identity, subscription, now=now)
    return True


def unsubscribe_browser(session: Session, identity: Identity, *, now: datetime) -> None:
    """No reminders in this browser any more; with the last one the consent is withdrawn."""
    end_notifications(session, identity)
    others = select(ChannelAddress.id).where(_mine(identity))
    if session.scalar(others.limit(1)) is None:
        stop_reminders(session, identity, channel=Channel.WEB_PUSH, source=SOURCE, now=now)


def is_reminded_here(session: Session, identity: Identity) -> bool:
    """Whether this browser is subscribed for the signed-in shopper, and they agree."""
    if identity.person_id is None:
        return False
    agreed = consents_in_force(session, identity.person_id).get(Channel.WEB_PUSH)
    here = select(ChannelAddress.id).where(_mine(identity), _in_browser(identity))
    return agreed is not None and agreed.granted and session.scalar(here) is not None


def shown(session: Session, token: str, *, now: datetime) -> bool:
    """The browser showed a message's notification; False where the token is not good for that."""
    link = open_link(session, token, LinkPurpose.SHOWN, now=now)
    if link is None:
        return False
    if mark_used(session, link, now=now):
        note_delivered(session, link.nudge_id, now=now)
    return True


def _connect(
    session: Session, identity: Identity, subscription: Subscription, *, now: datetime
) -> None:
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    connect_address(
        session, identity, Channel.WEB_PUSH, subscription.endpoint, now=now, details=keys
    )


def _mine(identity: Identity) -> ColumnElement[bool]:
    return and_(
        ChannelAddress.channel == Channel.WEB_PUSH, ChannelAddress.person_id == identity.person_id
    )


def _in_browser(identity: Identity) -> ColumnElement[bool]:
    return ChannelAddress.visitor_id == identity.visitor_id
