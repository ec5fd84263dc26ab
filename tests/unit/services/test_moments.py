"""What "Friday evening at six" is, seen from a Tuesday at one in the afternoon in Berlin."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.moments import FARTHEST, Unclear, moment_of

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, 13, 0, tzinfo=BERLIN)


def said(text: str, now: datetime = TUESDAY) -> str:
    found = moment_of(text, now=now, zone=BERLIN)
    assert isinstance(found, datetime), found
    assert found.tzinfo is UTC
    return found.astimezone(BERLIN).strftime("%a %d %b %H:%M")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("remind me on Friday evening at six", "Fri 27 Nov 18:00"),
        ("remind me at 6pm on Friday", "Fri 27 Nov 18:00"),
        ("friday eve at half past six in the evening", "Fri 27 Nov 18:30"),
        ("Friday evening", "Fri 27 Nov 19:00"),
        ("on Friday, seven in the morning", "Fri 27 Nov 07:00"),
        ("saturday 9 at night", "Sat 28 Nov 21:00"),
        ("Sunday 17h", "Sun 29 Nov 17:00"),
        ("in 2h", "Tue 24 Nov 15:00"),
        ("friday night at 12", "Fri 27 Nov 23:59"),
        ("tomorrow morning", "Wed 25 Nov 09:00"),
        ("9:00 tomorrow", "Wed 25 Nov 09:00"),
        ("around five tomorrow afternoon", "Wed 25 Nov 17:00"),
        ("the day after tomorrow", "Thu 26 Nov 10:00"),
        ("in two hours", "Tue 24 Nov 15:00"),
        ("in half an hour", "Tue 24 Nov 13:30"),
        ("in an hour and a half", "Tue 24 Nov 14:30"),
        ("90 minutes from now", "Tue 24 Nov 14:30"),
        ("in a couple of days", "Thu 26 Nov 13:00"),
        ("in 3 days at 9", "Fri 27 Nov 09:00"),
        ("in a week", "Tue 01 Dec 13:00"),
        ("tonight", "Tue 24 Nov 19:00"),
        ("after work", "Tue 24 Nov 18:00"),
        ("at noon", "Wed 25 Nov 12:00"),
        ("at 7", "Tue 24 Nov 19:00"),
        ("at 11", "Wed 25 Nov 11:00"),
        ("at 18:30", "Tue 24 Nov 18:30"),
        ("sunday night at quarter to eight", "Sun 29 Nov 19:45"),
        ("this weekend", "Sat 28 Nov 10:00"),
        ("next Tuesday at quarter past three", "Tue 01 Dec 15:15"),
        ("next Friday", "Fri 04 Dec 10:00"),
        ("Thursday week", "Thu 03 Dec 10:00"),
        ("next week", "Mon 30 Nov 10:00"),
        ("on the 28th at noon", "Sat 28 Nov 12:00"),
        ("the 31st", "Thu 31 Dec 10:00"),
        ("on 3 December around 5 in the afternoon", "Thu 03 Dec 17:00"),
        ("January 7th", "Thu 07 Jan 10:00"),
        ("2026-12-05 at 8 am", "Sat 05 Dec 08:00"),
        ("end of the month", "Mon 30 Nov 10:00"),
        ("remind me about the second one and my 2 tents on saturday", "Sat 28 Nov 10:00"),
    ],
)
def test_a_moment_to_come_is_read(text: str, moment: str) -> None:
    assert said(text) == moment


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("remind me", Unclear.MISSING),
        ("remind me later", Unclear.MISSING),
        ("remind me of my 2 tents", Unclear.MISSING),
        ("on 12/05", Unclear.MISSING),
        ("on 30 February", Unclear.MISSING),
        ("yesterday", Unclear.PAST),
        ("last Friday at six", Unclear.PAST),
        ("two days ago", Unclear.PAST),
        ("today at 9 in the morning", Unclear.PAST),
        ("on 5 January 2025", Unclear.PAST),
        ("in three years", Unclear.TOO_FAR),
        ("on 5 January 2031", Unclear.TOO_FAR),
    ],
)
def test_what_is_no_moment_to_come_is_not_guessed(text: str, why: Unclear) -> None:
    assert moment_of(text, now=TUESDAY, zone=BERLIN) is why


def test_two_hours_are_two_hours_across_a_change_of_the_clocks() -> None:
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment_of("in two hours", now=before, zone=BERLIN) == before + timedelta(hours=2)


def test_the_hour_is_by_the_shoppers_own_clock() -> None:
    auckland = ZoneInfo("Pacific/Auckland")
    found = moment_of("tomorrow at 9 am", now=TUESDAY, zone=auckland)
    assert isinstance(found, datetime)
    assert found.astimezone(auckland).strftime("%a %H:%M") == "Thu 09:00"


WORDS = (
    *("remind me", "on", "at", "in", "next", "the", "half", "quarter to", "past", "end of", "a"),
    *("friday", "sat", "tomorrow", "today", "tonight", "weekend", "week", "month", "evening"),
    *("6", "12", "23:59", "0:30", "99", "31st", "29 feb", "2028-02-30", "noon", "midnight", "pm"),
    *("hours", "days", "years", "9999", "two", "ago", "last", "’", "January", "2027", "0"),
)


@given(
    words=st.lists(st.sampled_from(WORDS), max_size=8),
    later=st.timedeltas(timedelta(0), timedelta(days=2200)),
    zone=st.sampled_from(sorted(available_timezones())),
)
def test_whatever_is_said_a_moment_lies_ahead_and_within_reach(
    words: list[str], later: timedelta, zone: str
) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + later
    found = moment_of(" ".join(words), now=now, zone=ZoneInfo(zone))
    assert isinstance(found, Unclear) or now < found <= now + FARTHEST
