"""Where a channel reaches a shopper: connecting an address, and forgetting one."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from core.identity import Identity
from db.addresses import address_digest
from db.models import Channel, ChannelAddress, Suppression
from db.owners import owned_by
from db.writes.visitors import claim_visitor


def connect_address(
    session: Session,
    identity: Identity,
    channel: Channel,
    address: str,
    *,
    now: datetime,
    details: Mapping[str, str] | None = None,
) -> Identity:
    """Reach the shopper there from now on; returns who that is.

    It takes the place of their earlier address on the channel (of a browser's, where each of their
    browsers has one), and of whoever had this one. That somebody connects it anew shows that it
    lives, so it is not suppressed any longer.
    """
    visitor = claim_visitor(session, identity, now=now)
    owner = Identity(visitor.id, visitor.person_id)
    earlier = (
        ChannelAddress.visitor_id == owner.visitor_id
        if channel is Channel.WEB_PUSH
        else owned_by(owner, ChannelAddress.visitor_id, ChannelAddress.person_id)
    )
    session.execute(
        delete(ChannelAddress).where(
            ChannelAddress.channel == channel,
            or_(ChannelAddress.address == address, earlier),
        )
    )
    session.execute(
        delete(Suppression).where(
            Suppression.channel == channel,
            Suppression.address_digest == address_digest(channel, address),
        )
    )
    session.add(
        ChannelAddress(
            visitor_id=owner.visitor_id,
            person_id=owner.person_id,
            channel=channel,
            address=address,
            details=dict(details or {}),
            at=now,
        )
    )
    session.flush()
    return owner


def forget_address(session: Session, channel: Channel, address: str) -> None:
    """It is of no use any more."""
    session.execute(
        delete(ChannelAddress).where(
            ChannelAddress.channel == channel, ChannelAddress.address == address
        )
    )
