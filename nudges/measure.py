"""What reminders really brought: delivered, clicked and ordered apart, and the hold-out's lift.

Whoever would have been written to is *exposed* at the moment the gates let them pass, held out or
not. The two groups differ by the draw alone, so the difference in what they bought from their first
exposure on is what the messages caused; orders after a click are not, many would have come anyway.
People are compared as they were drawn, whether or not anything was sent to them in the end.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from db.models import Exposure, Nudge, NudgeState
from nudges.experiments import HELD_OUT, WRITTEN_TO
from nudges.lift import Lift, lift, too_little
from nudges.policy import HOLD_OUT
from nudges.takings import Bought, bought


@dataclass(frozen=True, slots=True)
class Funnel:
    """Nudges and what became of each; `ordered` counts orders after a click, caused or not.

    `due` are all that fell due. What is `unknown` may have gone out; `delivered` were shown for
    certain, which only some channels can tell.
    """

    due: int = 0
    waiting: int = 0
    held_out: int = 0
    stopped: int = 0
    sent: int = 0
    delivered: int = 0
    clicked: int = 0
    ordered: int = 0
    unknown: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Arm:
    """The people of one arm, and what they bought from their first exposure on, minor units.

    `margin` is what the shop earned on it: its share of the goods, less discounts and the delivery
    that coupons paid.
    """

    name: str
    people: int
    buyers: int
    revenue: int
    margin: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm beside the one it is measured against.

    `revenue` and `margin` are lifts a person; None where there is not enough data yet, and then
    `missing` says what.
    """

    experiment: str
    arm: Arm
    against: Arm
    revenue: Lift | None
    margin: Lift | None
    missing: str | None

    @property
    def brought(self) -> Lift | None:
        """Incremental margin of all people of the arm together."""
        return self.margin.times(self.arm.people) if self.margin else None


@dataclass(frozen=True, slots=True)
class Measurement:
    """All about one stretch of time, `since` included, `until` not.

    `funnels` has one for each value of stage, channel and treatment; `gates` counts the nudges that
    each gate stopped. `hold_out` is None where nobody was exposed in both arms.
    """

    since: datetime
    until: datetime
    total: Funnel
    funnels: Mapping[str, Mapping[str, Funnel]]
    gates: Mapping[str, int]
    hold_out: Comparison | None
    experiments: Sequence[Comparison]


def measure(
    session: Session, *, since: datetime, until: datetime, currency: str, margin_percent: int
) -> Measurement:
    """Everything that happened from `since` to `until`.

    `currency` is the shop's; orders in others are left out of the money. `margin_percent` is the
    share of the goods' price that the shop earns (the policy's `incentives.margin_percent`).
    """
    if since >= until:
        raise ValueError("the time measured must begin before it ends")
    exposed = _exposed(session, since, until)
    orders = bought(
        session,
        _people(since, until),
        since=since,
        until=until,
        currency=currency,
        margin_percent=margin_percent,
    )
    held = {one.person for one in exposed if one.is_held_out}
    outcomes: dict[str, dict[str, list[_Outcome]]] = defaultdict(lambda: defaultdict(list))
    for one in exposed:
        if one.experiment == HOLD_OUT or one.person not in held:
            outcomes[one.experiment][one.arm].append(_outcome(one, orders))
    hold_out = outcomes.pop(HOLD_OUT, {})
    return Measurement(
        since=since,
        until=until,
        total=_funnels(session, None, since, until).get("", Funnel()),
        funnels={
            name: _funnels(session, column, since, until)
            for name, column in (
                ("stage", Nudge.stage),
                ("channel", Nudge.channel),
                ("treatment", Nudge.treatment),
            )
        },
        gates=_gates(session, since, until),
        hold_out=_compare(HOLD_OUT, WRITTEN_TO, HELD_OUT, hold_out)
        if hold_out.keys() == {HELD_OUT, WRITTEN_TO}
        else None,
        experiments=[
            _compare(name, arm, min(arms), arms)
            for name, arms in sorted(outcomes.items())
            for arm in sorted(arms)
            if arm != min(arms)
        ],
    )


@dataclass(frozen=True, slots=True)
class _Exposed:
    experiment: str
    arm: str
    person: str
    at: datetime

    @property
    def is_held_out(self) -> bool:
        return self.experiment == HOLD_OUT and self.arm == HELD_OUT


