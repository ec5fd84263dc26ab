"""From decided nudges to sent ones: render, let go, hand over, write down what became of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from core.clock import Clock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Channel as ChannelName
from db.models import NudgeState
from nudges import coupons
from nudges.channels import HAND_OVER, Channel, Outcome, OutcomeKind
from nudges.decide import Ready, put_off
from nudges.experiments import wording
from nudges.facts import Address
from nudges.message import Brief, Message, Reason
from nudges.pauses import Pauses
from nudges.policy import ASKED, Policy
from nudges.quiet_hours import quiet_from, quiet_until
from nudges.render import Renderer
from nudges.store.claim import Claim
from nudges.store.outcomes import Change, suppress, write_changes
from nudges.store.release import release

log = structlog.get_logger()

FACTS_HOLD = timedelta(minutes=1)
"""How long what a nudge was judged by may be acted on; a slow server's page takes longer."""
RENDER_AGAIN = timedelta(hours=1)
KEPT = timedelta(hours=4)
"""How long a service on the way may keep a message for a device that is not there."""


@dataclass(slots=True)
class Delivered:
    """How many deliveries ended how.

    Of those held back, `put_off` wait for a server in trouble, and `late` had their turn when their
    facts were too old.
    """

    sent: int = 0
    unknown: int = 0
    failed: int = 0
    retried: int = 0
    held_back: int = 0
    put_off: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers on the channels that this process has."""

    sessions: SessionFactory
    settings: Settings
    channels: Mapping[ChannelName, Channel]
    renderer: Renderer
    clock: Clock
    pauses: Pauses = field(default_factory=Pauses)

    @classmethod
    def on(
        cls,
        channels: Iterable[Channel],
        *,
        sessions: SessionFactory,
        settings: Settings,
        clock: Clock,
    ) -> "Courier":
        """One that delivers on these channels, in the shop's own words."""
        by_name = {channel.name: channel for channel in channels}
        return cls(sessions, settings, by_name, Renderer(settings), clock)

    def deliver(self, claim: Claim, ready: Sequence[Ready], policy: Policy) -> Delivered:
        """Deliver what was decided, group by group."""
        done = Delivered()
        left: dict[ChannelName, list[Ready]] = defaultdict(list)
        for one in ready:
            left[one.channel].append(one)
        # In turns, the quickest first, so that a slow channel does not use up the others' time.
        while left:
            for name in sorted(left, key=lambda name: -self.channels[name].at_once):
                channel = self.channels[name]
                some = self._in_time(claim, left.pop(name), done)
                some = self._put_off_paused(claim, some, done)
                if not some:
                    channel.close()
                    continue
                self._deliver_group(claim, channel, some[: channel.at_once], policy, done)
                left[name] = some[channel.at_once :]
        return done

    def _in_time(self, claim: Claim, ready: list[Ready], done: Delivered) -> list[Ready]:
        """All of them, or none where their facts would grow too old: they are judged anew."""
        now = self.clock.now()
        if not ready or now - claim.at <= FACTS_HOLD - HAND_OVER:
            return ready
        with self.sessions.begin() as session:
            write_changes(session, claim.id, [_late(one, now) for one in ready], now=now)
        done.held_back += len(ready)
        done.late += len(ready)
        return []

    def _put_off_paused(self, claim: Claim, ready: list[Ready], done: Delivered) -> list[Ready]:
        """Those whose server is in no trouble; the others are put back until it may be over."""
        now = self.clock.now()
        until = [self.pauses.until(_address(one), now) for one in ready]
        changes = [
            put_off(one.facts, one.channel, over)
            for one, over in zip(ready, until, strict=True)
            if over is not None
        ]
        if changes:
            with self.sessions.begin() as session:
                write_changes(session, claim.id, changes, now=now)
            done.held_back += len(changes)
            done.put_off += len(changes)
        return [one for one, over in zip(ready, until, strict=True) if over is None]

    def _deliver_group(
        self,
        claim: Claim,
        channel: Channel,
        group: Sequence[Ready],
        policy: Policy,
        done: Delivered,
    ) -> None:
        now = self.clock.now()
        messages, changes = self._prepare(group, policy, now)
        with self.sessions.begin() as session:
            let_go = release(session, claim.id, messages.keys(), policy=policy, now=now)
            changes += [
                Change(nudge_id, NudgeState.WAITING, "changed_meanwhile", {"next_at": now})
                for nudge_id in messages.keys() - let_go
            ]
            write_changes(session, claim.id, changes, now=now)
        done.held_back += len(changes)
        going = [one for one in group if one.facts.nudge_id in let_go]
        # The release waits for whoever is ordering, however long that takes.
        going = self._in_time(claim, going, done)
        if not going:
            return
        outcomes = self._hand_over(
            channel, [messages[one.facts.nudge_id] for one in going], now=now
        )
        self._write(claim, going, outcomes, policy, done)

    def _prepare(
        self, group: Sequence[Ready], policy: Policy, now: datetime
    ) -> tuple[dict[str, Message], list[Change]]:
        """The messages in words, and what has to wait: night fell, or no words could be found."""
        messages: dict[str, Message] = {}
        changes: list[Change] = []
        for one in group:
            nudge_id = one.facts.nudge_id
            until = _quiet(one, policy, now)
            if until is not None:
                values = {"gate": "quiet", "next_at": until}
                detail = {"gate": "quiet", "until": until.isoformat()}
                changes.append(Change(nudge_id, NudgeState.WAITING, "waits", values, detail))
                continue
            try:
                messages[nudge_id] = self.renderer.render(
                    brief(one, policy, self.settings, now=now)
                )
            except Exception as error:
                log.error("a message cannot be rendered", nudge=nudge_id, exc_info=error)
                why = f"cannot be rendered: {type(error).__name__}: {error}"[:300]
                values = {"gate": "render", "next_at": now + RENDER_AGAIN, "failure": why}
                detail = {"failure": why}
                changes.append(Change(nudge_id, NudgeState.WAITING, "not_rendered", values, detail))
        return messages, changes

    def _hand_over(
        self, channel: Channel, messages: Sequence[Message], *, now: datetime
    ) -> list[Outcome]:
        """The channel's outcomes. One that breaks its promise leaves open what it sent."""
        try:
            return channel.deliver(messages, now=now)
        except Exception as error:
            log.error("a channel failed", channel=channel.name.value, exc_info=error)
            left_open = Outcome(OutcomeKind.UNKNOWN, f"the channel failed: {type(error).__name__}")
            return [left_open] * len(messages)

    def _write(
        self,
        claim: Claim,
        going: Sequence[Ready],
        outcomes: Sequence[Outcome],
        policy: Policy,
        done: Delivered,
    ) -> None:
        now = self.clock.now()
        changes: list[Change] = []
        suppressed: list[tuple[Address, str]] = []
        for one, outcome in zip(going, outcomes, strict=True):
            if outcome.server_wide:
                pause = outcome.retry_after or timedelta(minutes=policy.delivery.backoff_minutes)
                self.pauses.begin(_address(one), now + pause)
            elif outcome.tried:
                self.pauses.end(_address(one))
            if not outcome.tried:
                changes.append(self._not_tried(one, outcome, now, done))
                continue
            change = outcome_change(one, outcome, policy, now)
            changes.append(change)
            if outcome.suppress:
                suppressed.append((_address(one), outcome.detail))
            _count(done, change.state)
        given_up = [one.nudge_id for one in changes if one.state is NudgeState.FAILED]
        with self.sessions.begin() as session:
            if suppressed:
                suppress(session, suppressed, now=now)
            held = write_changes(session, claim.id, changes, now=now)
            if given_up:
                coupons.revoke(session, [key for key in given_up if key in held], now=now)

    def _not_tried(self, one: Ready, outcome: Outcome, now: datetime, done: Delivered) -> Change:
        """It waits for its server, or, where the others took too long, to be judged anew."""
        done.held_back += 1
        if not outcome.server_wide:
            done.late += 1
            return _late(one, now)
        done.put_off += 1
        until = self.pauses.until(_address(one), now) or now
        return put_off(one.facts, one.channel, until)


