"""A server that speaks as much of Telegram's Bot API as is used, by its documentation."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.http_server import Reply, http_server, json_reply
from tests.smtp import CUT, SILENT

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


def error(code: int, description: str, **parameters: int) -> Reply:
    """An answer that says no: https://core.telegram.org/bots/api#making-requests."""
    told: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        told["parameters"] = parameters
    return json_reply(code, told)


@dataclass
class BotApi:
    """What it was asked, and what it answers in place of doing it."""

    port: int = 0
    reply: Reply | None = None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        assert headers["content-type"] == "application/json"
        bot, _, method = path.lstrip("/").partition("/")
        if bot != f"bot{TOKEN}":
            return error(401, "Unauthorized")
        asked = json.loads(body)
        self.calls.append((method, asked))
        if method == "setWebhook":
            return json_reply(200, {"ok": True, "result": True})
        if method != "sendMessage":
            return error(404, "Not Found")
        if not 1 <= len(asked["text"]) <= 4096:
            return error(400, "Bad Request: message is too long")
        if self.reply in (None, CUT, SILENT):
            self.texts.append(asked["text"])
        if self.reply is not None:
            return self.reply
        result = {"message_id": len(self.texts), "chat": {"id": asked["chat_id"]}}
        return json_reply(200, {"ok": True, "result": result})


@contextmanager
def bot_api() -> Iterator[BotApi]:
    """It listens until the block ends."""
    api = BotApi()
    with http_server(api.answer) as port:
        api.port = port
        yield api
