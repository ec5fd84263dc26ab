"""A chat with the actions alone: messages come as the bot would hand them over, understood."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.context import Shop
from actions.skills import all_actions
from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from nudges.policy import SHIPPED, load_policy
from services.embedding import Embedder
from services.faq import FaqSearch
from services.search import CatalogueSearch
from services.suggest import SuggestionService
from tests.integration.nudges.shoppers import person
from tests.small_shop import stock_shop

DOMAIN_FOLDER = Path(__file__).parents[3] / "bot" / "domain"
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The sentence vectors, read once."""
    return Embedder.load()


@pytest.fixture(scope="session")
def domain() -> dict[str, Any]:
    """The bot's domain, as it hands it to actions: the responses and the form."""
    merged: dict[str, Any] = {"responses": {}, "forms": {}, "slots": {}}
    for path in DOMAIN_FOLDER.rglob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key in merged:
            merged[key].update(content.get(key) or {})
    return merged


@pytest.fixture
def shop(
    sessions: SessionFactory, settings: Settings, clock: SimulatedClock, embedder: Embedder
) -> Iterator[Shop]:
    """The small shop with everything the skills work with."""
    with sessions.begin() as session:
        stock_shop(session, now=clock.now())
    background = ThreadPoolExecutor(1)
    yield Shop(
        settings=settings,
        sessions=sessions,
        search=CatalogueSearch.build(sessions, now=clock.now(), embedder=embedder),
        faq=FaqSearch(embedder),
        suggestions=SuggestionService(settings),
        nudge_policy=load_policy(SHIPPED),
        clock=clock,
        background=background,
    )
    background.shutdown()


@dataclass
class Answer:
    """What one action said and what it wants remembered."""

    messages: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """All that was said."""
        return "\n".join(message["text"] for message in self.messages)

    @property
    def responses(self) -> list[str]:
        """The names of the responses used."""
        return [message["response"] for message in self.messages]

    @property
    def cards(self) -> list[str]:
        """Product ids shown, in order."""
        return [card["product_id"] for m in self.messages for card in m["custom"].get("cards", [])]

    @property
    def buttons(self) -> list[str]:
        """Titles of the quick replies."""
        return [button["title"] for message in self.messages for button in message["buttons"]]

    @property
    def slots(self) -> dict[str, Any]:
        """Slots set, the last value of each."""
        return {e["name"]: e["value"] for e in self.events if e["event"] == "slot"}


# Hypothesis would print the whole shop with each failing example.
@dataclass(repr=False)
class Chat:
    """One shopper's conversation, with the slots that the actions set."""

    shop: Shop
    domain: dict[str, Any]
    identity: Identity
    slots: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def say(
        self,
        action: str,
        text: str = "",
        *entities: dict[str, Any],
        page: str | None = None,
        time_zone: str | None = None,
        intent: str = "",
        chances: Mapping[str, float] | None = None,
    ) -> Answer:
        """Run an action on a message with these entities, and check what it said."""
        message = {
            "text": text,
            "intent": {"name": intent},
            "intent_ranking": [
                {"name": name, "confidence": chance} for name, chance in (chances or {}).items()
            ],
            "entities": list(entities),
            "message_id": "m1",
            "metadata": {"page": {"path": "/", "product_id": page, "time_zone": time_zone}},
        }
        said = {"event": "user", "timestamp": self.shop.clock.now().timestamp()}
        self.events.append({**said, "metadata": message["metadata"], "parse_data": message})
        tracker = Tracker(
            self.identity.conversation_id,
            self.slots,
            message,
            self.events,
            False,
            None,
            {},
            "action_listen",
        )
        dispatcher = CollectingDispatcher()
        runner = next(one for one in all_actions(self.shop) if one.name() == action)
        events = asyncio.run(runner.run(dispatcher, tracker, self.domain))
        answer = Answer([self._spoken(m) for m in dispatcher.messages], list(events))
        self.slots.update(answer.slots)
        assert "utter_problem" not in answer.responses, "the action failed"
        return answer

    def _spoken(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message with its words; each number in them has to have a receipt."""
        template = self.domain["responses"][message["response"]][0]["text"]
        text = template.format(**message)
        receipts = message["custom"].get("receipts", [])
        backed = {number for receipt in receipts for number in NUMBER.findall(receipt["text"])}
        for number in NUMBER.findall(text):
            assert number in backed, f"{number!r} in {text!r} has no receipt"
        return {**message, "text": text}


@pytest.fixture
def chat(shop: Shop, domain: dict[str, Any], identity: Identity) -> Chat:
    """An anonymous visitor's conversation."""
    return Chat(shop, domain, identity)


@pytest.fixture
def ada(chat: Chat, clock: SimulatedClock) -> Chat:
    """A person who agreed to e-mails, with something in their cart."""
    with chat.shop.sessions.begin() as session:
        person(session, "ada", now=clock.now() - timedelta(days=1))
    chat.identity = Identity("v-ada", "ada")
    chat.say("action_add_to_cart", "add it", entity("product", "tnt-pegs"))
    return chat


@pytest.fixture
def guest(chat: Chat) -> Chat:
    """A guest with something in their cart."""
    chat.say("action_add_to_cart", "add it", entity("product", "tnt-pegs"))
    return chat


def entity(name: str, value: Any, text: str = "", said: str = "", **more: Any) -> dict[str, Any]:
    """An entity as the NLU gives it; `text` is the message and `said` its span there."""
    start = text.find(said) if said else 0
    return {"entity": name, "value": value, "start": start, "end": start + len(said), **more}
