"""The way from a wish to a cart, said in words, one hard behaviour a test."""

import sqlite3
from contextlib import closing

import pytest

from tests.conversations.client import Chatter, Turn, chatting
from tests.stack import Stack


def rows(stack: Stack, query: str, *values: str) -> list[tuple[object, ...]]:
    """What the database itself says."""
    path = stack.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query, values).fetchall()


def add_first(chatter: Chatter) -> Turn:
    """Add the first thing shown."""
    turn = chatter.say("add the first one")
    assert turn.cart is not None, turn.text
    return turn


def test_waterproof_jackets_under_120_but_not_black(stack: Stack, chatter: Chatter) -> None:
    turn = chatter.say("show me waterproof jackets under 120 but not black")
    assert turn.cards
    for card in turn.cards:
        assert card["price"]["amount"] <= 12_000
        assert card["colour"] != "black"
        ((category, waterproof),) = rows(
            stack,
            "SELECT category_id, json_extract(facts, '$.waterproof') FROM products WHERE id = ?",
            card["product_id"],
        )
        assert category == "jackets"
        assert waterproof == 1


def test_add_the_second_one_puts_exactly_what_its_card_shows_into_the_cart(
    chatter: Chatter,
) -> None:
    shown = chatter.say("show me waterproof jackets under 120 but not black").cards
    turn = chatter.say("add the second one")
    assert turn.cart is not None
    (line,) = turn.cart["lines"]
    assert line["variant_id"] == shown[1]["variant_id"]
    assert line["quantity"] == 1
    assert line["price"] == shown[1]["price"]
    assert f"size {shown[1]['size']}" in turn.text


def test_another_size_is_a_tap_or_a_word_away(chatter: Chatter) -> None:
    chatter.say("show me waterproof jackets under 120 but not black")
    added = chatter.say("add the second one")
    tapped = chatter.tap(added.quick_replies[0])
    assert tapped.cart is not None
    (line,) = tapped.cart["lines"]
    assert line["size"] == added.quick_replies[0]["title"]
    said = chatter.say(f"size {added.quick_replies[-1]['title']} please")
    assert said.cart is not None
    (line,) = said.cart["lines"]
    assert line["size"] == added.quick_replies[-1]["title"]


def test_a_size_is_asked_where_no_card_shows_one_and_a_bare_letter_answers(
    stack: Stack, chatter: Chatter
) -> None:
    ((title, colour),) = rows(
        stack,
        "SELECT p.title, v.colour FROM products p JOIN variants v ON v.product_id = p.id "
        "WHERE p.category_id = 'jackets' AND v.size IN ('M', 'L') AND v.stock > 0 "
        "GROUP BY p.id, v.colour HAVING count(*) = 2 ORDER BY p.id LIMIT 1",
    )
    asked = chatter.say(f"add the {title} in {colour} to my cart")
    assert asked.cart is None
    assert "M" in [reply["title"] for reply in asked.quick_replies]
    turn = chatter.say("M please")
    assert turn.cart is not None
    assert turn.cart["lines"][0]["size"] == "M"


def test_what_goes_with_it_gives_suggestions_with_reasons(chatter: Chatter) -> None:
    chatter.say("show me tents")
    add_first(chatter)
    turn = chatter.say("what goes with it?")
    assert turn.cards
    assert all(card["reason"]["text"] and card["suggestion_id"] for card in turn.cards)


def test_a_search_is_refined_turn_by_turn(chatter: Chatter) -> None:
    chatter.say("I'm looking for a backpack")
    turn = chatter.say("only under 100")
    assert turn.cards
    assert all(card["price"]["amount"] <= 10_000 for card in turn.cards)
    cheapest = min(card["price"]["amount"] for card in turn.cards)
    turn = chatter.say("something cheaper")
    assert turn.cards
    assert all(card["price"]["amount"] < cheapest for card in turn.cards)


def test_by_meaning_to_brew_coffee_by_hand(chatter: Chatter) -> None:
    turn = chatter.say("I want something to brew coffee by hand")
    assert any("Dripper" in card["title"] or "Pour-Over" in card["title"] for card in turn.cards)


def test_spelling_mistakes_are_survived(chatter: Chatter) -> None:
    turn = chatter.say("show me waterprof jakcets")
    assert turn.cards
    assert all("jkt" in card["product_id"] for card in turn.cards)


def test_never_two_questions_in_a_row(chatter: Chatter) -> None:
    first = chatter.say("show me jackets")
    assert first.quick_replies
    second = chatter.say("waterproof ones")
    assert not any("refine_search" in reply["payload"] for reply in second.quick_replies), (
        second.text
    )