@dataclass(slots=True)
class _Outcome:
    revenue: float = 0.0
    margin: float = 0.0
    orders: int = 0


def _exposed(session: Session, since: datetime, until: datetime) -> list[_Exposed]:
    """Each person's first exposure of the time to each experiment."""
    rows = session.execute(
        select(
            Exposure.experiment,
            Exposure.arm,
            Nudge.person_id,
            func.min(Exposure.at).label("at"),
        )
        .join(Nudge, Nudge.id == Exposure.nudge_id)
        .where(Exposure.at >= since, Exposure.at < until, Nudge.person_id.is_not(None))
        .group_by(Exposure.experiment, Exposure.arm, Nudge.person_id)
    )
    return [_Exposed(row.experiment, row.arm, row.person_id, row.at) for row in rows]


def _people(since: datetime, until: datetime) -> Select[str | None]:
    """Everybody who was exposed to anything."""
    return (
        select(Nudge.person_id)
        .join(Exposure, Exposure.nudge_id == Nudge.id)
        .where(Exposure.at >= since, Exposure.at < until)
    )


def _outcome(one: _Exposed, orders: Mapping[str, Sequence[Bought]]) -> _Outcome:
    outcome = _Outcome()
    for order in orders.get(one.person, ()):
        if order.at >= one.at:
            outcome.revenue += order.revenue
            outcome.margin += order.margin
            outcome.orders += 1
    return outcome


def _compare(
    experiment: str, name: str, against: str, arms: Mapping[str, Sequence[_Outcome]]
) -> Comparison:
    arm, other = _arm(name, arms[name]), _arm(against, arms[against])
    missing = too_little((arm.people, other.people), (arm.buyers, other.buyers))
    revenue = margin = None
    if missing is None:
        revenue = lift(*([one.revenue for one in arms[which]] for which in (name, against)))
        margin = lift(*([one.margin for one in arms[which]] for which in (name, against)))
    return Comparison(experiment, arm, other, revenue, margin, missing)


def _arm(name: str, outcomes: Sequence[_Outcome]) -> Arm:
    return Arm(
        name=name,
        people=len(outcomes),
        buyers=sum(one.orders > 0 for one in outcomes),
        revenue=round(sum(one.revenue for one in outcomes)),
        margin=round(sum(one.margin for one in outcomes)),
    )


def _funnels(
    session: Session, by: ColumnElement[Any] | Any, since: datetime, until: datetime
) -> dict[str, Funnel]:
    """Funnels of the nudges created in the time, by the column's value ("" without a column)."""
    sent, held_out = Nudge.state == NudgeState.SENT, Nudge.state == NudgeState.HELD_OUT
    on_its_way = Nudge.state.in_((NudgeState.WAITING, NudgeState.CLAIMED, NudgeState.SENDING))

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    counts = select(
        func.count().label("due"),
        count(on_its_way).label("waiting"),
        count(held_out).label("held_out"),
        count(Nudge.state == NudgeState.STOPPED).label("stopped"),
        count(sent).label("sent"),
        count(sent & Nudge.delivered_at.is_not(None)).label("delivered"),
        count(Nudge.clicked_at.is_not(None)).label("clicked"),
        count(Nudge.ordered_at.is_not(None)).label("ordered"),
        count(Nudge.state == NudgeState.UNKNOWN).label("unknown"),
        count(Nudge.state == NudgeState.FAILED).label("failed"),
    ).where(Nudge.created_at >= since, Nudge.created_at < until)
    if by is None:
        return {"": Funnel(**session.execute(counts).one()._mapping)}
    rows = session.execute(
        counts.add_columns(by.label("value")).where(by.is_not(None)).group_by(by)
    )
    funnels = {}
    for row in rows:
        value = row.value
        numbers = {name: number for name, number in row._mapping.items() if name != "value"}
        funnels[str(getattr(value, "value", value))] = Funnel(**numbers)
    return funnels


def _gates(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    rows = session.execute(
        select(Nudge.gate, func.count().label("nudges"))
        .where(
            Nudge.created_at >= since,
            Nudge.created_at < until,
            Nudge.state == NudgeState.STOPPED,
            Nudge.gate.is_not(None),
        )
        .group_by(Nudge.gate)
        .order_by(Nudge.gate)
    )
    return {row.gate: row.nudges for row in rows}
