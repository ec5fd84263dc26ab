"""The cart in chat: every answer is built from the cart as it was just committed."""

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk.events import SlotSet

from actions.choose import Ask, Chosen, SoldOut, choose_variant
from actions.context import Shop
from actions.record import record_search
from actions.references import OutOfRange, Referent, cart_line, referent
from actions.reply import Claim, Reply, Said
from actions.show import (
    CARDS_SHOWN,
    cart_total,
    full_name,
    money,
    price,
    show_cart,
    show_hits,
    title,
)
from actions.sizes import exchange, in_another_size, offer_sizes
from actions.skill import CHAT, Event, Skill, Turn
from actions.tapped import note_reminder
from actions.understand import query_of
from db.engine import read_session
from db.reads.carts import CartLineView, CartView, open_cart
from db.reads.catalogue import ProductFacts, VariantFacts, product_facts
from db.writes import carts
from services.query import Attribute

MORE = re.compile(r"\b(?:more|another|extra|additional)\b", re.IGNORECASE)
INSTEAD = re.compile(r"\b(?:instead|rather|change|swap)\b", re.IGNORECASE)
FEWER = re.compile(r"\b(?:fewer|less)\b", re.IGNORECASE)


class ViewCart(Skill):
    """Shows the cart, and how far free delivery is."""

    action = "action_view_cart"

    def answer(self, turn: Turn) -> list[Event]:
        """Show the open cart."""
        note_reminder(self.shop, turn)
        with read_session(self.shop.sessions) as session:
            cart = open_cart(session, turn.identity, now=turn.now)
        if cart is None or not cart.lines:
            return _empty(turn)
        return _say_cart(self.shop, turn, "utter_cart", cart)


class AddToCart(Skill):
    """Puts what is meant into the cart, asking for a size or colour where that is open."""

    action = "action_add_to_cart"

    def answer(self, turn: Turn) -> list[Event]:
        """Add, or ask what is missing."""
        with read_session(self.shop.sessions) as session:
            meant = referent(turn, session)
        if isinstance(meant, OutOfRange):
            return _out_of_range(turn, meant)
        if meant is None:
            return _offer_to_choose(self.shop, turn)
        replaced = turn.value("instead_of")
        if isinstance(replaced, str) and meant.exact:
            return exchange(self.shop, turn, meant, replaced)
        if INSTEAD.search(turn.text):
            changed = complete_choice(self.shop, turn)
            if changed is not None:
                return changed
        return add_product(self.shop, turn, meant)


def add_product(shop: Shop, turn: Turn, meant: Referent) -> list[Event]:
    """Add a product that is clear, or ask which of its variants."""
    with read_session(shop.sessions) as session:
        facts = product_facts(session, [meant.product_id], now=turn.now).get(meant.product_id)
    if facts is None or not facts.variants:
        turn.say(Reply("utter_product_gone"))
        return [SlotSet("pending", None)]
    match choose_variant(turn, facts, meant):
        case Chosen(variant, other_sizes):
            return _add(shop, turn, facts, variant, other_sizes)
        case Ask() as ask:
            return _ask(turn, facts, ask)
        case SoldOut(variant):
            return _sold_out(shop, turn, facts, variant)


def complete_choice(shop: Shop, turn: Turn) -> list[Event] | None:
    """Take a bare "M" or "the green one" as the answer to the size or colour asked for.

    After "Another size?" it changes what was just added. None where nothing was asked, or the
    message is about something else.
    """
    pending: dict[str, Any] = turn.slot("pending") or {}
    told = query_of(turn).include
    if not told or not set(told) <= {Attribute.SIZE, Attribute.COLOUR}:
        return None
    if pending.get("kind") == "choose_variant":
        return add_product(shop, turn, Referent(pending["product"]))
    if pending.get("kind") == "another_size" and Attribute.SIZE in told:
        return in_another_size(shop, turn, pending["variant"], told)
    return None


def _add(
    shop: Shop,
    turn: Turn,
    facts: ProductFacts,
    variant: VariantFacts,
    other_sizes: Sequence[VariantFacts],
) -> list[Event]:
    quantity = _quantity_to_add(turn, facts)
    try:
        with shop.sessions.begin() as session:
            cart = carts.add(
                session, turn.identity, variant.variant_id, quantity, now=turn.now, source=CHAT
            )
    except carts.OutOfStock as error:
        return _too_few(shop, turn, facts, variant, error.available)
    except carts.UnknownVariant:
        turn.say(Reply("utter_product_gone"))
        return [SlotSet("pending", None)]
    line = next(line for line in cart.lines if line.variant_id == variant.variant_id)
    response = "utter_added" if quantity == line.quantity == 1 else "utter_added_quantity"
    values: dict[str, Claim | Said] = {
        "product": full_name(facts, variant),
        "price": price(shop, variant),
        "quantity": _line_quantity(line),
        "total": cart_total(shop, cart),
    }
    pending = None
    if other_sizes:
        response = f"{response}_size"
        values["size"] = Claim(str(variant.size), "variants", variant.variant_id, "size")
        pending = {"kind": "another_size", "variant": variant.variant_id}
    reply = Reply(response, **values)
    show_cart(shop, reply, cart)
    offer_sizes(reply, variant, other_sizes)
    turn.say(reply)
    return [SlotSet("focus", facts.product_id), SlotSet("pending", pending)]


