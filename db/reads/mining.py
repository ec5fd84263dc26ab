"""The mined rules in force: of the newest whole run that has not expired."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import MinedRule, MiningRun


def run_in_force(session: Session, what: str, *, now: datetime) -> MiningRun | None:
    """The newest run of this kind that was not stopped early and has not expired."""
    return session.scalar(
        select(MiningRun)
        .where(MiningRun.what == what, MiningRun.complete, MiningRun.expires_at > now)
        .order_by(MiningRun.mined_at.desc(), MiningRun.id)
        .limit(1)
    )


def rules_in_force(
    session: Session, what: str, *, min_people: int, now: datetime
) -> Sequence[MinedRule]:
    """Its rules with at least `min_people` behind them, most people first."""
    run = run_in_force(session, what, now=now)
    if run is None:
        return []
    return session.scalars(
        select(MinedRule)
        .where(MinedRule.run_id == run.id, MinedRule.people >= min_people)
        .order_by(MinedRule.people.desc(), MinedRule.id)
    ).all()
