"""Who may be written to now: one small question after the other, the first "no" wins.

Every gate is a pure function of (facts, policy, now). `Stop` ends the nudge, `Wait` says when to
ask again. The order is fixed, so that the stored gate is always the first that holds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from db.models import CartStatus, Channel
from nudges.experiments import timing
from nudges.facts import Facts, PastNudge
from nudges.policy import ASKED, Policy, superseded_at
from nudges.quiet_hours import quiet_until

ASKED_PATIENCE = timedelta(hours=24)
ASKED_PUNCTUAL = timedelta(minutes=30)
DAY, WEEK, MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing will be sent for this nudge."""

    gate: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now; ask again at `until`."""

    gate: str
    until: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """It may be sent, on this channel."""

    channel: Channel


type Verdict = Stop | Wait | Pass
type Gate = Callable[[Facts, Policy, datetime], Stop | Wait | None]


def judge(facts: Facts, policy: Policy, now: datetime, *, before_its_time: bool = False) -> Verdict:
    """The first gate that stops or delays the nudge, else the channel to use.

    A wait that outlasts the stage is a stop: by then the next stage is due. `before_its_time`
    leaves out the one gate that keeps a stage from coming early.
    """
    for gate in GATES:
        if before_its_time and gate is not_yet:
            continue
        verdict = gate(facts, policy, now)
        if isinstance(verdict, Wait) and verdict.until >= deadline(facts, policy):
            return Stop(verdict.gate, "not before this stage is over")
        if verdict is not None:
            return verdict
    return Pass(next(iter(_open_channels(facts, policy, now))))


def deadline(facts: Facts, policy: Policy) -> datetime:
    """When the nudge is no longer worth sending."""
    if facts.stage == ASKED:
        return facts.episode + ASKED_PATIENCE
    stage = policy.stage(facts.stage)
    return superseded_at(policy, stage, facts.episode) if stage else facts.episode


# About the cart itself


def bought(facts: Facts, _policy: Policy, _now: datetime) -> Stop | None:
    """It became an order, or everything in it was bought some other way."""
    if facts.status is CartStatus.ORDERED:
        return Stop("bought")
    if facts.lines and all(line.product_id in facts.bought_products for line in facts.lines):
        return Stop("bought", "in another order")
    return None


def merged(facts: Facts, _policy: Policy, _now: datetime) -> Stop | None:
    """It became part of another cart when its shopper signed in."""
    return Stop("merged") if facts.status is CartStatus.MERGED else None


def emptied(facts: Facts, _policy: Policy, _now: datetime) -> Stop | None:
    """Nothing is in it any more."""
    return None if facts.lines else Stop("emptied")


def came_back(facts: Facts, _policy: Policy, _now: datetime) -> Stop | None:
    """The cart was touched since: that starts a new episode."""
    moved = facts.stage != ASKED and facts.last_activity_at != facts.episode
    return Stop("came_back") if moved else None


def too_old(facts: Facts, policy: Policy, now: datetime) -> Stop | None:
    """From before reminders were switched on, past its stage, or simply old."""
    if facts.stage != ASKED:
        if policy.stage(facts.stage) is None:
            return Stop("too_old", "the policy has no such stage any more")
        if policy.active_from is not None and facts.episode < policy.active_from:
            return Stop("too_old", "from before reminders were switched on")
    return Stop("too_old", "its time is over") if now >= deadline(facts, policy) else None


# About the shopper


def left_out(facts: Facts, policy: Policy, _now: datetime) -> Stop | None:
    """Robots, the shop's own staff, and test addresses."""
    recipient = facts.recipient
    if recipient.is_robot:
        return Stop("left_out", "a robot")
    if recipient.is_staff:
        return Stop("left_out", "staff")
    domain = (recipient.email or "").lower().rpartition("@")[2]
    return Stop("left_out", "a test address") if domain in policy.exclude.email_domains else None


def taken_back(facts: Facts, _policy: Policy, _now: datetime) -> Stop | None:
    """They had asked for this reminder, and cancelled it."""
    return Stop("taken_back") if facts.stage == ASKED and facts.asked_at is None else None


