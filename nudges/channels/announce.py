"""Telling the bot that reminders wait, so that chats which are open now fetch them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched

import httpx
import jwt
import structlog

from core.settings import Settings

AUDIENCE = "cartwright-announce"
AT_ONCE = 500
_LIFETIME = timedelta(minutes=1)
_SECONDS = 2.0

log = structlog.get_logger()


class BotAnnouncer:
    """Posts conversation ids to the bot, which knows who is there; nothing of the message."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"http://127.0.0.1:{settings.bot_port}/cartwright/announce"
        self._secret = settings.secret

    def announce(self, conversation_ids: Sequence[str]) -> None:
        """Tell these conversations, where they are open.

        Never raises: where the bot is away, its shoppers find the reminders when they are next
        there.
        """
        claims = {"aud": AUDIENCE, "exp": datetime.now(UTC) + _LIFETIME}
        headers = {"Authorization": f"Bearer {jwt.encode(claims, self._secret, 'HS256')}"}
        try:
            with httpx.Client(timeout=_SECONDS, headers=headers) as client:
                for some in batched(conversation_ids, AT_ONCE):
                    client.post(self._url, json={"conversations": some}).raise_for_status()
        except httpx.HTTPError as error:
            log.info("the bot was not told of reminders", reason=type(error).__name__)
