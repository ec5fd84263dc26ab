"""The mails that the demo shop sent, kept in a folder as they came, the newest ones only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from secrets import token_hex

KEPT = 200
_KEY = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}\Z")


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """A mail: its headers in their order, and its two parts where it has them."""

    key: str
    caught_at: datetime
    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None

    def header(self, name: str) -> str:
        """The first header of that name, empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class Mailbox:
    """Mails as files `KEY.eml`; a key is the moment it came and eight random digits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, raw: bytes, *, now: datetime) -> str:
        """Store a mail, whole or not at all, and drop those beyond the newest; its key."""
        self._folder.mkdir(parents=True, exist_ok=True)
        key = f"{now:%Y%m%dT%H%M%S%f}-{token_hex(4)}"
        unfinished = self._folder / f"{key}.part"
        unfinished.write_bytes(raw)
        unfinished.rename(self._folder / f"{key}.eml")
        for old in self._keys()[KEPT:]:
            (self._folder / f"{old}.eml").unlink(missing_ok=True)
        return key

    def newest(self, limit: int = KEPT) -> Iterator[CaughtMail]:
        """The mails, newest first."""
        for key in self._keys()[:limit]:
            mail = self.read(key)
            if mail is not None:
                yield mail

    def read(self, key: str) -> CaughtMail | None:
        """The mail with this key; None where there is none (any more)."""
        if not _KEY.match(key):
            return None
        try:
            raw = (self._folder / f"{key}.eml").read_bytes()
        except FileNotFoundError:
            return None
        message = message_from_bytes(raw, policy=default)
        return CaughtMail(
            key=key,
            caught_at=datetime.strptime(f"{key.partition('-')[0]}+0000", "%Y%m%dT%H%M%S%f%z"),
            headers=tuple((name, str(value)) for name, value in message.items()),
            text=_part(message, "plain"),
            html=_part(message, "html"),
        )

    def _keys(self) -> list[str]:
        names = (path.stem for path in self._folder.glob("*.eml"))
        return sorted((name for name in names if _KEY.match(name)), reverse=True)


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else None