def silenced(facts: Facts, _policy: Policy, _now: datetime) -> Stop | None:
    """The shopper, or the shop for them, asked for silence on every channel."""
    silence = next((one for one in facts.silences_in_force if one.channel is None), None)
    return Stop("silenced", silence.reason) if silence else None


def no_consent(facts: Facts, policy: Policy, _now: datetime) -> Stop | None:
    """They agreed to none of the stage's channels."""
    return None if _agreed(facts, policy) else Stop("no_consent")


def unreachable(facts: Facts, policy: Policy, _now: datetime) -> Stop | None:
    """No agreed channel has an address that works."""
    return None if _reachable(facts, policy) else Stop("unreachable")


def asked_instead(facts: Facts, _policy: Policy, _now: datetime) -> Stop | None:
    """They named a moment themselves: the stages keep quiet until then."""
    if facts.stage == ASKED or facts.reminder_due is None:
        return None
    return Stop("asked_instead")


# About the goods


def sold_out(facts: Facts, _policy: Policy, _now: datetime) -> Stop | None:
    """Nothing of it can be bought any more."""
    if any(line.sellable for line in facts.open_lines):
        return None
    if any(line.active and line.stock and not line.shippable for line in facts.open_lines):
        return Stop("cannot_be_shipped")
    return Stop("sold_out")


def worth_little(facts: Facts, policy: Policy, _now: datetime) -> Stop | None:
    """What can still be bought is free, or hardly worth a message."""
    value = facts.value.amount
    if value == 0:
        return Stop("free")
    if facts.stage != ASKED and value < policy.gates.min_value:
        return Stop("worth_little")
    return None


def dearer(facts: Facts, policy: Policy, _now: datetime) -> Stop | None:
    """The goods became dearer than the policy wants to announce."""
    if facts.stage == ASKED:
        return None
    now_amount = then_amount = 0
    for line in facts.open_lines:
        then, today = line.unit_when_added, line.unit
        if line.sellable and then and today and then.currency == today.currency:
            now_amount += today.amount * line.pieces
            then_amount += then.amount * line.pieces
    limit = then_amount * (100 + policy.gates.max_price_rise_percent)
    return Stop("dearer") if now_amount * 100 > limit and then_amount else None


# About the moment


def not_yet(facts: Facts, policy: Policy, now: datetime) -> Wait | None:
    """The shopper's arm of a timing experiment comes later."""
    due = facts.episode + timing(policy, facts)
    return Wait("not_yet", due) if now < due else None


def still_here(facts: Facts, policy: Policy, now: datetime) -> Wait | None:
    """They are looking around in the shop right now."""
    if facts.stage == ASKED or facts.last_seen_at is None:
        return None
    gone = facts.last_seen_at + timedelta(minutes=policy.gates.idle_minutes)
    return Wait("still_here", gone) if now < gone else None


def paying(facts: Facts, policy: Policy, now: datetime) -> Wait | None:
    """A payment may be under way, or has just failed and is being tried again."""
    if facts.payment_at is None:
        return None
    done = facts.payment_at + timedelta(minutes=policy.gates.payment_minutes)
    return Wait("paying", done) if now < done else None


def just_ordered(facts: Facts, policy: Policy, now: datetime) -> Wait | None:
    """They have just bought something: peace for a while."""
    if facts.stage == ASKED or facts.last_order_at is None:
        return None
    rested = facts.last_order_at + timedelta(hours=policy.gates.rest_after_order_hours)
    return Wait("just_ordered", rested) if now < rested else None


def cart_cap(facts: Facts, policy: Policy, _now: datetime) -> Stop | None:
    """This cart has had all the messages that the policy allows one."""
    if facts.stage == ASKED:
        return None
    sent = sum(past.cart_id == facts.cart_id for past in facts.history)
    return Stop("cart_cap") if sent >= policy.caps.per_cart else None


def caps(facts: Facts, policy: Policy, now: datetime) -> Stop | Wait | None:
    """Too soon after the last message, or too many in a day, a week or a month."""
    if facts.stage == ASKED:
        return None
    waits = [_free_at(facts.history, 1, timedelta(hours=policy.caps.gap_hours), now)]
    for most, period in (
        (policy.caps.per_day, DAY),
        (policy.caps.per_week, WEEK),
        (policy.caps.per_month, MONTH),
    ):
        if most == 0:
            return Stop("caps", "the policy allows no message")
        waits.append(_free_at(facts.history, most, period, now))
    latest = max((wait for wait in waits if wait), default=None)
    return Wait("caps", latest) if latest else None


