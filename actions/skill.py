"""What every skill shares: who speaks, what was said, and answering off the event loop."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.exc import OperationalError

from actions.context import Shop
from actions.reply import Reply
from core.identity import Identity, identity_of_conversation
from core.locales import zone_key

log = structlog.get_logger()

# Where an event came from, as it is stored with it.
CHAT = "chat"

type Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a shopper whose identity the channel has proved."""

    tracker: Tracker
    dispatcher: CollectingDispatcher
    domain: Mapping[str, Any]
    identity: Identity
    now: datetime

    @property
    def text(self) -> str:
        """What the shopper typed; empty where they pressed a button."""
        text = str(self.tracker.latest_message.get("text") or "")
        return "" if self.is_payload else without_nul(text)

    @property
    def is_payload(self) -> bool:
        """Whether a button spoke, whose "text" is no words of the shopper's."""
        return str(self.tracker.latest_message.get("text") or "").startswith("/")

    @property
    def message_id(self) -> str:
        """The id of the shopper's message."""
        return str(self.tracker.latest_message.get("message_id") or "")

    @property
    def intent(self) -> str:
        """The intent the message was understood as."""
        return str((self.tracker.latest_message.get("intent") or {}).get("name") or "")

    def likely(self, least: float) -> list[str]:
        """The intents that the message may have with at least this chance, the likeliest first."""
        ranking = self.tracker.latest_message.get("intent_ranking") or []
        return [str(one["name"]) for one in ranking if one["confidence"] >= least]

    @property
    def spoke_before_at(self) -> datetime | None:
        """When the shopper's message before this one came; None where this is the first."""
        spoken = [e["timestamp"] for e in self.tracker.events if e.get("event") == "user"]
        return datetime.fromtimestamp(spoken[-2], UTC) if len(spoken) > 1 else None

    @property
    def entities(self) -> list[dict[str, Any]]:
        """The entities found in the message."""
        found = self.tracker.latest_message.get("entities") or []
        return [{**entity, "value": without_nul(entity.get("value"))} for entity in found]

    def values(self, entity: str, *, excluded: bool = False) -> list[Any]:
        """The values of one entity, in order, each once."""
        found: list[Any] = []
        for item in self.entities:
            matches = item.get("entity") == entity
            if matches and (item.get("role") == "exclude") == excluded:
                value = item.get("value")
                if value is not None and value not in found:
                    found.append(value)
        return found

    def value(self, entity: str) -> Any | None:
        """The first value of one entity."""
        return next(iter(self.values(entity)), None)

    def number(self, entity: str) -> int | None:
        """The first value of one entity as a whole number; None where it is none."""
        try:
            return int(self.value(entity))  # type: ignore[arg-type]  # None is a TypeError too
        except (TypeError, ValueError):
            return None

    def slot(self, name: str) -> Any:
        """What the conversation remembers under a name."""
        return self.tracker.get_slot(name)

    @property
    def page_product(self) -> str | None:
        """The product whose page the shopper is looking at."""
        return _page_product(self.tracker.latest_message.get("metadata"))

    @property
    def time_zone(self) -> str | None:
        """The zone of the shopper's browser; None where it told none, or hides it."""
        told = _of_page(self.tracker.latest_message.get("metadata"), "time_zone")
        try:
            zone = zone_key(told) if told else None
        except ValueError:
            return None
        # Browsers that hide their zone say UTC.
        return None if zone in ("UTC", "Etc/UTC") else zone

    @property
    def page_changed(self) -> bool:
        """Whether the shopper went to another page since their message before this one."""
        return self.page_product != next(self._earlier_page_products(), None)

    def _earlier_page_products(self) -> Iterator[str | None]:
        messages = [e for e in self.tracker.events if e.get("event") == "user"]
        for event in reversed(messages[:-1]):
            yield _page_product(event.get("metadata"))

    def word(self, response: str, **values: str) -> str:
        """A short text of the domain that goes into a card, a table or a button."""
        return str(self.domain["responses"][response][0]["text"]).format(**values)

    def say(self, reply: Reply) -> None:
        """Answer."""
        reply.send(self.dispatcher)


def without_nul[T](value: T) -> T:
    """What a client sent, without the one character that PostgreSQL can neither keep nor seek."""
    return value.replace("\x00", "") if isinstance(value, str) else value  # type: ignore[return-value]  # a str is a T here


def _page_product(metadata: Any) -> str | None:
    return _of_page(metadata, "product_id")


def _of_page(metadata: Any, name: str) -> str | None:
    page = metadata.get("page") if isinstance(metadata, dict) else None
    value = page.get(name) if isinstance(page, dict) else None
    return (without_nul(value) or None) if isinstance(value, str) else None


class Skill(Action, ABC):  # type: ignore[misc]  # rasa_sdk is not typed
    """An action that answers in a thread, so that a slow one keeps nobody else waiting."""

    action: ClassVar[str]

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def name(self) -> str:
        """The action's name in the domain."""
        return self.action

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[Event]:
        """Answer the message; a failure is logged and said plainly, never shown."""
        turn = turn_of(self.shop, dispatcher, tracker, domain)
        if turn is None:
            dispatcher.utter_message(response="utter_no_identity")
            return []
        try:
            events = await asyncio.to_thread(self.answer, turn)
        except OperationalError:
            log.exception("database_unavailable", action=self.action)
            return _apologise(dispatcher, "utter_busy")
        except Exception:
            log.exception("skill_failed", action=self.action)
            return _apologise(dispatcher, "utter_problem")
        return [*events, *_understood(turn, events)]

    @abstractmethod
    def answer(self, turn: Turn) -> list[Event]:
        """Say something and return what the conversation should remember."""


def turn_of(
    shop: Shop, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
) -> Turn | None:
    """The message to answer; None where the conversation is nobody's."""
    identity = identity_of_conversation(str(tracker.sender_id))
    if identity is None:
        return None
    return Turn(tracker, dispatcher, domain, identity, shop.clock.now())


def _apologise(dispatcher: CollectingDispatcher, response: str) -> list[Event]:
    dispatcher.messages.clear()
    dispatcher.utter_message(response=response)
    return []


def _understood(turn: Turn, events: list[Event]) -> list[Event]:
    """A message that a skill answered ends a row of failures."""
    counted = any(event.get("name") == "failures" for event in events)
    return [SlotSet("failures", 0)] if turn.slot("failures") and not counted else []
