"""A reminder asked for by mail, and then a no to mails, wherever the shopper says it."""

from collections.abc import Callable
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import select, update

from core.clock import SimulatedClock
from core.identity import SHOP_AUDIENCE, Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Channel, LinkPurpose, Nudge, NudgeState, Person
from db.writes.asked import ask_reminder, stop_reminders
from nudges.channels import Outcome, OutcomeKind
from nudges.message import Message
from nudges.policy import ASKED
from tests.integration.nudges.shoppers import Sink, agree, policy, sweeper
from tests.integration.shop.conftest import Browser
from tests.integration.shop.left import STOVE, path, remind

HOUR = timedelta(hours=1)
type Withdraw = Callable[[Browser, str], None]


def in_the_account(browser: Browser, _link: str) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post("/account/consent")


def by_the_preferences_link(browser: Browser, link: str) -> None:
    browser.post(link)


def told_by_the_shop(browser: Browser, _link: str) -> None:
    app = browser.client.app  # type: ignore[attr-defined]  # FastAPI's test client has it
    now = app.state.clock.now()
    claims = {"aud": SHOP_AUDIENCE, "sub": "p_anna", "exp": int(now.timestamp()) + 60}
    token = jwt.encode(claims, app.state.settings.secret, algorithm="HS256")
    line = {
        "channel": "email",
        "granted": False,
        "wording_version": "desk-1",
        "source": "service desk",
        "at": now.isoformat(),
    }
    answer = browser.client.patch(
        "/people/anna", json={"consents": [line]}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 204


def ask(sessions: SessionFactory, clock: SimulatedClock) -> None:
    """Anna wants to be reminded by mail in two hours."""
    with sessions.begin() as session:
        ask_reminder(
            session,
            Identity("v-anna", "anna"),
            due_at=clock.now() + 2 * HOUR,
            channel=Channel.EMAIL,
            source="chat",
            now=clock.now(),
        )


def asked_nudge(sessions: SessionFactory) -> Nudge:
    with sessions() as session:
        return session.scalars(select(Nudge).where(Nudge.stage == ASKED)).one()


@pytest.mark.parametrize("withdraw", [in_the_account, by_the_preferences_link, told_by_the_shop])
def test_a_no_after_asking_is_the_newer_word(
    browser: Browser,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
    message: Message,
    withdraw: Withdraw,
) -> None:
    ask(sessions, clock)
    clock.advance(HOUR)
    withdraw(browser, path(message, LinkPurpose.PREFERENCES))
    clock.advance(HOUR)
    sink = Sink()
    sweeper(sessions, clock, channels=[sink], settings=settings).run()
    assert sink.taken == []
    asked = asked_nudge(sessions)
    assert (asked.state, asked.gate) == (NudgeState.STOPPED, "no_consent")


def test_a_no_before_asking_is_the_older_word(
    browser: Browser,
    sessions: SessionFactory,
    clock: SimulatedClock,
    settings: Settings,
    message: Message,
) -> None:
    by_the_preferences_link(browser, path(message, LinkPurpose.PREFERENCES))
    clock.advance(HOUR)
    ask(sessions, clock)
    clock.advance(2 * HOUR)
    sink = Sink()
    sweeper(sessions, clock, channels=[sink], settings=settings).run()
    assert len(sink.taken) == 1


class Overtaken(Sink):
    """A channel whose first message is on its way while the second one's reader withdraws."""

    def __init__(self, sessions: SessionFactory, clock: SimulatedClock) -> None:
        super().__init__(at_once=1)
        self._sessions, self._clock = sessions, clock

    def deliver(self, messages, *, now):  # type: ignore[no-untyped-def]
        with self._sessions.begin() as session:
            for key in ("anna", "ben"):
                if all(key not in one.address.address for one in messages):
                    agree(session, key, Channel.EMAIL, now=self._clock.now(), granted=False)
        return super().deliver(messages, now=now)


def test_a_no_between_decision_and_sending_stops_it_for_good(
    sessions: SessionFactory, clock: SimulatedClock, settings: Settings, message: Message
) -> None:
    with sessions.begin() as session:
        session.execute(update(Person).where(Person.id == "ben").values(email="ben@example.org"))
    clock.advance(HOUR)
    remind(sessions, clock, settings, STOVE, person_id="ben")
    for key in ("anna", "ben"):
        with sessions.begin() as session:
            ask_reminder(
                session,
                Identity(f"v-{key}", key),
                due_at=clock.now() + HOUR,
                channel=Channel.EMAIL,
                source="chat",
                now=clock.now(),
            )
    clock.advance(HOUR)
    sink = Overtaken(sessions, clock)
    sweep = sweeper(sessions, clock, channels=[sink], settings=settings)
    sweep.run()
    sweep.run()
    assert len(sink.taken) == 1
    with sessions() as session:
        ends = session.execute(select(Nudge.state, Nudge.gate).where(Nudge.stage == ASKED)).all()
    assert sorted(map(tuple, ends)) == [
        (NudgeState.SENT, None),
        (NudgeState.STOPPED, "no_consent"),
    ]


def test_a_reminder_taken_back_while_it_waits_comes_on_no_other_channel(
    sessions: SessionFactory, clock: SimulatedClock, settings: Settings, message: Message
) -> None:
    ask(sessions, clock)
    with sessions.begin() as session:
        agree(session, "anna", Channel.CHAT, now=clock.now())
    refusal = Outcome(OutcomeKind.TEMPORARY, "the mail server is away")
    mail, chat = Sink(answers=[refusal]), Sink(name=Channel.CHAT)
    rules = policy(stages=[{"name": "first", "after_minutes": 60, "channels": ["email", "chat"]}])
    sweep = sweeper(sessions, clock, channels=[mail, chat], settings=settings, rules=rules)
    clock.advance(2 * HOUR)
    sweep.run()
    with sessions.begin() as session:
        stop_reminders(
            session,
            Identity("v-anna", "anna"),
            channel=Channel.EMAIL,
            source="chat",
            now=clock.now(),
        )
    clock.advance(HOUR)
    sweep.run()
    assert (len(mail.taken), len(chat.taken)) == (1, 0)
    assert asked_nudge(sessions).gate == "taken_back"