def _quantity_to_add(turn: Turn, facts: ProductFacts) -> int:
    said = turn.number("quantity")
    pending: dict[str, Any] = turn.slot("pending") or {}
    if said is None and pending.get("product") == facts.product_id:
        said = pending.get("quantity")
    return max(1, said or 1)


def _ask(turn: Turn, facts: ProductFacts, ask: Ask) -> list[Event]:
    reply = Reply(f"utter_ask_{ask.what}", product=title(facts))
    for variant in ask.options:
        payload = f'/add_to_cart{{"variant":"{variant.variant_id}"}}'
        if ask.what == "colour":
            payload = f'/refine_search{{"colour":"{variant.colour}"}}'
        reply.button(str(getattr(variant, ask.what)), payload)
        reply.receipts(
            [Claim(str(getattr(variant, ask.what)), "variants", variant.variant_id, ask.what)]
        )
    turn.say(reply)
    told = query_of(turn).include
    colour = ask.options[0].colour if ask.what == "size" else None
    pending = {
        "kind": "choose_variant",
        "product": facts.product_id,
        "quantity": _quantity_to_add(turn, facts),
        "colour": colour,
        "size": next(iter(told.get(Attribute.SIZE, ())), None),
    }
    return [SlotSet("pending", pending), SlotSet("focus", facts.product_id)]


def _sold_out(
    shop: Shop, turn: Turn, facts: ProductFacts, variant: VariantFacts | None
) -> list[Event]:
    """Say so, and show what is alike and in stock."""
    name = full_name(facts, variant) if variant else title(facts)
    with read_session(shop.sessions) as session:
        alternatives = shop.search.alike(session, facts.product_id, limit=CARDS_SHOWN, now=turn.now)
    if not alternatives:
        turn.say(Reply("utter_sold_out", product=name))
        return [SlotSet("pending", None), SlotSet("focus", facts.product_id)]
    reply = Reply("utter_sold_out_alternatives", product=name)
    events = show_hits(shop, reply, alternatives)
    turn.say(reply)
    return [*events, SlotSet("pending", None)]


def _too_few(
    shop: Shop, turn: Turn, facts: ProductFacts, variant: VariantFacts, available: int
) -> list[Event]:
    if available <= 0:
        return _sold_out(shop, turn, facts, variant)
    left = Claim(str(available), "variants", variant.variant_id, "stock")
    turn.say(Reply("utter_too_few", product=full_name(facts, variant), available=left))
    return [SlotSet("focus", facts.product_id), SlotSet("pending", None)]


def _offer_to_choose(shop: Shop, turn: Turn) -> list[Event]:
    """Nothing was pointed at: look for what was described and let the shopper choose."""
    query = query_of(turn)
    if query.is_empty:
        turn.say(Reply("utter_add_what"))
        return []
    with read_session(shop.sessions) as session:
        result = shop.search.search(session, query, limit=CARDS_SHOWN, now=turn.now)
    record_search(shop, turn, query)
    if not result.hits or result.relaxed:
        turn.say(Reply("utter_add_what"))
        return []
    if result.total == 1:
        hit = result.hits[0]
        return add_product(shop, turn, Referent(hit.product_id, hit.variant.variant_id))
    reply = Reply("utter_add_which")
    events = show_hits(shop, reply, result.hits)
    turn.say(reply)
    return [*events, SlotSet("search", query.to_dict())]


class ChangeQuantity(Skill):
    """Makes a line hold another number of pieces: "make it two", "one more"."""

    action = "action_change_quantity"

    def answer(self, turn: Turn) -> list[Event]:
        """Change the line that is meant, or how many of what is about to be added."""
        pending: dict[str, Any] = turn.slot("pending") or {}
        said = turn.number("quantity")
        if pending.get("kind") == "choose_variant" and said:
            return add_product(self.shop, turn, Referent(pending["product"]))
        completed = complete_choice(self.shop, turn) if said is None else None
        if completed is not None:
            return completed
        found = _line_meant(self.shop, turn)
        if isinstance(found, list):
            return found
        if said is None and not MORE.search(turn.text) and not FEWER.search(turn.text):
            turn.say(Reply("utter_how_many", product=_line_title(found)))
            return [SlotSet("focus", found.product_id)]
        return _set_quantity(self.shop, turn, found, _wanted(turn, found, said))


