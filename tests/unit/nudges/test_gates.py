"""Who may be written to, when: each gate by an example, and what no message may ever break."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import Money
from db.models import CartStatus, Channel
from nudges.facts import Address, Facts, PastNudge, Silence
from nudges.gates import ASKED_PUNCTUAL, GATES, Pass, Stop, Wait, deadline, judge
from nudges.policy import ASKED, Policy
from tests.unit.nudges.left_carts import NOW, SHIPPED, facts, line

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = sorted(available_timezones() - {"localtime"})
EVERYBODY = dict.fromkeys(Channel, True)
EVERYWHERE = {channel: Address(channel, f"{channel.value}@example.org") for channel in Channel}


def past(at: datetime, *, cart: str = "c0", channel: Channel = Channel.EMAIL) -> PastNudge:
    return PastNudge("n0", cart, channel, at, "reminder", clicked=False, ordered=False)


def gate_of(one: Facts, policy: Policy = SHIPPED, now: datetime = NOW) -> str | None:
    verdict = judge(one, policy, now)
    return None if isinstance(verdict, Pass) else verdict.gate


def someone(**changes: Any) -> Facts:
    """The recipient of the plain facts with some values changed."""
    plain = facts()
    return replace(plain, recipient=replace(plain.recipient, **changes))


def test_a_left_cart_of_somebody_who_agreed_passes() -> None:
    assert judge(facts(), SHIPPED, NOW) == Pass(Channel.EMAIL)


@pytest.mark.parametrize(
    ("gate", "changed"),
    [
        ("bought", facts(status=CartStatus.ORDERED)),
        ("bought", facts(bought_products=frozenset({"tent"}))),
        ("merged", facts(status=CartStatus.MERGED)),
        ("emptied", facts(lines=())),
        ("came_back", facts(last_activity_at=NOW - HOUR)),
        ("too_old", facts(stage="gone")),
        ("left_out", someone(is_robot=True)),
        ("left_out", someone(is_staff=True)),
        ("silenced", facts(silences=(Silence(None, None, "stop", NOW - DAY),))),
        ("no_consent", facts(consents={})),
        ("no_consent", facts(consents={Channel.EMAIL: False})),
        ("unreachable", facts(addresses={})),
        ("unreachable", facts(suppressed=frozenset({Channel.EMAIL}))),
        ("unreachable", facts(silences=(Silence(Channel.EMAIL, None, "stop", NOW - DAY),))),
        ("asked_instead", facts(reminder_due=NOW + DAY)),
        ("sold_out", facts(lines=(line(stock=0),))),
        ("sold_out", facts(lines=(line(active=False),))),
        ("sold_out", facts(lines=(line(unit=None),))),
        ("cannot_be_shipped", facts(lines=(line(shippable=False),))),
        ("free", facts(0)),
        ("worth_little", facts(499)),
        ("dearer", facts(lines=(line(1101, unit_when_added=Money("EUR", 1000)),))),
        ("cart_cap", facts(history=tuple(past(NOW - n * DAY, cart="c1") for n in (40, 50, 60)))),
        ("still_here", facts(last_seen_at=NOW - timedelta(minutes=29))),
        ("paying", facts(payment_at=NOW - timedelta(minutes=59))),
        ("just_ordered", facts(last_order_at=NOW - 71 * HOUR)),
        ("caps", facts(history=(past(NOW - 15 * HOUR),))),
        ("channel_caps", facts(history=(past(NOW - 2 * DAY), past(NOW - 3 * DAY)))),
        ("quiet", someone(time_zone="Pacific/Auckland")),
    ],
)
def test_a_gate_holds(gate: str, changed: Facts) -> None:
    assert gate_of(changed) == gate


@pytest.mark.parametrize(
    "changed",
    [
        facts(bought_products=frozenset({"stove"})),
        facts(silences=(Silence(Channel.CHAT, None, "stop", NOW - DAY),)),
        facts(500),
        facts(lines=(line(1100, unit_when_added=Money("EUR", 1000)),)),
        facts(lines=(line(stock=0), line(product_id="stove"))),
        facts(last_seen_at=NOW - timedelta(minutes=30)),
        facts(payment_at=NOW - timedelta(minutes=60)),
        facts(last_order_at=NOW - 72 * HOUR),
        facts(history=(past(NOW - 24 * HOUR),)),
    ],
)
def test_a_gate_lets_pass_what_it_is_not_about(changed: Facts) -> None:
    assert gate_of(changed) is None


def test_nothing_from_before_reminders_were_switched_on() -> None:
    policy = SHIPPED.model_copy(update={"active_from": NOW - 2 * DAY})
    assert gate_of(facts(), policy) == "too_old"
    assert gate_of(facts(), policy.model_copy(update={"active_from": NOW - 3 * DAY})) is None


def test_nothing_after_the_largest_age() -> None:
    episode = NOW - timedelta(days=SHIPPED.max_age_days)
    assert gate_of(facts(episode=episode, last_activity_at=episode)) == "too_old"


def test_a_stage_before_its_time_waits_for_it_unless_somebody_sends_it_by_hand() -> None:
    early = facts(episode=NOW - 2 * DAY, last_activity_at=NOW - 2 * DAY)
    assert judge(early, SHIPPED, NOW) == Wait("not_yet", NOW + DAY)
    assert judge(early, SHIPPED, NOW, before_its_time=True) == Pass(Channel.EMAIL)


def test_test_addresses_are_left_out() -> None:
    exclude = SHIPPED.exclude.model_copy(update={"email_domains": ("example.org",)})
    assert gate_of(facts(), SHIPPED.model_copy(update={"exclude": exclude})) == "left_out"


def test_the_first_gate_in_the_fixed_order_is_the_one_that_is_named() -> None:
    assert gate_of(facts(lines=(), consents={}, status=CartStatus.ORDERED)) == "bought"
    assert gate_of(facts(lines=(), consents={})) == "emptied"


def test_a_reminder_that_was_asked_for_needs_no_other_consent_and_knows_no_caps() -> None:
    asked = facts(
        stage=ASKED, episode=NOW, asked_for=NOW, asked_channel=Channel.CHAT,
        asked_at=NOW - DAY, consents={},
        addresses=EVERYWHERE, history=tuple(past(NOW - n * HOUR) for n in range(1, 9)),
    )  # fmt: skip
    assert judge(asked, SHIPPED, NOW) == Pass(Channel.CHAT)


@pytest.mark.parametrize(("refused", "gate"), [(DAY, "no_consent"), (3 * DAY, None)])
def test_of_a_reminder_asked_for_and_a_withdrawn_consent_the_newer_word_counts(
    refused: timedelta, gate: str | None
) -> None:
    asked = facts(
        stage=ASKED, episode=NOW, asked_for=NOW, asked_channel=Channel.EMAIL,
        asked_at=NOW - 2 * DAY, consents={Channel.EMAIL: False},
        refused_at={Channel.EMAIL: NOW - refused},
    )  # fmt: skip
    assert gate_of(asked) == gate


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Pass(Channel.CHAT)),
        ({"consents": {Channel.TELEGRAM: True}}, Pass(Channel.TELEGRAM)),
        ({"refused_at": {Channel.CHAT: NOW - HOUR}}, "unreachable"),
        ({"refused_at": {Channel.EMAIL: NOW - HOUR}}, "no_consent"),
        ({"refused_at": {Channel.CHAT: NOW - 3 * DAY}}, "unreachable"),
        ({"refused_at": {Channel.EMAIL: NOW - 3 * DAY}}, Pass(Channel.CHAT)),
        ({"silences": (Silence(Channel.CHAT, None, "stop", NOW - 3 * DAY),)}, "unreachable"),
        ({"silences": (Silence(Channel.EMAIL, None, "stop", NOW - 3 * DAY),)}, Pass(Channel.CHAT)),
        ({"silences": (Silence(None, None, "stop", NOW - 3 * DAY),)}, Pass(Channel.CHAT)),
    ],
)
def test_a_reminder_whose_channel_fails_comes_in_the_chat_at_last(
    changed: dict[str, Any], verdict: Pass | str
) -> None:
    asked = facts(
        stage=ASKED, episode=NOW, asked_for=NOW, asked_channel=Channel.EMAIL,
        asked_at=NOW - 2 * DAY, suppressed=frozenset({Channel.EMAIL}), addresses=EVERYWHERE,
        **{"consents": {}} | changed,
    )  # fmt: skip
    stages = (SHIPPED.stages[0].model_copy(update={"channels": (Channel.CHAT, Channel.TELEGRAM)}),)
    found = judge(asked, SHIPPED.model_copy(update={"stages": stages}), NOW)
    assert verdict in (found, getattr(found, "gate", None))


def test_a_reminder_that_was_taken_back_comes_on_no_channel() -> None:
    taken_back = facts(stage=ASKED, episode=NOW, asked_for=NOW, consents=EVERYBODY)
    assert gate_of(taken_back) == "taken_back"


# What no message may break, whatever is known of the shopper


def nearby(hours: float) -> st.SearchStrategy[timedelta]:
    return st.floats(0, hours).map(lambda value: timedelta(hours=round(value, 2)))


moments = nearby(365 * 24).map(lambda after: datetime(2026, 1, 1, tzinfo=UTC) + after)
flags = st.dictionaries(st.sampled_from(Channel), st.booleans())
some_channels = st.frozensets(st.sampled_from(Channel))
silences = st.lists(
    st.builds(
        Silence, st.none() | st.sampled_from(Channel), st.none(), st.just("stop"), st.just(NOW)
    ),
    max_size=2,
).map(tuple)
lines = st.lists(
    st.builds(
        line,
        st.integers(0, 9000),
        product_id=st.sampled_from(["tent", "stove", "mat"]),
        stock=st.integers(0, 3),
        active=st.booleans(),
        shippable=st.booleans(),
    ),
    max_size=3,
).map(tuple)


def ago(now: datetime, hours: float) -> st.SearchStrategy[datetime]:
    return nearby(hours).map(lambda before: now - before)


def histories(now: datetime) -> st.SearchStrategy[tuple[PastNudge, ...]]:
    one = st.builds(
        lambda at, cart, channel: past(at, cart=cart, channel=channel),
        ago(now, 24 * 35),
        st.sampled_from(["c1", "c0"]),
        st.sampled_from(Channel),
    )
    newest_first = partial(sorted, key=lambda sent: sent.at, reverse=True)
    return st.lists(one, max_size=5).map(newest_first).map(tuple)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Facts, datetime]:
    """A cart that may be written about, but for up to two things that may be anything."""
    now = draw(moments)
    stage = draw(st.sampled_from(SHIPPED.stages))
    episode = now - stage.after - draw(nearby(2))
    plain = facts(
        stage=stage.name,
        episode=episode,
        last_activity_at=episode,
        cart_created_at=episode,
        consents=EVERYBODY,
        addresses=EVERYWHERE,
    )
    anything: dict[str, st.SearchStrategy[Any]] = {
        "last_activity_at": nearby(3).map(lambda later: episode + later),
        "status": st.sampled_from(CartStatus),
        "lines": lines,
        "consents": flags,
        "addresses": some_channels.map(lambda some: {one: EVERYWHERE[one] for one in some}),
        "suppressed": some_channels,
        "silences": silences,
        "bought_products": st.frozensets(st.sampled_from(["tent", "stove", "mat"])),
        "reminder_due": st.none() | st.just(now + DAY),
        "last_seen_at": ago(now, 2),
        "payment_at": ago(now, 2),
        "last_order_at": ago(now, 100),
        "history": histories(now),
        "recipient": st.builds(
            partial(replace, plain.recipient), is_robot=st.booleans(), is_staff=st.booleans()
        ),
    }
    names = draw(st.sets(st.sampled_from([*anything]), max_size=2))
    changed = replace(plain, **{name: draw(anything[name]) for name in sorted(names)})
    zone = draw(st.sampled_from(ZONES))
    return replace(changed, recipient=replace(changed.recipient, time_zone=zone)), now


@given(situations())
@settings(max_examples=600)
def test_what_passes_breaks_nothing(situation: tuple[Facts, datetime]) -> None:
    one, now = situation
    verdict = judge(one, SHIPPED, now)
    if not isinstance(verdict, Pass):
        return
    channel = verdict.channel
    assert one.status is CartStatus.OPEN
    assert one.last_activity_at == one.episode
    wanted = [own for own in one.lines if own.product_id not in one.bought_products]
    assert any(own.active and own.stock and own.shippable and own.unit for own in wanted)
    assert one.consents[channel]
    assert channel in one.addresses
    assert channel not in one.suppressed
    assert all(silence.channel not in (None, channel) for silence in one.silences)
    assert not one.recipient.is_robot
    assert not one.recipient.is_staff
    assert one.reminder_due is None
    local = now.astimezone(ZoneInfo(one.recipient.time_zone)).time()
    assert time(8) <= local < time(21)
    for moment, rest in (
        (one.last_seen_at, timedelta(minutes=30)),
        (one.payment_at, timedelta(minutes=60)),
        (one.last_order_at, timedelta(hours=72)),
    ):
        assert moment is None or now - moment >= rest
    assert_within_caps([*one.history, past(now, cart=one.cart_id, channel=channel)])


@given(situations())
@settings(max_examples=200)
def test_waiting_leads_on(situation: tuple[Facts, datetime]) -> None:
    """A wait ends later and within the stage, and its gate then holds no more."""
    one, now = situation
    verdict = judge(one, SHIPPED, now)
    if isinstance(verdict, Wait):
        assert now < verdict.until < deadline(one, SHIPPED)
        gates = {gate.__name__: gate for gate in GATES}
        assert gates[verdict.gate](one, SHIPPED, verdict.until) is None


@given(situations())
@settings(max_examples=200)
def test_the_verdict_is_that_of_the_first_gate_that_holds(
    situation: tuple[Facts, datetime],
) -> None:
    one, now = situation
    held = [found for gate in GATES if (found := gate(one, SHIPPED, now)) is not None]
    verdict = judge(one, SHIPPED, now)
    assert isinstance(verdict, Pass) if not held else not isinstance(verdict, Pass)
    if held and isinstance(verdict, Stop | Wait):
        assert verdict.gate == held[0].gate


def assert_within_caps(sent: Sequence[PastNudge]) -> None:
    """Counted anew for every window that ends with the last message."""
    caps, last = SHIPPED.caps, sent[-1]
    for most, period in (
        (1, timedelta(hours=caps.gap_hours)),
        (caps.per_day, DAY),
        (caps.per_week, 7 * DAY),
        (caps.per_month, 30 * DAY),
    ):
        assert sum(last.at - one.at < period for one in sent) <= most
    in_a_week = [one for one in sent if one.channel is last.channel and last.at - one.at < 7 * DAY]
    assert len(in_a_week) <= caps.in_a_week(last.channel)
    assert sum(one.cart_id == last.cart_id for one in sent) <= caps.per_cart


def test_a_reminder_that_was_asked_for_may_come_at_night_only_while_it_is_punctual() -> None:
    night = datetime(2026, 3, 4, 22, 0, tzinfo=UTC)
    asked = facts(
        stage=ASKED, episode=night, asked_for=night, asked_channel=Channel.EMAIL,
        asked_at=night - DAY,
    )  # fmt: skip
    assert gate_of(asked, now=night) is None
    assert gate_of(asked, now=night + ASKED_PUNCTUAL) == "quiet"
