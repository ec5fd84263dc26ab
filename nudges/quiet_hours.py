"""Quiet hours by the recipient's own clock, whatever it does twice a year."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nudges.policy import QuietHours


def is_quiet(hours: QuietHours, local: time) -> bool:
    """Whether this local time lies in [begin, end); never where the two are the same."""
    if hours.begin <= hours.end:
        return hours.begin <= local < hours.end
    return local >= hours.begin or local < hours.end


def quiet_until(hours: QuietHours, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours that hold at `now` end, in UTC; None where none hold.

    A local time that the clock skips, or shows twice, ends them at its first showing after `now`
    at which the clock on the wall is no longer in them.
    """
    local = now.astimezone(zone)
    if not is_quiet(hours, local.time()):
        return None
    ends = sorted(
        datetime.combine(local.date() + timedelta(days=day), hours.end, zone)
        .replace(fold=fold)
        .astimezone(UTC)
        for day in (-1, 0, 1, 2)
        for fold in (0, 1)
    )
    return next(
        end for end in ends if end > now and not is_quiet(hours, end.astimezone(zone).time())
    )


def quiet_from(
    hours: QuietHours, zone: ZoneInfo, now: datetime, *, within: timedelta
) -> datetime | None:
    """The first whole minute after `now` that lies in quiet hours; None where none does `within`.

    It looks at each minute, since the clock on the wall may skip the hours' beginning.
    """
    minute = now.replace(second=0, microsecond=0)
    while minute <= now + within:
        minute += timedelta(minutes=1)
        if is_quiet(hours, minute.astimezone(zone).time()):
            return minute
    return None


def by_local_hour(moments: Iterable[tuple[datetime, ZoneInfo]]) -> list[int]:
    """How many moments fall into each hour of the clock where they happen, shape (24,)."""
    hours = Counter(at.astimezone(zone).hour for at, zone in moments)
    return [hours[hour] for hour in range(24)]


@lru_cache(maxsize=1024)
def zone_of(name: str | None, shop_zone: str) -> ZoneInfo:
    """The recipient's zone, the shop's where it is unknown."""
    try:
        return ZoneInfo(name or shop_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(shop_zone)