def test_quantities_change_and_lines_go(chatter: Chatter) -> None:
    chatter.say("show me coffee beans")
    add_first(chatter)
    turn = chatter.say("make it three")
    assert turn.cart is not None
    assert [line["quantity"] for line in turn.cart["lines"]] == [3]
    turn = chatter.say("remove it")
    assert turn.cart is not None
    assert turn.cart["lines"] == []


def test_the_cart_is_emptied_only_after_a_yes(chatter: Chatter) -> None:
    chatter.say("show me coffee beans")
    add_first(chatter)
    asked = chatter.say("empty my cart")
    assert asked.cart is None
    chatter.say("no")
    kept = chatter.say("what's in my cart?")
    assert kept.cart is not None
    assert len(kept.cart["lines"]) == 1
    chatter.say("empty my cart")
    emptied = chatter.say("yes")
    assert emptied.cart is not None
    assert emptied.cart["lines"] == []


def test_the_page_that_is_open_is_what_this_means(stack: Stack, chatter: Chatter) -> None:
    turn = chatter.say("is this waterproof?", product="jkt-01")
    ((title,),) = rows(stack, "SELECT title FROM products WHERE id = 'jkt-01'")
    assert str(title) in turn.text
    turn = chatter.say("what goes with this?", product="caf-01")
    assert turn.cards
    assert "caf-01" not in [card["product_id"] for card in turn.cards]


def test_shop_questions_are_answered_with_their_source(chatter: Chatter) -> None:
    turn = chatter.say("how long do I have to return something?")
    assert "60 days" in turn.text
    assert "help page" in turn.text


def test_what_the_shop_does_not_know_is_not_made_up(chatter: Chatter) -> None:
    turn = chatter.say("do you offer a trade-in for old tents?")
    assert "60 days" not in turn.text
    assert not turn.problems


def test_a_coupon_is_applied_or_the_reason_given(chatter: Chatter) -> None:
    chatter.say("show me coffee beans")
    add_first(chatter)
    refused = chatter.say("use the code TRAIL15")
    assert "120" in refused.text
    applied = chatter.say("apply BREW20")
    assert applied.cart is not None
    assert applied.cart["promotion_code"] == "BREW20"
    assert applied.cart["discount"]["amount"] > 0


def test_something_for_me_has_reasons_and_not_interested_is_kept(chatter: Chatter) -> None:
    turn = chatter.say("do you have any suggestions for me?")
    assert turn.cards
    refused = turn.cards[0]["product_id"]
    chatter.say("Not interested", payload=f'/not_interested{{"product":"{refused}"}}')
    again = chatter.say("anything else for me?")
    assert refused not in [card["product_id"] for card in again.cards]


def test_the_finder_asks_three_questions_and_finds(chatter: Chatter) -> None:
    chatter.say("help me choose")
    chatter.say("a tent")
    chatter.say("under 300")
    turn = chatter.say("room for two people")
    assert turn.cards
    assert all(card["price"]["amount"] <= 30_000 for card in turn.cards)


def test_the_finder_can_be_left(chatter: Chatter) -> None:
    chatter.say("help me choose")
    turn = chatter.say("stop, forget it")
    assert not turn.problems
    assert chatter.say("show me tents").cards


@pytest.mark.parametrize("noise", ["asdkjh askjdh", "qwertz", "?!?!", "😀🎈😀"])
def test_noise_is_not_understood_and_the_second_time_help_is_offered(
    chatter: Chatter, noise: str
) -> None:
    first = chatter.say(noise)
    assert not first.quick_replies
    assert "didn't understand" in first.text or "not sure what you mean" in first.text
    second = chatter.say(noise)
    offered = [reply["payload"] for reply in second.quick_replies]
    assert "/help_me_choose" in offered
    assert "What kind of thing" in chatter.tap(second.quick_replies[0]).text


@pytest.mark.parametrize("text", ["quiero una tienda", "ich möchte bestellen", "我想买手机"])
def test_another_language_is_answered_honestly(chatter: Chatter, text: str) -> None:
    assert "only understand English" in chatter.say(text).text
    assert chatter.say("show me tents").cards


def test_the_conversation_is_there_after_a_reload(stack: Stack) -> None:
    token = stack.visitor()
    with chatting(stack.chat_url, token) as tab:
        shown = tab.say("show me tents").cards
    with chatting(stack.chat_url, token) as tab:
        assert [m["text"] for m in tab.history if m["from"] == "user"] == ["show me tents"]
        turn = tab.say("add the second one")
        assert turn.cart is not None
        assert turn.cart["lines"][0]["product_id"] == shown[1]["product_id"]
