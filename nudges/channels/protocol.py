"""What every channel promises, and how a delivery can end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Protocol

from db.models import Channel as ChannelName
from nudges.message import Message

HAND_OVER = timedelta(seconds=20)
"""How long after their release messages may still be handed over."""


class OutcomeKind(StrEnum):
    """How a delivery ended."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message.

    ACCEPTED: the other side took it. TEMPORARY: certainly not taken, worth another try (not before
    `retry_after`, where the other side said so). PERMANENT: certainly not taken and never will be;
    with `suppress` the address is never used again. UNKNOWN: it may have been taken, so it is never
    sent again. `message_id` is the channel's own id; `detail` holds no personal data.

    `server_wide` says that the same would come of anything else for that server now: it is away,
    does not answer, or wants a pause (of `retry_after`, where it said so). What was then not even
    `tried` is no attempt; nor is what was not, without it, because the others took too long.
    """

    kind: OutcomeKind
    detail: str = ""
    message_id: str | None = None
    retry_after: timedelta | None = None
    suppress: bool = False
    server_wide: bool = False
    tried: bool = True


def one_by_one(
    messages: Sequence[Message],
    hand_over: Callable[[Message], Outcome],
    *,
    seconds: Callable[[], float] = monotonic,
) -> list[Outcome]:
    """Each message's outcome; once a server is in trouble, the others for it are not tried.

    Nor is what has its turn later than `HAND_OVER` by the clock of `seconds`: a server may be slow
    without being in trouble, and what the messages rest on grows old.
    """
    outcomes: list[Outcome] = []
    troubles: dict[str, Outcome] = {}
    latest = seconds() + HAND_OVER.total_seconds()
    for message in messages:
        server = message.address.server
        if server in troubles:
            outcome = troubles[server]
        elif seconds() > latest:
            outcome = Outcome(OutcomeKind.TEMPORARY, "its turn came too late", tried=False)
        else:
            outcome = hand_over(message)
        if outcome.server_wide:
            troubles[server] = Outcome(
                OutcomeKind.TEMPORARY,
                outcome.detail,
                retry_after=outcome.retry_after,
                server_wide=True,
                tried=False,
            )
        outcomes.append(outcome)
    return outcomes


class Channel(Protocol):
    """A way to reach a shopper.

    `at_once` is how many messages are handed over together: so many at most become unknown when
    the process dies. `confirms` says that the other side tells later when the shopper got it;
    elsewhere accepted is all that can be known.
    """

    name: ChannelName
    at_once: int
    confirms: bool

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:
        """Hand the messages over, each at most once; one outcome for each, in the same order.

        Never raises for what happens on the way, never tries twice, and tries no more of what goes
        to a server that is in trouble: each might take as long as the first. Nothing is begun
        later than `HAND_OVER`.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
