"""A server of somebody else's HTTP protocol, as a test needs it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Event, Thread
from typing import Any

from tests.smtp import CUT, SILENT

type Reply = tuple[int, Mapping[str, str], bytes] | str
type Answers = Callable[[str, Mapping[str, str], bytes], Reply]


def json_reply(status: int, value: Any) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def http_server(answers: Answers, *, tls: SSLContext | None = None) -> Iterator[int]:
    """The port of a server that answers POSTs: (path, headers, body) to a reply, CUT or SILENT."""
    over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = answers(self.path, headers, body)
            self.close_connection = True
            if reply == SILENT:
                over.wait(5)
            if isinstance(reply, str):
                assert reply in (CUT, SILENT)
                return
            status, told, content = reply
            self.send_response(status)
            for name, value in {**told, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 named by the library
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
