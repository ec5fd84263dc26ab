"""A Socket.IO client that takes what the server sends in the order it was sent."""

from typing import Any

import engineio
import socketio


class _InOrder(engineio.Client):
    """engineio gives each frame a thread of its own, where a later one may overtake."""

    def _trigger_event(self, event: str, *args: Any, **options: Any) -> Any:
        return super()._trigger_event(event, *args, **{**options, "run_async": False})


class OrderedClient(socketio.Client):
    """Its handlers run one after another: the end of typing never before the message."""

    def _engineio_client_class(self) -> type[engineio.Client]:
        return _InOrder
