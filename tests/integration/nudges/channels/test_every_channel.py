"""What every channel promises, tried on each against its real other side."""

import copy
import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SimulatedClock
from core.log import configure_logging
from db.engine import SessionFactory
from db.models import NudgeState, Suppression
from nudges import render
from nudges.channels import Outcome, OutcomeKind
from nudges.message import Message
from nudges.policy import Policy
from tests.integration.nudges.channels.rig import RIGS, TIMEOUTS, TOLD_APART, WAYS, Rig, Way
from tests.integration.nudges.shoppers import (
    Sink,
    leave_cart,
    nudges,
    person,
    policy,
    sweeper,
)

HOUR = timedelta(hours=1)
PEOPLE = ("ann", "bob", "cat")
pytestmark = pytest.mark.usefixtures("small_shop")

EXPECTED = {
    Way.LATER: (OutcomeKind.TEMPORARY, False),
    Way.AWAY: (OutcomeKind.TEMPORARY, False),
    Way.NOT_YOU: (OutcomeKind.TEMPORARY, False),
    Way.GONE: (OutcomeKind.PERMANENT, True),
    Way.REFUSES: (OutcomeKind.PERMANENT, False),
    Way.CUTS: (OutcomeKind.UNKNOWN, False),
    Way.SILENT: (OutcomeKind.UNKNOWN, False),
}


def on_each(*ways: Way) -> pytest.MarkDecorator:
    """The test, on each channel whose other side can behave in all these ways."""
    names = [name for name in RIGS if set(ways) <= set(WAYS[name])]
    return pytest.mark.parametrize("rig", names, indirect=True)


every_way = pytest.mark.parametrize(
    ("rig", "way"), [(name, way) for name in RIGS for way in WAYS[name]], indirect=["rig"]
)
# What a channel answers does not depend on the database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def rig(
    request: pytest.FixtureRequest,
    sessions: SessionFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rig]:
    for module in TIMEOUTS:
        monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.3)
    with RIGS[request.param](sessions, tmp_path) as rig:
        yield rig


