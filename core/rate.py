"""A rate as settings write it: `600/minute`."""

import re
from dataclasses import dataclass

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_WRITTEN = re.compile(r"([1-9][0-9]{0,8})\s*/\s*(second|minute|hour|day)")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in a period; all of them may come at once."""

    count: int
    unit: str

    @property
    def seconds(self) -> int:
        """The length of the period."""
        return _SECONDS[self.unit]

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read `600/minute`; ValueError where the text is no rate."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(
                f"{text!r} is no rate: write a number, a slash and a unit, "
                f"one of {', '.join(_SECONDS)}, as in 600/minute"
            )
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        """As it is written in settings."""
        return f"{self.count}/{self.unit}"
