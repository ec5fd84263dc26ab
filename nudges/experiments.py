"""Hold-out and experiments: who is in which arm, for good.

An arm is drawn by a hash of experiment and shopper, so it needs no table to be the same again; it
is stored at the first exposure all the same, so that it also survives a change of the shares.
"""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256

from nudges.facts import Facts, InArm
from nudges.policy import HOLD_OUT, Arm, Experiment, Policy

HELD_OUT = "held_out"
WRITTEN_TO = "written_to"
PLAIN_WORDING = "plain"


def assign(policy: Policy, subject: str, stored: Mapping[str, InArm]) -> dict[str, InArm]:
    """The shopper's arm of the hold-out and of every experiment; `stored` ones stay."""
    share = policy.hold_out.share
    drawn = {HOLD_OUT: _draw(HOLD_OUT, subject, [(HELD_OUT, share), (WRITTEN_TO, 1 - share)])}
    for experiment in policy.experiments:
        shares = [(arm.name, arm.share) for arm in experiment.arms]
        drawn[experiment.name] = _draw(experiment.name, subject, shares)
    return drawn | dict(stored)


def is_held_out(facts: Facts) -> bool:
    """Whether nothing is ever sent to this shopper, for measuring. Asked for is always sent."""
    return facts.asked_for is None and facts.arms[HOLD_OUT].arm == HELD_OUT


def exposures(policy: Policy, facts: Facts) -> list[InArm]:
    """The experiments that this nudge is part of: the hold-out, and those about its stage."""
    if facts.asked_for is not None:
        return []
    about = [one.name for one in policy.experiments if one.stage == facts.stage]
    return [facts.arms[name] for name in (HOLD_OUT, *about) if name in facts.arms]


def timing(policy: Policy, facts: Facts) -> timedelta:
    """How long after the last activity this shopper's message comes."""
    if facts.asked_for is not None:
        return timedelta(0)
    stage = policy.stage(facts.stage)
    planned = stage.after if stage else timedelta(0)
    arm = _arm(policy, facts, "timing")
    return timedelta(minutes=int(arm.value)) if arm else planned


def wording(policy: Policy, facts: Facts) -> str:
    """Which wording of the message this shopper reads."""
    arm = _arm(policy, facts, "wording")
    return str(arm.value) if arm else PLAIN_WORDING


def treatments(policy: Policy, facts: Facts) -> tuple[str, ...]:
    """What the decision may choose from: the stage's treatments, or the arm's single one."""
    stage = policy.stage(facts.stage)
    if stage is None:
        return ("reminder",)
    arm = _arm(policy, facts, "treatment")
    return (str(arm.value),) if arm else stage.treatments


def _arm(policy: Policy, facts: Facts, varies: str) -> Arm | None:
    for experiment in policy.experiments:
        if experiment.stage == facts.stage and experiment.varies == varies:
            return _named(experiment, facts)
    return None


def _named(experiment: Experiment, facts: Facts) -> Arm | None:
    """The shopper's arm; None where the experiment has none of that name any more."""
    mine = facts.arms.get(experiment.name)
    return next((arm for arm in experiment.arms if mine and arm.name == mine.arm), None)


def _draw(experiment: str, subject: str, shares: list[tuple[str, float]]) -> InArm:
    digest = sha256(f"{experiment}\0{subject}".encode()).digest()
    point = int.from_bytes(digest[:8]) / 2**64
    for name, share in shares:
        if point < share:
            return InArm(experiment, name, share)
        point -= share
    name, share = next((name, share) for name, share in reversed(shares) if share > 0)
    return InArm(experiment, name, share)
