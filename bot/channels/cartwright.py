"""The web chat: a socket.io channel that knows the shopper by a signed token and nothing else."""

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.core.tracker_store import FailSafeTrackerStore
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from socketio import AsyncServer
from socketio.exceptions import ConnectionRefusedError as Refusal

from channels.conversation import Conversation, Conversations
from channels.limits import TokenBucket
from channels.messages import (
    RefusedError,
    Uttered,
    bot_message,
    history,
    parse_data,
    read_uttered,
    user_message,
)
from channels.tokens import (
    ExpiredTokenError,
    Identity,
    InvalidTokenError,
    may_announce,
    read_token,
)
from store import ConversationStore

logger = logging.getLogger(__name__)

NAME = "cartwright"
HISTORY_LENGTH = 200
LARGEST_FRAME = 256 * 1024
TURN_SECONDS = 30.0
# A person types no faster for long; a burst lets taps and tests through.
BURST, PER_SECOND = 20, 2.0

# Sanic's coroutine that hands the frames of a socket to its reader.
_UNREAD_FRAMES = "WebsocketImplProtocol.async_data_received"

Handler = Callable[[UserMessage], Awaitable[Any]]


def on_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what asyncio reports, but for frames of a socket closed before they were read.

    Sanic leaves the task that holds such frames waiting for a reader that is gone; nobody is there
    to answer either.
    """
    task = context.get("task")
    coroutine = task.get_coro() if isinstance(task, asyncio.Task) else None
    if getattr(coroutine, "__qualname__", "") == _UNREAD_FRAMES and not context.get("exception"):
        logger.debug("A socket was closed with frames unread")
        return
    loop.default_exception_handler(context)


def _local_addresses(port: str) -> list[str]:
    return [f"http://{host}:{port}" for host in ("localhost", "127.0.0.1")]


@dataclass
class Connection:
    """One open socket."""

    identity: Identity
    limit: TokenBucket


class ChatOutput(OutputChannel):
    """Sends what the bot says to every tab of the conversation."""

    @classmethod
    def name(cls) -> str:
        """The channel's name in stored events."""
        return NAME

    def __init__(self, sio: AsyncServer) -> None:
        self._sio = sio
        self.sent = 0

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Send one thing the bot said: its text, quick replies and cards together."""
        timestamp = float(message.get("timestamp") or time.time())
        built = bot_message(message, timestamp=timestamp)
        if built is not None:
            self.sent += 1
            await self._sio.emit("message", built, room=recipient_id)

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Send plain text."""
        await self.send_response(recipient_id, {"text": text})


class SocketBlueprint(Blueprint):
    """Attaches the socket server to the app that Rasa builds."""

    def __init__(self, channel: "CartwrightChannel") -> None:
        super().__init__("cartwright_chat")
        self.ctx.channel = channel

    def register(self, app: Sanic, options: dict[str, Any]) -> None:
        """Attach to the app."""
        self.ctx.channel.attach(app)
        super().register(app, options)


