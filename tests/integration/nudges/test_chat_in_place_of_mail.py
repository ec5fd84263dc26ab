"""A reminder asked for by mail whose address is dead comes in the chat, unless that was refused.

The gates and the statement that lets a message out read the same ledger, and have to agree.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.models import Channel, Nudge, NudgeState
from db.writes.asked import ask_reminder
from db.writes.wishes import pause
from nudges.channels import Outcome, OutcomeKind
from nudges.policy import ASKED
from nudges.store.release import release
from tests.integration.nudges.shoppers import Sink, agree, left_carts, policy, sweeper

ANN = Identity("v-ann", "ann")
MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.usefixtures("small_shop")

type Word = tuple[int, Callable[[Session, datetime], None]]


def yes(minutes: int, channel: Channel) -> Word:
    """Ann agrees to the channel, that long after she asked for the reminder."""
    return minutes, lambda session, at: agree(session, "ann", channel, now=at)


def no(minutes: int, channel: Channel) -> Word:
    """She takes it back, or refuses it."""
    return minutes, lambda session, at: agree(session, "ann", channel, now=at, granted=False)


def silence(minutes: int, channel: Channel | None) -> Word:
    """She, still a guest, wanted no more messages there."""

    def say(session: Session, at: datetime) -> None:
        pause(session, ANN, until=None, reason="stop", source="chat", now=at, channel=channel)

    return minutes, say


WORDS = pytest.mark.parametrize(
    ("words", "comes"),
    [
        pytest.param([], True, id="no word about the chat"),
        pytest.param([no(-2, Channel.CHAT)], False, id="chat refused before asking"),
        pytest.param([no(2, Channel.CHAT)], False, id="chat refused after asking"),
        pytest.param(
            [no(-2, Channel.CHAT), yes(-1, Channel.CHAT)], True, id="chat refused, then agreed to"
        ),
        pytest.param(
            [yes(-2, Channel.CHAT), no(-1, Channel.CHAT)], False, id="chat agreed to, then refused"
        ),
        pytest.param([no(-2, Channel.EMAIL)], True, id="mail refused before asking"),
        pytest.param([no(2, Channel.EMAIL)], False, id="mail refused after asking"),
        pytest.param(
            [no(2, Channel.EMAIL), yes(3, Channel.EMAIL)], True, id="mail refused, then agreed to"
        ),
        pytest.param([silence(-2, Channel.CHAT)], False, id="silence in the chat before asking"),
        pytest.param([silence(-2, Channel.EMAIL)], True, id="silence by mail before asking"),
        pytest.param([silence(-2, None)], True, id="silence everywhere before asking"),
        pytest.param([silence(2, None)], False, id="silence everywhere after asking"),
    ],
)


@pytest.fixture(autouse=True)
def asked(sessions: SessionFactory, clock: SimulatedClock) -> None:
    """Ann asked an hour ago to be reminded by mail now."""
    left_carts(sessions, clock, "ann", ago=timedelta(minutes=30))
    due = clock.now() + timedelta(hours=1)
    with sessions.begin() as session:
        ask_reminder(
            session, ANN, due_at=due, channel=Channel.EMAIL, source="chat", now=clock.now()
        )
    clock.advance(timedelta(hours=1))


def sweep(sessions: SessionFactory, clock: SimulatedClock, *channels: Sink) -> None:
    """Two rounds, and a mail server that says that there is no such mailbox."""
    mail = Sink(answers=[Outcome(OutcomeKind.PERMANENT, "SMTP 550", suppress=True)])
    sweeping = sweeper(sessions, clock, channels=[mail, *channels], rules=policy())
    for _ in range(2):
        sweeping.run()
        clock.advance(MINUTE)


def say(sessions: SessionFactory, clock: SimulatedClock, words: list[Word]) -> None:
    """What Ann said around the moment, an hour ago, in which she asked."""
    asked_at = clock.now() - timedelta(hours=1)
    with sessions.begin() as session:
        for minutes, word in words:
            word(session, asked_at + minutes * MINUTE)


def asked_nudge(sessions: SessionFactory) -> Nudge:
    with sessions() as session:
        return session.query(Nudge).filter(Nudge.stage == ASKED).one()


@WORDS
def test_the_last_word_on_each_channel_counts(
    sessions: SessionFactory, clock: SimulatedClock, words: list[Word], comes: bool
) -> None:
    say(sessions, clock, words)
    chat = Sink(name=Channel.CHAT)
    sweep(sessions, clock, chat)
    assert len(chat.taken) == comes
    assert asked_nudge(sessions).state is (NudgeState.SENT if comes else NudgeState.STOPPED)


@WORDS
def test_what_was_said_since_the_gates_were_asked_counts_alike(
    sessions: SessionFactory, clock: SimulatedClock, words: list[Word], comes: bool
) -> None:
    say(sessions, clock, words)
    assert let_go(sessions, clock) is comes


def test_the_last_word_is_found_by_an_index(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    """However long the ledger is."""
    with sessions.begin() as session:
        for number in range(2_000):
            agree(session, "ann", Channel.TELEGRAM, now=clock.now() - number * MINUTE)
    with sessions.begin() as session:
        session.connection().exec_driver_sql("ANALYZE")
    seen: list[tuple[str, Any]] = []

    def note(_: Any, _cursor: Any, text: str, values: Any, _context: Any, _many: bool) -> None:
        if text.startswith("UPDATE nudges"):
            seen.append((text, values))

    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", note)
    let_go(sessions, clock)
    event.remove(engine, "before_cursor_execute", note)
    text, values = seen[-1]
    with engine.connect() as connection:
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{explain} {text}", values)
        plan = "\n".join(str(row[-1]) for row in rows)
    assert plan.count("ix_consents_person_id_channel_at") == 3
    assert "Seq Scan on consents" not in plan
    assert "SCAN consents" not in plan


def let_go(sessions: SessionFactory, clock: SimulatedClock) -> bool:
    """Whether the reminder, had it passed the gates for the chat, might really go out there."""
    sweep(sessions, clock)
    nudge_id = asked_nudge(sessions).id
    claimed = update(Nudge).values(
        state=NudgeState.CLAIMED, claim="c", claimed_at=clock.now(), channel=Channel.CHAT
    )
    with sessions.begin() as session:
        session.execute(claimed.where(Nudge.id == nudge_id))
        return release(session, "c", [nudge_id], policy=policy(), now=clock.now()) == {nudge_id}
