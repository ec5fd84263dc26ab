"""What happened to a left cart, which gate stopped it, and what comes next, in plain sentences.

Everything is told from the stored records; what comes next is judged by the gates that the sweep
asks, on today's facts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from db.models import CartStatus, Nudge, NudgeState
from nudges.compose import Nudging
from nudges.experiments import is_held_out, timing
from nudges.facts import Facts
from nudges.gates import Pass, Stop, Wait, judge
from nudges.heartbeat import pulse
from nudges.operators import OperatorWords
from nudges.policy import ASKED, Policy, Stage, superseded_at
from nudges.store.facts import facts_if_due
from nudges.store.stories import CartRecord, Step, cart_record


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that happened, and when, by the shop's clock."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Episode:
    """One abandonment: its heading, and what happened in it, oldest first."""

    heading: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A cart's story; `dismissable` says that something may still come of its abandonment."""

    cart_id: str
    about: tuple[str, ...]
    episodes: tuple[Episode, ...]
    following: tuple[str, ...]
    dismissable: bool


def explain(session: Session, nudging: Nudging, cart_id: str, *, now: datetime) -> Story | None:
    """The cart's story; None where there is no such cart."""
    record = cart_record(session, cart_id)
    if record is None:
        return None
    words = OperatorWords.of(nudging.settings)
    return Story(
        cart_id=cart_id,
        about=tuple(_about(record, words)),
        episodes=tuple(_episodes(record, words)),
        following=tuple(_following(session, nudging, record, words, now=now)),
        dismissable=record.status is CartStatus.OPEN and bool(open_stages(record, nudging, now)),
    )


def open_stages(record: CartRecord, nudging: Nudging, now: datetime) -> list[Stage]:
    """The stages of the cart's present abandonment that have not had their turn."""
    had = {
        nudge.stage
        for nudge in record.nudges
        if nudge.episode == record.last_activity_at and nudge.state is not NudgeState.WAITING
    }
    policy = nudging.policy
    return [
        stage
        for stage in policy.stages
        if stage.name not in had and now < superseded_at(policy, stage, record.last_activity_at)
    ]


def policy_in_force(session: Session, policy: Policy) -> Policy | None:
    """The policy with the moment from which on carts count; None where no sweep ever ran."""
    if policy.active_from is not None:
        return policy
    last = pulse(session)
    if last is None:
        return None
    return policy.model_copy(update={"active_from": last.activated_at})


def step_sentence(step: Step, words: OperatorWords) -> str:
    """What a step tells."""
    detail = step.detail
    match step.what:
        case "waits":
            until = words.time(datetime.fromisoformat(detail["until"]))
            gate = words.gate(detail["gate"], detail.get("detail"))
            return words.say("steps", "waits", until=until, gate=gate)
        case "stopped" if "gate" in detail:
            gate = words.gate(detail["gate"], detail.get("detail"))
            return words.say("steps", "stopped", gate=gate)
        case "decided" if detail.get("channel") is None:
            return words.say("steps", "decided_nothing")
        case "decided":
            treatment = words.treatment(detail["treatment"])
            channel = words.channel(detail["channel"])
            return words.say("steps", "decided", treatment=treatment, channel=channel)
        case "sent" | "will_retry" | "failed":
            values = {**detail, "channel": words.channel(detail["channel"])}
            return words.say("steps", step.what, **values)
        case "put_off":
            until = words.time(datetime.fromisoformat(detail["until"]))
            return words.say(
                "steps", "put_off", channel=words.channel(detail["channel"]), until=until
            )
        case "unknown":
            failure = detail.get("failure") or detail.get("detail")
            return words.say("steps", "unknown", failure=failure)
        case "not_rendered":
            return words.say("steps", "not_rendered", failure=detail["failure"])
        case what if what in words.tables["steps"]:
            return words.say("steps", what)
        case what:
            return words.say("steps", "other", what=what.replace("_", " "))


def _about(record: CartRecord, words: OperatorWords) -> Iterator[str]:
    at = record.closed_at or record.last_activity_at
    if record.status is CartStatus.OPEN:
        at = record.last_activity_at
    yield words.say("cart", record.status.value, at=words.time(at))
    if record.person_id is None:
        yield words.say("cart", "guest")
    else:
        yield words.say("cart", "known", person=record.person_id)


