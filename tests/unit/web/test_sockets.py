"""Each process that is given a bound socket listens on one of its own."""

import pickle
import socket
import sys
from multiprocessing.reduction import ForkingPickler

import pytest

from web.sockets import OwnSocket, bound


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the processes share one socket")
def test_a_process_that_is_given_it_has_connections_of_its_own() -> None:
    with bound("127.0.0.1", 0) as ours:
        given: OwnSocket = pickle.loads(ForkingPickler.dumps(ours))  # noqa: S301 our own
        with given:
            assert given.getsockname() == ours.getsockname()
            given.listen()
            # What is bound only takes no connection from the one that listens.
            with socket.create_connection(given.getsockname(), timeout=5), given.accept()[0]:
                pass
