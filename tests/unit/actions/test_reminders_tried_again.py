"""A reminder that was due while the mail server was away: it is to come, and can be taken back."""

from datetime import timedelta

import pytest

from core.clock import SimulatedClock
from db.models import Channel
from nudges.channels import Outcome, OutcomeKind
from nudges.sweep import Sweeper
from tests.integration.nudges.shoppers import Sink, agree, policy, sweeper
from tests.unit.actions.conftest import Chat
from tests.unit.actions.reminded import reminders

HOURS = timedelta(hours=2)


@pytest.fixture
def mail() -> Sink:
    return Sink(answers=[Outcome(OutcomeKind.TEMPORARY, "the mail server is away")])


@pytest.fixture
def sweep(ada: Chat, clock: SimulatedClock, mail: Sink) -> Sweeper:
    """Ada asked for a mail alone, and the first try has failed."""
    with ada.shop.sessions.begin() as session:
        agree(session, "ada", Channel.EMAIL, now=clock.now(), granted=False)
    clock.advance(timedelta(minutes=1))
    ada.say("action_remind_me", "remind me by email in 2 hours")
    clock.advance(HOURS)
    sweep = sweeper(ada.shop.sessions, clock, channels=[mail], rules=policy())
    sweep.run()
    assert len(mail.taken) == 1
    return sweep


def tried_again(sweep: Sweeper, clock: SimulatedClock) -> None:
    """All that is due in the next hour goes out."""
    for _ in range(6):
        clock.advance(timedelta(minutes=10))
        sweep.run()


def test_it_is_tried_again(sweep: Sweeper, clock: SimulatedClock, mail: Sink) -> None:
    tried_again(sweep, clock)
    assert len(mail.taken) == 2


def test_it_can_be_taken_back(ada: Chat, sweep: Sweeper, clock: SimulatedClock, mail: Sink) -> None:
    answer = ada.say("action_cancel_reminder", "cancel my reminder")
    assert answer.responses == ["utter_reminder_cancelled"]
    tried_again(sweep, clock)
    assert len(mail.taken) == 1
    answer = ada.say("action_cancel_reminder", "cancel my reminder")
    assert answer.responses == ["utter_no_reminder_to_cancel"]


def test_a_newer_wish_takes_its_place(
    ada: Chat, sweep: Sweeper, clock: SimulatedClock, mail: Sink
) -> None:
    answer = ada.say("action_remind_me", "remind me by email in 2 hours")
    assert answer.responses == ["utter_reminder_moved"]
    tried_again(sweep, clock)
    assert len(mail.taken) == 1
    clock.advance(HOURS)
    sweep.run()
    assert len(mail.taken) == 2


def test_stopping_another_channel_leaves_it_and_says_so(ada: Chat, sweep: Sweeper) -> None:
    answer = ada.say("action_stop_reminders", "stop reminding me in the chat")
    assert answer.responses == ["utter_reminders_stopped_there"]
    assert [row.cancelled_at for row in reminders(ada.shop)] == [None]


def test_what_went_out_is_no_longer_to_come(
    ada: Chat, sweep: Sweeper, clock: SimulatedClock
) -> None:
    tried_again(sweep, clock)
    answer = ada.say("action_cancel_reminder", "cancel my reminder")
    assert answer.responses == ["utter_no_reminder_to_cancel"]
