"""Locales and time zones as people and settings name them, brought into one form."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError


def locale_key(text: str) -> str:
    """Babel's name of a locale, such as de_AT, from de-AT, de_AT or de_AT.UTF-8.

    Raises ValueError where there is no such locale.
    """
    try:
        locale = Locale.parse(text.partition("@")[0].replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError(f"there is no locale {text!r}: give one such as en or de-AT") from error
    return str(locale)


def zone_key(text: str) -> str:
    """The name of an IANA time zone. Raises ValueError where there is none of that name."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"there is no time zone {text!r}: give an IANA name such as Europe/Berlin"
        raise ValueError(message) from error
