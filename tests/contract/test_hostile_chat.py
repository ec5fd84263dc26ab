"""A thousand hostile messages: the socket lives on, and no stack trace reaches a client."""

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.chat import Chat
from tests.stack import Stack

pytestmark = pytest.mark.service

PIECES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE events; --",
    "' OR '1'='1",
    "{{7*7}} ${7*7} #{7*7}",
    "../../../../etc/passwd",
    "\u202emoc.live\u202c",
    "\x00\x01\x07\x1b[31m",
    "👩‍👩‍👧‍👦" * 20,
    "🧥🥾⛺",
    "请给我看防水夹克",
    "أرني السترات المقاومة للماء",
    "покажите мне куртки дешевле 100",
    "防水ジャケットを見せて",
    "दिखाओ",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
    "\ud83d",
    "/restart",
    '/view_cart{"a":',
    "-1 0 1e999 NaN Infinity 99999999999999999999",
    "under -5 between 0 and 0 over 10000000000000",
    "%s%n%x %00 \\u0000",
    "the " * 400,
    "(((((((((((",
    "between " * 100,
    "not " * 300 + "black",
    "2 " * 500,
    "€" * 500,
    "one hundred and " * 100,
    "a" * 2000,
    "x" * 10_000,
    "\n" * 300,
    "   ",
    "",
]
SHAPES: list[Any] = [
    None,
    True,
    0,
    -1.5,
    [],
    {},
    [[[[[]]]]],
    {"text": {"text": {"text": "hi"}}},
    b"\x00\xff" * 50,
    {"bytes": b"\xff\xfe"},
    ["user_uttered", {"text": "hi"}],
    "x" * 5_000,
    {str(number): number for number in range(200)},
]


def hostile_frame(chance: random.Random) -> Any:
    """One frame: of the right shape with hostile content, or of no shape at all."""
    if chance.random() < 0.15:
        return chance.choice(SHAPES)
    text: Any = " ".join(chance.sample(PIECES, chance.randint(1, 3)))
    frame = {"id": str(uuid4()), "text": text}
    if chance.random() < 0.15:
        frame[chance.choice(["id", "text", "payload", "page"])] = chance.choice(SHAPES)
    if chance.random() < 0.15:
        frame["payload"] = chance.choice([*PIECES, "/add_to_cart" + json.dumps({"variant": text})])
    return frame


def attack(chat: Chat, seed: int) -> None:
    """Twenty frames, as many as come through at once; nothing sent back tells of our insides."""
    chance = random.Random(seed)  # noqa: S311 not a secret
    chat.history()
    for _ in range(20):
        chat.client.emit("user_uttered", hostile_frame(chance))
        time.sleep(0.02)
    chat.quiet(1.0)
    sent = json.dumps(chat.received)
    assert "Traceback" not in sent
    assert "Error(" not in sent
    assert chat.client.connected
    chat.close()


@pytest.mark.slow
def test_a_thousand_hostile_messages_leave_the_chat_alive(
    stack: Stack, open_chat: Callable[[str], Chat]
) -> None:
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda seed: attack(open_chat(stack.visitor()), seed), range(50)))
    fresh = open_chat(stack.visitor())
    fresh.history()
    assert fresh.say("hello")[0]["text"]
    assert httpx.get(f"{stack.actions_url}/health").status_code == 200


def test_frames_of_any_shape_are_refused_kindly(
    stack: Stack, open_chat: Callable[[str], Chat]
) -> None:
    chat = open_chat(stack.visitor())
    chat.history()
    for shape in SHAPES:
        assert chat.utter(shape)["ok"] is False
    chat.quiet()
    assert chat.say("hello")
