"""From claimed nudges to decided ones, in one transaction: gates, hold-out, decision, coupon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.settings import Settings
from db.among import among
from db.insert import table_of
from db.many import insert_many
from db.models import Channel, LinkPurpose, LinkToken, Nudge, NudgeState
from nudges import coupons
from nudges.decision import (
    NOTHING,
    REMINDER,
    Choice,
    Decider,
    Decision,
    no_coupon,
    offered,
)
from nudges.experiments import exposures, is_held_out
from nudges.facts import Facts, InArm
from nudges.gates import Pass, Stop, Verdict, Wait, judge
from nudges.leaving import LeavingScores
from nudges.message import CouponOffer
from nudges.pauses import Pauses
from nudges.policy import ASKED, Policy
from nudges.store.claim import Claim
from nudges.store.facts import load_facts
from nudges.store.outcomes import Change, write_changes, write_exposures
from nudges.tokens import NewToken, tokens_for


@dataclass(frozen=True, slots=True)
class Ready:
    """A decided nudge with all that its message needs."""

    facts: Facts
    channel: Channel
    decision: Decision
    coupon: CouponOffer | None
    tokens: Mapping[LinkPurpose, NewToken]
    decided_before: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a page: what is ready to go, and every verdict that was passed.

    `put_off` passed and wait for their servers; `on_trial` of them only until those, whose pause is
    over, have taken something.
    """

    ready: list[Ready]
    verdicts: list[Verdict]
    held_out: int
    put_off: int
    on_trial: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What decisions are made by; `before_its_time` where somebody sends a stage early.

    `leaving` says how likely carts were left; without it nobody knows. Nothing is decided for
    servers that `pauses` leaves alone.
    """

    policy: Policy
    settings: Settings
    channels: frozenset[Channel]
    decider: Decider
    leaving: LeavingScores | None = None
    before_its_time: bool = False
    pauses: Pauses = field(default_factory=Pauses)


def decide_page(session: Session, claim: Claim, nudge_ids: Sequence[str], rules: Rules) -> Decided:
    """Judge and decide claimed nudges, and write down what became of each."""
    now = claim.at
    facts = load_facts(
        session,
        nudge_ids,
        policy=rules.policy,
        settings=rules.settings,
        channels=rules.channels,
        now=now,
    )
    earlier = _earlier_decisions(session, nudge_ids)
    changes: list[Change] = []
    verdicts: list[Verdict] = []
    passed: list[tuple[Facts, Channel]] = []
    stopped: list[str] = []
    waiting: list[tuple[Facts, Channel, datetime]] = []
    places = rules.pauses.decide_on(now)
    written_to: set[str] = set()
    for one in facts:
        verdict = judge(one, rules.policy, now, before_its_time=rules.before_its_time)
        if isinstance(verdict, Pass) and one.recipient.subject in written_to:
            gap = timedelta(hours=max(rules.policy.caps.gap_hours, 1))
            verdict = Wait("caps", now + gap, "another message is on its way")
        verdicts.append(verdict)
        match verdict:
            case Pass(channel):
                until = places.take(one.addresses[channel])
                if until is not None:
                    waiting.append((one, channel, until))
                    continue
                passed.append((one, channel))
                if not is_held_out(one):
                    written_to.add(one.recipient.subject)
            case Stop():
                stopped.append(one.nudge_id)
                changes.append(_stopped(one, verdict))
            case Wait():
                changes.append(_waits(one, verdict))
    changes += _put_off(session, waiting, now=now)
    if stopped:
        coupons.revoke(session, stopped, now=now)
    if rules.leaving is not None:
        # Asked for those alone that may be decided: it takes longer than all the gates together.
        scored = rules.leaving.told([one for one, _ in passed], session)
        passed = [(one, channel) for one, (_, channel) in zip(scored, passed, strict=True)]
    _expose(session, rules.policy, [one for one, _ in passed], now=now)
    held_out = [one for one, _ in passed if is_held_out(one)]
    changes += [_held_out(one, rules.decider, now=now) for one in held_out]
    going = [(one, channel) for one, channel in passed if not is_held_out(one)]
    decided = _decide(session, rules, [one for one, _ in going], earlier, now=now)
    ready: list[Ready] = []
    for (one, channel), (decision, coupon) in zip(going, decided, strict=True):
        if decision.treatment == NOTHING:
            changes.append(_decided(one, decision, None))
            continue
        changes.append(_decided(one, decision, channel))
        before = one.nudge_id in earlier
        ready.append(Ready(one, channel, decision, coupon, tokens_for(channel), before))
    _store_tokens(session, ready, rules=rules, now=now)
    write_changes(session, claim.id, changes, now=now)
    on_trial = sum(until <= now for _, _, until in waiting)
    return Decided(ready, verdicts, len(held_out), len(waiting), on_trial)


def put_off(facts: Facts, channel: Channel, until: datetime, *, told: bool = False) -> Change:
    """It was not tried, as its server is in trouble until then: no attempt counts.

    `told` where its steps say so already.
    """
    detail = {"channel": channel.value, "until": until.isoformat()}
    values = {"gate": "delivery", "next_at": until, "attempts": facts.attempts}
    what = None if told else "put_off"
    return Change(facts.nudge_id, NudgeState.WAITING, what, values, detail)


def _put_off(
    session: Session, waiting: Sequence[tuple[Facts, Channel, datetime]], *, now: datetime
) -> list[Change]:
    """Back to waiting; a step for new ones alone, as an outage would fill the record with them."""
    if not waiting:
        return []
    ids = [one.nudge_id for one, _, _ in waiting]
    new = set(
        session.scalars(select(Nudge.id).where(among(Nudge.id, ids), Nudge.created_at == now))
    )
    return [
        put_off(one, channel, until, told=one.nudge_id not in new)
        for one, channel, until in waiting
    ]


def _decide(
    session: Session,
    rules: Rules,
    facts: Sequence[Facts],
    earlier: Mapping[str, Decision],
    *,
    now: datetime,
) -> list[tuple[Decision, CouponOffer | None]]:
    """A decision for each, with its coupon where it has one that the budget could pay."""
    policy = rules.policy
    made = dict(earlier)
    made |= {
        one.nudge_id: Decision(REMINDER, why={"rule": "asked_for"})
        for one in facts
        if one.stage == ASKED
    }
    fresh = [one for one in facts if one.nudge_id not in made]
    offers_to = {one.nudge_id: offered(one, policy) for one in fresh}
    budget = 0
    if any(treatment != REMINDER for some in offers_to.values() for treatment in some):
        budget = coupons.open_budget(session, policy, rules.settings, now=now)
    choices = [
        Choice(one, offers_to[one.nudge_id], budget, no_coupon(one, policy)) for one in fresh
    ]
    if choices:
        answers = rules.decider.decide(choices, now=now)
        made |= {
            choice.facts.nudge_id: decision
            for choice, decision in zip(choices, answers, strict=True)
        }
    wanted = [
        coupons.Wanted(one, one.recipient.person_id, made[one.nudge_id])
        for one in fresh
        if made[one.nudge_id].incentive and one.recipient.person_id
    ]
    offers = coupons.offers_of(session, earlier.keys(), now=now) if earlier else {}
    if wanted:
        offers |= coupons.issue(session, wanted, policy=policy, settings=rules.settings, now=now)
    return [
        (_as_paid(made[one.nudge_id], offers.get(one.nudge_id)), offers.get(one.nudge_id))
        for one in facts
    ]


def _as_paid(decision: Decision, coupon: CouponOffer | None) -> Decision:
    """The decision, or a reminder in place of a coupon that is not to be had any more.

    Each coupon that might have been drawn would have ended as this reminder, so it has the chance
    of all of them together, beside its own. Where another sweep was quicker to the budget that is
    nearly so: a cheaper one might still have been paid.
    """
    if not decision.incentive or coupon is not None:
        return decision
    likely = cast("Mapping[str, float]", decision.why.get("probabilities", {}))
    ended_here = [
        chance for one, chance in likely.items() if one == REMINDER or Decision(one).incentive
    ]
    why = {**decision.why, "instead_of": decision.treatment}
    return Decision(REMINDER, sum(ended_here) or decision.probability, why)


def _earlier_decisions(session: Session, nudge_ids: Sequence[str]) -> dict[str, Decision]:
    """Those that were decided in an earlier round, and are tried again."""
    rows = session.execute(
        select(Nudge.id, Nudge.treatment, Nudge.probability, Nudge.decision).where(
            among(Nudge.id, nudge_ids), Nudge.treatment.is_not(None)
        )
    )
    return {
        row.id: Decision(row.treatment, row.probability or 1.0, row.decision or {}) for row in rows
    }


def _expose(session: Session, policy: Policy, passed: Sequence[Facts], *, now: datetime) -> None:
    exposed: list[tuple[str, str, list[InArm]]] = [
        (one.nudge_id, one.recipient.subject, exposures(policy, one)) for one in passed
    ]
    write_exposures(session, exposed, now=now)


def _store_tokens(session: Session, ready: Sequence[Ready], *, rules: Rules, now: datetime) -> None:
    """Store the tokens' digests; those of a message that did not go out before are replaced."""
    tried = [one.facts.nudge_id for one in ready if one.decided_before]
    if tried:
        table = table_of(LinkToken)
        session.execute(delete(table).where(among(table.c.nudge_id, tried)))
    expires = now + timedelta(days=rules.policy.delivery.link_days)
    rows = [
        {
            "digest": token.digest,
            "purpose": token.purpose,
            "nudge_id": one.facts.nudge_id,
            "created_at": now,
            "expires_at": expires,
        }
        for one in ready
        for token in one.tokens.values()
    ]
    insert_many(session, LinkToken, rows)


