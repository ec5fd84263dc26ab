"""What was left and bought: of the shopper who asks, and of nobody else."""

from datetime import timedelta

import pytest

from core.identity import Identity
from db.fold import CartItem
from db.models import EventName, Person
from db.writes.events import NewEvent, record
from db.writes.orders import place
from db.writes.visitors import bind
from tests.unit.actions.conftest import Chat, entity
from tests.visitors import create_visitor


@pytest.fixture
def anna(chat: Chat) -> Chat:
    """The chat of a signed-in person."""
    now = chat.shop.clock.now()
    with chat.shop.sessions.begin() as session:
        session.add(Person(id="a" * 32, name="Anna", created_at=now))
        session.flush()
        visitor = create_visitor(session, now=now)
        bind(session, visitor, "a" * 32, now=now)
    # As in chat: the conversation knows the person, not the browser.
    return Chat(chat.shop, chat.domain, Identity("", "a" * 32))


def period(since: str, until: str) -> dict[str, object]:
    """A period as the NLU gives it."""
    return entity("period", {"since": since, "until": until})


LAST_WEEK = period("2026-03-01T23:00:00+00:00", "2026-03-08T23:00:00+00:00")


def test_what_was_left_last_week_comes_back_a_week_later(anna: Chat) -> None:
    anna.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    anna.shop.clock.advance(timedelta(days=8))
    answer = anna.say("action_left_in_cart", "what did I leave last week?", LAST_WEEK)
    assert answer.text == (
        "Left in your cart between March 2, 2026 and March 8, 2026, at today's prices (1 in all):"
    )
    assert answer.cards == ["caf-press"]
    reason = answer.messages[0]["custom"]["cards"][0]["reason"]
    assert reason == {"text": "1 × since March 2, 2026", "kind": "in_cart"}


def test_another_week_is_empty(anna: Chat) -> None:
    anna.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    answer = anna.say(
        "action_left_in_cart",
        "in january?",
        period("2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"),
    )
    assert answer.responses == ["utter_left_nothing_between"]


def test_purchases_are_listed_with_day_quantity_and_price(anna: Chat) -> None:
    anna.say("action_add_to_cart", "two", entity("product", "caf-press"), entity("quantity", 2))
    with anna.shop.sessions.begin() as session:
        place(session, anna.identity, now=anna.shop.clock.now())
    answer = anna.say("action_purchases", "what did I buy?")
    table = answer.messages[0]["custom"]["table"]
    assert table["rows"] == [["March 2, 2026", "French Press (clear)", "2", "€39.90"]]
    assert anna.say("action_left_in_cart", "left?").responses == ["utter_left_nothing"]


@pytest.mark.parametrize(("pieces", "told"), [(2, "refunded"), (1, "partly refunded")])
def test_a_refunded_purchase_says_so(anna: Chat, pieces: int, told: str) -> None:
    anna.say("action_add_to_cart", "two", entity("product", "caf-press"), entity("quantity", 2))
    now = anna.shop.clock.now()
    with anna.shop.sessions.begin() as session:
        order = place(session, anna.identity, now=now)
        (line,) = order.lines
        item = CartItem(line.product_id, line.variant_id, pieces)
        refund = NewEvent(
            "r", EventName.REFUND, now, items=(item,), transaction_id=order.transaction_id
        )
        record(session, anna.identity, [refund], now=now)
    answer = anna.say("action_purchases", "what did I buy?")
    ((_, product, *_),) = answer.messages[0]["custom"]["table"]["rows"]
    assert product == f"French Press (clear), {told}"


def test_a_visitor_sees_only_what_this_browser_did_and_a_hint_to_sign_in(
    anna: Chat, chat: Chat
) -> None:
    anna.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    answer = chat.say("action_left_in_cart", "what did I leave?")
    assert answer.responses == ["utter_left_nothing", "utter_sign_in_for_history"]
    assert chat.say("action_purchases", "what did I buy?").responses == [
        "utter_bought_nothing",
        "utter_sign_in_for_history",
    ]


def test_a_conversation_that_is_nobodys_gets_nothing(chat: Chat) -> None:
    nobody = Chat(chat.shop, chat.domain, Identity("x"))
    object.__setattr__(nobody.identity, "visitor_id", "")
    answer = nobody.say("action_purchases", "what did I buy?")
    assert answer.responses == ["utter_no_identity"]
