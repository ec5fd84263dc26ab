"""What keeps a shopper from buying: answered usefully, stored, and read by the next decision."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from actions.context import Shop
from core.clock import SimulatedClock
from core.identity import Identity
from db.models import Nudge, NudgeReply, NudgeState, Pause, ReplyKind, Visitor
from nudges.decision import FREE_DELIVERY, REMINDER, Choice, Decision, no_coupon
from nudges.uplift.features import features
from tests.conftest import DELIVERY
from tests.integration.nudges.shoppers import Sink, person, policy, sweeper
from tests.unit.actions.conftest import Chat, entity

OFFERS = policy(
    stages=[
        {
            "name": "first",
            "after_minutes": 60,
            "channels": ["email"],
            "treatments": ["reminder", "free_delivery", "percent_10"],
        }
    ],
    incentives={"min_value": 1000},
)


@pytest.fixture
def ada(chat: Chat, clock: SimulatedClock) -> Chat:
    """A person who agreed to e-mails, with a rain jacket for €99 in their cart."""
    with chat.shop.sessions.begin() as session:
        person(session, "ada", now=clock.now() - timedelta(days=1))
    chat.identity = Identity("v-ada", "ada")
    chat.say(
        "action_add_to_cart",
        "add it in M",
        entity("product", "jkt-rain"),
        entity("size", "M"),
        entity("colour", "navy"),
    )
    chat.slots.update(shown=None, focus=None)
    return chat


class Watching:
    """Decides for a reminder and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Choice] = []

    def decide(self, choices: list[Choice], **_: object) -> list[Decision]:
        self.asked += choices
        return [Decision(REMINDER) for _ in choices]

    def facts_kept(self, *_: object, **__: object) -> dict[str, float]:
        return {}


def swept(shop: Shop, clock: SimulatedClock) -> tuple[list[str], list[Choice]]:
    """The states of nudges after a sweep, and what the decision was asked."""
    watching = Watching()
    sweeper(shop.sessions, clock, channels=[Sink()], rules=OFFERS, decider=watching).run()
    with shop.sessions() as session:
        states = session.scalars(select(Nudge).order_by(Nudge.id)).all()
        return [one.gate or one.state.value for one in states], watching.asked


def replies(shop: Shop) -> list[NudgeReply]:
    with shop.sessions() as session:
        return list(session.scalars(select(NudgeReply).order_by(NudgeReply.id)))


def test_too_expensive_shows_cheaper_ones_like_it(ada: Chat) -> None:
    ada.say("action_add_to_cart", "add it", entity("product", "jkt-city"))
    answer = ada.say("action_too_expensive", "my wallet says no", entity("product", "jkt-city"))
    assert answer.text.startswith("I see. These are like Harbour Mac and cost less:")
    assert answer.cards
    cards = answer.messages[0]["custom"]["cards"]
    assert all(card["price"]["amount"] < 11900 for card in cards)
    assert "jkt-storm" not in answer.cards


def test_too_expensive_without_anything_pointed_at_means_the_dearest_in_the_cart(ada: Chat) -> None:
    answer = ada.say("action_too_expensive", "it's too expensive")
    assert answer.responses == ["utter_cheaper_none"]
    assert "Drizzle Rain Jacket" in answer.text
    assert answer.buttons == ["Show offers"]


def test_too_expensive_about_a_search_goes_on_searching_below(chat: Chat) -> None:
    found = chat.say("action_search_products", "jackets", entity("category", "jackets"))
    cheapest = min(card["price"]["amount"] for card in found.messages[-1]["custom"]["cards"])
    answer = chat.say("action_too_expensive", "these are too dear")
    for message in answer.messages:
        for card in message["custom"].get("cards", []):
            relaxed = message["response"] == "utter_found_relaxed"
            assert relaxed or card["price"]["amount"] < cheapest


