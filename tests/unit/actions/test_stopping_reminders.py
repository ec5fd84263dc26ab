"""Reminders stopped in the chat, and a stop taken back, each answered from the committed row."""

from datetime import timedelta

from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from db.models import Channel, Nudge, NudgeState, Pause, Reminder
from db.reads.carts import open_cart
from db.reads.consents import consent_ledger
from tests.integration.nudges.shoppers import agree, person
from tests.unit.actions.conftest import Chat
from tests.unit.actions.reminded import granted, reminders, swept, swept_without_mailbox

MINUTE = timedelta(minutes=1)


def guest_cart(chat: Chat) -> str:
    with chat.shop.sessions() as session:
        cart = open_cart(session, chat.identity, now=chat.shop.clock.now())
        assert cart is not None
        return cart.id


def test_stop_withdraws_every_consent_and_nothing_is_sent(ada: Chat, clock: SimulatedClock) -> None:
    with ada.shop.sessions.begin() as session:
        agree(session, "ada", Channel.CHAT, now=clock.now())
    assert ada.say("action_stop_reminders", "stop reminding me").responses == [
        "utter_reminders_stopped"
    ]
    assert granted(ada) == set()
    clock.advance(timedelta(hours=2))
    assert swept(ada.shop, clock).taken == []


def test_stop_on_one_channel_leaves_the_others(ada: Chat, clock: SimulatedClock) -> None:
    with ada.shop.sessions.begin() as session:
        agree(session, "ada", Channel.CHAT, now=clock.now())
    answer = ada.say("action_stop_reminders", "stop the emails")
    assert answer.text.startswith("Done. You will get no more reminders by e-mail.")
    assert granted(ada) == {Channel.CHAT}


def test_stop_where_nothing_was_agreed_to_says_so(guest: Chat) -> None:
    assert guest.say("action_stop_reminders", "unsubscribe").responses == [
        "utter_reminders_were_off"
    ]


def test_undoing_a_stop_gives_back_what_it_took_as_new_lines_of_the_ledger(
    ada: Chat, clock: SimulatedClock
) -> None:
    with ada.shop.sessions.begin() as session:
        agree(session, "ada", Channel.CHAT, now=clock.now())
        agree(session, "ada", Channel.TELEGRAM, now=clock.now(), granted=False)
    ada.say("action_remind_me", "remind me in two hours")
    clock.advance(MINUTE)
    stopped = ada.say("action_stop_reminders", "stop reminding me")
    assert stopped.buttons == ["That was a mistake: remind me again"]
    clock.advance(MINUTE)
    undone = ada.say("action_undo_stop", "/undo_stop")
    assert undone.responses == ["utter_reminders_again", "utter_reminder_stands"]
    assert granted(ada) == {Channel.EMAIL, Channel.CHAT}
    with ada.shop.sessions() as session:
        newest = consent_ledger(session, "ada")[-2:]
    assert {(line.source, line.wording_version, line.at) for line in newest} == {
        ("chat", "chat-undo-1", clock.now())
    }
    clock.advance(timedelta(hours=2))
    assert len(swept(ada.shop, clock).taken) == 1


def test_undoing_a_stop_of_one_channel_gives_back_that_channel_alone(
    ada: Chat, clock: SimulatedClock
) -> None:
    with ada.shop.sessions.begin() as session:
        agree(session, "ada", Channel.CHAT, now=clock.now())
    clock.advance(MINUTE)
    ada.say("action_stop_reminders", "no more messages in this chat")
    clock.advance(MINUTE)
    ada.say("action_stop_reminders", "stop the emails")
    clock.advance(MINUTE)
    answer = ada.say("action_undo_stop", "/undo_stop")
    assert "by e-mail" in answer.text
    assert granted(ada) == {Channel.EMAIL}


def test_undoing_twice_changes_nothing_more(ada: Chat, clock: SimulatedClock) -> None:
    ada.say("action_stop_reminders", "stop reminding me")
    told = ada.slots["stopped_at"]
    clock.advance(MINUTE)
    ada.say("action_undo_stop", "/undo_stop")
    with ada.shop.sessions() as session:
        lines = len(consent_ledger(session, "ada"))
    # As from another tab, which has not heard yet that it is done.
    ada.slots["stopped_at"] = told
    clock.advance(MINUTE)
    assert ada.say("action_undo_stop", "/undo_stop").responses == ["utter_no_stop_to_undo"]
    with ada.shop.sessions() as session:
        assert len(consent_ledger(session, "ada")) == lines


