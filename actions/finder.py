"""The product finder: three questions that lead to a search, for those who are stuck."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.context import Shop
from actions.search import find
from actions.skill import Event, Skill, Turn, turn_of
from actions.understand import query_of
from core.money import to_minor
from db.engine import read_session
from services.query import Attribute, SearchQuery

FORM = "product_finder_form"
SLOTS = ("finder_category", "finder_budget", "finder_wish")
# Messages of these intents may answer a question; every other belongs to another skill.
ANSWERING = frozenset(
    {
        "search_products",
        "refine_search",
        "help_me_choose",
        "ask_suggestions",
        "affirm",
        "deny",
        "nlu_fallback",
        "out_of_scope",
    }
)
ANY = re.compile(
    r"\b(?:any(?:thing|where)?|all|whatever|don'?t (?:mind|care|know)|no (?:idea|matter|preference|"
    r"limit)|doesn'?t matter|not sure|nothing(?: special| in particular)?|skip|open|no)\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"(?<![\d.,])(\d{1,6}(?:[.,]\d{1,2})?)(?![\d.,]*\d)")
# A search by meaning names a kind of thing if this share of its best results are of it.
SHARE_OF_RESULTS = 0.5
RESULTS_LOOKED_AT = 8


class ValidateProductFinder(FormValidationAction):  # type: ignore[misc]  # rasa_sdk is not typed
    """Reads the answers to the finder's questions."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def name(self) -> str:
        """The action's name in the domain."""
        return f"validate_{FORM}"

    async def extract_finder_category(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A category named, or "any"; looked up by meaning where no name is known."""
        turn = turn_of(self.shop, dispatcher, tracker, domain)
        if turn is None or not _open(turn, "finder_category"):
            return {}
        named = [str(value) for value in turn.values(Attribute.CATEGORY)]
        if named:
            return {"finder_category": named[0]}
        if turn.intent == "help_me_choose":
            return {}
        if ANY.search(turn.text):
            return {"finder_category": "any"}
        found = await asyncio.to_thread(_category_by_meaning, self.shop, turn)
        if found is None:
            dispatcher.utter_message(response="utter_finder_category_unknown")
            return {}
        return {"finder_category": found}

    async def extract_finder_budget(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Price bounds in minor units; a bare number is the most to spend."""
        turn = turn_of(self.shop, dispatcher, tracker, domain)
        if turn is None or not _open(turn, "finder_budget"):
            return {}
        query = query_of(turn)
        if query.price_min is not None or query.price_max is not None:
            return {"finder_budget": {"min": query.price_min, "max": query.price_max}}
        if turn.slot("requested_slot") != "finder_budget":
            return {}
        if amount := AMOUNT.search(turn.text):
            most = to_minor(amount[1].replace(",", "."), self.shop.settings.currency)
            return {"finder_budget": {"min": None, "max": most}}
        if ANY.search(turn.text):
            return {"finder_budget": {"min": None, "max": None}}
        dispatcher.utter_message(response="utter_finder_budget_unknown")
        return {}

    async def extract_finder_wish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What matters most, as a search; nothing where nothing does."""
        turn = turn_of(self.shop, dispatcher, tracker, domain)
        if turn is None or turn.slot("requested_slot") != "finder_wish":
            return {}
        if not _open(turn, "finder_wish"):
            return {}
        query = query_of(turn)
        if not query.has_conditions and ANY.search(turn.text):
            return {"finder_wish": SearchQuery().to_dict()}
        return {"finder_wish": query.to_dict()}

    async def validate_finder_category(self, value: Any, *_: Any) -> dict[str, Any]:
        """A category that the shop has, or "any"."""
        known = value == "any" or value in self.shop.search.index.category_titles
        return {"finder_category": value if known else None}

    async def validate_finder_budget(self, value: Any, *_: Any) -> dict[str, Any]:
        """Taken as extracted."""
        return {"finder_budget": value}

    async def validate_finder_wish(self, value: Any, *_: Any) -> dict[str, Any]:
        """Taken as extracted."""
        return {"finder_wish": value}


class SubmitProductFinder(Skill):
    """Searches for what the answers add up to."""

    action = "action_submit_product_finder"

    def answer(self, turn: Turn) -> list[Event]:
        """Show what fits and forget the answers."""
        wish = turn.slot("finder_wish")
        query = SearchQuery.from_dict(wish) if wish else SearchQuery()
        category, budget = turn.slot("finder_category"), turn.slot("finder_budget") or {}
        asked = SearchQuery(
            include={Attribute.CATEGORY: (category,)} if category not in (None, "any") else {},
            price_min=budget.get("min"),
            price_max=budget.get("max"),
        )
        events = find(self.shop, turn, asked.refined(query))
        return [*events, *(SlotSet(name, None) for name in SLOTS), SlotSet("failures", 0)]


def _open(turn: Turn, slot: str) -> bool:
    """Whether the message may fill the slot: it is empty, and the message is no other skill's."""
    return turn.slot(slot) is None and turn.intent in ANSWERING


def _category_by_meaning(shop: Shop, turn: Turn) -> str | None:
    query = query_of(turn)
    if not query.text:
        return None
    with read_session(shop.sessions) as session:
        result = shop.search.search(
            session, SearchQuery(text=query.text), limit=RESULTS_LOOKED_AT, now=turn.now
        )
    counts: dict[str, int] = {}
    for hit in result.hits:
        if hit.facts.category_id:
            counts[hit.facts.category_id] = counts.get(hit.facts.category_id, 0) + 1
    if not counts or result.relaxed:
        return None
    best = max(counts, key=lambda key: counts[key])
    return best if counts[best] >= SHARE_OF_RESULTS * len(result.hits) else None