def test_the_price_is_remembered_and_the_next_decision_knows(
    ada: Chat, clock: SimulatedClock
) -> None:
    ada.say("action_too_expensive", "it's too expensive")
    clock.advance(timedelta(hours=2))
    _, (choice,) = swept(ada.shop, clock)
    assert choice.facts.replies == (ReplyKind.TOO_EXPENSIVE,)
    seen = features(choice.facts, rule=DELIVERY, now=clock.now())
    assert (seen["too_expensive"], seen["delivery_cost"]) == (1.0, 0.0)


def test_delivery_costs_are_answered_with_what_makes_it_free(chat: Chat) -> None:
    chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    answer = chat.say("action_delivery_cost", "the courier fee is too steep")
    assert answer.text.startswith("You need €10.10 more for free delivery.")
    assert answer.cards
    assert [one.kind for one in replies(chat.shop)] == [ReplyKind.DELIVERY_COST]


def test_delivery_costs_without_a_cart_are_answered_from_the_help_page(chat: Chat) -> None:
    answer = chat.say("action_delivery_cost", "I refuse to pay postage")
    assert answer.responses[0] in {"utter_faq", "utter_faq_unknown"}
    assert answer.cards == []


def test_size_help_names_the_sizes_in_stock(ada: Chat) -> None:
    answer = ada.say("action_size_doubt", "no clue what size I am")
    assert answer.text.startswith("Drizzle Rain Jacket is in stock in these sizes: S, M, L.")


def test_who_doubts_the_size_gets_no_coupon(ada: Chat, clock: SimulatedClock) -> None:
    ada.say("action_size_doubt", "not sure about the size")
    clock.advance(timedelta(hours=2))
    _, (choice,) = swept(ada.shop, clock)
    assert choice.treatments == (REMINDER,)
    assert no_coupon(choice.facts, OFFERS) == "their doubt is the size, not the price"


def test_a_newer_word_about_the_price_allows_coupons_again(
    ada: Chat, clock: SimulatedClock
) -> None:
    ada.say("action_size_doubt", "not sure about the size")
    clock.advance(timedelta(minutes=1))
    ada.say("action_too_expensive", "it's also too expensive")
    clock.advance(timedelta(hours=2))
    _, (choice,) = swept(ada.shop, clock)
    assert FREE_DELIVERY in choice.treatments


@pytest.mark.parametrize(
    ("action", "response"),
    [
        ("action_just_looking", "utter_just_looking_quiet"),
        ("action_bought_elsewhere", "utter_bought_elsewhere_quiet"),
    ],
)
def test_quiet_is_kept(ada: Chat, clock: SimulatedClock, action: str, response: str) -> None:
    assert ada.say(action, "thanks").responses == [response]
    clock.advance(timedelta(hours=2))
    assert swept(ada.shop, clock) == (["silenced"], [])


def test_quiet_about_this_cart_ends(ada: Chat, clock: SimulatedClock) -> None:
    ada.say("action_just_looking", "just looking")
    clock.advance(timedelta(days=8))
    ada.say("action_add_to_cart", "add it", entity("product", "tnt-pegs"))
    clock.advance(timedelta(hours=2))
    states, _ = swept(ada.shop, clock)
    assert states == [NudgeState.SENT.value]


def test_the_answer_is_tied_to_the_message_that_it_answers(
    ada: Chat, clock: SimulatedClock
) -> None:
    clock.advance(timedelta(hours=2))
    swept(ada.shop, clock)
    ada.say("action_just_looking", "just looking")
    with ada.shop.sessions() as session:
        nudge_id = session.scalar(select(Nudge.id))
    assert [one.nudge_id for one in replies(ada.shop)] == [nudge_id]


def test_who_only_looks_leaves_no_row(chat: Chat) -> None:
    chat.identity = Identity("v-unknown", None)
    for action in ("action_just_looking", "action_bought_elsewhere", "action_too_expensive"):
        chat.say(action, "just looking")
    with chat.shop.sessions() as session:
        assert session.get(Visitor, "v-unknown") is None
        assert session.scalar(select(func.count()).select_from(Pause)) == 0
    assert replies(chat.shop) == []
