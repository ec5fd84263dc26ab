"""Questions about the shop, from its FAQ, and about a product, from the catalogue's facts."""

import re
from datetime import timedelta

from rasa_sdk.events import SlotSet

from actions.context import Shop
from actions.references import Referent, referent
from actions.reply import Claim, Reply, join
from actions.show import full_name, price, show_products, stock, title
from actions.skill import Event, Skill, Turn
from core.dates import day_text
from core.money import Money
from db.engine import read_session
from db.reads.carts import purchases
from db.reads.catalogue import ProductFacts, VariantFacts, product_facts
from services.faq import FaqAnswer
from services.product_facts import answer_from_facts

PRICE = re.compile(r"\b(?:price|cost|costs|how much(?! does it weigh)|expensive)\b", re.IGNORECASE)
STOCK = re.compile(r"\b(?:in stock|stock|available|sold out|left)\b", re.IGNORECASE)
SIZES = re.compile(r"\b(?:sizes?|fit me|come in (?:an? )?(?:xs|s|m|l|xl|\d+))\b", re.IGNORECASE)
POINTING = re.compile(r"\b(?:it|this|that|they|these|those)\b", re.IGNORECASE)
COLOURS = re.compile(r"\b(?:colou?rs?)\b", re.IGNORECASE)
# "in another colour?" asks what there is; the help page's words on exchanges are no answer to it.
OTHER_COLOUR = re.compile(
    r"\b(?:other|another|different|more|which|what) colou?rs?\b", re.IGNORECASE
)
MY_ORDER = re.compile(
    r"\b(?:wheres?|status|track\w*|sent|shipped|arriv\w*|come|on its way)\b.*"
    r"\b(?:order|parcel|package|shipment|delivery)\b"
    r"|\b(?:order|parcel|package|shipment|delivery)\b.*"
    r"\b(?:status|track\w*|sent|shipped|arriv\w*|come|came|on its way)\b",
    re.IGNORECASE,
)
MINE = re.compile(r"\b(?:my|our|the)\b", re.IGNORECASE)
# Only one's own orders tell these; "how do I track my parcel?" the help page answers as well.
WHEREABOUTS = re.compile(
    r"\bwhere(?:'s|s| is| are| did)? (?:my|our)\b|\bstatus of (?:my|our)\b"
    r"|\b(?:has|have|was|were) (?:my|our)\b",
    re.IGNORECASE,
)
RECENT = timedelta(days=90)


class Faq(Skill):
    """Answers from the shop's FAQ, naming the entry; says so where there is none."""

    action = "action_faq"

    def answer(self, turn: Turn) -> list[Event]:
        """The entry that fits, or "I don't know"; "is it waterproof?" is about a product."""
        with read_session(self.shop.sessions) as session:
            about_it = turn.values("feature") and POINTING.search(turn.text)
            if about_it or OTHER_COLOUR.search(turn.text):
                meant = referent(turn, session)
                if isinstance(meant, Referent):
                    return say_fact(self.shop, turn, meant)
            found = self.shop.faq.best(session, turn.text)
        if MY_ORDER.search(turn.text) and MINE.search(turn.text):
            known = self._say_latest_order(turn)
            if not known and turn.identity.person_id is None and WHEREABOUTS.search(turn.text):
                return []
        if found is None:
            turn.say(Reply("utter_faq_unknown"))
            return []
        say_faq(turn, found)
        return []

    def _say_latest_order(self, turn: Turn) -> bool:
        """What was ordered last, before the help page says how orders travel; whether any was."""
        until = turn.now + timedelta(seconds=1)
        with read_session(self.shop.sessions) as session:
            orders = purchases(session, turn.identity, since=turn.now - RECENT, until=until)
        if not orders:
            if turn.identity.person_id is None:
                turn.say(Reply("utter_sign_in_for_orders"))
            return False
        order = orders[0]
        turn.say(
            Reply(
                "utter_latest_order",
                day=Claim(
                    day_text(order.placed_at, self.shop.settings),
                    "orders",
                    order.order_id,
                    "placed_at",
                ),
                products=join(
                    (Claim(one.title, "products", one.product_id, "title") for one in order.lines),
                    ", ",
                ),
            )
        )
        return True


