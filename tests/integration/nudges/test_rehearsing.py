"""A policy on a shop's own days: the real sweep over a copy, and the shop stays as it is."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import func, select
from typer.testing import CliRunner

from cli.main import app
from core.clock import SimulatedClock
from core.settings import Settings, get_settings
from db.engine import SessionFactory
from db.models import Base, Pause
from db.models import Channel as ChannelName
from nudges.decision import AlwaysRemind, Decider
from nudges.policy import Policy
from nudges.rehearse.report import Rehearsal
from nudges.rehearse.run import rehearse
from tests.integration.nudges.coupons import Always, generous
from tests.integration.nudges.shoppers import agree, buy, leave_cart, left_carts, person, policy

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
type Rehearse = Callable[..., Rehearsal]
pytestmark = pytest.mark.usefixtures("small_shop")


@pytest.fixture
def rehearsed(sessions: SessionFactory, clock: SimulatedClock) -> Rehearse:
    """A rehearsal of the ten days before now."""

    def run(rules: Policy | None = None, decider: Decider | None = None) -> Rehearsal:
        return rehearse(
            "tried",
            sessions,
            rules or policy(),
            settings=Settings(),
            channels=[ChannelName.EMAIL],
            decider=decider or AlwaysRemind(),
            begin=clock.now() - 10 * DAY,
            end=clock.now(),
        )

    return run


def rows(sessions: SessionFactory) -> dict[str, int]:
    with sessions() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def sent(found: Rehearsal) -> Sequence[tuple[str, str]]:
    return [(one.person_id, one.stage) for one in found.messages]


def test_a_cart_left_then_would_have_been_written_about_at_its_stages(
    sessions: SessionFactory, clock: SimulatedClock, rehearsed: Rehearse
) -> None:
    at = clock.now() - 5 * DAY
    left_carts(sessions, clock, "ann", ago=5 * DAY)
    before = rows(sessions)
    found = rehearsed()
    assert sent(found) == [("ann", "first"), ("ann", "second")]
    assert timedelta() <= found.messages[0].at - (at + HOUR) <= timedelta(minutes=15)
    assert (found.left, found.written_to, sum(found.by_hour)) == (1, 1, 2)
    assert rows(sessions) == before


def test_whoever_bought_in_time_would_not_have_been(
    sessions: SessionFactory, clock: SimulatedClock, rehearsed: Rehearse
) -> None:
    at = clock.now() - 5 * DAY
    left_carts(sessions, clock, "ann", "bob", ago=5 * DAY)
    with sessions.begin() as session:
        buy(session, "ann", at=at + HOUR / 2)
        buy(session, "bob", at=at + 2 * HOUR)
    found = rehearsed()
    assert sent(found) == [("bob", "first")]
    assert found.bought_anyway == 1


def test_what_was_agreed_or_taken_back_later_was_not_known_then(
    sessions: SessionFactory, clock: SimulatedClock, rehearsed: Rehearse
) -> None:
    at = clock.now() - 5 * DAY
    left_carts(sessions, clock, "ann", "bob", ago=5 * DAY)
    with sessions.begin() as session:
        agree(session, "ann", ChannelName.EMAIL, now=at + HOUR / 2, granted=False)
        agree(session, "bob", ChannelName.EMAIL, now=at + 2 * HOUR, granted=False)
    found = rehearsed()
    assert sent(found) == [("bob", "first")]
    assert found.stopped["no_consent"] == 3


def test_silence_counts_from_when_it_was_asked_for_to_when_it_was_ended(
    sessions: SessionFactory, clock: SimulatedClock, rehearsed: Rehearse
) -> None:
    at = clock.now() - 5 * DAY
    left_carts(sessions, clock, "ann", ago=5 * DAY)
    with sessions.begin() as session:
        session.add(
            Pause(visitor_id="v-ann", person_id="ann", reason="stop", source="chat",
                  at=at + HOUR / 2, ended_at=at + 10 * HOUR)
        )  # fmt: skip
    assert sent(rehearsed()) == [("ann", "second")]


def test_caps_and_quiet_hours_that_were_hit_are_counted(
    sessions: SessionFactory, clock: SimulatedClock, rehearsed: Rehearse
) -> None:
    at = clock.now() - 5 * DAY
    with sessions.begin() as session:
        person(session, "ann", now=at - DAY, time_zone="Europe/Berlin")
        leave_cart(session, "ann", at=at)
    night = {"begin": "00:00:00", "end": "23:59:00"}
    found = rehearsed(policy(quiet_hours=night))
    assert found.waited["quiet"] > 0
    capped = rehearsed(policy(caps={"per_cart": 1, "gap_hours": 1, "per_day": 5, "per_week": 5}))
    assert sent(capped) == [("ann", "first")]
    assert capped.stopped["cart_cap"] == 1


def test_what_coupons_may_cost_is_told_and_what_is_given_to_whoever_buys_anyway(
    sessions: SessionFactory, clock: SimulatedClock, rehearsed: Rehearse
) -> None:
    at = clock.now() - 5 * DAY
    left_carts(sessions, clock, "ann", "bob", ago=5 * DAY)
    with sessions.begin() as session:
        buy(session, "bob", at=at + 20 * HOUR)
    found = rehearsed(generous(), Always("percent_10"))
    assert found.treatments == {"percent_10": 2}
    assert (found.coupons_at_most, found.wasted_at_most) == (2 * 1190, 1190)
    assert found.most_in_a_day == 2 * 1190 <= found.daily_budget


def test_the_time_must_begin_before_it_ends(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with pytest.raises(ValueError, match="must begin before it ends"):
        rehearse(
            "never", sessions, policy(), settings=Settings(), channels=[],
            decider=AlwaysRemind(), begin=clock.now(), end=clock.now(),
        )  # fmt: skip


# The command


@pytest.fixture
def simulate(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "150")
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(app, ["nudges", "simulate", *words])
    get_settings.cache_clear()


def test_two_policies_are_told_side_by_side_and_each_message_in_a_file(
    sessions: SessionFactory, clock: SimulatedClock, simulate: Callable[..., Result], tmp_path: Path
) -> None:
    left_carts(sessions, clock, "p0", "p1", "p2", "p3", ago=5 * DAY)
    with sessions.begin() as session:
        leave_cart(session, "p0", at=clock.now())
    (tmp_path / "late.toml").write_text(
        '[[stages]]\nname = "late"\nafter_minutes = 2880\nchannels = ["email"]\n'
        "[hold_out]\nshare = 0\n[incentives]\nexploration = 0\n",
        encoding="utf-8",
    )
    who = tmp_path / "who.csv"
    late, page = tmp_path / "late.toml", tmp_path / "page.html"
    result = simulate(
        "--real", "--days", "7", "--against", str(late), "--who", str(who), "--page", str(page)
    )
    assert result.exit_code == 0, result.output
    assert "late.toml" in result.output
    assert "Nothing was sent" in result.output
    with who.open(encoding="utf-8") as file:
        messages = list(csv.DictReader(file))
    late_ones = [one["person_id"] for one in messages if one["policy"] == "late.toml"]
    assert sorted(late_ones) == ["p0", "p1", "p2", "p3"]
    text = page.read_text(encoding="utf-8")
    assert text.count("<polyline") == 2
    assert f"late.toml: 4 people would have got {len(late_ones)} messages" in text
    assert "by e-mail" in text


def test_days_are_counted_from_the_beginning_to_the_end(
    sessions: SessionFactory, clock: SimulatedClock, rehearsed: Rehearse
) -> None:
    left_carts(sessions, clock, "ann", ago=5 * DAY)
    left_carts(sessions, clock, "bob", ago=HOUR + timedelta(minutes=5))
    found = rehearsed()
    assert found.messages[-1].at == clock.now()
    assert found.by_day == [0, 0, 0, 0, 0, 1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--real", "--seed", "3"], "--seed is for simulated"),
        (["--until", "2026-03-01"], "--until is for real"),
    ],
)
def test_an_option_of_the_other_kind_is_refused(
    simulate: Callable[..., Result], words: list[str], told: str
) -> None:
    result = simulate(*words)
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.usefixtures("sessions")
def test_a_shop_without_events_is_told_so(
    simulate: Callable[..., Result],
) -> None:
    result = simulate("--real")
    assert result.exit_code == 1
    assert "no events yet" in result.output
