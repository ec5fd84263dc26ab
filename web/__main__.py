"""Run the web process: `python -m web`."""

import gc
import socket
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from core.log import configure_logging
from core.settings import get_settings
from web.app import create_app, warm_up

SLOWEST_ANSWER = 60
"""Seconds after which a worker that does not answer its supervisor is taken for dead.

It answers none while it imports the program, which on a busy machine takes longer than uvicorn's
five seconds: it would be killed and started again for ever.
"""


def served() -> FastAPI:
    """The app of one process, warm."""
    settings = get_settings()
    configure_logging(settings.log_level)
    app = create_app(settings)
    warm_up(app)
    # What is loaded by now stays: unless it is set aside, each full collection walks through all of
    # it, in the middle of some shopper's request.
    gc.collect()
    gc.freeze()
    # Threads that write and read aside give way to the one that answers after this long.
    sys.setswitchinterval(0.0005)
    return app


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


def main() -> None:
    """Serve until the process is told to stop."""
    settings = get_settings()
    configure_logging(settings.log_level)
    config = uvicorn.Config(
        "web.__main__:served",
        factory=True,
        workers=settings.web_workers,
        host=settings.web_host,
        port=settings.web_port,
        log_config=None,
        access_log=False,
        # Only a proxy that is named is believed when it says for whom it asks.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        server_header=False,
        timeout_worker_healthcheck=SLOWEST_ANSWER,
    )
    if settings.web_workers == 1:
        uvicorn.Server(config).run()
        return
    # Ends with a message where somebody else has the port, which own sockets would not notice.
    shared = config.bind_socket()
    if sys.platform == "linux":
        shared.close()
        shared = bound(settings.web_host, settings.web_port)
    Multiprocess(config, sockets=[shared]).run()


if __name__ == "__main__":
    main()
