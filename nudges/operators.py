"""The words that the shop's own people read about left carts, one file a language."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from core.settings import Settings
from db.models import Channel
from nudges.decision import Decision
from nudges.wording import FALLBACK, FOLDER


@dataclass(frozen=True, slots=True)
class OperatorWords:
    """The words, and the clock and the number format to fill them in by."""

    tables: Mapping[str, Mapping[str, str]]
    zone: ZoneInfo
    locale: str

    @classmethod
    def of(cls, settings: Settings) -> "OperatorWords":
        """In the shop's language and its time zone."""
        return cls(
            _tables(settings.locale.replace("-", "_").partition("_")[0]),
            ZoneInfo(settings.time_zone),
            settings.locale.replace("-", "_"),
        )

    def say(self, table: str, key: str, **values: object) -> str:
        """A text with its values filled in; KeyError where the text or a value is missing."""
        return self.tables[table][key].format(**values)

    def time(self, at: datetime) -> str:
        """A moment by the shop's clock, with the zone's usual short name."""
        local = at.astimezone(self.zone)
        return f"{format_datetime(local, 'EEE d MMM yyyy HH:mm', locale=self.locale)} {local:%Z}"

    def gate(self, name: str, detail: str | None = None) -> str:
        """Why a gate holds; a gate that this version does not know is named as it is."""
        text = self.tables["gates"].get(name, name)
        return f"{text} ({detail})" if detail else text

    def treatment(self, name: str) -> str:
        """What a treatment offers."""
        percent = Decision(name).percent
        if percent is not None:
            return self.say("treatments", "percent", percent=percent)
        return self.tables["treatments"].get(name, name)

    def channel(self, name: Channel | str) -> str:
        """A channel's name."""
        return self.tables["channels"][str(name)]


def masked(address: str | None) -> str:
    """An e-mail address as far as somebody needs it who knows it anyway; "" where there is none."""
    local, _, domain = (address or "").rpartition("@")
    if not local or not domain:
        return ""
    name, dot, top = domain.rpartition(".")
    return f"{local[0]}…@{name[:1]}…{dot}{top}" if name else f"{local[0]}…@{top[0]}…"


@cache
def _tables(language: str) -> Mapping[str, Mapping[str, str]]:
    path = FOLDER / f"operators.{language}.toml"
    if not path.is_file():
        path = FOLDER / f"operators.{FALLBACK}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
