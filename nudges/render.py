"""Putting a brief into words, for each channel in its form. A missing value is an error.

The language is the recipient's where there are words in it, else the shop's, else English; dates
and prices are written as in that language. The clock is the recipient's.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from core.settings import Settings
from db.models import Channel, LinkPurpose
from nudges.facts import Line
from nudges.message import Brief, CouponOffer, Message
from nudges.wording import ASKED_WORDING, COMMON, locale_with_words, words_of
from services.cards import card_json, full_title

FOLDER = Path(__file__).parent
TEXTS = {
    Channel.EMAIL: "email.txt.jinja",
    Channel.TELEGRAM: "telegram.txt.jinja",
    Channel.WEB_PUSH: "web_push.txt.jinja",
}
# Below every chat message: the word on the button, and what pressing it says to the bot.
CHAT_BUTTONS = {
    "chat_later": "/remind_me",
    "chat_why": "/why_reminded",
    "chat_stop": "/stop_reminders",
}
WITH_BUTTONS = (Channel.TELEGRAM, Channel.WEB_PUSH)


class Renderer:
    """Renders briefs; made once at start."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            undefined=StrictUndefined,
            autoescape=select_autoescape(enabled_extensions=("html.jinja",)),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def render(self, brief: Brief) -> Message:
        """The message for the brief's channel.

        Raises jinja2.UndefinedError or KeyError where a value or a word is missing.
        """
        values = self._values(brief)
        channel = brief.address.channel
        return Message(
            nudge_id=brief.nudge_id,
            channel=channel,
            address=brief.address,
            language=values["language"],
            subject=values["subject"],
            text=self._draw(TEXTS[channel], values) if channel in TEXTS else values["opening"],
            html=self._draw("email.html.jinja", values) if channel is Channel.EMAIL else None,
            links=brief.links,
            chat=self._chat(brief, values) if channel is Channel.CHAT else None,
            buttons=self._buttons(brief, values) if channel in WITH_BUTTONS else (),
            expires_at=brief.expires_at,
        )

    def _draw(self, template: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(template).render(values)

    def _values(self, brief: Brief) -> dict[str, Any]:
        spoken = locale_with_words(brief.recipient.locale, self._settings.locale)
        locale = str(spoken)
        words = words_of(spoken.language)
        wording = words[ASKED_WORDING if brief.reason.asked_for else brief.wording]
        common = words[COMMON]
        return {
            "language": locale.replace("_", "-"),
            "w": SimpleNamespace(**common),
            "subject": wording["subject"],
            "opening": wording["opening"],
            "hello": _greeting(common, "hello", brief),
            "lines": [
                {
                    "text": common["piece"].format(quantity=line.pieces, title=full_title(line)),
                    "price": (line.unit * line.pieces).text(locale) if line.unit else "",
                }
                for line in brief.lines
            ],
            "gone": [common["gone_one"].format(title=full_title(line)) for line in brief.gone],
            "total": common["total"].format(value=brief.value.text(locale)),
            "coupon": self._coupon(brief, brief.coupon, common, locale) if brief.coupon else None,
            "why": self._why(brief, common, locale),
            "links": SimpleNamespace(
                **{purpose.value: link for purpose, link in brief.links.items()}
            ),
            "sender": common["sender"].format(shop=brief.shop_name, address=brief.postal_address),
        }

    def _coupon(
        self, brief: Brief, coupon: CouponOffer, common: Mapping[str, str], locale: str
    ) -> dict[str, str]:
        until = format_datetime(
            self._local(brief, coupon.expires_at), format="short", locale=locale
        )
        kind = "coupon_delivery" if coupon.percent is None else "coupon_percent"
        if brief.address.channel is Channel.CHAT:
            kind = f"chat_{kind}"
        return {
            "text": common[kind].format(
                percent=coupon.percent,
                most=coupon.max_discount.text(locale),
                minimum=coupon.minimum.text(locale),
                until=until,
            ),
            "code": common["code"].format(code=coupon.code),
        }

    def _why(self, brief: Brief, common: Mapping[str, str], locale: str) -> str:
        if brief.reason.asked_for:
            return common["why_asked"]
        left = _long_date(self._local(brief, brief.reason.left_at).date(), locale)
        return common["why_left"].format(
            left=left, number=brief.reason.number, at_most=brief.reason.at_most
        )

    def _local(self, brief: Brief, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(brief.recipient.time_zone))

    def _chat(self, brief: Brief, values: Mapping[str, Any]) -> dict[str, Any]:
        common = vars(values["w"])
        text = f"{_greeting(common, 'chat_hello', brief)} {values['opening']}"
        if values["coupon"]:
            text += f"\n\n{values['coupon']['text']} {values['coupon']['code']}"
        text += f"\n\n{values['why']}"
        return {
            "kind": "nudge",
            "text": text,
            "cards": [self._card(line) for line in brief.lines],
            "quick_replies": [
                _to_the_cart(brief, common),
                *({"title": common[word], "payload": says} for word, says in CHAT_BUTTONS.items()),
            ],
        }

    def _buttons(self, brief: Brief, values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        words = values["w"]
        return (
            (words.button, brief.links[LinkPurpose.RECOVER]),
            (words.preferences_short, brief.links[LinkPurpose.PREFERENCES]),
        )

    def _card(self, line: Line) -> dict[str, Any]:
        return card_json(
            product_id=line.product_id,
            variant_id=line.variant_id,
            title=line.title,
            brand=line.brand,
            colour=line.colour,
            size=line.size,
            price=line.unit,
            list_price=None,
            picture=line.picture,
            stock=line.stock or 0,
            settings=self._settings,
        )


def _to_the_cart(brief: Brief, common: Mapping[str, str]) -> dict[str, str]:
    """The button that leads to the cart, with the message's coupon on it where there is one."""
    if brief.coupon is None:
        return {
            "title": common["chat_cart"],
            "payload": _payload("view_cart", nudge=brief.nudge_id),
        }
    code = brief.coupon.code
    return {
        "title": common["chat_use_coupon"],
        "payload": _payload("apply_coupon", coupon_code=code, nudge=brief.nudge_id),
    }


def _payload(intent: str, **entities: str) -> str:
    """What pressing a button in the chat says to the bot."""
    return f"/{intent}{json.dumps(entities, separators=(',', ':'))}"


def _greeting(common: Mapping[str, str], key: str, brief: Brief) -> str:
    """By name, where one is known."""
    name = brief.recipient.name
    return common[key].format(name=name) if name else common[f"{key}_nobody"]


@lru_cache(maxsize=1024)
def _long_date(day: date, locale: str) -> str:
    """Kept for a while: a thousand mails name the same few days."""
    return format_date(day, format="long", locale=locale)
