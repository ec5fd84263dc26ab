"""Reads what `cartwright mine` was asked: supports, distances, products."""

import re

from recommender.mining.constraints import ConstraintError

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}


def parse_support(text: str) -> float:
    """A count (`25`), a share (`0.01`) or a percentage (`1%`)."""
    match = re.fullmatch(r"\s*([0-9.,_]+)\s*(%?)\s*", text)
    try:
        if match is None:
            raise ValueError(text)
        number = float(match[1].replace(",", "").replace("_", ""))
    except ValueError:
        raise ConstraintError(
            f"minimum support {text!r}: give a count (25), a share (0.01) or a percentage (1%)"
        ) from None
    if match[2] and number >= 100:
        raise ConstraintError(f"minimum support {text!r}: a percentage must be below 100")
    return number / 100 if match[2] else number


def parse_distance(texts: list[str], *, option: str) -> tuple[int | None, float | None]:
    """Distances as (events, seconds): `3` is in events, `7 days` in time; each at most once."""
    events: int | None = None
    seconds: float | None = None
    for text in texts:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.casefold())
        unit = match[2].removesuffix("s") if match else ""
        if match is None or (unit and unit not in SECONDS) or (not unit and "." in match[1]):
            raise ConstraintError(
                f"{option} {text!r}: give a number of events (3) or a time such as '7 days' "
                f"({', '.join(f'{name}s' for name in SECONDS)})"
            )
        if unit and seconds is None:
            seconds = float(match[1]) * SECONDS[unit]
        elif not unit and events is None:
            events = int(match[1])
        else:
            raise ConstraintError(f"{option} is given twice in the same unit")
    return events, seconds