class CartwrightChannel(InputChannel):
    """The socket: who may connect, what they may send, in which order it is answered."""

    @classmethod
    def name(cls) -> str:
        """The channel's name in credentials and events."""
        return NAME

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> "CartwrightChannel":
        """The channel as the environment sets it up."""
        pages = _local_addresses(os.environ.get("CARTWRIGHT_WEB_PORT", "8000"))
        origins = json.loads(os.environ.get("CARTWRIGHT_ALLOWED_ORIGINS", "null")) or pages
        # Clients that are no browser name the bot's own address.
        own = _local_addresses(os.environ.get("CARTWRIGHT_BOT_PORT", "5005"))
        return cls(secret=os.environ["CARTWRIGHT_SECRET"], origins=[*origins, *own])

    def __init__(self, *, secret: str, origins: list[str]) -> None:
        self._secret = secret
        self._origins = origins
        self._connections: dict[str, Connection] = {}
        self._conversations = Conversations(self._new_limit)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sio: Any = None
        self._app: Any = None
        self._handle: Handler | None = None

    def url_prefix(self) -> str:
        """Where the channel's own routes are; the socket's path is /socket.io."""
        return f"/{NAME}"

    def get_output_channel(self) -> OutputChannel | None:
        """An output for what the shop triggers (nudges)."""
        return ChatOutput(self._sio) if self._sio is not None else None

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        """The routes, and the socket that is attached with them."""
        self._handle = on_new_message
        self._sio = AsyncServer(
            async_mode="sanic",
            cors_allowed_origins="*" if "*" in self._origins else self._origins,
            max_http_buffer_size=LARGEST_FRAME,
            logger=False,
            engineio_logger=False,
        )
        self._sio.on("connect", self._on_connect)
        self._sio.on("disconnect", self._on_disconnect)
        self._sio.on("user_uttered", self._on_uttered)
        blueprint = SocketBlueprint(self)

        @blueprint.listener("after_server_start")
        async def watch_loop(_: Sanic, loop: asyncio.AbstractEventLoop) -> None:
            loop.set_exception_handler(on_loop_error)

        @blueprint.get("/health")
        async def health(_: Request) -> HTTPResponse:
            ready = getattr(self._app.ctx, "agent", None) is not None and self._agent.is_ready()
            return response.json({"ready": ready}, status=200 if ready else 503)

        @blueprint.post("/announce")
        async def announce(request: Request) -> HTTPResponse:
            header = request.headers.get("authorization", "")
            now = datetime.now(timezone.utc)
            if not may_announce(header, secret=self._secret, now=now):
                return response.json({"detail": "Only the scheduler may announce."}, status=401)
            named = (request.json or {}).get("conversations")
            if not isinstance(named, list):
                return response.json({"detail": "conversations: a list is needed"}, status=422)
            there = [one for one in named if isinstance(one, str) and self._conversations.has(one)]
            for conversation_id in there:
                await self._sio.emit("reminders", {}, room=conversation_id)
            return response.json({"told": len(there)})

        return blueprint

    def attach(self, app: Sanic) -> None:
        """Serve the socket from this app."""
        self._app = app
        self._sio.attach(app, "/socket.io")

    @property
    def _agent(self) -> Agent:
        agent: Agent = self._app.ctx.agent
        return agent

    @property
    def _store(self) -> ConversationStore:
        store = self._agent.tracker_store
        if isinstance(store, FailSafeTrackerStore):
            store = store._tracker_store
        if not isinstance(store, ConversationStore):
            raise TypeError("endpoints.yml must name store.ConversationStore as tracker_store")
        return store

    def _new_limit(self) -> TokenBucket:
        return TokenBucket(burst=BURST, per_second=PER_SECOND, clock=time.monotonic)

    async def _on_connect(self, sid: str, environ: Any, auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        try:
            identity = read_token(token, secret=self._secret, now=datetime.now(timezone.utc))
        except ExpiredTokenError:
            raise Refusal("token_expired") from None
        except InvalidTokenError:
            raise Refusal("token_invalid") from None
        await self._adopt(identity)
        self._connections[sid] = Connection(identity, self._new_limit())
        self._conversations.of(identity.conversation_id).connections += 1
        self._sio.enter_room(sid, identity.conversation_id)
        # Nothing is awaited after this, so the client hears that it is connected first.
        self._start(self._send_history(sid, identity.conversation_id))

    async def _on_disconnect(self, sid: str, *_: Any) -> None:
        connection = self._connections.pop(sid, None)
        if connection is None:
            return
        conversation_id = connection.identity.conversation_id
        self._conversations.of(conversation_id).connections -= 1
        self._conversations.let_go(conversation_id)

    async def _on_uttered(self, sid: str, *frames: Any) -> dict[str, Any]:
        """Take a message or say why not; it is answered later, in its turn."""
        connection = self._connections.get(sid)
        if connection is None:
            return {"ok": False, "code": "failed"}
        if connection.identity.expires <= time.time():
            await self._sio.disconnect(sid)
            return {"ok": False, "code": "failed"}
        conversation_id = connection.identity.conversation_id
        conversation = self._conversations.of(conversation_id)
        try:
            uttered = self._admitted(connection, conversation, frames)
        except RefusedError as refused:
            await self._tell_problem(refused.code, room=sid)
            return {"ok": False, "code": refused.code}
        if uttered is not None:
            conversation.remember([uttered.id])
            conversation.waiting += 1
            self._start(self._take_turn(conversation_id, conversation, uttered))
        return {"ok": True}

    def _admitted(
        self, connection: Connection, conversation: Conversation, frames: Any
    ) -> Uttered | None:
        """The message to answer; None for a retry of one that was taken. Raises RefusedError."""
        if not connection.limit.take():
            raise RefusedError("too_fast")
        uttered = read_uttered(frames[0] if frames else None)
        if conversation.has_taken(uttered.id):
            return None
        if not conversation.limit.take():
            raise RefusedError("too_fast")
        if conversation.is_full:
            raise RefusedError("busy")
        return uttered

    async def _take_turn(
        self, conversation_id: str, conversation: Conversation, uttered: Uttered
    ) -> None:
        try:
            async with conversation.turn:
                await self._answer(conversation_id, uttered)
        finally:
            conversation.waiting -= 1
            self._conversations.let_go(conversation_id)

    async def _answer(self, conversation_id: str, uttered: Uttered) -> None:
        output = ChatOutput(self._sio)
        if uttered.shown:
            echo = user_message(message_id=uttered.id, shown=uttered.shown, timestamp=time.time())
            await self._sio.emit("message", echo, room=conversation_id)
        message = UserMessage(
            uttered.text,
            output,
            conversation_id,
            parse_data=parse_data(uttered) if uttered.is_payload else None,
            input_channel=NAME,
            message_id=uttered.id,
            metadata=uttered.metadata,
        )
        await self._sio.emit("typing", {"on": True}, room=conversation_id)
        try:
            if self._handle is None:
                raise RuntimeError("the channel has no handler")
            await asyncio.wait_for(self._handle(message), TURN_SECONDS)
        except Exception as error:
            logger.error("A chat turn failed: %s", type(error).__name__)
            logger.debug("The failed turn", exc_info=True)
        finally:
            await self._sio.emit("typing", {"on": False}, room=conversation_id)
        if not output.sent:
            await self._tell_problem("failed", room=conversation_id)

    async def _send_history(self, sid: str, conversation_id: str) -> None:
        events = self._store.recent(conversation_id, limit=HISTORY_LENGTH)
        self._conversations.of(conversation_id).remember(
            str(event["message_id"]) for event in events if event.get("message_id")
        )
        await self._sio.emit("session", {"history": history(events)}, room=sid)

    async def _adopt(self, identity: Identity) -> None:
        """At the first connection after sign-in, make the visitor's talk part of the person's."""
        if not identity.person_id or not identity.visitor_id:
            return
        visitor, person = f"v_{identity.visitor_id}", identity.conversation_id
        if not self._store.recent(visitor, limit=1):
            return
        # The locks keep an answer under way from being written to the conversation just moved.
        locks = self._agent.lock_store
        async with (
            self._conversations.of(visitor).turn,
            self._conversations.of(person).turn,
            locks.lock(visitor),
            locks.lock(person),
        ):
            self._store.adopt(visitor=visitor, person=person)
        self._conversations.let_go(visitor)

    async def _tell_problem(self, code: str, *, room: str) -> None:
        texts = (
            self._agent.domain.responses.get(f"utter_problem_{code}")
            if self._agent.domain
            else None
        )
        text = texts[0].get("text", "") if texts else ""
        await self._sio.emit("problem", {"code": code, "text": text}, room=room)

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("A chat task failed: %s", type(task.exception()).__name__)
