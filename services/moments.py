"""A moment to come, as a shopper says it: "on Friday evening at six", "in two hours", "tomorrow".

A message is read for a day, a time of day and a distance from now; what is left open is filled in
by habit (an evening is seven o'clock), and what stays open or is past is not guessed at. The date
libraries were tried first: dateparser 1.5 reads "Friday evening at six" as a day in June, and
parsedatetime 2.6 drops "at six", "half past seven" and "the 28th" without a word.
"""

import re
from calendar import month_abbr, month_name, monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

FARTHEST = timedelta(days=366)
_SOONEST = timedelta(minutes=1)


class Unclear(StrEnum):
    """Why a message names no moment that one could keep."""

    MISSING = "missing"
    PAST = "past"
    TOO_FAR = "too_far"


_ONES = "one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: number for number, word in enumerate(_ONES.split(), start=1)} | {
    "a": 1,
    "an": 1,
    "a couple of": 2,
    "couple of": 2,
    "a few": 3,
    "few": 3,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty five": 45,
    "forty-five": 45,
}
_COUNT = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_HOUR_WORDS = "|".join(_ONES.split())
_WEEKDAY_NAMES = (
    "monday mon",
    "tuesday tues tue",
    "wednesday weds wed",
    "thursday thurs thur thu",
    "friday fri",
    "saturday sat",
    "sunday sun",
)
_DAYS = {name: day for day, names in enumerate(_WEEKDAY_NAMES) for name in names.split()}
_DAY = "|".join(sorted(_DAYS, key=len, reverse=True))
_MONTHS = {
    name.lower(): number
    for names in (month_name, month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
# What each part of the day means where no hour is said.
_PARTS: Mapping[str, time] = {
    "morning": time(9),
    "noon": time(12),
    "midday": time(12),
    "lunchtime": time(12),
    "lunch": time(12),
    "afternoon": time(15),
    "after work": time(18),
    "evening": time(19),
    "tonight": time(19),
    "night": time(20),
}
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
_FORENOON = {"morning"}
_NIGHT = {"evening", "tonight", "night"}
# "Friday at midnight": the last minute of the day that was named, not of the one before.
_MIDNIGHT_SAID = time(23, 59)
_A_DAY = time(10)
# "at six" without more: nobody wants to be reminded of a cart before this hour.
_EARLIEST_GUESS, _LATEST_GUESS = 8, 21


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_PAST = _pattern(
    rf"\b(?:yesterday|ago|last (?:{_DAY}|week|month|year|night|evening)|earlier today|"
    rf"this past \w+)\b"
)
_DISTANCE = _pattern(
    rf"\b(?:in|within|after)\s+(?:about |around |roughly )?(?P<half>half an? )?"
    rf"(?P<n>\d{{1,4}}|{_COUNT})?\s*(?P<unit>min(?:ute)?s?|hours?|hrs?|h|days?|weeks?|months?|"
    rf"years?)\b(?P<more>\s+and a half)?"
    rf"|\b(?P<n2>\d{{1,4}}|{_COUNT})\s+(?P<unit2>minutes?|hours?|days?|weeks?|months?)"
    rf"\s+(?:from now|later)\b"
)
_CLOCK = (
    _pattern(r"\b(?P<h>[01]?\d|2[0-3])[:.h](?P<m>[0-5]\d)\s*(?P<half>[ap]\.?m\b\.?)?(?![.\d])"),
    _pattern(rf"\b(?P<h>1[0-2]|0?[1-9]|{_HOUR_WORDS})\s*(?P<half>[ap]\.?m\b\.?)"),
    _pattern(rf"\bhalf (?:past )?(?P<h>1[0-2]|[1-9]|{_HOUR_WORDS})\b(?P<thirty>)"),
    _pattern(rf"\b(?:a )?quarter past (?P<h>1[0-2]|[1-9]|{_HOUR_WORDS})\b(?P<fifteen>)"),
    _pattern(rf"\b(?:a )?quarter to (?P<h>1[0-2]|[1-9]|{_HOUR_WORDS})\b(?P<to>)"),
    _pattern(rf"\b(?P<h>[01]?\d|2[0-3]|{_HOUR_WORDS})\s*o'?\s?clock\b"),
    _pattern(
        rf"\b(?P<h>1[0-2]|[1-9]|{_HOUR_WORDS})\s+"
        rf"(?:in the (?:morning|afternoon|evening)|at night)\b"
    ),
    _pattern(r"\b(?P<h>[01]?\d|2[0-3])\s?h\b"),
    _pattern(
        rf"\b(?:at|around|about|by|before|towards|@)\s*(?P<h>[01]?\d|2[0-3]|{_HOUR_WORDS})\b"
        rf"(?!\s*(?:[-/.]\s*\d|st\b|nd\b|rd\b|th\b|of\b|{_MONTH}|days?|weeks?|hours?|min|pieces?|%))"
    ),
)
_PART_OF_DAY = _pattern(rf"\b(?P<part>{_PART})\b")
_MIDNIGHT = _pattern(r"\bmidnight\b")
_ISO = _pattern(r"\b(?P<y>20\d\d)-(?P<m>\d\d?)-(?P<d>\d\d?)\b")
_DAY_MONTH = _pattern(
    rf"\b(?P<d>\d\d?)(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b\.?(?:,?\s+(?P<y>20\d\d))?"
)
_MONTH_DAY = _pattern(
    rf"\b(?P<month>{_MONTH})\.?\s+(?:the\s+)?(?P<d>\d\d?)(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>20\d\d))?"
)
_DAY_ALONE = _pattern(r"\b(?:the\s+)?(?P<d>\d\d?)(?:st|nd|rd|th)\b")
_WEEKDAY = _pattern(
    rf"\b(?:(?P<next>next|following)\s+|(?:this|coming|this coming|on)\s+)?(?P<day>{_DAY})s?\b"
    rf"(?P<week>\s+(?:next week|week))?"
)


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time of day; `half_open` where it could be before or after noon."""

    hour: int
    minute: int
    half_open: bool


def moment_of(text: str, *, now: datetime, zone: ZoneInfo) -> datetime | Unclear:
    """The moment to come that the message names, in UTC; `zone` is the shopper's.

    Of an hour that the clocks skip or show twice it is the first that there is.
    """
    text = " ".join(text.replace("’", "'").split())
    if _PAST.search(text):
        return Unclear.PAST
    local = now.astimezone(zone)
    distance = _distance(text, local)
    if isinstance(distance, datetime):
        return _kept(distance, now)
    day, rest = (distance, text) if distance is not None else _day(text, local.date())
    if isinstance(day, Unclear):
        return day
    clock, part = _clock(rest), _part(rest)
    if day is None and clock is None and part is None:
        return Unclear.MISSING
    if day is None:
        return _kept(_next(local, clock, part), now)
    at = _time_of(clock, part)
    chosen = _at(day, at, zone)
    if clock is not None and clock.half_open and part is None and chosen <= now and at.hour < 12:
        chosen = _at(day, time(at.hour + 12, at.minute), zone)
    return _kept(chosen, now)


def _kept(at: datetime, now: datetime) -> datetime | Unclear:
    at = at.astimezone(UTC)
    if at < now + _SOONEST:
        return Unclear.PAST
    return Unclear.TOO_FAR if at > now + FARTHEST else at


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _distance(text: str, local: datetime) -> datetime | date | None:
    """Minutes and hours give a moment, longer distances a day."""
    match = _DISTANCE.search(text)
    if match is None:
        return None
    said = (match["n"] or match["n2"] or "").lower()
    if not said and not match["half"]:
        return None
    number = float(_NUMBERS.get(said) or said) if said else 1.0
    number = number / 2 if match["half"] else number + (0.5 if match["more"] else 0)
    unit = (match["unit"] or match["unit2"]).lower()
    if unit.startswith(("h", "mi")):
        step = timedelta(minutes=1) if unit.startswith("mi") else timedelta(hours=1)
        # In UTC: two hours are two hours also across a change of the clocks.
        return local.astimezone(UTC) + number * step
    days = {"d": 1, "w": 7, "m": 30, "y": 365}[unit[0]]
    day = local.date() + timedelta(days=min(round(number * days), 2 * FARTHEST.days))
    clear = _clock(text[match.end() :]) or _part(text[match.end() :])
    return day if clear else datetime.combine(day, local.time(), local.tzinfo)


def _day(text: str, today: date) -> tuple[date | Unclear | None, str]:
    """The day named, and the text without the words that named it."""
    for pattern, days in (
        (r"\b(?:the )?day after tomorrow\b", 2),
        (r"\b(?:tomorrow|tmrw|tomorow|tommorow|tommorrow)\b", 1),
        (r"\btoday\b", 0),
    ):
        if match := re.search(pattern, text, re.IGNORECASE):
            return today + timedelta(days=days), _without(text, match)
    for dated in (_ISO, _DAY_MONTH, _MONTH_DAY):
        if match := dated.search(text):
            return _dated(match, today), _without(text, match)
    if match := _WEEKDAY.search(text):
        return _weekday(match, today), _without(text, match)
    if match := _pattern(r"\b(?:(?:the|this|next|at the|on the)\s+)?week-?end\b").search(text):
        ahead = (5 - today.weekday()) % 7
        ahead += 7 if match[0].lower().startswith("next") and ahead < 2 else 0
        return today + timedelta(days=ahead), _without(text, match)
    monday = today + timedelta(days=7 - today.weekday())
    if match := _pattern(r"\bnext week\b").search(text):
        return monday, _without(text, match)
    if match := _pattern(r"\b(?:end of (?:the|this) week)\b").search(text):
        return today + timedelta(days=(4 - today.weekday()) % 7), _without(text, match)
    last = monthrange(today.year, today.month)[1]
    if match := _pattern(r"\bend of (?:the|this) month\b").search(text):
        return today.replace(day=last), _without(text, match)
    if match := _pattern(r"\bnext month\b").search(text):
        return today.replace(day=last) + timedelta(days=1), _without(text, match)
    if match := _DAY_ALONE.search(text):
        return _day_of_month(int(match["d"]), today), _without(text, match)
    return None, text


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _weekday(match: re.Match[str], today: date) -> date:
    """The next such day; "next Friday" and "Friday next week" are the one of the week after."""
    ahead = (_DAYS[match["day"].lower()] - today.weekday()) % 7 or 7
    monday_after = 7 - today.weekday()
    of_next_week = match["next"] or match["week"]
    return today + timedelta(days=ahead + (7 if of_next_week and ahead < monday_after else 0))


def _dated(match: re.Match[str], today: date) -> date | Unclear | None:
    groups = match.groupdict()
    month = _MONTHS[groups["month"].lower()] if groups.get("month") else int(groups["m"])
    try:
        day = date(int(groups["y"] or today.year), month, int(groups["d"]))
        if day < today and not groups["y"]:
            day = day.replace(year=today.year + 1)
    except ValueError:
        return None
    return Unclear.PAST if day < today else day


def _day_of_month(number: int, today: date) -> date | None:
    first = today.replace(day=1)
    for month in range(3):
        if number <= monthrange(first.year, first.month)[1] and number > 0:
            day = first.replace(day=number)
            if day > today or (month == 0 and day == today):
                return day
        first = (first + timedelta(days=32)).replace(day=1)
    return None


def _clock(text: str) -> _Clock | None:
    if _MIDNIGHT.search(text):
        return _Clock(_MIDNIGHT_SAID.hour, _MIDNIGHT_SAID.minute, half_open=False)
    for pattern in _CLOCK:
        match = pattern.search(text)
        if match is None:
            continue
        groups = match.groupdict()
        said = groups["h"].lower()
        hour = _NUMBERS.get(said) or int(said)
        minute = int(groups.get("m") or 0)
        half = (groups.get("half") or "").lower()
        if half:
            return _Clock(hour % 12 + (12 if half.startswith("p") else 0), minute, half_open=False)
        if groups.get("thirty") is not None:
            minute = 30
        elif groups.get("fifteen") is not None:
            minute = 15
        elif groups.get("to") is not None:
            hour, minute = (hour - 2) % 12 + 1, 45
        written = said.startswith("0") or groups.get("m") is not None
        return _Clock(hour, minute, half_open=hour <= 12 and not (written and hour < 1))
    return None


def _part(text: str) -> str | None:
    match = _PART_OF_DAY.search(text)
    return match["part"].lower() if match else None


def _time_of(clock: _Clock | None, part: str | None) -> time:
    if clock is None:
        return _PARTS[part] if part else _A_DAY
    hour = clock.hour
    if clock.half_open:
        if part in _FORENOON:
            hour %= 12
        elif part in _NIGHT and hour == 12:
            return _MIDNIGHT_SAID
        elif part is not None:
            hour = hour % 12 + 12
        elif hour < _EARLIEST_GUESS:
            hour += 12
    return time(hour % 24, clock.minute)


def _next(local: datetime, clock: _Clock | None, part: str | None) -> datetime:
    """The next time that the clock shows this: today, else tomorrow."""
    at = _time_of(clock, part)
    times = [at]
    if clock is not None and clock.half_open and part is None and at.hour + 12 <= _LATEST_GUESS:
        times.append(time(at.hour + 12, at.minute))
    zone = ZoneInfo(str(local.tzinfo))
    for day in (local.date(), local.date() + timedelta(days=1)):
        for one in times:
            moment = _at(day, one, zone)
            if moment >= local + _SOONEST:
                return moment
    raise AssertionError("tomorrow is always to come")
