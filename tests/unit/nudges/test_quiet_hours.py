"""Nobody is written to at night, in any time zone, on any day of the year."""

from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nudges.policy import QuietHours
from nudges.quiet_hours import is_quiet, quiet_from, quiet_until, zone_of

ZONES = sorted(available_timezones() - {"localtime"})
HOURS = QuietHours()
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES = 366 * 24 * 60

times = st.times().map(lambda value: value.replace(second=0, microsecond=0))
moments = st.integers(0, MINUTES).map(lambda minute: YEAR + timedelta(minutes=minute))


def test_there_are_hundreds_of_zones() -> None:
    assert len(ZONES) > 400


@pytest.mark.parametrize("zone", ZONES)
def test_the_moment_it_allows_is_never_quiet(zone: str) -> None:
    """At all times of day through the year, and close together where the clock is changed."""
    local = ZoneInfo(zone)
    moments = [YEAR + timedelta(minutes=minute) for minute in range(0, MINUTES, 37 * 24)]
    for change in changes_of_the_clock(zone):
        moments += [change + timedelta(minutes=minute) for minute in range(-1500, 1500, 23)]
    for now in moments:
        allowed = quiet_until(HOURS, local, now) or now
        assert not is_quiet(HOURS, allowed.astimezone(local).time())


@given(st.sampled_from(ZONES), moments, times, times)
@settings(max_examples=500)
def test_it_waits_until_the_quiet_ends_and_no_longer(
    zone: str, now: datetime, begin: time, end: time
) -> None:
    hours, local = QuietHours(begin=begin, end=end), ZoneInfo(zone)
    until = quiet_until(hours, local, now)
    if until is None:
        assert not is_quiet(hours, now.astimezone(local).time())
        return
    assert now < until <= now + timedelta(hours=26)
    assert not is_quiet(hours, until.astimezone(local).time())
    # Half an hour earlier it was still quiet, unless the clock was changed just then.
    before = until - timedelta(minutes=1)
    changed = before.astimezone(local).utcoffset() != until.astimezone(local).utcoffset()
    assert changed or before <= now or is_quiet(hours, before.astimezone(local).time())


@given(st.sampled_from(ZONES), moments, st.integers(0, 59), times, times, st.integers(0, 300))
@settings(max_examples=500)
def test_until_night_falls_no_minute_is_quiet(
    zone: str, whole: datetime, second: int, begin: time, end: time, minutes: int
) -> None:
    hours, local = QuietHours(begin=begin, end=end), ZoneInfo(zone)
    now, within = whole + timedelta(seconds=second), timedelta(minutes=minutes)
    begins = quiet_from(hours, local, now, within=within)
    if begins is not None:
        assert now < begins <= now + within + timedelta(minutes=1)
        assert is_quiet(hours, begins.astimezone(local).time())
    at = whole + timedelta(minutes=1)
    while at < (begins or now + within):
        assert not is_quiet(hours, at.astimezone(local).time())
        at += timedelta(minutes=1)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@given(minute=st.integers(-200, 1000), begin=times, end=times)
@settings(max_examples=200)
def test_the_days_on_which_the_clock_changes_are_no_exception(
    zone: str, minute: int, begin: time, end: time
) -> None:
    hours, local = QuietHours(begin=begin, end=end), ZoneInfo(zone)
    for change in changes_of_the_clock(zone):
        now = change + timedelta(minutes=minute)
        allowed = quiet_until(hours, local, now) or now
        assert not is_quiet(hours, allowed.astimezone(local).time())


@cache
def changes_of_the_clock(zone: str) -> list[datetime]:
    """When the zone's clock is changed in the year, to half a day."""
    local = ZoneInfo(zone)
    days = [YEAR + timedelta(hours=12 * step) for step in range(366 * 2)]
    offsets = [day.astimezone(local).utcoffset() for day in days]
    return [
        day
        for day, (before, after) in zip(days, pairwise(offsets), strict=False)
        if before != after
    ]


def test_a_night_that_loses_an_hour_ends_when_the_clock_says_so() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert quiet_until(HOURS, berlin, night) == datetime(2026, 3, 29, 6, 0, tzinfo=UTC)


def test_a_night_that_gains_an_hour_is_an_hour_longer() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    assert quiet_until(HOURS, berlin, night) == datetime(2026, 10, 25, 7, 0, tzinfo=UTC)


def test_the_same_begin_and_end_are_no_quiet_hours() -> None:
    none = QuietHours(begin=time(8), end=time(8))
    assert quiet_until(none, ZoneInfo("UTC"), YEAR) is None


@pytest.mark.parametrize("unknown", [None, "", "Mars/Olympus", "../etc/passwd", "x" * 300])
def test_an_unknown_zone_is_the_shops(unknown: str | None) -> None:
    assert zone_of(unknown, "Europe/Berlin").key == "Europe/Berlin"