@pytest.fixture
def logs() -> Iterator[None]:
    """Logs as a process writes them, all of them."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging("DEBUG")
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def left(sessions: SessionFactory, clock: SimulatedClock, rig: Rig) -> None:
    """Three people who can be reached on the channel left a tent in their carts."""
    let_leave(sessions, clock, rig, PEOPLE)


@pytest.fixture
def messages(
    sessions: SessionFactory, clock: SimulatedClock, rig: Rig, left: None
) -> list[Message]:
    """Their messages in words, as the sweep hands them over; none of them went out."""
    sink = Sink(name=rig.name)
    sweeper(sessions, clock, channels=[sink], rules=rules(rig)).run()
    assert len(sink.taken) == len(PEOPLE)
    return sink.taken


def let_leave(
    sessions: SessionFactory, clock: SimulatedClock, rig: Rig, people: Iterable[str]
) -> None:
    """These people, who can be reached on the channel, left a tent in their carts an hour ago."""
    at = clock.now() - HOUR
    with sessions.begin() as session:
        for key in people:
            person(session, key, now=at)
            rig.reach(session, key, at)
            leave_cart(session, key, at=at)


def rules(rig: Rig) -> Policy:
    stages = [{"name": "first", "after_minutes": 60, "channels": [rig.name.value]}]
    return policy(stages=stages)


def deliver(rig: Rig, messages: Sequence[Message], clock: SimulatedClock) -> list[Outcome]:
    return rig.channel.deliver(messages, now=clock.now())


def sweep(rig: Rig, sessions: SessionFactory, clock: SimulatedClock) -> None:
    sweeper(sessions, clock, channels=[rig.channel], rules=rules(rig)).run()


@on_each()
@on_sqlite
def test_what_is_taken_is_accepted_under_an_id_of_its_own(
    rig: Rig, messages: list[Message], clock: SimulatedClock
) -> None:
    outcomes = deliver(rig, messages, clock)
    assert [one.kind for one in outcomes] == [OutcomeKind.ACCEPTED] * 3
    assert all(one.message_id for one in outcomes)
    assert len({one.message_id for one in outcomes}) == 3
    assert len(rig.arrived()) == 3
    assert all("Ridge tent" in text for text in rig.arrived())


@every_way
@on_sqlite
def test_the_outcome_says_what_is_known(
    rig: Rig, way: Way, messages: list[Message], clock: SimulatedClock
) -> None:
    rig.behave(way)
    (outcome,) = deliver(rig, messages[:1], clock)
    assert (outcome.kind, outcome.suppress) == EXPECTED[way]
    assert outcome.detail


@every_way
@on_sqlite
def test_each_message_has_its_outcome_in_order_and_is_tried_once(
    rig: Rig, way: Way, messages: list[Message], clock: SimulatedClock
) -> None:
    rig.behave(way)
    first, *others = outcomes = deliver(rig, messages, clock)
    assert len(outcomes) == 3
    assert first.tried
    assert {one.kind for one in outcomes if one.tried} == {EXPECTED[way][0]}
    assert {(one.kind, one.suppress) for one in others if not one.tried} <= {
        (OutcomeKind.TEMPORARY, False)
    }
    assert all(one.tried is not first.server_wide for one in others)
    assert len(rig.arrived()) <= sum(one.tried for one in outcomes)


@every_way
@on_sqlite
def test_the_channel_works_again_once_the_other_side_does(
    rig: Rig, way: Way, messages: list[Message], clock: SimulatedClock
) -> None:
    rig.behave(way)
    deliver(rig, messages[:1], clock)
    rig.behave(None)
    (outcome,) = deliver(rig, messages[1:2], clock)
    assert outcome.kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize("rig", TOLD_APART, indirect=True)
@on_sqlite
def test_the_same_message_counts_once_where_the_protocol_can_tell(
    rig: Rig, messages: list[Message], clock: SimulatedClock
) -> None:
    assert rig.knows is not None
    for _ in range(2):
        deliver(rig, messages[:1], clock)
    assert len(rig.knows()) == 1


@on_each(Way.LATER)
@pytest.mark.usefixtures("left")
def test_a_temporary_failure_is_made_up_for_once(
    rig: Rig, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    rig.behave(Way.LATER)
    sweep(rig, sessions, clock)
    assert {one.state for one in nudges(sessions)} == {NudgeState.WAITING}
    assert rig.arrived() == []
    rig.behave(None)
    for _ in range(3):
        clock.advance(timedelta(minutes=10))
        sweep(rig, sessions, clock)
    assert {one.state for one in nudges(sessions)} == {NudgeState.SENT}
    assert len(rig.arrived()) == 3


@on_each(Way.CUTS)
@pytest.mark.usefixtures("left")
def test_what_may_have_arrived_is_never_sent_again(
    rig: Rig, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    rig.behave(Way.CUTS)
    for _ in PEOPLE:
        sweep(rig, sessions, clock)
        clock.advance(timedelta(minutes=5))
    assert {one.state for one in nudges(sessions)} == {NudgeState.UNKNOWN}
    arrived = len(rig.arrived())
    rig.behave(None)
    for _ in range(3):
        clock.advance(HOUR)
        sweep(rig, sessions, clock)
    assert len(rig.arrived()) == arrived


@pytest.mark.parametrize("way", [Way.AWAY, Way.SILENT])
@on_each(Way.AWAY, Way.SILENT)
def test_a_server_in_trouble_is_asked_once_and_the_rest_of_the_page_is_put_off(
    rig: Rig, way: Way, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    people = [f"p{number}" for number in range(2 * rig.channel.at_once + 1)]
    let_leave(sessions, clock, rig, people)
    rig.behave(way)
    sweep(rig, sessions, clock)
    tried, *others = sorted(nudges(sessions), key=lambda one: -one.attempts)
    assert tried.attempts == 1
    assert {(one.attempts, one.state, one.gate, one.next_at) for one in others} == {
        (0, NudgeState.WAITING, "delivery", clock.now() + timedelta(minutes=5))
    }
    before = len(rig.arrived())
    rig.behave(None)
    clock.advance(timedelta(minutes=5))
    sweep(rig, sessions, clock)
    assert {one.state for one in nudges(sessions) if one.attempts == 1 and one.id != tried.id} == {
        NudgeState.SENT
    }
    assert len(rig.arrived()) == len(people)
    assert before == (way is Way.SILENT)


@on_each(Way.GONE)
@pytest.mark.usefixtures("left")
def test_an_address_that_is_gone_is_suppressed(
    rig: Rig, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    rig.behave(Way.GONE)
    sweep(rig, sessions, clock)
    with sessions() as session:
        assert session.query(Suppression).count() == len(PEOPLE)
    rig.behave(None)
    clock.advance(timedelta(minutes=1))
    sweep(rig, sessions, clock)
    assert {(one.state, one.gate) for one in nudges(sessions)} == {
        (NudgeState.STOPPED, "unreachable")
    }
    assert rig.arrived() == []


@on_each()
@on_sqlite
@pytest.mark.usefixtures("left")
def test_a_missing_word_is_noticed_before_anything_is_sent(
    rig: Rig,
    sessions: SessionFactory,
    clock: SimulatedClock,
    logs: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = render.words_of("en")
    for word in rig.words:
        words = copy.deepcopy(whole)
        del words["common"][word]
        monkeypatch.setattr(render, "words_of", lambda _, words=words: words)
        sweep(rig, sessions, clock)
        assert rig.arrived() == []
        assert {(one.state, one.gate) for one in nudges(sessions)} == {
            (NudgeState.WAITING, "render")
        }
        assert all(word in (one.failure or "") for one in nudges(sessions))
        clock.advance(HOUR)


@on_each()
@on_sqlite
@pytest.mark.usefixtures("left")
def test_no_log_and_no_record_has_personal_data(
    rig: Rig,
    sessions: SessionFactory,
    clock: SimulatedClock,
    messages: list[Message],
    logs: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcomes = deliver(rig, messages[:1], clock)
    for way in WAYS[rig.name]:
        rig.behave(way)
        outcomes += deliver(rig, messages[:1], clock)
    told = capsys.readouterr().err + " ".join(one.detail for one in outcomes)
    for message in messages:
        assert message.address.address not in told
        assert all(link.rpartition("/")[2] not in told for link in message.links.values())
    for key in PEOPLE:
        assert f"{key}@example.org" not in told
        assert f"{key.title()}," not in told
