"""What was mined is kept with an end date, and nothing stale or thin is given out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from db.engine import SessionFactory
from db.models import MinedPattern, MinedRule, MiningRun
from db.reads.mining import rules_in_force
from db.writes.mining import store_run
from tests.integration.mining.conftest import Command

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def rule(people: int) -> dict[str, Any]:
    return {
        "antecedent": [["tent"]],
        "consequent": [["stove"]],
        "people": people,
        "antecedent_people": 2 * people,
        "consequent_people": people,
        "p_value": 0.01,
    }


def keep(sessions: SessionFactory, *, people: int, now: datetime, complete: bool = True) -> str:
    """A stored run with one rule and one pattern, good for 30 days."""
    with sessions.begin() as session:
        return store_run(
            session,
            what="sequences",
            people=100,
            min_people=2,
            complete=complete,
            options={"top": 50},
            patterns=[{"elements": [["tent"], ["stove"]], "people": people}],
            rules=[rule(people)],
            now=now,
            keep=timedelta(days=30),
        )


def in_force(sessions: SessionFactory, *, now: datetime, min_people: int = 5) -> list[int]:
    with sessions() as session:
        return [
            rule.people
            for rule in rules_in_force(session, "sequences", min_people=min_people, now=now)
        ]


def test_the_newest_run_is_in_force(sessions: SessionFactory) -> None:
    keep(sessions, people=10, now=NOW)
    keep(sessions, people=12, now=NOW + timedelta(days=1))

    assert in_force(sessions, now=NOW + timedelta(days=2)) == [12]


def test_a_rule_expires(sessions: SessionFactory) -> None:
    keep(sessions, people=10, now=NOW)

    assert in_force(sessions, now=NOW + timedelta(days=29)) == [10]
    assert in_force(sessions, now=NOW + timedelta(days=30)) == []


def test_a_rule_with_too_few_people_is_not_given_out(sessions: SessionFactory) -> None:
    keep(sessions, people=4, now=NOW)

    assert in_force(sessions, now=NOW) == []
    assert in_force(sessions, now=NOW, min_people=4) == [4]


def test_a_run_that_was_stopped_does_not_take_over(sessions: SessionFactory) -> None:
    keep(sessions, people=10, now=NOW)
    keep(sessions, people=12, now=NOW + timedelta(days=1), complete=False)

    assert in_force(sessions, now=NOW + timedelta(days=2)) == [10]


def test_storing_deletes_what_has_expired_with_its_rows(sessions: SessionFactory) -> None:
    keep(sessions, people=10, now=NOW)
    newest = keep(sessions, people=12, now=NOW + timedelta(days=40))

    with sessions() as session:
        assert session.scalars(select(MiningRun.id)).all() == [newest]
        for table in (MinedPattern, MinedRule):
            assert session.scalar(select(func.count()).select_from(table)) == 1


def test_the_command_stores_patterns_rules_and_what_was_asked(
    command: Command, shop: SessionFactory
) -> None:
    result = command("--min-support", "1", "--must", "stove", "--store", "--expires", "2 weeks")

    assert result.exit_code == 0, result.output
    with shop() as session:
        run = session.scalars(select(MiningRun)).one()
        assert (run.what, run.people, run.min_people, run.complete) == ("sequences", 11, 5, True)
        assert run.expires_at - run.mined_at == timedelta(weeks=2)
        assert run.options["constraints"]["required"] == ["stove"]
        assert run.options["actions"] == ["purchase"]
        stored = {
            str(elements): people
            for elements, people in session.execute(
                select(MinedPattern.elements, MinedPattern.people)
            )
        }
        assert stored["[['tent'], ['stove']]"] == 8
        assert min(stored.values()) >= 5
        rules = session.scalars(select(MinedRule)).all()
        assert ([["tent"]], [["stove"]], 8, 8, 8) in [
            (r.antecedent, r.consequent, r.people, r.antecedent_people, r.consequent_people)
            for r in rules
        ]


@pytest.mark.parametrize("words", [("--expires", "3"), ("--expires", "soon"), ("--data", "x.txt")])
def test_what_cannot_be_stored_is_told(command: Command, words: tuple[str, str]) -> None:
    result = command("--store", *words)

    assert result.exit_code == 1
    assert "--expires" in result.output or "--store is for" in result.output
