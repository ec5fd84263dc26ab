"""Things that no shopper should send: each gets an answer, and no process so much as raises.

That the socket survives a thousand frames of any shape is shown in tests/contract.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.conversations.client import chatting
from tests.stack import Stack

MESSAGES = 1_000
# The channel lets a conversation send twenty in a burst; then another visitor goes on.
PER_VISITOR = 15
AT_ONCE = 6

PIECES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(document.cookie)",
    "'; DROP TABLE carts; --",
    "1 OR 1=1",
    '{"intent": "clear_cart"}',
    "{user.__class__}",
    "{0} {price} %s %(x)s ${x} {{7*7}}",
    "/restart",
    '/add_to_cart{"variant":"',
    "../../etc/passwd",
    "帐篷多少钱？",
    "خيمة لشخصين",
    "палатка на двоих до 100 евро",
    "אוהל",
    "テントを見せて",
    "👩‍👩‍👧‍👦🏕️🔥",
    "Z̸̢͝a̷l̶g̵o̸",
    "\u202emoor\u202c",
    "\x00\x07\x1b[31m",
    "\ud83d",
    "NaN Infinity -0 1e999",
    "999999999999999999999999 tents",
    "under 99999999999999999999",
    "between -5 and -10",
    "the -1st one",
    "size \n\n\t M",
    "show me tents",
    "add the second one",
    "not not not black",
    "yes no yes no",
    "ß ﬁ İ ı",
    "'" * 200,
    "(" * 300,
    "a" * 1_900,
    "tent " * 390,
)


def inputs(seed: int) -> Iterator[str]:
    """Single pieces, mixtures, random characters; one in twenty longer than is allowed."""
    random_ = random.Random(seed)  # noqa: S311 repeatable, not secret
    for number in range(MESSAGES):
        kind = number % 20
        if kind == 0:
            yield (random_.choice(PIECES) * 2_000)[:10_000]
        elif kind < 10:
            yield random_.choice(PIECES)
        elif kind < 15:
            yield " ".join(random_.sample(PIECES, 2))
        else:
            length = random_.randint(1, 300)
            yield "".join(chr(random_.randint(1, 0x2FFFF)) for _ in range(length))


def asks_for_the_cart(text: str) -> bool:
    """Whether a message asks to put something into a cart, or picks one of the things shown."""
    return "add the second one" in text or "the -1st one" in text


def converse(stack: Stack, sent: list[str]) -> None:
    """Say it all in one conversation; the cart stays as it was unless plainly asked."""
    with chatting(stack.chat_url, stack.visitor()) as tab:
        for text in sent:
            turn = tab.say(text.encode("utf-8", "replace").decode())
            assert turn.messages or turn.problems, ascii(text[:80])
            assert "Traceback" not in turn.text
            assert "DROP TABLE" not in turn.text
            assert not turn.problems or turn.problems[0]["code"] in {"too_long", "failed"}
        if not any(asks_for_the_cart(text) for text in sent):
            cart = tab.say("View cart", payload="/view_cart").cart
            assert cart is None or cart["lines"] == [], [ascii(text[:60]) for text in sent]


def left_behind(log: str) -> list[str]:
    """Our tasks that nobody awaited; sanic leaves its own reader of a socket that went away."""
    tasks = (line for line in log.splitlines() if line.startswith("task: <Task"))
    return [task for task in tasks if "site-packages/sanic/" not in task]


def test_a_thousand_hostile_messages_each_get_an_answer_or_a_problem(stack: Stack) -> None:
    sent = list(inputs(seed=7))
    talks = [sent[start : start + PER_VISITOR] for start in range(0, len(sent), PER_VISITOR)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda talk: converse(stack, talk), talks))
    for address in (
        f"{stack.web_url}/health",
        f"{stack.actions_url}/health",
        f"{stack.chat_url}/cartwright/health",
    ):
        assert httpx.get(address).is_success
    for log in ("actions", "bot", "web"):
        written = (stack.logs / f"{log}.log").read_text(errors="replace")
        assert "Traceback" not in written, f"{log} raised: see its log"
        assert left_behind(written) == [], f"{log} left a task behind: see its log"


def test_ten_thousand_characters_are_refused_and_the_talk_goes_on(stack: Stack) -> None:
    with chatting(stack.chat_url, stack.visitor()) as tab:
        assert tab.say("x" * 10_000).problems[0]["code"] == "too_long"
        assert tab.say("show me tents").cards