def brief(ready: Ready, policy: Policy, settings: Settings, *, now: datetime) -> Brief:
    """All that the message's template may use."""
    facts = ready.facts
    earlier = sum(past.cart_id == facts.cart_id for past in facts.history)
    return Brief(
        nudge_id=facts.nudge_id,
        stage=facts.stage,
        wording=wording(policy, facts),
        recipient=facts.recipient,
        address=_address(ready),
        lines=tuple(line for line in facts.open_lines if line.pieces),
        gone=tuple(line for line in facts.open_lines if not line.pieces),
        value=facts.value,
        coupon=ready.coupon,
        reason=Reason(
            left_at=facts.last_activity_at,
            number=earlier + 1,
            at_most=max(policy.caps.per_cart, earlier + 1),
            asked_for=facts.asked_for,
        ),
        links={purpose: token.link(settings.web_url) for purpose, token in ready.tokens.items()},
        shop_name=settings.shop_name,
        postal_address=settings.postal_address,
        expires_at=_expires_at(ready, policy, now),
        now=now,
    )


def outcome_change(ready: Ready, outcome: Outcome, policy: Policy, now: datetime) -> Change:
    """What an outcome makes of the nudge: sent, unknown, failed, or tried again later."""
    nudge_id = ready.facts.nudge_id
    attempts = ready.facts.attempts + 1
    detail = {"channel": ready.channel.value, "detail": outcome.detail, "attempt": attempts}
    if outcome.kind is OutcomeKind.ACCEPTED:
        values = {"sent_at": now, "message_id": outcome.message_id, "failure": None}
        return Change(nudge_id, NudgeState.SENT, "sent", values, detail)
    failure = {"failure": outcome.detail[:300]}
    if outcome.kind is OutcomeKind.UNKNOWN:
        return Change(nudge_id, NudgeState.UNKNOWN, "unknown", {"sent_at": now, **failure}, detail)
    other_way = outcome.kind is OutcomeKind.PERMANENT and outcome.suppress
    if attempts < policy.delivery.attempts and (other_way or outcome.kind is OutcomeKind.TEMPORARY):
        pause = timedelta(0) if other_way else back_off(attempts, policy, outcome.retry_after)
        values = {"next_at": now + pause, "gate": "delivery", **failure}
        return Change(nudge_id, NudgeState.WAITING, "will_retry", values, detail)
    return Change(nudge_id, NudgeState.FAILED, "failed", {"gate": "delivery", **failure}, detail)


