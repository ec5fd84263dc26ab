"""A channel together with the other side that it talks to, which can be told to misbehave."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesParser
from email.policy import default
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory, make_engine, make_session_factory
from db.models import Channel as ChannelName
from db.models import ChatOutbox
from db.writes.addresses import connect_address
from nudges.channels import Channel, poster
from nudges.channels import email as email_channel
from nudges.channels.announce import BotAnnouncer
from nudges.channels.chat import ChatChannel
from nudges.channels.email import EmailChannel
from nudges.channels.push import PushChannel
from nudges.channels.push_encryption import ShopKey
from nudges.channels.telegram import TelegramChannel
from nudges.push import subscribe
from tests.bot_api import TOKEN, bot_api, error
from tests.http_server import Reply
from tests.integration.nudges.shoppers import agree
from tests.push_service import push_service
from tests.smtp import CUT, SILENT, mail_sink
from tests.stack import free_port


class Way(StrEnum):
    """How the other side behaves."""

    LATER = "asks to try again later"
    GONE = "says that the address is gone"
    REFUSES = "does not want this message"
    NOT_YOU = "does not let the shop send"
    CUTS = "cuts the connection when it has the message"
    SILENT = "never answers when it has the message"
    AWAY = "is not there"


@dataclass(frozen=True, slots=True)
class Rig:
    """A channel and its other side.

    `behave` makes the other side behave in a way, well where it is None. `arrived` is what it took
    as it reads it. `reach` lets somebody be reached there. `knows` is what the other side tells
    apart messages by, where the protocol has such a thing: it has each once, however often it is
    handed over. `words` are those that its messages need.
    """

    name: ChannelName
    channel: Channel
    behave: Callable[[Way | None], None]
    arrived: Callable[[], list[str]]
    reach: Callable[[Session, str, datetime], None]
    words: tuple[str, ...]
    knows: Callable[[], list[str]] | None = None


@contextmanager
def email_rig(sessions: SessionFactory, folder: Path) -> Iterator[Rig]:
    """E-mail, and a mail server that speaks SMTP."""
    replies: dict[Way | None, dict[str, str]] = {
        None: {},
        Way.LATER: {"RCPT": "451 4.2.1 busy"},
        Way.GONE: {"RCPT": "550 5.1.1 no such user here"},
        Way.REFUSES: {".": "554 5.7.1 looks like spam"},
        Way.NOT_YOU: {"MAIL": "553 5.1.8 sender address rejected"},
        Way.CUTS: {".": CUT},
        Way.SILENT: {".": SILENT},
        Way.AWAY: {"EHLO": CUT, "HELO": CUT},
    }
    with mail_sink() as sink:
        channel = EmailChannel(Settings(smtp_url=f"smtp://127.0.0.1:{sink.port}"))

        def behave(way: Way | None) -> None:
            sink.replies = replies[way]

        def arrived() -> list[str]:
            mails = [BytesParser(policy=default).parsebytes(raw) for raw in sink.arrived]
            bodies = [mail.get_body(("plain",)) for mail in mails]
            return [body.get_content() for body in bodies if body is not None]

        yield Rig(
            name=ChannelName.EMAIL,
            channel=channel,
            behave=behave,
            arrived=arrived,
            reach=lambda session, key, now: agree(session, key, ChannelName.EMAIL, now=now),
            words=("hello", "button", "sender", "unsubscribe"),
            knows=lambda: list(sink.taken),
        )
        channel.close()


@contextmanager
def chat_rig(sessions: SessionFactory, folder: Path) -> Iterator[Rig]:
    """Chat, with its outbox on the database; the bot is away, which must not matter."""
    empty = make_engine(f"sqlite:///{folder / 'empty.db'}")
    channel = ChatChannel(sessions, BotAnnouncer(Settings(bot_port=free_port())))
    usable: dict[Way | None, SessionFactory] = {
        None: sessions,
        Way.LATER: make_session_factory(empty),
    }

    def behave(way: Way | None) -> None:
        channel._sessions = usable[way]

    def rows() -> list[ChatOutbox]:
        with sessions() as session:
            return list(session.scalars(select(ChatOutbox)))

    yield Rig(
        name=ChannelName.CHAT,
        channel=channel,
        behave=behave,
        arrived=lambda: [
            "\n".join([row.message["text"], *(card["title"] for card in row.message["cards"])])
            for row in rows()
        ],
        reach=lambda session, key, now: agree(session, key, ChannelName.CHAT, now=now),
        words=("hello", "chat_cart"),
        knows=lambda: [row.nudge_id for row in rows()],
    )
    empty.dispose()


@contextmanager
def telegram_rig(sessions: SessionFactory, folder: Path) -> Iterator[Rig]:
    """Telegram, and a server that speaks the Bot API."""
    replies: dict[Way | None, Reply | None] = {
        None: None,
        Way.LATER: error(429, "Too Many Requests: retry after 7", retry_after=7),
        Way.GONE: error(403, "Forbidden: bot was blocked by the user"),
        Way.REFUSES: error(400, "Bad Request: can't parse entities"),
        Way.NOT_YOU: error(401, "Unauthorized"),
        Way.CUTS: CUT,
        Way.SILENT: SILENT,
        Way.AWAY: None,
    }
    with bot_api() as api:
        values = {"telegram_token": TOKEN, "telegram_bot": "shop_bot"}
        channel = TelegramChannel(Settings.model_validate({**values, "telegram_url": api.url}))
        there, nowhere = channel._base, f"http://127.0.0.1:{free_port()}/bot{TOKEN}"

        def behave(way: Way | None) -> None:
            api.reply = replies[way]
            channel._base = nowhere if way is Way.AWAY else there

        def reach(session: Session, key: str, now: datetime) -> None:
            agree(session, key, ChannelName.TELEGRAM, now=now)
            chat = str(70_000 + int.from_bytes(key.encode()))
            who = Identity(f"v-{key}", key)
            connect_address(session, who, ChannelName.TELEGRAM, chat, now=now)

        yield Rig(
            name=ChannelName.TELEGRAM,
            channel=channel,
            behave=behave,
            arrived=lambda: list(api.texts),
            reach=reach,
            words=("hello", "button", "preferences_short", "stop_here"),
        )
        channel.close()


@contextmanager
def push_rig(sessions: SessionFactory, folder: Path) -> Iterator[Rig]:
    """Web push, and a push service whose browsers decrypt what they get."""
    replies: dict[Way | None, Reply | None] = {
        None: None,
        Way.LATER: (429, {"Retry-After": "7"}, b""),
        Way.GONE: (410, {}, b"push subscription has unsubscribed or expired"),
        Way.REFUSES: (413, {}, b""),
        Way.NOT_YOU: (403, {}, b"invalid key in authorization header"),
        Way.CUTS: CUT,
        Way.SILENT: SILENT,
        Way.AWAY: None,
    }
    key = ShopKey.new()
    with push_service(folder, key=key.public_text) as service:
        channel = PushChannel(
            Settings(
                push_key=key.private_text,
                push_contact="mailto:shop@example.org",
                push_hosts=(service.host,),
            )
        )

        def behave(way: Way | None) -> None:
            service.reply = replies[way]
            service.away = way is Way.AWAY

        def reach(session: Session, key: str, now: datetime) -> None:
            subscribe(session, Identity(f"v-{key}", key), service.subscribe(), now=now)

        yield Rig(
            name=ChannelName.WEB_PUSH,
            channel=channel,
            behave=behave,
            arrived=lambda: [message["text"] for message in service.taken],
            reach=reach,
            words=("piece", "button", "preferences_short"),
            knows=lambda: list(service.topics),
        )
        channel.close()


type OpenRig = Callable[[SessionFactory, Path], AbstractContextManager[Rig]]

RIGS: dict[ChannelName, OpenRig] = {
    ChannelName.EMAIL: email_rig,
    ChannelName.CHAT: chat_rig,
    ChannelName.TELEGRAM: telegram_rig,
    ChannelName.WEB_PUSH: push_rig,
}
# How each one's other side can misbehave. The chat's is a database: what it took is always known.
WAYS: dict[ChannelName, tuple[Way, ...]] = {
    ChannelName.EMAIL: tuple(Way),
    ChannelName.CHAT: (Way.LATER,),
    ChannelName.TELEGRAM: tuple(Way),
    ChannelName.WEB_PUSH: tuple(Way),
}
# Those whose protocol has an id that the sender gives.
TOLD_APART = (ChannelName.EMAIL, ChannelName.CHAT, ChannelName.WEB_PUSH)

# Modules whose TIMEOUT_SECONDS the suite makes short.
TIMEOUTS = (email_channel, poster)