def test_what_was_said_of_a_channel_since_the_stop_stands(ada: Chat, clock: SimulatedClock) -> None:
    ada.say("action_stop_reminders", "stop reminding me")
    clock.advance(MINUTE)
    with ada.shop.sessions.begin() as session:
        agree(session, "ada", Channel.EMAIL, now=clock.now(), granted=False)
    clock.advance(MINUTE)
    assert ada.say("action_undo_stop", "/undo_stop").responses == ["utter_no_stop_to_undo"]
    assert granted(ada) == set()


def test_a_reminder_whose_moment_passed_does_not_come_back(
    ada: Chat, clock: SimulatedClock
) -> None:
    ada.say("action_remind_me", "remind me in two hours")
    clock.advance(MINUTE)
    ada.say("action_stop_reminders", "stop reminding me")
    clock.advance(timedelta(hours=3))
    answer = ada.say("action_undo_stop", "/undo_stop")
    assert answer.responses == ["utter_reminders_again", "utter_reminder_over"]
    assert [row.cancelled_at is None for row in reminders(ada.shop)] == [False]


def test_a_newer_reminder_keeps_its_place(guest: Chat, clock: SimulatedClock) -> None:
    guest.say("action_remind_me", "remind me in five hours")
    clock.advance(MINUTE)
    guest.say("action_stop_reminders", "stop")
    clock.advance(MINUTE)
    guest.say("action_remind_me", "remind me in two hours")
    clock.advance(MINUTE)
    answer = guest.say("action_undo_stop", "/undo_stop")
    assert answer.responses == ["utter_stop_taken_back", "utter_reminder_over"]
    assert [row.cancelled_at is None for row in reminders(guest.shop)] == [True, False]


def test_a_guests_silence_ends_with_the_stop_that_began_it(
    guest: Chat, clock: SimulatedClock
) -> None:
    guest.say("action_stop_reminders", "unsubscribe")
    clock.advance(MINUTE)
    # Again: nothing is left to stop, so what the first one began is still what is undone.
    assert guest.say("action_stop_reminders", "unsubscribe").buttons == []
    clock.advance(MINUTE)
    assert guest.say("action_undo_stop", "/undo_stop").responses == ["utter_stop_taken_back"]
    with guest.shop.sessions() as session:
        assert [pause.ended_at for pause in session.scalars(select(Pause))] == [clock.now()]


def test_without_a_stop_in_this_talk_nothing_is_agreed_to(ada: Chat, clock: SimulatedClock) -> None:
    with ada.shop.sessions.begin() as session:
        agree(session, "ada", Channel.EMAIL, now=clock.now(), granted=False)
    assert ada.say("action_undo_stop", "/undo_stop").responses == ["utter_no_stop_to_undo"]
    assert granted(ada) == set()


def test_a_stop_of_the_day_before_is_not_undone(ada: Chat, clock: SimulatedClock) -> None:
    ada.say("action_stop_reminders", "stop reminding me")
    clock.advance(timedelta(days=1, minutes=1))
    assert ada.say("action_undo_stop", "/undo_stop").responses == ["utter_no_stop_to_undo"]
    assert granted(ada) == set()


def test_another_shopper_undoes_nothing_even_with_the_same_moment(
    ada: Chat, clock: SimulatedClock
) -> None:
    ada.say("action_stop_reminders", "stop reminding me")
    clock.advance(MINUTE)
    with ada.shop.sessions.begin() as session:
        person(session, "bob", now=clock.now())
    ada.identity = Identity("v-bob", "bob")
    assert ada.say("action_undo_stop", "/undo_stop").responses == ["utter_no_stop_to_undo"]
    assert granted(ada) == set()


