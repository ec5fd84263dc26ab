"""Another size of what was just added: offered as quick replies, taken as a tap or in words."""

import json
from collections.abc import Mapping, Sequence

from rasa_sdk.events import SlotSet

from actions.choose import other_sizes
from actions.context import Shop
from actions.references import Referent
from actions.reply import Claim, Reply
from actions.show import cart_total, full_name, price, show_cart, title
from actions.skill import CHAT, Event, Turn
from db.engine import read_session
from db.reads.carts import CartView, open_cart
from db.reads.catalogue import ProductFacts, VariantFacts, product_facts, product_of_variant
from db.writes import carts
from services.catalogue_index import same
from services.colours import covers
from services.query import Attribute


def offer_sizes(reply: Reply, added: VariantFacts, others: Sequence[VariantFacts]) -> None:
    """Quick replies that change the line of the variant added to another size."""
    for other in others:
        payload = json.dumps(
            {"variant": other.variant_id, "instead_of": added.variant_id}, separators=(",", ":")
        )
        reply.button(str(other.size), f"/add_to_cart{payload}")
        reply.receipts([Claim(str(other.size), "variants", other.variant_id, "size")])


def in_another_size(
    shop: Shop, turn: Turn, variant_id: str, told: Mapping[Attribute, tuple[str, ...]]
) -> list[Event]:
    """Change a line to the size said, in its own colour unless one was said too."""
    with read_session(shop.sessions) as session:
        product_id = product_of_variant(session, variant_id) or ""
        facts = product_facts(session, [product_id], now=turn.now).get(product_id)
    current = _variant(facts, variant_id)
    if facts is None or current is None:
        return _gone(turn)
    colours = told.get(Attribute.COLOUR) or (current.colour or "",)
    fitting = [
        variant
        for variant in facts.variants
        if any(same(size, variant.size or "") for size in told[Attribute.SIZE])
        and (not current.colour or any(covers(colour, variant.colour or "") for colour in colours))
    ]
    if fitting:
        return exchange(shop, turn, Referent(product_id, fitting[0].variant_id), variant_id)
    reply = Reply("utter_no_such_size", product=title(facts))
    offer_sizes(reply, current, other_sizes(facts, current))
    turn.say(reply)
    return [SlotSet("focus", product_id)]


def exchange(shop: Shop, turn: Turn, meant: Referent, replaced: str) -> list[Event]:
    """Put a variant in the place of the line of another of its product, as many pieces of it."""
    with read_session(shop.sessions) as session:
        facts = product_facts(session, [meant.product_id], now=turn.now).get(meant.product_id)
        before = open_cart(session, turn.identity, now=turn.now)
    wanted = _variant(facts, meant.variant_id)
    if facts is None or wanted is None:
        return _gone(turn)
    pieces = _pieces(before, facts, replaced)
    if not pieces:
        turn.say(Reply("utter_not_in_cart", product=title(facts)))
        return [SlotSet("pending", None)]
    if wanted.variant_id == replaced:
        turn.say(Reply("utter_size_kept", product=full_name(facts, wanted)))
        return [SlotSet("focus", facts.product_id)]
    try:
        with shop.sessions.begin() as session:
            carts.remove(session, turn.identity, replaced, now=turn.now, source=CHAT)
            cart = carts.add(
                session, turn.identity, wanted.variant_id, pieces, now=turn.now, source=CHAT
            )
    except carts.OutOfStock as error:
        left = Claim(str(error.available), "variants", wanted.variant_id, "stock")
        response = "utter_too_few" if error.available > 0 else "utter_size_sold_out"
        turn.say(Reply(response, product=full_name(facts, wanted), available=left))
        return [SlotSet("focus", facts.product_id)]
    except (carts.UnknownVariant, carts.NotInCart):
        return _gone(turn)
    reply = Reply(
        "utter_size_changed",
        product=full_name(facts, wanted),
        price=price(shop, wanted),
        total=cart_total(shop, cart),
    )
    show_cart(shop, reply, cart)
    turn.say(reply)
    pending = {"kind": "another_size", "variant": wanted.variant_id}
    return [SlotSet("focus", facts.product_id), SlotSet("pending", pending)]


def _variant(facts: ProductFacts | None, variant_id: str | None) -> VariantFacts | None:
    variants = facts.variants if facts else ()
    return next((variant for variant in variants if variant.variant_id == variant_id), None)


def _pieces(cart: CartView | None, facts: ProductFacts, variant_id: str) -> int:
    """How many pieces of the product's variant are in the cart."""
    lines = cart.lines if cart else ()
    mine = (line for line in lines if line.product_id == facts.product_id)
    return next((line.quantity for line in mine if line.variant_id == variant_id), 0)


def _gone(turn: Turn) -> list[Event]:
    turn.say(Reply("utter_product_gone"))
    return [SlotSet("pending", None)]
