"""What goes over the socket: frames from the widget checked, messages for it built."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

LONGEST_TEXT = 2_000
LONGEST_PAYLOAD = 256
LONGEST_ID = 64
LONGEST_PATH = 300
# What one tap may mean. A client can send these and no other intent: not /restart, nor a slot.
_REF = ("product", "variant")
ALLOWED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            "affirm",
            "ask_left_in_cart",
            "ask_promotions",
            "ask_purchases",
            "ask_suggestions",
            "ask_top_up",
            "clear_cart",
            "deny",
            "help",
            "help_me_choose",
            "remind_me",
            "show_more",
            "stop_form",
            "stop_reminders",
            "undo_stop",
            "why_reminded",
        ),
        frozenset(),
    ),
    # The reminder that the button belongs to.
    "view_cart": frozenset({"nudge"}),
    "add_to_cart": frozenset({*_REF, "quantity", "instead_of"}),
    **dict.fromkeys(("change_quantity", "remove_from_cart"), frozenset({*_REF, "quantity"})),
    **dict.fromkeys(
        ("ask_product_fact", "goes_with", "not_interested", "why_this"), frozenset(_REF)
    ),
    "apply_coupon": frozenset({"coupon_code", "nudge"}),
    "why_not_coupon": frozenset({"coupon_code"}),
    **dict.fromkeys(
        ("search_products", "refine_search"),
        frozenset(
            [
                "category",
                "brand",
                "colour",
                "size",
                "material",
                "feature",
                "price_min",
                "price_max",
                "sort",
            ]
        ),
    ),
}
_PAYLOAD = re.compile(r"^/(?P<intent>[a-z_]{1,40})(?P<entities>\{.*\})?$", re.DOTALL)
_NUMBERS = frozenset({"quantity", "price_min", "price_max"})
_LONGEST_VALUE = 80
_HIGHEST_NUMBER = 1_000_000_000
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
# Rasa reads a text that begins with "/" as a command. A typed one becomes this look-alike, so that
# nothing a shopper types is ever a command.
_SLASH, _HARMLESS_SLASH = "/", "\u2044"
_MESSAGE_KEYS = ("kind", "cards", "cart", "table", "receipts")

Message = dict[str, Any]


@dataclass(frozen=True)
class Uttered:
    """A checked message of a shopper."""

    id: str
    # As the shopper reads it again in the transcript.
    shown: str
    # As Rasa gets it: plain words, or the payload of a tap.
    text: str
    is_payload: bool
    metadata: dict[str, Any] = field(default_factory=dict)


class RefusedError(Exception):
    """A frame that is not taken; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_uttered(frame: Any) -> Uttered:
    """Check a `user_uttered` frame. Raises RefusedError("too_long" | "failed")."""
    if not isinstance(frame, dict):
        raise RefusedError("failed")
    message_id, text, payload = frame.get("id"), frame.get("text", ""), frame.get("payload")
    if not isinstance(message_id, str) or not 1 <= len(message_id) <= LONGEST_ID:
        raise RefusedError("failed")
    if not isinstance(text, str):
        raise RefusedError("failed")
    if len(text) > LONGEST_TEXT:
        raise RefusedError("too_long")
    shown = clean(text)
    command = read_payload(payload)
    if not shown and command is None:
        raise RefusedError("failed")
    metadata = {"shown": shown, **_page(frame.get("page"))}
    if command is not None:
        return Uttered(message_id, shown, command, True, metadata)
    typed = shown
    if typed.startswith(_SLASH):
        typed = _HARMLESS_SLASH + typed[1:]
    return Uttered(message_id, shown, typed, False, metadata)


def clean(text: str) -> str:
    """The text without control characters, direction overrides and halves of characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return _UNPRINTABLE.sub("", whole).strip()


def read_payload(payload: Any) -> str | None:
    """The payload in normal form where it is one that a client may send, else None."""
    if not isinstance(payload, str) or len(payload.encode("utf-8", "replace")) > LONGEST_PAYLOAD:
        return None
    match = _PAYLOAD.match(payload)
    if match is None or match.group("intent") not in ALLOWED:
        return None
    try:
        entities = json.loads(match.group("entities") or "{}")
    except (ValueError, RecursionError):
        return None
    allowed = ALLOWED[match.group("intent")]
    if not all(name in allowed and _is_value(name, value) for name, value in entities.items()):
        return None
    written = json.dumps(entities, ensure_ascii=False) if entities else ""
    return f"/{match.group('intent')}{written}"


def _is_value(name: str, value: Any) -> bool:
    if name in _NUMBERS:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return is_whole and 0 <= value <= _HIGHEST_NUMBER
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_VALUE and clean(value) == value


def parse_data(uttered: Uttered) -> dict[str, Any]:
    """Rasa's parse of a payload that has been checked, made without asking Rasa to read it."""
    match = _PAYLOAD.match(uttered.text)
    if match is None:
        raise ValueError("not a payload")
    intent = {"name": match.group("intent"), "confidence": 1.0}
    entities = json.loads(match.group("entities") or "{}")
    return {
        "text": uttered.text,
        "intent": intent,
        "intent_ranking": [intent],
        "entities": [
            {"entity": name, "value": value, "start": 0, "end": 0}
            for name, value in entities.items()
        ],
    }


def _page(page: Any) -> dict[str, Any]:
    if not isinstance(page, dict):
        return {}
    kept = {}
    path = page.get("path")
    if isinstance(path, str) and len(path) <= LONGEST_PATH:
        kept["path"] = clean(path)
    for name in ("product_id", "time_zone"):
        value = page.get(name)
        if isinstance(value, str) and 0 < len(value) <= _LONGEST_VALUE:
            kept[name] = clean(value)
    return {"page": kept} if kept else {}


def user_message(*, message_id: str, shown: str, timestamp: float) -> Message:
    """A shopper's own message, for the transcript."""
    return {"id": message_id, "from": "user", "text": shown, "at": _iso(timestamp)}


def bot_message(said: Mapping[str, Any], *, timestamp: float) -> Message | None:
    """What the bot said (text, buttons, custom JSON) as one message; None where it is empty."""
    message: Message = {"id": f"b{int(timestamp * 1_000_000)}", "from": "bot"}
    if said.get("text"):
        message["text"] = said["text"]
    custom = said.get("custom")
    if isinstance(custom, Mapping):
        message.update({key: custom[key] for key in _MESSAGE_KEYS if key in custom})
    buttons = [
        {"title": button["title"], "payload": button.get("payload", button["title"])}
        for button in said.get("buttons") or ()
        if isinstance(button, Mapping) and button.get("title")
    ]
    if buttons:
        message["quick_replies"] = buttons
    if len(message) == 2:
        return None
    message["at"] = _iso(timestamp)
    return message


def history(events: list[dict[str, Any]]) -> list[Message]:
    """The transcript of stored user and bot events, oldest first."""
    messages: list[Message] = []
    for event in events:
        made = _from_event(event)
        if made is not None:
            messages.append(made)
    return messages


def _from_event(event: Mapping[str, Any]) -> Message | None:
    timestamp = float(event.get("timestamp") or 0)
    if event.get("event") == "bot":
        return bot_message(
            {"text": event.get("text"), **(event.get("data") or {})}, timestamp=timestamp
        )
    shown = (event.get("metadata") or {}).get("shown")
    if not shown:
        # A tap without words, or an event that no shopper wrote (a trigger of the shop's).
        return None
    return user_message(
        message_id=str(event.get("message_id") or f"u{int(timestamp * 1_000_000)}"),
        shown=shown,
        timestamp=timestamp,
    )


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat()