def test_words_that_may_mean_it_are_asked_back(ada: Chat, clock: SimulatedClock) -> None:
    ada.say("action_stop_reminders", "stop reminding me")
    clock.advance(MINUTE)
    unsure = ada.say(
        "action_undo_stop", "hm, again", intent="undo_stop", chances={"undo_stop": 0.4}
    )
    assert unsure.responses == ["utter_undo_stop_sure"]
    assert granted(ada) == set()
    ada.say("action_undo_stop", "undo it", intent="undo_stop", chances={"undo_stop": 0.9})
    assert granted(ada) == {Channel.EMAIL}


def test_stop_takes_back_a_reminder_that_the_sweep_already_holds(
    guest: Chat, clock: SimulatedClock
) -> None:
    guest.say("action_remind_me", "remind me in two hours")
    clock.advance(timedelta(hours=2))
    cart_id = guest_cart(guest)
    with guest.shop.sessions.begin() as session:
        # As after a temporary failure: taken up, and waiting to be tried again.
        reminder = session.scalars(select(Reminder)).one()
        nudge = Nudge(
            id="waits",
            cart_id=cart_id,
            visitor_id=reminder.visitor_id,
            episode=reminder.due_at,
            stage="asked",
            state=NudgeState.WAITING,
            next_at=clock.now(),
            channel=Channel.CHAT,
            policy_version="1",
            created_at=clock.now(),
        )
        session.add(nudge)
        session.flush()
        reminder.taken_at, reminder.nudge_id = clock.now(), nudge.id
    assert guest.say("action_stop_reminders", "stop").responses == ["utter_reminders_stopped"]
    assert swept(guest.shop, clock, Channel.CHAT).taken == []


def test_a_bare_stop_means_the_reminders_only_right_after_one(
    ada: Chat, clock: SimulatedClock
) -> None:
    assert ada.say("action_stop", "stop").responses == ["utter_all_right"]
    assert granted(ada) == {Channel.EMAIL}
    clock.advance(timedelta(hours=2))
    assert len(swept(ada.shop, clock).taken) == 1
    assert ada.say("action_stop", "stop").responses == ["utter_reminders_stopped"]
    assert granted(ada) == set()


def test_a_no_to_a_channel_never_agreed_to_is_kept_and_the_chat_does_not_stand_in_for_the_mail(
    ada: Chat, clock: SimulatedClock
) -> None:
    ada.say("action_remind_me", "remind me by email in 2 hours")
    clock.advance(MINUTE)
    for _ in range(2):
        answer = ada.say("action_stop_reminders", "stop reminding me in the chat")
        assert answer.text.startswith("Done. You will get no more reminders in this chat.")
    with ada.shop.sessions() as session:
        lines = [line for line in consent_ledger(session, "ada") if line.channel is Channel.CHAT]
    assert [(line.granted, line.source) for line in lines] == [(False, "chat")]
    clock.advance(timedelta(hours=2))
    mail, chat = swept_without_mailbox(ada.shop, clock)
    assert (len(mail.taken), len(chat.taken)) == (1, 0)


def test_undoing_a_stop_agrees_to_nothing_new_but_the_reminder_comes_again(
    ada: Chat, clock: SimulatedClock
) -> None:
    with ada.shop.sessions.begin() as session:
        agree(session, "ada", Channel.EMAIL, now=clock.now(), granted=False)
    ada.say("action_remind_me", "remind me in 2 hours")
    clock.advance(MINUTE)
    ada.say("action_stop_reminders", "stop reminding me in the chat")
    clock.advance(MINUTE)
    assert ada.say("action_undo_stop", "/undo_stop").responses == ["utter_reminder_stands"]
    assert granted(ada) == set()
    clock.advance(timedelta(hours=2))
    assert len(swept(ada.shop, clock, Channel.CHAT).taken) == 1


def test_undoing_a_no_to_a_channel_never_agreed_to_agrees_to_nothing(
    ada: Chat, clock: SimulatedClock
) -> None:
    assert ada.say("action_stop_reminders", "stop reminding me in the chat").buttons == []
    ada.slots["stopped_at"] = clock.now().isoformat()
    clock.advance(MINUTE)
    assert ada.say("action_undo_stop", "/undo_stop").responses == ["utter_no_stop_to_undo"]
    assert granted(ada) == {Channel.EMAIL}