def channel_caps(facts: Facts, policy: Policy, now: datetime) -> Stop | Wait | None:
    """Every channel that could be used has had its share this week."""
    if _open_channels(facts, policy, now):
        return None
    frees = [
        free
        for channel in _reachable(facts, policy)
        if (most := policy.caps.in_a_week(channel))
        and (free := _free_at(_on(facts.history, channel), most, WEEK, now))
    ]
    if not frees:
        return Stop("channel_caps", "the policy allows no message on these channels")
    return Wait("channel_caps", min(frees))


def quiet(facts: Facts, policy: Policy, now: datetime) -> Wait | None:
    """It is night where they are. Their own reminder, on time, may still come."""
    if facts.stage == ASKED and now - facts.episode < ASKED_PUNCTUAL:
        return None
    until = quiet_until(policy.quiet_hours, ZoneInfo(facts.recipient.time_zone), now)
    return Wait("quiet", until) if until else None


GATES: tuple[Gate, ...] = (
    bought,
    merged,
    emptied,
    came_back,
    too_old,
    left_out,
    taken_back,
    silenced,
    no_consent,
    unreachable,
    asked_instead,
    sold_out,
    worth_little,
    dearer,
    cart_cap,
    not_yet,
    still_here,
    paying,
    just_ordered,
    caps,
    channel_caps,
    quiet,
)


def _channels(facts: Facts, policy: Policy) -> tuple[Channel, ...]:
    """The channels that the nudge may use, best first."""
    stage = policy.stage(facts.stage)
    if stage is not None:
        return stage.channels
    wanted = (facts.asked_channel,) if facts.asked_channel else ()
    agreed = [
        channel
        for one in policy.stages
        for channel in one.channels
        if facts.consents.get(channel, False)
    ]
    return tuple(dict.fromkeys((*wanted, *agreed, Channel.CHAT)))


def _agreed(facts: Facts, policy: Policy) -> list[Channel]:
    """Those agreed to, and where the shopper asked for this reminder."""
    return [
        channel
        for channel in _channels(facts, policy)
        if facts.consents.get(channel, False) or _asked_for_on(facts, channel)
    ]


def _asked_for_on(facts: Facts, channel: Channel) -> bool:
    """Asking for a reminder is agreeing to its channel, and to the chat where that one fails.

    A no to its channel that was said afterwards ends both. The chat was not asked for, so a no to
    it stands whenever it was said.
    """
    if facts.stage != ASKED or facts.asked_at is None or facts.asked_channel is None:
        return False
    refused = facts.refused_at.get(facts.asked_channel)
    if refused is not None and refused >= facts.asked_at:
        return False
    in_its_place = channel is Channel.CHAT and channel not in facts.refused_at
    return channel is facts.asked_channel or in_its_place


def _reachable(facts: Facts, policy: Policy) -> list[Channel]:
    quiet_channels = {silence.channel for silence in facts.silences_in_force}
    return [
        channel
        for channel in _agreed(facts, policy)
        if channel in facts.addresses
        and channel not in facts.suppressed
        and channel not in quiet_channels
    ]


def _open_channels(facts: Facts, policy: Policy, now: datetime) -> list[Channel]:
    reachable = _reachable(facts, policy)
    if facts.stage == ASKED:
        return reachable
    return [
        channel
        for channel in reachable
        if (most := policy.caps.in_a_week(channel))
        and _free_at(_on(facts.history, channel), most, WEEK, now) is None
    ]


def _on(history: Iterable[PastNudge], channel: Channel) -> tuple[PastNudge, ...]:
    return tuple(past for past in history if past.channel is channel)


def _free_at(
    history: tuple[PastNudge, ...], most: int, period: timedelta, now: datetime
) -> datetime | None:
    """When one more message within `period` is no more than `most`; None where it is so now."""
    recent = sorted((past.at for past in history if past.at > now - period), reverse=True)
    return recent[most - 1] + period if len(recent) >= most else None