def _stopped(facts: Facts, stop: Stop) -> Change:
    values = {"gate": stop.gate, "gate_detail": stop.detail or None}
    detail = {"gate": stop.gate, "detail": stop.detail}
    return Change(facts.nudge_id, NudgeState.STOPPED, "stopped", values, detail)


def _waits(facts: Facts, wait: Wait) -> Change:
    values = {"gate": wait.gate, "gate_detail": wait.detail or None, "next_at": wait.until}
    detail = {"gate": wait.gate, "until": wait.until.isoformat(), "detail": wait.detail}
    return Change(facts.nudge_id, NudgeState.WAITING, "waits", values, detail)


def _held_out(facts: Facts, decider: Decider, *, now: datetime) -> Change:
    kept = decider.facts_kept(facts, now=now)
    values = {"decision": {"facts": dict(kept)}} if kept else {}
    return Change(facts.nudge_id, NudgeState.HELD_OUT, "held_out", values)


def _decided(facts: Facts, decision: Decision, channel: Channel | None) -> Change:
    values = {
        "gate": None if channel else "decision",
        "channel": channel,
        "treatment": decision.treatment,
        "probability": decision.probability,
        "decision": dict(decision.why),
    }
    state = NudgeState.CLAIMED if channel else NudgeState.STOPPED
    detail = {"treatment": decision.treatment, "channel": channel.value if channel else None}
    return Change(facts.nudge_id, state, "decided", values, detail)
