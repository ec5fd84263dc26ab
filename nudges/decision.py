"""Whether to speak, and with what: the interface that the sweep asks, and the plainest answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from db.models import ReplyKind
from nudges.experiments import treatments
from nudges.facts import Facts
from nudges.policy import Policy

NOTHING = "none"
REMINDER = "reminder"
FREE_DELIVERY = "free_delivery"


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be chosen for one nudge besides nothing: the stage's treatments, best known first.

    `budget` is what today's coupons may still cost, in minor units; `no_coupon` why the shopper may
    get none whatever it costs, empty where they may.
    """

    facts: Facts
    treatments: tuple[str, ...]
    budget: int
    no_coupon: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The treatment chosen, with which probability, and what it was weighed against.

    `why` is stored as JSON with the nudge: expected margin by treatment, model version, features,
    and as `probabilities` the chance of each treatment that might have been drawn.
    """

    treatment: str
    probability: float = 1.0
    why: Mapping[str, object] = field(default_factory=dict)

    @property
    def percent(self) -> int | None:
        """The coupon's percent, None where the treatment is no percentage."""
        kind, _, number = self.treatment.partition("_")
        return int(number) if kind == "percent" else None

    @property
    def incentive(self) -> bool:
        """Whether it costs the shop a coupon."""
        return self.treatment == FREE_DELIVERY or self.percent is not None


class Decider(Protocol):
    """Decides for many at once, so that a model can be asked in one go."""

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:
        """One decision for each choice, in the same order."""
        ...

    def facts_kept(self, facts: Facts, *, now: datetime) -> Mapping[str, float]:
        """What is stored of somebody held out, so that it can be learned what people do alone."""
        ...


class AlwaysRemind:
    """Reminds whoever passed the gates, with nothing added: what a shop without a model does."""

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:  # noqa: ARG002
        """A reminder where the stage has one, else nothing."""
        return [
            Decision(
                REMINDER if REMINDER in choice.treatments else NOTHING,
                why={"rule": "always_remind"},
            )
            for choice in choices
        ]

    def facts_kept(self, facts: Facts, *, now: datetime) -> Mapping[str, float]:  # noqa: ARG002
        """Nothing: it does not learn."""
        return {}


def largest(treatments: Sequence[str], *, otherwise: str) -> str:
    """The treatment of the largest percent among these; `otherwise` where there is none."""
    percents = {one: percent for one in treatments if (percent := Decision(one).percent)}
    return max(percents, key=percents.__getitem__, default=otherwise)


def no_coupon(facts: Facts, policy: Policy) -> str:
    """Why the shopper may get no coupon now, in words; empty where they may.

    Whoever last said that the size is their trouble gets none, since it would not help. The rest
    after a coupon doubles with every one that was used, so who abandons for coupons sees them fade.
    """
    if facts.recipient.person_id is None:
        return "a guest"
    if facts.value.amount < policy.incentives.min_value:
        return "a small cart"
    if facts.replies and facts.replies[0] is ReplyKind.SIZE_DOUBT:
        return "their doubt is the size, not the price"
    if facts.last_coupon_at is not None:
        rest = policy.incentives.rest_days * 2 ** min(facts.coupons_used, 10)
        until = facts.last_coupon_at + timedelta(days=rest)
        if facts.last_activity_at < until:
            return f"had one, rests until {until.date().isoformat()}"
    return ""


def offered(facts: Facts, policy: Policy) -> tuple[str, ...]:
    """The treatments that the decision may choose besides nothing."""
    allowed = treatments(policy, facts)
    return tuple(one for one in allowed if one == REMINDER) if no_coupon(facts, policy) else allowed
