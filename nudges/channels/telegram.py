"""Telegram, through a server that speaks the Bot API (https://core.telegram.org/bots/api)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog

from core.settings import Settings
from db.models import Channel as ChannelName
from nudges.channels.poster import TIMEOUT_SECONDS, Poster
from nudges.channels.protocol import Outcome, OutcomeKind, one_by_one
from nudges.message import Message

log = structlog.get_logger()


class TelegramChannel:
    """Sends texts with buttons to private chats that shoppers connected.

    The protocol has no id that a sender gives, so what may have arrived is never sent again.
    """

    name = ChannelName.TELEGRAM
    at_once = 10
    confirms = False

    def __init__(self, settings: Settings) -> None:
        self._base = api_address(settings)
        self._poster = Poster()

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:  # noqa: ARG002
        """Send the texts one by one."""
        return one_by_one(messages, self._deliver)

    def close(self) -> None:
        """Let go of the connection."""
        self._poster.close()

    def _deliver(self, message: Message) -> Outcome:
        payload = {
            "chat_id": message.address.address,
            "text": message.text,
            "link_preview_options": {"is_disabled": True},
            "reply_markup": {
                "inline_keyboard": [[{"text": text, "url": url}] for text, url in message.buttons]
            },
        }
        answer = self._poster.post(f"{self._base}/sendMessage", json=payload)
        return answer if isinstance(answer, Outcome) else outcome_of(answer)


def outcome_of(answer: httpx.Response) -> Outcome:
    """What the Bot API's answer says; its description may name somebody, so it is not kept.

    An answer that is not the Bot API's comes from something in between, and leaves open whether
    the message went through.
    """
    told = _read(answer)
    if told is None:
        why = f"no Bot API answer: HTTP {answer.status_code}"
        return Outcome(OutcomeKind.UNKNOWN, why, server_wide=True)
    if told.get("ok") is True:
        result = told.get("result")
        key = result.get("message_id") if isinstance(result, Mapping) else None
        return Outcome(OutcomeKind.ACCEPTED, message_id=None if key is None else str(key))
    code = told.get("error_code")
    detail = f"Bot API {code}"
    asked = told.get("parameters")
    seconds = asked.get("retry_after") if isinstance(asked, Mapping) else None
    if code == 429:
        pause = timedelta(seconds=seconds if isinstance(seconds, int) else 60)
        return Outcome(OutcomeKind.TEMPORARY, detail, retry_after=pause, server_wide=True)
    if code in (401, 404):
        log.error("Telegram refuses the token: see CARTWRIGHT_TELEGRAM_TOKEN")
        return Outcome(OutcomeKind.TEMPORARY, detail, server_wide=True)
    if code == 403 or (code == 400 and "chat not found" in str(told.get("description")).lower()):
        return Outcome(OutcomeKind.PERMANENT, detail, suppress=True)
    kind = OutcomeKind.PERMANENT if isinstance(code, int) and code < 500 else OutcomeKind.TEMPORARY
    return Outcome(kind, detail)


def api_address(settings: Settings) -> str:
    """Where the bot's methods are; it contains the token, so it belongs in no log."""
    return f"{settings.telegram_url.rstrip('/')}/bot{settings.telegram_token}"


def set_webhook(settings: Settings, *, url: str, secret: str) -> str | None:
    """Have Telegram send what shoppers write to `url`; returns what it objects to, if anything."""
    payload = {
        "url": url,
        "secret_token": secret,
        "allowed_updates": ["message", "my_chat_member"],
    }
    try:
        answer = httpx.post(
            f"{api_address(settings)}/setWebhook", json=payload, timeout=TIMEOUT_SECONDS
        )
    except httpx.HTTPError as error:
        return f"no answer: {type(error).__name__}"
    told = _read(answer) or {}
    if told.get("ok") is True:
        return None
    return str(told.get("description") or f"HTTP {answer.status_code}")


def _read(answer: httpx.Response) -> Mapping[str, Any] | None:
    try:
        told = answer.json()
    except ValueError:
        return None
    return told if isinstance(told, Mapping) and isinstance(told.get("ok"), bool) else None