class RemoveFromCart(Skill):
    """Takes a line, or some pieces of it, out of the cart."""

    action = "action_remove_from_cart"

    def answer(self, turn: Turn) -> list[Event]:
        """Remove the line that is meant; what was only about to be added is let go."""
        pending: dict[str, Any] = turn.slot("pending") or {}
        if pending.get("kind") == "choose_variant" and not turn.entities:
            turn.say(Reply("utter_all_right"))
            return [SlotSet("pending", None)]
        found = _line_meant(self.shop, turn)
        if isinstance(found, list):
            return found
        said = turn.number("quantity")
        left = 0 if said is None or turn.is_payload else max(0, found.quantity - said)
        return _set_quantity(self.shop, turn, found, left)


class ClearCart(Skill):
    """Asks before it empties the cart; `action_affirm` does it."""

    action = "action_clear_cart"

    def answer(self, turn: Turn) -> list[Event]:
        """Ask whether to empty the cart."""
        with read_session(self.shop.sessions) as session:
            cart = open_cart(session, turn.identity, now=turn.now)
        if cart is None or not cart.lines:
            return _empty(turn)
        reply = Reply("utter_confirm_clear", count=_count(cart))
        reply.button(turn.word("word_yes_empty"), "/affirm")
        reply.button(turn.word("word_no_keep"), "/deny")
        turn.say(reply)
        return [SlotSet("pending", {"kind": "clear_cart"})]


def clear_now(shop: Shop, turn: Turn) -> list[Event]:
    """Empty the cart, which the shopper has confirmed."""
    with shop.sessions.begin() as session:
        cart = carts.clear(session, turn.identity, now=turn.now, source=CHAT)
    if cart is None:
        return _empty(turn)
    reply = Reply("utter_cleared")
    show_cart(shop, reply, cart)
    turn.say(reply)
    return [SlotSet("pending", None), SlotSet("shown", None), SlotSet("focus", None)]


def _line_meant(shop: Shop, turn: Turn) -> CartLineView | list[Event]:
    """The cart line a message is about, or the events after having said why there is none."""
    with read_session(shop.sessions) as session:
        cart = open_cart(session, turn.identity, now=turn.now)
        if cart is None or not cart.lines:
            return _empty(turn)
        line = cart_line(turn, session, cart)
    if isinstance(line, OutOfRange):
        return _out_of_range(turn, line)
    if line is None:
        return _say_cart(shop, turn, "utter_which_line", cart)
    return line


def _wanted(turn: Turn, line: CartLineView, said: int | None) -> int:
    if MORE.search(turn.text):
        return line.quantity + max(1, said or 1)
    if FEWER.search(turn.text):
        return max(0, line.quantity - max(1, said or 1))
    return max(0, said or 0)


def _set_quantity(shop: Shop, turn: Turn, line: CartLineView, quantity: int) -> list[Event]:
    try:
        with shop.sessions.begin() as session:
            cart = carts.set_quantity(
                session, turn.identity, line.variant_id, quantity, now=turn.now, source=CHAT
            )
    except carts.NotInCart:
        turn.say(Reply("utter_not_in_cart", product=_line_title(line)))
        return []
    except carts.UnknownVariant:
        turn.say(Reply("utter_product_gone"))
        return []
    except carts.OutOfStock as error:
        available = Claim(str(error.available), "variants", line.variant_id, "stock")
        turn.say(Reply("utter_too_few", product=_line_title(line), available=available))
        return [SlotSet("focus", line.product_id)]
    after = next((item for item in cart.lines if item.line_id == line.line_id), None)
    if after is None:
        reply = Reply("utter_removed", product=_line_title(line))
    else:
        reply = Reply(
            "utter_quantity_changed",
            product=_line_title(after),
            quantity=_line_quantity(after),
            total=cart_total(shop, cart),
        )
    events = show_cart(shop, reply, cart)
    turn.say(reply)
    return [*events, SlotSet("focus", after.product_id if after else None)]


def _say_cart(shop: Shop, turn: Turn, response: str, cart: CartView) -> list[Event]:
    values: dict[str, Claim] = {"count": _count(cart), "total": cart_total(shop, cart)}
    if response == "utter_cart" and cart.free_delivery_gap is not None:
        response = "utter_cart_gap"
        gap = cart.free_delivery_gap
        values["gap"] = Claim(
            money(shop, gap.amount, gap.currency), "carts", cart.id, "free_delivery_gap"
        )
    reply = Reply(response, **values)
    events = show_cart(shop, reply, cart)
    turn.say(reply)
    return events


def _empty(turn: Turn) -> list[Event]:
    turn.say(Reply("utter_cart_empty"))
    return [SlotSet("pending", None)]


def _out_of_range(turn: Turn, seen: OutOfRange) -> list[Event]:
    count = Claim(str(seen.shown), "conversations", turn.identity.conversation_id, "shown")
    turn.say(Reply("utter_out_of_range", count=count))
    return []


def _line_title(line: CartLineView) -> Claim:
    return Claim(line.title, "products", line.product_id, "title")


def _line_quantity(line: CartLineView) -> Claim:
    return Claim(str(line.quantity), "cart_lines", str(line.line_id), "quantity")


def _count(cart: CartView) -> Claim:
    return Claim(str(cart.count), "carts", cart.id, "count")
