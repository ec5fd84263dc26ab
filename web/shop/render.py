"""Drawing pages: the Jinja environment, and what every page shows around its own content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from sqlalchemy.orm import Session

from core.settings import DEMO_SHOP_NAME, Settings
from db.reads.showcase import is_demo_shop, reduced_products
from web.carts import MAX_QUANTITY
from web.wording import Words, as_dict, fill, plural

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
FRONT_FRESH = timedelta(minutes=1)

# Outlines of 24 units, drawn for this shop.
_ICONS = {
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4 3.8-6 7.5-6s6.7 2 7.5 6"/>',
    "cart": '<path d="M5 8.5h14l-1.2 11H6.2Z"/><path d="M8.8 8.5V7a3.2 3.2 0 0 1 6.400 0v1.5"/>',
    "truck": '<path d="M2.5 6.5h11.5v10H2.5zM14 10h4l3.5 3.5v3H14"/>'
    '<circle cx="7" cy="17.5" r="1.8"/><circle cx="17.5" cy="17.5" r="1.8"/>',
    "leaf": '<path d="M20 4C10 3.5 4.5 7.5 4.5 14c0 2 .6 3.5 1.5 4.5"/>'
    '<path d="M20 4c0 11-5 15.5-11 14.5M6 21c1-6 4-9.5 8.5-12"/>',
    "down": '<path d="m6 9.5 6 6 6-6"/>',
    "chat": '<path d="M4 5h16v11H11l-4.5 4v-4H4z"/><path d="M8 9.2h8M8 12.3h5"/>',
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShopFront:
    """What the shop calls itself, and what it says of itself."""

    is_demo: bool
    name: str
    words: Words
    mark: str
    """The file of its mark."""
    has_reductions: bool


class Pages:
    """Renders templates with the shop's words; made once at start."""

    def __init__(self, settings: Settings, words: Words) -> None:
        self.settings = settings
        self.words = words
        self._front: ShopFront | None = None
        self._front_at: datetime | None = None
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            undefined=StrictUndefined,
            autoescape=select_autoescape(default=True, default_for_string=True),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "w": self.words,
            "settings": settings,
            "icon": icon,
            "max_quantity": MAX_QUANTITY,
            "asset": asset,
            "plural": partial(plural, locale=settings.locale),
        }
        self._environment.filters["fill"] = fill

    def front(self, session: Session, *, now: datetime) -> ShopFront:
        """The shop's front: the demo's where the database holds the demo shop; a while old."""
        at = self._front_at
        if self._front is None or at is None or not timedelta(0) <= now - at < FRONT_FRESH:
            reductions = bool(reduced_products(session, limit=1, now=now))
            self._front = self._front_of(is_demo_shop(session), has_reductions=reductions)
            self._front_at = now
        return self._front

    def last_front(self) -> ShopFront:
        """The front without a look at the database; as the settings tell before the first one."""
        return self._front or self._front_of(self.settings.demo, has_reductions=False)

    def _front_of(self, is_demo: bool, *, has_reductions: bool) -> ShopFront:
        if is_demo:
            name = self.settings.shop_name
            return ShopFront(True, name, self.words.demo, "leaf.svg", has_reductions)
        # Somebody who tries it with products of their own has not named the shop yet.
        is_named = self.settings.shop_name != DEMO_SHOP_NAME
        name = self.settings.shop_name if is_named else self.words.shop.unnamed
        return ShopFront(False, name, self.words.shop, "shop.svg", has_reductions)

    def draw(self, template: str, values: Mapping[str, Any]) -> str:
        """The page as HTML; jinja2.UndefinedError where a value is missing."""
        return self._environment.get_template(template).render(values)

    def draw_macro(self, template: str, macro: str, *arguments: Any) -> str:
        """One macro's HTML, for a part that the page's script may put in later."""
        module = self._environment.get_template(template).make_module({})
        return str(getattr(module, macro)(*arguments))

    def page_data(self, events: Sequence[dict[str, Any]], *, push: str | None) -> Markup:
        """What the page's scripts need: events to push, their words, and who gets notifications."""
        words = as_dict(self.words.script) | {"cart_count": as_dict(self.words.site.cart_count)}
        data: dict[str, Any] = {"events": list(events), "words": words}
        if push:
            data["push"] = {"who": push, "words": as_dict(self.words.push)}
        return script_json(data)


def script_json(data: object) -> Markup:
    """JSON that is safe inside a script element: nothing in it can end the element."""
    text = orjson.dumps(data).decode()
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 every character that HTML could read is escaped above


def icon(name: str) -> Markup:
    """A small drawing beside a word; hidden from screen readers."""
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(
        Markup(_ICONS[name])  # noqa: S704 a constant of this file
    )


@lru_cache
def asset(name: str) -> str:
    """The address of one of the shop's files; it changes with the content, so it may be kept."""
    digest = blake2b((STATIC / name).read_bytes(), digest_size=6).hexdigest()
    return f"/shop/{name}?v={digest}"


def content_security_policy(settings: Settings) -> str:
    """Scripts from this shop alone; nothing inline runs, whatever a title or a search says."""
    chat = urlsplit(settings.chat_url)
    socket = f"{'wss' if chat.scheme == 'https' else 'ws'}://{chat.netloc}"
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: https: http:",
            f"connect-src 'self' {chat.scheme}://{chat.netloc} {socket}",
            "object-src 'none'",
            "base-uri 'none'",
            # The account's form leads on to the shop's Telegram bot.
            "form-action 'self'" + (" https://t.me" if settings.telegram_bot else ""),
            "frame-ancestors 'self'",
        )
    )
