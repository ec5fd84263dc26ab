"""Times as shoppers of the shop read them."""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date

from core.settings import Settings


def day_text(
    at: datetime, settings: Settings, *, length: Literal["medium", "long"] = "long"
) -> str:
    """The day of a time, in the shop's zone and language."""
    local = at.astimezone(ZoneInfo(settings.time_zone))
    return format_date(local.date(), format=length, locale=settings.locale.replace("-", "_"))
