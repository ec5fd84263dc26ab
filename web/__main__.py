"""Run the web process: `python -m web`."""

import gc
import sys

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from core.log import configure_logging
from core.settings import get_settings
from web.app import create_app, warm_up
from web.sockets import bound

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
