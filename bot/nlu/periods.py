"""Periods of the past, as whole days in the shop's time zone: "last week", "in October"."""

import re
from calendar import month_abbr, month_name
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nlu.numbers import ONES, parse_count
from nlu.spans import Candidate

Days = tuple[date, date]  # since, until (exclusive)

_MONTHS = {name.lower(): number for number, name in enumerate(month_name) if name}
_MONTHS.update({name.lower(): number for number, name in enumerate(month_abbr) if name})
_MONTHS["sept"] = 9
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAYS = {
    name: number
    for number, name in enumerate(
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    )
}
_WEEKDAY = "|".join(_WEEKDAYS)
_COUNT = rf"\d{{1,3}}|{'|'.join(ONES)}|couple of|few|a couple of|a few|several"
_VAGUE = {"couple of": 2, "a couple of": 2, "few": 3, "a few": 3, "several": 4}
_PREVIOUS = r"(?:last|previous|past|prior)"


def find_periods(text: str, *, now: datetime, zone: ZoneInfo) -> list[Candidate]:
    """Periods named in the text, as {"since", "until"} in ISO UTC, `until` exclusive."""
    today = now.astimezone(zone).date()
    found = []
    for pattern, days_of in _RULES:
        for match in pattern.finditer(text):
            days = days_of(match, today)
            if days is None:
                continue
            value = {"since": _start(days[0], zone), "until": _start(days[1], zone)}
            found.append(Candidate.of(match.start(), match.end(), "period", value))
    return found


def _start(day: date, zone: ZoneInfo) -> str:
    midnight = datetime.combine(day, time(), tzinfo=zone)
    return midnight.astimezone(ZoneInfo("UTC")).isoformat()


def _week(today: date, back: int) -> Days:
    monday = today - timedelta(days=today.weekday() + 7 * back)
    return monday, monday + timedelta(days=7)