def _late(ready: Ready, now: datetime) -> Change:
    """What it was judged by is too old to hand it over: no attempt counts."""
    values = {"next_at": now, "attempts": ready.facts.attempts}
    return Change(ready.facts.nudge_id, NudgeState.WAITING, "out_of_date", values)


def back_off(attempts: int, policy: Policy, asked: timedelta | None) -> timedelta:
    """The pause after so many attempts: doubling, and never shorter than the other side asked."""
    pause = timedelta(minutes=policy.delivery.backoff_minutes) * int(2 ** (attempts - 1))
    return max(pause, asked or timedelta(0))


def _address(ready: Ready) -> Address:
    return ready.facts.addresses[ready.channel]


def _expires_at(ready: Ready, policy: Policy, now: datetime) -> datetime | None:
    """In the chat with its coupon; else before it may be bought elsewhere, and before night."""
    if ready.channel is ChannelName.CHAT:
        return ready.coupon.expires_at if ready.coupon else None
    if ready.channel is not ChannelName.WEB_PUSH:
        return None
    latest = now + KEPT
    if ready.facts.stage == ASKED:
        return latest
    zone = ZoneInfo(ready.facts.recipient.time_zone)
    return quiet_from(policy.quiet_hours, zone, now, within=KEPT) or latest


def _quiet(ready: Ready, policy: Policy, now: datetime) -> datetime | None:
    """Night may have fallen since the nudge was judged, or fall before it is handed over."""
    if ready.facts.stage == ASKED:
        return None
    zone = ZoneInfo(ready.facts.recipient.time_zone)
    hours = policy.quiet_hours
    return quiet_until(hours, zone, now) or quiet_until(hours, zone, now + HAND_OVER)


def _count(done: Delivered, state: NudgeState) -> None:
    match state:
        case NudgeState.SENT:
            done.sent += 1
        case NudgeState.UNKNOWN:
            done.unknown += 1
        case NudgeState.FAILED:
            done.failed += 1
        case _:
            done.retried += 1
