"""What Telegram tells of: shoppers' messages to the shop's bot (setWebhook of the Bot API)."""

from hmac import compare_digest
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from core.settings import Settings
from nudges.telegram import Said, hear, webhook_secret
from web.problems import Problem
from web.wording import fill

router = APIRouter(include_in_schema=False)


class Chat(BaseModel):
    """A chat; `type` is private, group, supergroup or channel."""

    id: int
    type: str


class TelegramMessage(BaseModel):
    """A message; without a text it is a picture or the like."""

    chat: Chat
    text: str = ""


class Member(BaseModel):
    """What the bot is in a chat: "kicked" where somebody blocked it."""

    status: str


class MemberChange(BaseModel):
    """That the bot's place in a chat changed."""

    chat: Chat
    new_chat_member: Member


class Update(BaseModel):
    """As much of an update as is looked at."""

    update_id: int
    message: TelegramMessage | None = None
    my_chat_member: MemberChange | None = None

    @property
    def said(self) -> Said | None:
        """What somebody said to the bot in private; None for everything else."""
        if self.message is not None and self.message.chat.type == "private":
            return Said(str(self.message.chat.id), self.message.text[:1000])
        change = self.my_chat_member
        if change is not None and change.chat.type == "private":
            return Said(str(change.chat.id), None) if _blocked(change) else None
        return None


@router.post("/telegram/webhook")
def webhook(request: Request, update: Update) -> dict[str, Any]:
    """Do what was asked for, and answer in the reply, as the Bot API allows."""
    settings: Settings = request.app.state.settings
    if not settings.telegram_token:
        raise Problem(404, "Telegram is not set up: see CARTWRIGHT_TELEGRAM_TOKEN.")
    shown = request.headers.get("x-telegram-bot-api-secret-token", "")
    if not compare_digest(shown.encode(), webhook_secret(settings).encode()):
        raise Problem(403, "This is not from Telegram.")
    said = update.said
    if said is None:
        return {}
    with request.app.state.sessions.begin() as session:
        heard = hear(session, said, now=request.app.state.clock.now())
    if said.text is None:
        return {}
    words = getattr(request.app.state.words.telegram, heard.value)
    text = fill(words, shop=settings.shop_name, account=f"{settings.web_url}/account")
    return {"method": "sendMessage", "chat_id": int(said.chat_id), "text": text}


def _blocked(change: MemberChange) -> bool:
    return change.new_chat_member.status == "kicked"