def _episodes(record: CartRecord, words: OperatorWords) -> Iterator[Episode]:
    by_episode = sorted(record.nudges, key=lambda one: (one.episode, one.stage == ASKED))
    for (episode, asked), some in groupby(
        by_episode, key=lambda one: (one.episode, one.stage == ASKED)
    ):
        told = [one for nudge in some for one in _told(nudge, record.steps.get(nudge.id, ()))]
        told.sort(key=lambda one: one[0])
        yield Episode(
            words.say("cart", "asked" if asked else "left", at=words.time(episode)),
            tuple(
                Sentence(
                    words.time(at),
                    _first_sentence(nudge, record, words)
                    if step is None
                    else step_sentence(step, words),
                )
                for at, nudge, step in told
            ),
        )


def _told(nudge: Nudge, steps: tuple[Step, ...]) -> Iterator[tuple[datetime, Nudge, Step | None]]:
    """The taking up, the steps, and what the nudge's row alone tells."""
    yield nudge.created_at, nudge, None
    for step in steps[1:] if _dismissed_first(steps) else steps:
        yield step.at, nudge, step
    noted = {step.what for step in steps}
    for what, at in (("clicked", nudge.clicked_at), ("ordered", nudge.ordered_at)):
        if at is not None and what not in noted:
            yield at, nudge, Step(at, what, {})


def _dismissed_first(steps: tuple[Step, ...]) -> bool:
    """Whether somebody dismissed the stage before it fell due."""
    return bool(steps) and steps[0].what == "dismissed"


def _first_sentence(nudge: Nudge, record: CartRecord, words: OperatorWords) -> str:
    if _dismissed_first(record.steps.get(nudge.id, ())):
        return words.say("steps", "dismissed_early", stage=nudge.stage)
    if nudge.stage == ASKED:
        return words.say("steps", "asked_for")
    return words.say("steps", "taken_up", stage=nudge.stage)


def _following(
    session: Session,
    nudging: Nudging,
    record: CartRecord,
    words: OperatorWords,
    *,
    now: datetime,
) -> Iterator[str]:
    """What comes next, and when."""
    if record.status is not CartStatus.OPEN:
        yield words.say("next", "closed")
        return
    policy = policy_in_force(session, nudging.policy)
    if policy is None:
        yield words.say("next", "never_ran")
        return
    if record.reminder_due is not None:
        yield words.say("next", "reminder", at=words.time(record.reminder_due))
    under_way = [*_under_way(record, words)]
    yield from under_way
    if record.person_id is None:
        if record.reminder_due is None and not under_way:
            yield words.say("next", "guest")
        return
    waiting = {one.stage for one in record.nudges if one.state is NudgeState.WAITING}
    ahead = [one for one in open_stages(record, nudging, now) if one.name not in waiting]
    for stage in ahead:
        facts = facts_if_due(
            session,
            record.cart_id,
            stage.name,
            policy=policy,
            settings=nudging.settings,
            channels=nudging.channel_names,
            now=now,
        )
        if facts is not None:
            yield _prospect(facts, stage, policy, words, now=now)
    if not ahead and not under_way:
        yield words.say("next", "over")


def _under_way(record: CartRecord, words: OperatorWords) -> Iterator[str]:
    for nudge in record.nudges:
        match nudge.state:
            case NudgeState.WAITING if nudge.next_at is not None:
                gate = words.gate(nudge.gate or "not_yet", nudge.gate_detail)
                at = words.time(nudge.next_at)
                yield words.say("next", "waiting", stage=nudge.stage, at=at, gate=gate)
            case NudgeState.CLAIMED | NudgeState.SENDING:
                yield words.say("next", "under_way", stage=nudge.stage)
            case _:
                pass


def _prospect(
    facts: Facts, stage: Stage, policy: Policy, words: OperatorWords, *, now: datetime
) -> str:
    """What would become of a stage, going by today's facts."""
    due = max(facts.episode + timing(policy, facts), now)
    values: dict[str, object] = {"stage": stage.name, "at": words.time(due)}
    match judge(facts, policy, due):
        case Stop(gate, detail):
            return words.say("next", "stops", **values, gate=words.gate(gate, detail))
        case Wait(gate, until, detail):
            values |= {"until": words.time(until), "gate": words.gate(gate, detail)}
            return words.say("next", "waits", **values)
        case Pass(channel):
            if is_held_out(facts):
                return words.say("next", "held_out", **values)
            return words.say("next", "sends", **values, channel=words.channel(channel))
