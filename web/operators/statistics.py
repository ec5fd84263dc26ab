"""What reminders brought: the numbers of `cartwright nudges stats`, and whether the sweep lives."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from db.engine import read_session
from nudges.brought import what_it_brought
from nudges.heartbeat import Pulse, pulse
from nudges.measure import Funnel, measure
from nudges.operators import OperatorWords
from web.operators.page import OperatorPage, OperatorVisit

router = APIRouter(include_in_schema=False)

DAYS = (1, 7, 30, 90)


@router.get("/operators/statistics")
def statistics(page: OperatorVisit, days: Annotated[int, Query(ge=1, le=3650)] = 30) -> Response:
    """Counts by stage, channel and treatment; gates; what it brought; the sweep's sign of life."""
    words = page.words
    with read_session(page.sessions) as session:
        found = measure(
            session,
            since=page.now - timedelta(days=days),
            until=page.now,
            currency=page.nudging().settings.currency,
            margin_percent=page.nudging().policy.incentives.margin_percent,
        )
        last = pulse(session)
    return page.draw(
        "statistics.html",
        days=days,
        choices=sorted({*DAYS, days}),
        heartbeat=_heartbeat(page, last),
        columns=words.tables["columns"],
        total=_numbers(found.total, words),
        tables=[
            {"by": words.say("page", f"by_{by}"), "rows": _rows(by, funnels, words)}
            for by, funnels in found.funnels.items()
            if funnels
        ],
        gates=[
            {"gate": gate, "number": number, "why": words.gate(gate)}
            for gate, number in sorted(found.gates.items(), key=lambda pair: -pair[1])
        ],
        brought=list(what_it_brought(found, words, currency=page.settings.currency)),
    )


def _rows(by: str, funnels: Mapping[str, Funnel], words: OperatorWords) -> list[dict[str, Any]]:
    names = {"channel": words.channel, "treatment": words.treatment}
    return [
        {"name": names.get(by, str)(value), "numbers": _numbers(funnel, words)}
        for value, funnel in sorted(funnels.items(), key=lambda pair: -pair[1].due)
    ]


def _numbers(funnel: Funnel, words: OperatorWords) -> dict[str, int]:
    return {name: getattr(funnel, name) for name in words.tables["columns"]}


def _heartbeat(page: OperatorPage, last: Pulse | None) -> dict[str, Any]:
    """Whether the sweep lives, in words."""
    words = page.words
    if last is None:
        return {"lives": False, "text": words.say("pulse", "never")}
    if last.is_silent(page.now):
        text = words.say("pulse", "silent", at=words.time(last.beat_at))
        return {"lives": False, "text": text}
    if last.is_failing(page.now):
        text = words.say("pulse", "failing", at=words.time(last.well_until))
        return {"lives": False, "text": text}
    return {"lives": True, "text": words.say("pulse", "lives", at=words.time(last.well_until))}
