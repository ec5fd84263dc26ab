"""What a rehearsal did, in numbers and message by message."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Coupon, Nudge, NudgeState, NudgeStep, Order, Person
from nudges.policy import Policy
from nudges.quiet_hours import by_local_hour, zone_of

UTC = ZoneInfo("UTC")
WINDOW = timedelta(days=7)
"""Within which an order counts as one that came anyway."""


@dataclass(frozen=True, slots=True)
class WouldSend:
    """One message that would have gone out; `coupon_at_most` in minor units."""

    at: datetime
    person_id: str
    cart_id: str
    stage: str
    channel: str
    treatment: str
    coupon_at_most: int
    bought_anyway: bool


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How one policy fared on a shop's own days; amounts in minor units.

    `left` counts abandonments that were looked at. `stopped` is what a gate ended, `waited` each
    time that one put something off. `coupons_at_most` is what all coupons may have cost,
    `wasted_at_most` that of those whose shopper bought within a week without any message.
    """

    name: str
    begin: datetime
    end: datetime
    left: int
    held_out: int
    stopped: Mapping[str, int]
    waited: Mapping[str, int]
    messages: Sequence[WouldSend]
    by_hour: Sequence[int]
    coupons_at_most: int
    most_in_a_day: int
    daily_budget: int

    @property
    def written_to(self) -> int:
        """People with at least one message."""
        return len({one.person_id for one in self.messages})

    @property
    def treatments(self) -> Counter[str]:
        """Messages by what they offer."""
        return Counter(one.treatment for one in self.messages)

    @property
    def channels(self) -> Counter[str]:
        """Messages by where they go."""
        return Counter(one.channel for one in self.messages)

    def day(self, number: int) -> datetime:
        """When a day of the rehearsal begins, counted from 0."""
        return self.begin + timedelta(days=number)

    @property
    def by_day(self) -> list[int]:
        """Messages by day from the beginning on."""
        days = Counter((one.at - self.begin).days for one in self.messages)
        # The last sweep is at the end itself, which belongs to the day before.
        last = max(-((self.begin - self.end) // timedelta(days=1)) - 1, 0)
        days[last] += days.pop(last + 1, 0)
        return [days[day] for day in range(last + 1)]

    @property
    def bought_anyway(self) -> int:
        """Messages whose shopper bought within a week, though none was sent."""
        return sum(one.bought_anyway for one in self.messages)

    @property
    def wasted_at_most(self) -> int:
        """What coupons would have cost at most for those who bought anyway."""
        return sum(one.coupon_at_most for one in self.messages if one.bought_anyway)


def report(
    session: Session, name: str, policy: Policy, *, begin: datetime, end: datetime
) -> Rehearsal:
    """Everything that the copy's rows tell."""
    messages, zones = _messages(session), _zones(session)
    by_day = session.execute(
        select(Coupon.budget_day, func.sum(Coupon.reserved)).group_by(Coupon.budget_day)
    )
    most = [int(amount) for _, amount in by_day]
    states = Counter(session.scalars(select(Nudge.state)))
    episodes = select(Nudge.cart_id, Nudge.episode).distinct().subquery()
    stopped = session.scalars(select(Nudge.gate).where(Nudge.state == NudgeState.STOPPED))
    waits = session.scalars(select(NudgeStep.detail).where(NudgeStep.what == "waits"))
    return Rehearsal(
        name=name,
        begin=begin,
        end=end,
        left=session.scalar(select(func.count()).select_from(episodes)) or 0,
        held_out=states[NudgeState.HELD_OUT],
        stopped=Counter(gate or "" for gate in stopped),
        waited=Counter(str(detail["gate"]) for detail in waits),
        messages=messages,
        by_hour=by_local_hour((one.at, zones.get(one.person_id, UTC)) for one in messages),
        coupons_at_most=sum(most),
        most_in_a_day=max(most, default=0),
        daily_budget=policy.incentives.daily_budget,
    )


def _messages(session: Session) -> list[WouldSend]:
    orders: dict[str, list[datetime]] = defaultdict(list)
    for person_id, placed_at in session.execute(select(Order.person_id, Order.placed_at)):
        if person_id:
            orders[person_id].append(placed_at)
    rows = session.execute(
        select(
            Nudge.person_id,
            Nudge.cart_id,
            Nudge.stage,
            Nudge.channel,
            Nudge.treatment,
            Nudge.sent_at,
            Coupon.reserved,
        )
        .outerjoin(Coupon, Coupon.nudge_id == Nudge.id)
        .where(Nudge.state == NudgeState.SENT)
        .order_by(Nudge.sent_at, Nudge.id)
    )
    return [
        WouldSend(
            at=row.sent_at,
            person_id=row.person_id or "",
            cart_id=row.cart_id,
            stage=row.stage,
            channel=row.channel.value,
            treatment=row.treatment,
            coupon_at_most=row.reserved or 0,
            bought_anyway=any(
                row.sent_at < placed <= row.sent_at + WINDOW
                for placed in orders[row.person_id or ""]
            ),
        )
        for row in rows
    ]


def _zones(session: Session) -> dict[str, ZoneInfo]:
    """Where each person is, as far as they have a zone."""
    rows = session.execute(select(Person.id, Person.time_zone))
    return {key: zone_of(zone, UTC.key) for key, zone in rows}
