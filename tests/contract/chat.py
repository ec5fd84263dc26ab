"""A shopper's end of the chat socket."""

import queue
import time
from typing import Any
from uuid import uuid4

from tests.sockets import OrderedClient

SECONDS = 30.0
EVENTS = ("session", "message", "typing", "problem")


class Chat:
    """One connected socket and everything the server sent to it."""

    def __init__(self, url: str, token: Any, **extra: Any) -> None:
        self.client = OrderedClient(reconnection=False)
        self.received: list[tuple[str, Any]] = []
        self._frames: queue.Queue[tuple[str, Any]] = queue.Queue()
        for event in EVENTS:
            self.client.on(event, self._keeper(event))
        self.refusal: Any = None
        self.client.on("connect_error", self._refused)
        auth = {"token": token, **extra}
        self.client.connect(url, auth=auth, transports=["websocket"], wait_timeout=10)

    def _keeper(self, event: str) -> Any:
        def keep(data: Any = None) -> None:
            self.received.append((event, data))
            self._frames.put((event, data))

        return keep

    def _refused(self, data: Any = None) -> None:
        self.refusal = data

    def history(self) -> list[dict[str, Any]]:
        """The transcript that the server sends after the connection."""
        return list(self.next("session")["history"])

    def next(self, event: str, *, seconds: float = SECONDS) -> Any:
        """The data of the next frame of this event."""
        deadline = time.monotonic() + seconds
        while True:
            name, data = self._frames.get(timeout=max(0.01, deadline - time.monotonic()))
            if name == event:
                return data

    def utter(self, frame: Any) -> Any:
        """Send a raw frame; the server's acknowledgement."""
        return self.client.call("user_uttered", frame, timeout=int(SECONDS))

    def send(self, text: str, **fields: Any) -> dict[str, Any]:
        """Send words as a widget does; the acknowledgement."""
        return dict(self.utter({"id": str(uuid4()), "text": text, **fields}))

    def say(self, text: str, **fields: Any) -> list[dict[str, Any]]:
        """Send words and wait for the whole answer: the bot's messages."""
        assert self.send(text, **fields) == {"ok": True}
        return self.answer()

    def answer(self) -> list[dict[str, Any]]:
        """The bot's messages until it stops typing."""
        said: list[dict[str, Any]] = []
        deadline = time.monotonic() + SECONDS
        while True:
            name, data = self._frames.get(timeout=max(0.01, deadline - time.monotonic()))
            if name == "message" and data["from"] == "bot":
                said.append(data)
            if name == "typing" and not data["on"]:
                return said

    def quiet(self, seconds: float = 0.5) -> list[tuple[str, Any]]:
        """Whatever arrives within the time."""
        time.sleep(seconds)
        frames = []
        while not self._frames.empty():
            frames.append(self._frames.get())
        return frames

    def close(self) -> None:
        """Hang up."""
        self.client.disconnect()
