"""How long a chat turn that suggests takes, over the real socket."""

from queue import Empty, Queue
from random import Random
from secrets import token_hex
from time import perf_counter, sleep
from typing import Any

import httpx
import socketio  # type: ignore[import-untyped]

from benchmarks.serving.latency import Latency, summed_up
from benchmarks.serving.shopping import bearer, look_around, new_visitor, product_ids

TURNS_PER_VISITOR = 10
WARM_UP = 5
WAIT_SECONDS = 15
# Shoppers read before they write again; the chat refuses those who do not.
PAUSE_SECONDS = 1.1
ASKING = (
    "what would you suggest?",
    "can you recommend something for me?",
    "any ideas what I might like?",
    "suggest something",
)


class NoAnswerError(Exception):
    """The chat did not answer with suggestions."""


def measure_chat(url: str, *, turns: int, seed: int = 1) -> Latency:
    """From sending the question to the arrival of the product cards.

    Raises httpx.HTTPError or socketio.exceptions.ConnectionError where a process is not up, and
    NoAnswerError where the chat has no cards to show.
    """
    random = Random(seed)  # noqa: S311 a benchmark's choice, no secret
    took: list[float] = []
    with httpx.Client(base_url=url, timeout=10) as client:
        products = product_ids(client)
        while len(took) < WARM_UP + turns:
            token = new_visitor(client)
            look_around(client, token, products, random)
            left = WARM_UP + turns - len(took)
            took += _conversation(client, token, random, turns=min(TURNS_PER_VISITOR, left))
    return summed_up(took[WARM_UP:])


def _conversation(client: httpx.Client, token: str, random: Random, *, turns: int) -> list[float]:
    access = client.get("/chat/token", headers=bearer(token)).raise_for_status().json()
    arrived: Queue[tuple[str, dict[str, Any], float]] = Queue()
    took = []
    chat = socketio.Client(reconnection=False)
    for name in ("message", "problem"):
        chat.on(name, lambda data, name=name: arrived.put((name, data, perf_counter())))
    chat.connect(access["chat_url"], auth={"token": access["token"]}, wait_timeout=WAIT_SECONDS)
    try:
        for _ in range(turns):
            started = perf_counter()
            chat.emit("user_uttered", {"id": token_hex(16), "text": random.choice(ASKING)})
            took.append(_cards_after(arrived) - started)
            sleep(PAUSE_SECONDS)
    finally:
        chat.disconnect()
    return took


def _cards_after(arrived: "Queue[tuple[str, dict[str, Any], float]]") -> float:
    """When the message with the cards came."""
    texts: list[str | None] = []
    while True:
        try:
            name, data, at = arrived.get(timeout=WAIT_SECONDS)
        except Empty:
            raise NoAnswerError(f"no cards within {WAIT_SECONDS} s; it said: {texts}") from None
        if name == "problem":
            raise NoAnswerError(f"the chat refused: {data}")
        if data.get("cards"):
            return at
        if data.get("from") == "bot":
            texts.append(data.get("text"))
