"""Starting the shop: whoever does not answer is named."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cli.up import NotHealthyError, Server, wait_until_healthy


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 as in the base class
        """Say nothing."""


@pytest.fixture
def healthy() -> Iterator[Server]:
    """A server that answers."""
    with HTTPServer(("127.0.0.1", 0), _Healthy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Server("web", server.server_port, "CARTWRIGHT_WEB_PORT", "/health")
        server.shutdown()
        thread.join()


@pytest.fixture
def silent() -> Iterator[Server]:
    """A server whose port nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield Server("bot", held.getsockname()[1], "CARTWRIGHT_BOT_PORT", "/health")


def test_the_shop_is_open_when_every_server_answers(healthy: Server) -> None:
    asyncio.run(wait_until_healthy([healthy], seconds=20))


def test_a_server_that_does_not_answer_in_time_is_named_with_what_to_do(
    healthy: Server, silent: Server
) -> None:
    with pytest.raises(NotHealthyError, match=r"No answer from bot after 1 s.*run `make up` again"):
        asyncio.run(wait_until_healthy([healthy, silent], seconds=1))
