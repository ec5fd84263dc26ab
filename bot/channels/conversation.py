"""One conversation as the channel sees it: its queue, and the messages it has taken already."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable

from channels.limits import TokenBucket

# Messages that may wait while one is answered; more are turned away as "busy".
LONGEST_QUEUE = 8
# Ids remembered to know a retry by; the history that is loaded at a connection is no longer.
REMEMBERED = 400


class Conversation:
    """Keeps a conversation's messages in order and each of them to one turn."""

    def __init__(self, limit: TokenBucket) -> None:
        self.turn = asyncio.Lock()
        self.limit = limit
        self.waiting = 0
        self.connections = 0
        self._taken: OrderedDict[str, None] = OrderedDict()

    def remember(self, message_ids: Iterable[str]) -> None:
        """Know these messages as taken."""
        for message_id in message_ids:
            self._taken[message_id] = None
            self._taken.move_to_end(message_id)
        while len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)

    def has_taken(self, message_id: str) -> bool:
        """Whether the message came before."""
        return message_id in self._taken

    @property
    def is_full(self) -> bool:
        """Whether so many messages wait that another must be turned away."""
        return self.waiting >= LONGEST_QUEUE

    @property
    def is_idle(self) -> bool:
        """Whether nobody is connected and nothing waits."""
        return not self.connections and not self.waiting


class Conversations:
    """The conversations with somebody connected or something to do."""

    def __init__(self, new_limit: Callable[[], TokenBucket]) -> None:
        self._new_limit = new_limit
        self._open: dict[str, Conversation] = {}

    def of(self, conversation_id: str) -> Conversation:
        """The conversation, opened if need be."""
        if conversation_id not in self._open:
            self._open[conversation_id] = Conversation(self._new_limit())
        return self._open[conversation_id]

    def has(self, conversation_id: str) -> bool:
        """Whether somebody is connected to the conversation."""
        conversation = self._open.get(conversation_id)
        return conversation is not None and conversation.connections > 0

    def let_go(self, conversation_id: str) -> None:
        """Forget the conversation if it is idle."""
        conversation = self._open.get(conversation_id)
        if conversation is not None and conversation.is_idle:
            del self._open[conversation_id]
