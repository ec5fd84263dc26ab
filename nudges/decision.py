"""Whether to speak, and with what: the interface that the sweep asks, and the plainest answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from nudges.facts import Facts

NOTHING = "none"
REMINDER = "reminder"
FREE_DELIVERY = "free_delivery"


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be chosen for one nudge besides nothing: the stage's treatments, best known first.

    `budget` is what today's coupons may still cost, in minor units.
    """

    facts: Facts
    treatments: tuple[str, ...]
    budget: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The treatment chosen, with which probability, and what it was weighed against.

    `why` is stored as JSON with the nudge: expected margin by treatment, model version, features.
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