def _month(year: int, month: int) -> Days:
    first = date(year, month, 1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _months_back(today: date, back: int) -> Days:
    index = today.year * 12 + today.month - 1 - back
    return _month(index // 12, index % 12 + 1)


def _tomorrow(today: date) -> date:
    return today + timedelta(days=1)


def _count(words: str) -> int:
    words = words.lower().strip()
    return _VAGUE.get(words) or parse_count(words) or 1


def _unit_days(unit: str, count: int, today: date) -> date:
    """The day `count` units before today, never before the calendar's beginning."""
    per = {"d": 1, "w": 7, "m": 30, "y": 365}[unit[0].lower()]
    return today - timedelta(days=min(per * count, 3650))


def _last_units(match: "re.Match[str]", today: date) -> Days:
    count = _count(match.group("n"))
    return _unit_days(match.group("unit"), count, today), _tomorrow(today)


def _ago(match: "re.Match[str]", today: date) -> Days:
    count, unit = _count(match.group("n")), match.group("unit")
    if unit[0].lower() == "d":
        day = _unit_days(unit, count, today)
        return day, _tomorrow(day)
    if unit[0].lower() == "w":
        return _week(today, min(count, 520))
    if unit[0].lower() == "m":
        return _months_back(today, min(count, 120))
    return date(max(today.year - count, 1970), 1, 1), date(max(today.year - count, 1970) + 1, 1, 1)


def _calendar(match: "re.Match[str]", today: date) -> Days:
    back = 0 if match.group("which").lower() in ("this", "the current", "current") else 1
    unit = match.group("unit").lower()
    if unit == "week":
        return _week(today, back)
    if unit == "month":
        return _months_back(today, back)
    if unit == "year":
        return date(today.year - back, 1, 1), date(today.year - back + 1, 1, 1)
    # the last weekend that has begun, or the one before it where this week's is meant by "this"
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    if today.weekday() >= 5 and back:
        saturday -= timedelta(days=7)
    return saturday, saturday + timedelta(days=2)


def _weekday(match: "re.Match[str]", today: date) -> Days:
    back = (today.weekday() - _WEEKDAYS[match.group("day").lower()]) % 7 or 7
    day = today - timedelta(days=back)
    return day, _tomorrow(day)


def _named_month(match: "re.Match[str]", today: date) -> Days:
    month = _MONTHS[match.group("month").lower().rstrip(".")]
    if match.group("year"):
        return _month(int(match.group("year")), month)
    return _month(today.year if month <= today.month else today.year - 1, month)


def _dated(match: "re.Match[str]", today: date) -> Days | None:
    groups = match.groupdict()
    month = _MONTHS[groups["month"].lower().rstrip(".")]
    year = int(groups.get("year") or today.year)
    try:
        day = date(year, month, int(groups["d"]))
        if day > today and not groups.get("year"):
            day = day.replace(year=year - 1)
    except ValueError:
        return None
    return day, _tomorrow(day)


def _iso(match: "re.Match[str]", _: date) -> Days | None:
    try:
        day = date(int(match.group("y")), int(match.group("m")), int(match.group("d")))
    except ValueError:
        return None
    return day, _tomorrow(day)


def _since(
    days_of: Callable[["re.Match[str]", date], Days | None],
) -> Callable[..., Days | None]:
    def open_ended(match: "re.Match[str]", today: date) -> Days | None:
        days = days_of(match, today)
        return (days[0], _tomorrow(today)) if days else None

    return open_ended


def _fixed(since_back: int, until_back: int) -> Callable[["re.Match[str]", date], Days]:
    def days_of(_: "re.Match[str]", today: date) -> Days:
        return today - timedelta(days=since_back), today - timedelta(days=until_back)

    return days_of


_CALENDAR = (
    rf"\b(?P<which>{_PREVIOUS}|this|the current|current)\s+(?P<unit>week|month|year|weekend)\b"
)
_ON_WEEKDAY = rf"\b(?:on|last|this past|this)\s+(?P<day>{_WEEKDAY})\b"
_IN_MONTH = rf"\b(?:in|during|last|back in|for|of|from)\s+(?P<month>{_MONTH})\.?(?:\s+(?P<year>20\d\d))?\b(?!\s*\d)"
_DAY_MONTH = (
    rf"\b(?:on\s+)?(?:the\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\.?"
    rf"(?:,?\s+(?P<year>20\d\d))?\b"
)
_MONTH_DAY = (
    rf"\b(?:on\s+)?(?P<month>{_MONTH})\.?\s+(?:the\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"(?:,?\s+(?P<year>20\d\d))?\b"
)
_UNIT = r"(?P<unit>days?|weeks?|months?|years?)"

_RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), days_of)
    for pattern, days_of in (
        (r"\b(?:earlier )?today\b|\bthis (?:morning|afternoon|evening)\b", _fixed(0, -1)),
        (r"\byesterday\b|\blast night\b", _fixed(1, 0)),
        (r"\b(?:the )?day before yesterday\b", _fixed(2, 1)),
        (r"\b(?:the other day|these days|lately|in recent days)\b", _fixed(7, -1)),
        (r"\brecently\b", _fixed(30, -1)),
        (_CALENDAR, _calendar),
        (r"\b(?:the\s+)?week before last\b", lambda _, today: _week(today, 2)),
        (r"\b(?:the\s+)?month before last\b", lambda _, today: _months_back(today, 2)),
        (
            rf"\b(?:in |over |during |within |for )?(?:the )?{_PREVIOUS}\s+(?P<n>{_COUNT})\s+{_UNIT}\b",
            _last_units,
        ),
        (
            r"\b(?:in|over|during|within) the (?:last|past) (?P<n>)(?P<unit>day|week|month|year)\b",
            _last_units,
        ),
        (rf"\b(?P<n>{_COUNT}|an?)\s+{_UNIT}\s+(?:ago|back|before)\b", _ago),
        (_ON_WEEKDAY, _weekday),
        (_IN_MONTH, _named_month),
        (_DAY_MONTH, _dated),
        (_MONTH_DAY, _dated),
        (
            r"\b(?:in|during)\s+(?P<year>20\d\d)\b",
            lambda m, _: (date(int(m["year"]), 1, 1), date(int(m["year"]) + 1, 1, 1)),
        ),
        (r"\b(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)\b", _iso),
        (r"\bsince yesterday\b", _fixed(1, -1)),
        (rf"\bsince\s+{_CALENDAR[2:]}", _since(_calendar)),
        (rf"\bsince\s+(?P<day>{_WEEKDAY})\b", _since(_weekday)),
        (
            rf"\bsince\s+(?P<month>{_MONTH})(?:\s+(?P<year>20\d\d))?\b(?!\s*\d)",
            _since(_named_month),
        ),
    )
)
