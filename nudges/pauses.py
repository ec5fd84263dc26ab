"""Servers in trouble, which are left alone for a while and then tried with a few messages."""

from datetime import datetime

from db.models import Channel
from nudges.facts import Address

ON_TRIAL = 10
"""So many nudges a page are decided for a server of which nobody knows yet that it is back."""

type _Server = tuple[Channel, str]


class Pauses:
    """Until when nothing is handed to which server, by channel and `Address.server`.

    It would hold up all that other servers take. One process's own: each finds out for itself.
    """

    def __init__(self) -> None:
        self._until: dict[_Server, datetime] = {}

    def begin(self, address: Address, until: datetime) -> None:
        """The address's server is in trouble: leave it alone until then."""
        self._until[_server(address)] = until

    def end(self, address: Address) -> None:
        """The address's server is well."""
        self._until.pop(_server(address), None)

    def until(self, address: Address, now: datetime) -> datetime | None:
        """When something may be handed to the address's server again; None: now."""
        until = self._until.get(_server(address))
        return until if until is not None and until > now else None

    def decide_on(self, now: datetime) -> "Places":
        """Whom of a page to decide on."""
        return Places(self._until, now)


class Places:
    """Which nudges of one page have a place with their servers.

    What is decided and not handed over was decided for nothing, so a server that is paused has
    none, one whose pause is over has a few until it takes something, and any other has all it is
    asked for.
    """

    def __init__(self, pauses: dict[_Server, datetime], now: datetime) -> None:
        self._pauses = pauses
        self._now = now
        self._left = {server: ON_TRIAL for server, until in pauses.items() if until <= now}

    def take(self, address: Address) -> datetime | None:
        """Take a place; where there is none, when to look at the nudge again."""
        server = _server(address)
        if server not in self._pauses:
            return None
        if server not in self._left:
            return self._pauses[server]
        if not self._left[server]:
            return self._now
        self._left[server] -= 1
        return None


def _server(address: Address) -> _Server:
    return address.channel, address.server
