"""A small shop with a real chat socket, whose every answer and outage a test decides.

It speaks the widget's protocol (docs/widget.md) over a real python-socketio server, so that what
is hard to bring about with the whole assistant can be: lost networks, expired tokens, hostile
content, very long histories.
"""

import asyncio
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import socketio  # type: ignore[import-untyped]
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from core.identity import Identity, InvalidTokenError, issue_token, read_token
from core.ids import new_id

SECRET = "a-secret-for-the-widget-tests-only-0000"
COOKIE = "cartwright_token"
WIDGET = Path(__file__).parents[3] / "web/static/widget/widget.js"
# A shop's strict policy: no inline script or style, nothing from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' ws://127.0.0.1:*"
)
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 88 88"><rect width="88" height="88" '
    'fill="#e9e4d8"/><path d="M14 66 44 22l30 44Z" fill="#4c7a6b"/></svg>'
)

STYLE = "body { font-family: sans-serif; }"

type Message = dict[str, Any]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def said(text: str, *, sender: str = "bot", **more: Any) -> Message:
    """A message as the server sends it."""
    at = datetime.now(UTC).isoformat()
    return {"id": new_id(), "from": sender, "text": text, "at": at, **more}


class ChatShop:
    """The shop's pages, its identity endpoints and its chat, on one port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.histories: dict[str, list[Message]] = defaultdict(list)
        self.received: list[Message] = []
        self.cart: dict[str, Any] = {"lines": [], "count": 0}
        self.tokens_issued = 0
        self.refusals = 0
        self.acknowledges = True
        self.refuses_with: str | None = None
        self.refuses_every_token = False
        self.body = ""
        self.sets_cookies = True
        self.asked_without_identity = 0
        self.visitors_made = 0
        self.answer: Callable[[Message], list[Message]] = lambda uttered: [
            said(f"You said: {uttered['text']}")
        ]
        self._tokens_valid_from = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sio: socketio.AsyncServer | None = None

    # What a test does to the shop.

    def start(self) -> None:
        """Open, or open again after `stop`, on the same port."""
        self._sio = self._make_socket()
        app = socketio.ASGIApp(self._sio, self._make_pages())
        config = uvicorn.Config(
            app, port=self.port, log_level="error", timeout_graceful_shutdown=1, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, args=(self._server,), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > deadline:
                raise TimeoutError("the test's chat server did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """Go away as a crashed server does: every connection breaks."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
        self._server = None

    def push(self, message: Message) -> None:
        """Say something to every conversation that is open."""
        for history in self.histories.values():
            history.append(message)
        self._run(self._socket.emit("message", message))

    def emit(self, event: str, value: object) -> None:
        """Send anything at all to every browser."""
        self._run(self._socket.emit(event, value))

    def expire_tokens(self) -> None:
        """Refuse from now on every token that was issued before."""
        self._tokens_valid_from = self.tokens_issued

    def drop_connections(self) -> None:
        """End every socket from the server's side."""

        async def drop() -> None:
            for sid in list(self._socket.manager.rooms.get("/", {}).get(None, {})):
                await self._socket.disconnect(sid)

        self._run(drop())

    # Inside.

    @property
    def _socket(self) -> socketio.AsyncServer:
        assert self._sio is not None, "the shop is closed"
        return self._sio

    def _serve(self, server: uvicorn.Server) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await server.serve()

        with suppress(asyncio.CancelledError):
            asyncio.run(serve())

    def _run(self, work: Awaitable[Any]) -> None:
        async def awaited() -> None:
            await work

        assert self._loop is not None, "the shop is closed"
        asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(10)

    def _token(self, identity: Identity) -> str:
        """A token whose time of issue is its number, so that a test can expire it."""
        self.tokens_issued += 1
        at = datetime.fromtimestamp(self.tokens_issued, UTC)
        return issue_token(identity, secret=SECRET, now=at, lifetime=timedelta(days=36500))

    def _identity(self, token: str) -> Identity:
        """Who a token speaks for, whether or not the chat still takes it."""
        return read_token(token, secret=SECRET, now=datetime.now(UTC))

    def _make_pages(self) -> Starlette:
        def page(request: Request) -> Response:
            html = (
                "<!doctype html><html lang=en><head><meta charset=utf-8><title>Shop</title>"
                "<meta name=viewport content='width=device-width, initial-scale=1'>"
                "<link rel=stylesheet href=/shop.css>"
                f"{self.body}<script src=/widget.js async></script></head>"
                "<body><main><h1>A shop</h1><p><a href=/other>Another page</a></p></main></body>"
            )
            response = HTMLResponse(html, headers={"Content-Security-Policy": POLICY})
            if self.sets_cookies and COOKIE not in request.cookies:
                self._set_cookie(response, Identity(new_id()))
            return response

        def token(request: Request) -> Response:
            cookie = request.cookies.get(COOKIE)
            if cookie is None:
                self.asked_without_identity += 1
                return JSONResponse({"title": "No identity"}, status_code=401)
            fresh = self._token(self._identity(cookie))
            return JSONResponse({"token": fresh, "chat_url": self.url, "expires_in": 600})

        def visitor(_: Request) -> Response:
            self.visitors_made += 1
            identity = Identity(new_id())
            answer = {"token": self._token(identity), "visitor_id": identity.visitor_id}
            response = JSONResponse(answer, status_code=201)
            self._set_cookie(response, identity)
            return response

        def sign_in(request: Request) -> Response:
            response = Response(status_code=204)
            self._set_cookie(response, Identity(new_id(), request.path_params["person"]))
            return response

        return Starlette(
            routes=[
                Route("/widget.js", lambda _: FileResponse(WIDGET)),
                Route("/chat/token", token),
                Route("/visitors", visitor, methods=["POST"]),
                Route("/sign-in/{person}", sign_in),
                Route("/cart", lambda _: JSONResponse({"cart": self.cart})),
                Route("/pictures/{name}", lambda _: Response(PICTURE, media_type="image/svg+xml")),
                Route("/shop.css", lambda _: Response(STYLE, media_type="text/css")),
                Route("/favicon.ico", lambda _: Response(status_code=204)),
                Route("/{path:path}", page),
            ]
        )

    def _set_cookie(self, response: Response, identity: Identity) -> None:
        response.set_cookie(COOKIE, self._token(identity), httponly=True, samesite="lax")

    def _make_socket(self) -> socketio.AsyncServer:
        sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")

        @sio.event  # type: ignore[untyped-decorator]
        async def connect(sid: str, _environ: object, auth: dict[str, str] | None) -> None:
            try:
                identity = self._identity((auth or {}).get("token", ""))
            except InvalidTokenError as error:
                self.refusals += 1
                raise socketio.exceptions.ConnectionRefusedError("token_invalid") from error
            expired = self._issued((auth or {})["token"]) <= self._tokens_valid_from
            if expired or self.refuses_every_token:
                self.refusals += 1
                raise socketio.exceptions.ConnectionRefusedError("token_expired")
            conversation = identity.conversation_id
            await sio.save_session(sid, {"conversation": conversation})
            sio.enter_room(sid, conversation)
            await sio.emit("session", {"history": self.histories[conversation]}, to=sid)

        @sio.event  # type: ignore[untyped-decorator]
        async def user_uttered(sid: str, uttered: Message) -> object:
            conversation = (await sio.get_session(sid))["conversation"]
            self.received.append(uttered)
            if not self.acknowledges:
                return await asyncio.Event().wait()
            if self.refuses_with:
                return {"ok": False, "code": self.refuses_with}
            history = self.histories[conversation]
            if all(message["id"] != uttered["id"] for message in history):
                own = said(uttered["text"], sender="user") | {"id": uttered["id"]}
                for message in [own, *self.answer(uttered)]:
                    history.append(message)
                    await sio.emit("message", message, to=conversation)
            return {"ok": True}

        return sio

    @staticmethod
    def _issued(token: str) -> int:
        return int(jwt.decode(token, options={"verify_signature": False})["iat"])


@contextmanager
def chat_shop() -> Iterator[ChatShop]:
    """An open shop, closed at the end."""
    shop = ChatShop()
    shop.start()
    try:
        yield shop
    finally:
        shop.stop()
