"""A shopper at the real chat socket: says things and reads the whole answer."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.sockets import OrderedClient

TURN_SECONDS = 30.0
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

type Message = dict[str, Any]


@dataclass
class Turn:
    """All that came back for one thing said."""

    messages: list[Message] = field(default_factory=list)
    problems: list[Message] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What the bot said, line by line."""
        return "\n".join(message.get("text", "") for message in self.messages)

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The product cards, in order."""
        return [card for message in self.messages for card in message.get("cards", ())]

    @property
    def cart(self) -> dict[str, Any] | None:
        """The last cart shown."""
        carts = [message["cart"] for message in self.messages if message.get("cart")]
        return carts[-1] if carts else None

    @property
    def quick_replies(self) -> list[dict[str, str]]:
        """The buttons offered."""
        return [one for message in self.messages for one in message.get("quick_replies", ())]


class Chatter:
    """One open tab of a shopper."""

    def __init__(self, url: str, token: str) -> None:
        self._socket = OrderedClient(reconnection=False)
        self._turn = Turn()
        self._done = threading.Event()
        self._welcomed = threading.Event()
        self.history: list[Message] = []
        self._socket.on("message", self._on_message)
        self._socket.on("problem", self._on_problem)
        self._socket.on("typing", self._on_typing)
        self._socket.on("session", self._on_session)
        self._socket.connect(
            url, auth={"token": token}, transports=["websocket"], wait_timeout=TURN_SECONDS
        )
        assert self._welcomed.wait(TURN_SECONDS), "no session came after connecting"

    def say(self, text: str, *, payload: str | None = None, product: str | None = None) -> Turn:
        """Send a message (or a button's payload) and wait for the end of the answer."""
        self._turn, self._done = Turn(), threading.Event()
        page = {"path": "/", **({"product_id": product} if product else {})}
        frame = {"id": uuid4().hex, "text": text, "page": page}
        if payload is not None:
            frame["payload"] = payload
        self._socket.emit("user_uttered", frame)
        assert self._done.wait(TURN_SECONDS), f"no end of an answer to {text[:80]!r}"
        for message in self._turn.messages:
            check_receipts(message, said=text)
        return self._turn

    def tap(self, reply: dict[str, str]) -> Turn:
        """Press a quick reply."""
        return self.say(reply["title"], payload=reply["payload"])

    def close(self) -> None:
        """Close the tab."""
        self._socket.disconnect()

    def _on_message(self, message: Message) -> None:
        if message["from"] == "bot":
            self._turn.messages.append(message)

    def _on_problem(self, problem: Message) -> None:
        self._turn.problems.append(problem)
        self._done.set()

    def _on_typing(self, typing: dict[str, bool]) -> None:
        if not typing["on"] and (self._turn.messages or self._turn.problems):
            self._done.set()

    def _on_session(self, session: dict[str, Any]) -> None:
        self.history = session["history"]
        self._welcomed.set()


@contextmanager
def chatting(url: str, token: str) -> Iterator[Chatter]:
    """A tab that is closed at the end."""
    chatter = Chatter(url, token)
    try:
        yield chatter
    finally:
        chatter.close()


def check_receipts(message: Message, *, said: str) -> None:
    """Every number that the bot says or puts in a table came from a row that it names.

    A number in a text without values ("under 80" as an example) is no claim; those texts carry no
    receipts and no custom content.
    """
    spoken = message.get("text", "")
    cells = [cell for row in message.get("table", {}).get("rows", ()) for cell in row]
    if "receipts" not in message:
        assert "€" not in spoken.replace(said, ""), f"a price without a receipt: {spoken!r}"
        return
    backed = {number for one in message["receipts"] for number in NUMBER.findall(one["text"])}
    for text in (spoken, *cells):
        for number in NUMBER.findall(text):
            assert number in backed, f"{number!r} in {text!r} has no receipt"
    for card in message.get("cards", ()):
        assert card["price"]["text"] in {one["text"] for one in message["receipts"]}
        for number in NUMBER.findall((card["reason"] or {}).get("text", "")):
            assert number in backed, f"{number!r} in a reason has no receipt"
