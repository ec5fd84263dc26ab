"""The running assistant, and shoppers' sockets to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.chat import Chat
from tests.stack import Stack


@pytest.fixture
def open_chat(stack: Stack) -> Iterator[Any]:
    """Opens sockets with a token; all are closed at the end."""
    chats: list[Chat] = []

    def connect(token: str) -> Chat:
        chats.append(Chat(stack.chat_url, token))
        return chats[-1]

    yield connect
    for chat in chats:
        chat.close()
