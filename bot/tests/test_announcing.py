"""Only the scheduler, by a signed and fresh word, may tell the bot that reminders wait."""

from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import pytest

from channels.conversation import Conversations
from channels.limits import TokenBucket
from channels.tokens import ANNOUNCE, AUDIENCE, may_announce

SECRET = "a secret of this test alone, long enough"  # noqa: S105 a test's own
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=timezone.utc)
FRESH = {"aud": ANNOUNCE, "exp": (NOW + timedelta(minutes=1)).timestamp()}


def header(claims: dict[str, Any], secret: str = SECRET) -> str:
    return f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"


def test_the_schedulers_word_is_taken() -> None:
    assert may_announce(header(FRESH), secret=SECRET, now=NOW)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Bearer ",
        "Bearer nonsense",
        header(FRESH).replace("Bearer", "Basic"),
        header(FRESH, "another secret, and just as long as it"),
        header({**FRESH, "aud": AUDIENCE}),
        header({"aud": ANNOUNCE}),
        header({**FRESH, "exp": NOW.timestamp()}),
        "Bearer " + "x" * 5_000,
    ],
)
def test_no_other_word_is(said: str) -> None:
    assert not may_announce(said, secret=SECRET, now=NOW)


def test_only_who_is_connected_is_there() -> None:
    conversations = Conversations(lambda: TokenBucket(burst=1, per_second=1, clock=lambda: 0.0))
    assert not conversations.has("v_1")
    conversations.of("v_1")
    assert not conversations.has("v_1")
    conversations.of("v_1").connections += 1
    assert conversations.has("v_1")
