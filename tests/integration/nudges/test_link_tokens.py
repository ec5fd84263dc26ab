"""No token but the right one, in its time and for its purpose, opens anything."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import LinkPurpose, LinkToken
from nudges.links import open_link
from nudges.message import Message
from nudges.tokens import new_token
from tests.integration.nudges.shoppers import Sink, left_carts, sweeper

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
FORGED = 100_000


@pytest.fixture
def messages(sessions: SessionFactory, clock: SimulatedClock, small_shop: None) -> list[Message]:
    """Ten shoppers' messages: thirty links that work."""
    left_carts(sessions, clock, *(f"p{n}" for n in range(10)), ago=timedelta(hours=1))
    sink = Sink()
    sweeper(sessions, clock, channels=[sink], settings=Settings()).run()
    return sink.taken


def plain(link: str) -> str:
    return link.rsplit("/", 1)[1]


def wrong_tokens(tokens: list[str], random: Random) -> list[str]:
    """Forged and changed tokens: random ones, one character flipped, swapped, cut, joined."""
    wrong = []
    for n in range(FORGED):
        token = random.choice(tokens)
        at = random.randrange(len(token))
        match n % 6:
            case 0:
                made = urlsafe_b64encode(random.randbytes(32)).decode().rstrip("=")
            case 1:
                made = token[:at] + random.choice(ALPHABET) + token[at + 1 :]
            case 2:
                other = random.randrange(len(token))
                letters = list(token)
                letters[at], letters[other] = letters[other], letters[at]
                made = "".join(letters)
            case 3:
                made = token[:at] + random.choice(tokens)[at:]
            case 4:
                made = token.swapcase()
            case _:
                made = random.choice(
                    [token[:-1], token + "A", token + "=", f" {token}", token[::-1]]
                )
        wrong.append(made)
    real = set(tokens)
    return [one for one in wrong if one not in real]


@pytest.mark.slow
def test_a_hundred_thousand_forged_and_changed_tokens_open_nothing(
    sessions: SessionFactory, clock: SimulatedClock, messages: list[Message]
) -> None:
    tokens = [plain(link) for message in messages for link in message.links.values()]
    wrong = wrong_tokens(tokens, Random(7))  # noqa: S311 a test's choices
    assert len(wrong) > 0.95 * FORGED
    purposes = list(LinkPurpose)
    with sessions() as session:
        opened = [
            token
            for n, token in enumerate(wrong)
            if open_link(session, token, purposes[n % len(purposes)], now=clock.now()) is not None
        ]
    assert opened == []


def test_each_token_is_good_for_its_purpose_alone(
    sessions: SessionFactory, clock: SimulatedClock, messages: list[Message]
) -> None:
    with sessions() as session:
        for message in messages:
            for made_for, link in message.links.items():
                for purpose in LinkPurpose:
                    opened = open_link(session, plain(link), purpose, now=clock.now())
                    assert (opened is not None) is (purpose is made_for)
                    assert opened is None or opened.nudge_id == message.nudge_id


def test_no_token_outlives_its_time(
    sessions: SessionFactory, clock: SimulatedClock, messages: list[Message]
) -> None:
    clock.advance(timedelta(days=30))
    with sessions() as session:
        for message in messages:
            for purpose, link in message.links.items():
                assert open_link(session, plain(link), purpose, now=clock.now()) is None


def test_what_is_stored_opens_nothing(
    sessions: SessionFactory, clock: SimulatedClock, messages: list[Message]
) -> None:
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(LinkToken)) == 30
        for digest, purpose in session.execute(select(LinkToken.digest, LinkToken.purpose)):
            assert open_link(session, digest, purpose, now=clock.now()) is None
            assert open_link(session, digest[:43], purpose, now=clock.now()) is None


def test_a_token_has_256_random_bits() -> None:
    tokens = {new_token(LinkPurpose.RECOVER).plain for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {43}
