"""How long a shopper waits for a turn that suggests."""

import statistics
import time

from tests.conversations.client import chatting
from tests.stack import Stack

TURNS, PER_VISITOR = 60, 12
P95_SECONDS = 0.25


def test_a_turn_that_suggests_takes_under_250_ms_at_p95(stack: Stack) -> None:
    """Whole turns over the socket, on a machine that does nothing else."""
    seconds = []
    for start in range(0, TURNS, PER_VISITOR):
        with chatting(stack.chat_url, stack.visitor()) as tab:
            tab.say("hello")
            for number in range(start, start + PER_VISITOR):
                text = ("anything for me?", "what goes with this?")[number % 2]
                began = time.perf_counter()
                turn = tab.say(text, product="tnt-01")
                seconds.append(time.perf_counter() - began)
                assert turn.cards
    p95 = statistics.quantiles(seconds, n=20)[-1]

    assert p95 < P95_SECONDS, f"median {statistics.median(seconds):.3f} s, p95 {p95:.3f} s"