def say_faq(turn: Turn, found: FaqAnswer) -> None:
    """An FAQ entry's answer with its source."""
    turn.say(
        Reply(
            "utter_faq",
            answer=Claim(found.answer, "faq", found.id, "answer"),
            topic=Claim(found.topic, "faq", found.id, "topic"),
            question=Claim(found.question, "faq", found.id, "question"),
        )
    )


class ProductFact(Skill):
    """Answers "is it waterproof?", "how heavy is it?", "what does it cost?" from rows."""

    action = "action_product_fact"

    def answer(self, turn: Turn) -> list[Event]:
        """The fact, or that the catalogue does not say."""
        with read_session(self.shop.sessions) as session:
            meant = referent(turn, session)
        if isinstance(meant, Referent):
            return say_fact(self.shop, turn, meant)
        turn.say(Reply("utter_which_product"))
        return []


def say_fact(shop: Shop, turn: Turn, meant: Referent) -> list[Event]:
    """What the catalogue says to a question about the product meant."""
    with read_session(shop.sessions) as session:
        facts = product_facts(session, [meant.product_id], now=turn.now).get(meant.product_id)
    if facts is None or not facts.variants:
        turn.say(Reply("utter_product_gone"))
        return []
    turn.say(_answer(shop, turn, facts, _variant(facts, meant)))
    return [SlotSet("focus", facts.product_id)]


def _variant(facts: ProductFacts, meant: Referent) -> VariantFacts:
    shown = [variant for variant in facts.variants if variant.variant_id == meant.variant_id]
    return shown[0] if shown else facts.best_variant() or facts.variants[0]


def _answer(shop: Shop, turn: Turn, facts: ProductFacts, variant: VariantFacts) -> Reply:
    features = [str(value) for value in turn.values("feature")]
    text = turn.text
    if not features:
        if PRICE.search(text):
            return _price(shop, facts, variant)
        if SIZES.search(text) or turn.values("size"):
            return _options(facts, "size")
        if COLOURS.search(text) or turn.values("colour"):
            return _options(facts, "colour")
        if STOCK.search(text):
            return _stock(facts, variant)
    return _fact(shop, turn, facts, features, variant)


def _price(shop: Shop, facts: ProductFacts, variant: VariantFacts) -> Reply:
    amounts = {offered.price for offered in facts.variants}
    if len(amounts) == 1:
        return Reply("utter_fact_price", product=title(facts), price=price(shop, variant))
    low: Money = min(amounts, key=lambda amount: amount.amount)
    cheapest = next(offered for offered in facts.variants if offered.price == low)
    return Reply("utter_fact_price_from", product=title(facts), price=price(shop, cheapest))


def _stock(facts: ProductFacts, variant: VariantFacts) -> Reply:
    if variant.stock <= 0:
        return Reply("utter_sold_out", product=full_name(facts, variant))
    return Reply("utter_fact_stock", product=full_name(facts, variant), stock=stock(variant))


def sizes_in_stock(facts: ProductFacts) -> Reply:
    """The sizes of a product that can be bought now."""
    return _options(facts, "size")


def _options(facts: ProductFacts, what: str) -> Reply:
    """The sizes or colours in stock."""
    first: dict[str, Claim] = {}
    for variant in facts.variants:
        value = getattr(variant, what)
        if value and variant.stock > 0:
            first.setdefault(value, Claim(value, "variants", variant.variant_id, what))
    if not first:
        missing = all(getattr(variant, what) is None for variant in facts.variants)
        response = f"utter_fact_no_{what}" if missing else "utter_sold_out"
        return Reply(response, product=title(facts))
    return Reply(f"utter_fact_{what}s", product=title(facts), options=join(first.values(), ", "))


def _fact(
    shop: Shop, turn: Turn, facts: ProductFacts, features: list[str], variant: VariantFacts
) -> Reply:
    found = answer_from_facts(facts, turn.text, features, embedder=shop.search.embedder)
    name = Claim(found.name, "products", facts.product_id, found.column)
    if found.kind == "unknown":
        reply = Reply("utter_fact_unknown", product=title(facts))
        show_products(shop, reply, [(facts, variant)])
        return reply
    if found.kind in ("yes", "no"):
        return Reply(f"utter_fact_{found.kind}", product=title(facts), name=name)
    value = Claim(found.value, "products", facts.product_id, found.column)
    return Reply(f"utter_fact_{found.kind}", product=title(facts), name=name, value=value)
