"""Sockets that several web processes listen on."""

import socket
from typing import Any


class OwnSocket(socket.socket):
    """A bound socket; a process that is given it binds one of its own to the same address.

    The system then shares new connections out evenly (SO_REUSEPORT on Linux). Of one socket that
    all processes listen on, whichever wakes first takes nearly all: of two, one had four times as
    much to do as the other.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return bound, self.getsockname()[:2]


def bound(host: str, port: int) -> OwnSocket:
    """A socket of the address that other processes may have one of, too."""
    own = OwnSocket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    own.bind((host, port))
    return own
