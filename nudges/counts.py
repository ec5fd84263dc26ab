"""What became of the stages that fell due: counts that are kept apart, by stage and by gate."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Nudge, NudgeState


@dataclass(slots=True)
class StageCounts:
    """How many of one stage's nudges there are in each state.

    `due` are all that fell due. Of those that went out, `delivered` were shown for certain (only
    some channels can tell), `clicked` led back to the shop, and `ordered` to an order. What is
    `unknown` may have gone out. `gates` counts what stopped the others, by gate.
    """

    stage: str
    due: int = 0
    waiting: int = 0
    held_out: int = 0
    stopped: int = 0
    sent: int = 0
    unknown: int = 0
    failed: int = 0
    delivered: int = 0
    clicked: int = 0
    ordered: int = 0
    gates: Counter[str] = field(default_factory=Counter)


def counts(session: Session, *, since: datetime) -> list[StageCounts]:
    """By stage, of what fell due since then; the stage that was due most often first."""
    rows = session.execute(
        select(
            Nudge.stage,
            Nudge.state,
            Nudge.gate,
            func.count().label("number"),
            func.count(Nudge.delivered_at).label("delivered"),
            func.count(Nudge.clicked_at).label("clicked"),
            func.count(Nudge.ordered_at).label("ordered"),
        )
        .where(Nudge.created_at >= since)
        .group_by(Nudge.stage, Nudge.state, Nudge.gate)
    )
    found: dict[str, StageCounts] = {}
    for row in rows:
        of = found.setdefault(row.stage, StageCounts(row.stage))
        of.due += row.number
        match row.state:
            case NudgeState.HELD_OUT:
                of.held_out += row.number
            case NudgeState.STOPPED:
                of.stopped += row.number
                of.gates[row.gate] += row.number
            case NudgeState.SENT:
                of.sent += row.number
            case NudgeState.UNKNOWN:
                of.unknown += row.number
            case NudgeState.FAILED:
                of.failed += row.number
            case _:
                of.waiting += row.number
        if row.state in (NudgeState.SENT, NudgeState.UNKNOWN):
            of.delivered += row.delivered
            of.clicked += row.clicked
            of.ordered += row.ordered
    return sorted(found.values(), key=lambda one: (-one.due, one.stage))
