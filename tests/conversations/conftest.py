"""Every conversation here goes through the real socket, the real bot, actions and database."""

from collections.abc import Iterator

import pytest

from tests.conversations.client import Chatter, chatting
from tests.stack import Stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need the bot."""
    for item in items:
        if "conversations" in item.path.parts:
            item.add_marker(pytest.mark.service)
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def chatter(stack: Stack) -> Iterator[Chatter]:
    """A new, anonymous shopper."""
    with chatting(stack.chat_url, stack.visitor()) as opened:
        yield opened
