"""Whether, when and where the owners of a page want to be written to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from core.identity import Identity
from db.addresses import address_digest
from db.among import among
from db.models import Channel, ChannelAddress, Consent, Pause, Reminder, Suppression
from nudges.facts import Address, Silence
from nudges.policy import ASKED
from nudges.store.page import Page


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said last of a channel: yes or no, and when."""

    granted: bool
    at: datetime


def consents(page: Page) -> dict[str, dict[Channel, Word]]:
    """The newest line of the ledger by person and channel."""
    found: dict[str, dict[Channel, Word]] = defaultdict(dict)
    rows = page.session.execute(
        select(Consent.person_id, Consent.channel, Consent.granted, Consent.at)
        .where(among(Consent.person_id, page.people), Consent.at <= page.now)
        .order_by(Consent.at, Consent.id)
    )
    for row in rows:
        found[row.person_id][row.channel] = Word(row.granted, row.at)
    return found


def addresses(page: Page) -> dict[str, dict[Channel, Address]]:
    """Where an owner can be reached, by channel; only on channels that can be sent on."""
    known: dict[str, dict[Channel, Address]] = defaultdict(dict)
    rows = page.session.execute(
        select(
            ChannelAddress.person_id,
            ChannelAddress.visitor_id,
            ChannelAddress.channel,
            ChannelAddress.address,
            ChannelAddress.details,
        )
        .where(page.owned(ChannelAddress))
        .order_by(ChannelAddress.at, ChannelAddress.id)
    )
    for row in rows:
        found = Address(row.channel, row.address, row.details)
        known[row.person_id or row.visitor_id][row.channel] = found
    for cart in page.rows:
        owner = cart.person_id or cart.visitor_id
        if cart.email:
            known[owner][Channel.EMAIL] = Address(Channel.EMAIL, cart.email)
        conversation = Identity(cart.visitor_id, cart.person_id).conversation_id
        known[owner][Channel.CHAT] = Address(Channel.CHAT, conversation)
    for by_channel in known.values():
        for channel in by_channel.keys() - page.channels:
            del by_channel[channel]
    return known


def suppressed(page: Page, known: Mapping[str, Mapping[Channel, Address]]) -> set[str]:
    """The digests of those among the known addresses that are dead."""
    digests = {
        address_digest(address.channel, address.address)
        for by_channel in known.values()
        for address in by_channel.values()
    }
    return set(
        page.session.scalars(
            select(Suppression.address_digest).where(among(Suppression.address_digest, digests))
        )
    )


def silences(page: Page) -> dict[str, list[tuple[str | None, Silence]]]:
    """The silences in force, by owner, each with the cart that it is about, if about one."""
    found: dict[str, list[tuple[str | None, Silence]]] = defaultdict(list)
    rows = page.session.execute(
        select(
            Pause.person_id,
            Pause.visitor_id,
            Pause.cart_id,
            Pause.channel,
            Pause.until,
            Pause.reason,
            Pause.at,
        )
        .where(
            page.owned(Pause),
            Pause.ended_at.is_(None),
            or_(Pause.until.is_(None), Pause.until > page.now),
        )
        .order_by(Pause.at, Pause.id)
    )
    for row in rows:
        silence = Silence(row.channel, row.until, row.reason, row.at)
        found[row.person_id or row.visitor_id].append((row.cart_id, silence))
    return found


def reminders_due(page: Page) -> dict[str, datetime]:
    """When the next reminder that an owner asked for comes."""
    rows = page.session.execute(
        select(Reminder.person_id, Reminder.visitor_id, func.min(Reminder.due_at).label("due"))
        .where(
            page.owned(Reminder),
            Reminder.taken_at.is_(None),
            Reminder.cancelled_at.is_(None),
        )
        .group_by(Reminder.person_id, Reminder.visitor_id)
    )
    due: dict[str, datetime] = {}
    for row in rows:
        owner = row.person_id or row.visitor_id
        due[owner] = min(due.get(owner, row.due), row.due)
    return due


def asked_for(page: Page) -> dict[str, tuple[datetime, Channel]]:
    """When the shopper asked to be reminded, and where: in chat where they did not say.

    Left out is what they took back.
    """
    nudge_ids = [row.id for row in page.rows if row.stage == ASKED]
    if not nudge_ids:
        return {}
    rows = page.session.execute(
        select(Reminder.nudge_id, Reminder.asked_at, Reminder.channel).where(
            among(Reminder.nudge_id, nudge_ids), Reminder.cancelled_at.is_(None)
        )
    )
    return {
        row.nudge_id: (row.asked_at, row.channel or Channel.CHAT) for row in rows if row.nudge_id
    }
