"""What shoppers do in Telegram: connect their chat by a link of their account, and stop.

The link (`https://t.me/BOT?start=TOKEN`) carries a token of 256 random bits, of which the SHA-256
is stored, good once and for an hour. Whoever has it connects their chat to the account that asked
for it: as with the other tokens nobody is signed in by it.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.identity import Identity
from core.settings import Settings
from db.insert import table_of
from db.models import Channel, ChannelAddress, TelegramLink
from db.writes.addresses import connect_address
from db.writes.asked import stop_reminders
from db.writes.consents import record_consent
from db.writes.visitors import claim_visitor, require_current
from nudges.tokens import digest_of, random_token

LIFETIME = timedelta(hours=1)
WORDING = "telegram-1"
SOURCE = "telegram"
# Whoever is misread here misses reminders and is told so; whoever is not heard is pestered.
_STOP_IN_IT = re.compile(
    r"(?<!\bdon['’]t )(?<!\bdo not )\b(?:stop|unsubscribe)\b",
    re.IGNORECASE,
)
_STOP_ALONE = re.compile(r"\W*(?:end|quit|cancel)(?:@\w+)?\W*", re.IGNORECASE)


class Heard(StrEnum):
    """What a shopper's message came to; each has its words."""

    CONNECTED = "connected"
    ALREADY = "already"
    DEAD = "dead"
    STOPPED = "stopped"
    UNKNOWN_CHAT = "unknown_chat"
    ONLY_REMINDERS = "only_reminders"


@dataclass(frozen=True, slots=True)
class Said:
    """A message from a private chat; `text` is None where the shopper blocked the bot."""

    chat_id: str
    text: str | None


def webhook_secret(settings: Settings) -> str:
    """What Telegram shows with each update, to prove that it is Telegram."""
    return hmac.new(settings.secret.encode(), b"telegram-webhook", "sha256").hexdigest()


def new_telegram_link(session: Session, identity: Identity, *, bot: str, now: datetime) -> str:
    """A link that connects a Telegram chat to the signed-in shopper."""
    if identity.person_id is None:
        raise ValueError("only somebody who is signed in connects Telegram")
    visitor = claim_visitor(session, identity, now=now)
    require_current(identity, visitor)
    token = random_token()
    session.add(
        TelegramLink(
            digest=digest_of(token),
            visitor_id=visitor.id,
            person_id=identity.person_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    session.flush()
    return f"https://t.me/{bot}?start={token}"


def hear(session: Session, said: Said, *, now: datetime) -> Heard:
    """Do what a message asks for."""
    if said.text is None:
        return _stop(session, said.chat_id, now=now)
    command, _, rest = said.text.strip().partition(" ")
    name = command.lower().removeprefix("/").partition("@")[0]
    if command.startswith("/") and name == "start" and rest:
        return _start(session, said.chat_id, rest.strip(), now=now)
    if _STOP_IN_IT.search(said.text) or _STOP_ALONE.fullmatch(said.text):
        return _stop(session, said.chat_id, now=now)
    return Heard.ONLY_REMINDERS


def _start(session: Session, chat_id: str, token: str, *, now: datetime) -> Heard:
    table = table_of(TelegramLink)
    digest = digest_of(token)
    taken = session.execute(
        update(table)
        .where(table.c.digest == digest, table.c.used_at.is_(None), table.c.expires_at > now)
        .values(used_at=now)
        .returning(table.c.visitor_id, table.c.person_id)
    ).one_or_none()
    if taken is None:
        # Telegram hands an update over again where our answer was lost.
        mine = select(TelegramLink.digest).where(
            TelegramLink.digest == digest,
            TelegramLink.used_at.is_not(None),
            TelegramLink.person_id == ChannelAddress.person_id,
            ChannelAddress.channel == Channel.TELEGRAM,
            ChannelAddress.address == chat_id,
        )
        return Heard.ALREADY if session.scalar(mine) else Heard.DEAD
    identity = Identity(taken.visitor_id, taken.person_id)
    connect_address(session, identity, Channel.TELEGRAM, chat_id, now=now)
    record_consent(
        session,
        taken.person_id,
        Channel.TELEGRAM,
        granted=True,
        wording_version=WORDING,
        source=SOURCE,
        now=now,
    )
    return Heard.CONNECTED


def _stop(session: Session, chat_id: str, *, now: datetime) -> Heard:
    whose = session.execute(
        select(ChannelAddress.visitor_id, ChannelAddress.person_id).where(
            ChannelAddress.channel == Channel.TELEGRAM, ChannelAddress.address == chat_id
        )
    ).one_or_none()
    if whose is None:
        return Heard.UNKNOWN_CHAT
    owner = Identity(whose.visitor_id, whose.person_id)
    stop_reminders(session, owner, channel=Channel.TELEGRAM, source=SOURCE, now=now)
    return Heard.STOPPED
