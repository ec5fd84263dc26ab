"""A left cart's story tells what happened, which gate stopped it, and what comes next and when."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory, read_session
from db.fold import CartItem
from db.models import Cart, Channel, EventName, Reminder
from db.writes.events import NewEvent, record
from nudges.channels import Outcome, OutcomeKind
from nudges.compose import Nudging
from nudges.explain import Story, explain, step_sentence
from nudges.gates import GATES
from nudges.operators import OperatorWords
from nudges.store.stories import Step
from tests.integration.nudges.shoppers import (
    Sink,
    agree,
    buy,
    leave_cart,
    left_carts,
    person,
    policy,
)

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("small_shop")


def cart_of(sessions: SessionFactory, key: str) -> str:
    with read_session(sessions) as session:
        return session.scalars(select(Cart.id).where(Cart.person_id == key)).one()


def told(nudging: Nudging, key: str = "ann") -> Story:
    with read_session(nudging.sessions) as session:
        story = explain(session, nudging, cart_of(nudging.sessions, key), now=nudging.clock.now())
    assert story is not None
    return story


def happened(story: Story) -> list[str]:
    return [sentence.text for episode in story.episodes for sentence in episode.sentences]


def test_what_was_sent_is_told_in_order_with_the_shops_time(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    nudging.sweeper().run()
    story = told(nudging)
    assert happened(story) == [
        "Stage first fell due and was taken up.",
        "Decided: a reminder, by e-mail.",
        "Sent by e-mail.",
    ]
    (episode,) = story.episodes
    assert episode.heading == "Left Mon 2 Mar 2026 10:00 CET"
    assert episode.sentences[0].at == "Mon 2 Mar 2026 11:00 CET"


def test_the_gate_that_stopped_it_is_named(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    with sessions.begin() as session:
        agree(session, "ann", Channel.EMAIL, now=clock.now(), granted=False)
    nudging.sweeper().run()
    why = "the shopper agreed to none of this stage's channels"
    assert f"Nothing was sent: {why}." in happened(told(nudging))


def test_before_anything_is_due_it_says_when_it_will_be(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR / 2)
    first, second = told(nudging).following
    assert first == (
        "Stage first falls due Mon 2 Mar 2026 11:30 CET. As things stand it would be sent by "
        "e-mail, if the decision is to write."
    )
    assert second.startswith("Stage second falls due Tue 3 Mar 2026 10:30 CET.")


def test_what_waits_says_until_when_and_why(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    clock.at = clock.now().replace(hour=21)
    left_carts(sessions, clock, "ann", ago=HOUR)
    nudging.sweeper().run()
    why = "it is night where the shopper is"
    story = told(nudging)
    assert f"It had to wait until Tue 3 Mar 2026 08:00 CET: {why}." in happened(story)
    assert f"Stage first is looked at again Tue 3 Mar 2026 08:00 CET: {why}." in story.following


def test_a_failed_delivery_is_told_with_its_reason(
    nudging: Nudging, sink: Sink, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink.answers = [Outcome(OutcomeKind.TEMPORARY, "SMTP 451")]
    nudging.sweeper().run()
    assert "Attempt 1 by e-mail failed (SMTP 451); it is tried again." in happened(told(nudging))


def test_what_a_server_in_trouble_put_off_is_told_with_its_time(
    nudging: Nudging, sink: Sink, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", "bob", ago=HOUR)
    later = "Mon 2 Mar 2026 11:05 CET"
    sink.at_once, sink.answers = 1, [Outcome(OutcomeKind.TEMPORARY, "away", server_wide=True)]
    nudging.sweeper().run()
    assert {happened(told(nudging, key))[-1] for key in ("ann", "bob")} == {
        "Attempt 1 by e-mail failed (away); it is tried again.",
        f"Not tried: the server for e-mail was in trouble; it is looked at again {later}.",
    }


def test_an_unknown_fate_is_told_as_unknown(
    nudging: Nudging, sink: Sink, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink.answers = [Outcome(OutcomeKind.UNKNOWN, "the connection broke")]
    nudging.sweeper().run()
    assert happened(told(nudging))[-1] == (
        "It may have been sent or not (the connection broke), so it is never sent again."
    )


def test_after_the_order_nothing_more_comes(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    with sessions.begin() as session:
        buy(session, "ann", at=clock.now())
    story = told(nudging)
    assert story.about[0] == "It became an order Mon 2 Mar 2026 11:00 CET."
    assert story.following == ("Nothing more comes of it.",)
    assert not story.dismissable


def test_someone_in_the_hold_out_is_told_to_get_nothing(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    held = Nudging(
        settings=nudging.settings,
        policy=policy(hold_out={"share": 0.5}),
        sessions=sessions,
        channels=nudging.channels,
        decider=nudging.decider,
        clock=clock,
    )
    keys = [f"p{number}" for number in range(12)]
    left_carts(sessions, clock, *keys, ago=HOUR / 2)
    following = [told(held, key).following[0] for key in keys]
    nothing = [text for text in following if "in the hold-out" in text]
    assert 0 < len(nothing) < len(keys)


def test_a_guests_cart_says_that_only_a_reminder_can_come(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    at = clock.now() - HOUR
    item = CartItem("tent", "tent-green", 1, 11900, "EUR")
    with sessions.begin() as session:
        event = NewEvent("add", EventName.ADD_TO_CART, at, items=(item,))
        record(session, Identity("v-guest", None), [event], now=at)
        cart_id = session.scalars(select(Cart.id)).one()
    with read_session(sessions) as session:
        story = explain(session, nudging, cart_id, now=clock.now())
    assert story is not None
    assert story.following == (
        "Nothing comes of it unless the shopper signs in or asks for a reminder.",
    )


def test_a_reminder_that_was_asked_for_is_announced(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR / 2)
    with sessions.begin() as session:
        session.add(
            Reminder(
                id="r1",
                visitor_id="v-ann",
                person_id="ann",
                due_at=clock.now() + timedelta(days=4),
                source="chat",
                asked_at=clock.now(),
            )
        )
    assert told(nudging).following[0] == (
        "The shopper asked to be reminded Fri 6 Mar 2026 11:00 CET; until then the stages keep "
        "quiet."
    )


def test_each_abandonment_has_its_own_part(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    nudging.sweeper().run()
    clock.advance(HOUR)
    with sessions.begin() as session:
        leave_cart(session, "ann", at=clock.now())
    clock.advance(2 * HOUR)
    nudging.sweeper().run()
    assert [episode.heading for episode in told(nudging).episodes] == [
        "Left Mon 2 Mar 2026 10:00 CET",
        "Left Mon 2 Mar 2026 12:00 CET",
    ]


def test_on_a_database_that_was_never_swept_it_says_so(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    unset = Nudging(
        settings=nudging.settings,
        policy=policy(active_from=""),
        sessions=sessions,
        channels=nudging.channels,
        decider=nudging.decider,
        clock=clock,
    )
    assert told(unset).following == (
        "The scheduler has never run on this database, so nothing is sent.",
    )


def test_an_unknown_cart_has_no_story(nudging: Nudging) -> None:
    with read_session(nudging.sessions) as session:
        assert explain(session, nudging, "no-such-cart", now=nudging.clock.now()) is None


def test_every_gate_has_its_words(nudging: Nudging, clock: SimulatedClock) -> None:
    words = OperatorWords.of(nudging.settings).tables["gates"]
    assert {gate.__name__ for gate in GATES} <= words.keys()


def test_an_erased_or_unknown_locale_falls_back_to_english(nudging: Nudging) -> None:
    settings = nudging.settings.model_copy(update={"locale": "sv-SE"})
    assert OperatorWords.of(settings).say("next", "closed") == "Nothing more comes of it."


def test_a_person_without_an_address_is_told_as_unreachable(
    nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    with sessions.begin() as session:
        person(session, "bob", now=clock.now() - HOUR, email=None)
        leave_cart(session, "bob", at=clock.now() - HOUR)
    assert "As things stand nothing would be sent: no channel" in told(nudging, "bob").following[0]


@pytest.mark.parametrize(
    "what", ["clicked", "delivered", "preferences", "taken_back", "out_of_date"]
)
def test_what_is_stored_without_details_has_its_words(what: str, clock: SimulatedClock) -> None:
    step = Step(clock.now(), what, {})
    assert "Noted" not in step_sentence(step, OperatorWords.of(Settings()))


def test_what_a_later_version_stored_is_told_by_its_name(clock: SimulatedClock) -> None:
    step = Step(clock.now(), "frozen_over", {})
    assert step_sentence(step, OperatorWords.of(Settings())) == "Noted: frozen over."
