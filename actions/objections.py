"""What keeps a shopper from buying what they left: answered usefully, and remembered.

Each answer is stored as a reply, which the decision about their next reminder reads.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.context import Shop
from actions.questions import say_faq, sizes_in_stock
from actions.references import Referent, referent, shown_pairs
from actions.reply import Claim, Reply
from actions.search import find_beyond_shown
from actions.show import CARDS_SHOWN, show_hits, title
from actions.skill import CHAT, Event, Skill, Turn
from actions.suggest import TopUp
from core.dates import day_text
from db.engine import read_session
from db.models import ReplyKind
from db.reads.carts import CartView, open_cart
from db.reads.catalogue import ProductFacts, product_facts
from db.writes.replies import record_reply
from services.search import Hit

# Longer than the stages of one abandonment last, so "just looking" ends them.
LOOKING_QUIET = timedelta(days=7)
# Enough that the cheaper ones among the most alike fill an answer.
ALIKE_LOOKED_AT = 60


class TooExpensive(Skill):
    """Something like it for less; where a search is in view, its cheaper results."""

    action = "action_too_expensive"

    def answer(self, turn: Turn) -> list[Event]:
        """Show cheaper ones like the one meant, and remember that the price was the trouble."""
        remember(self.shop, turn, ReplyKind.TOO_EXPENSIVE)
        with read_session(self.shop.sessions) as session:
            cart = open_cart(session, turn.identity, now=turn.now)
            meant = None if _search_in_view(turn, cart) else _meant(turn, session, cart)
            facts = _facts(session, meant, now=turn.now)
            if facts is not None:
                cheaper = self._cheaper_like(session, turn, facts, meant)
        if facts is None:
            return find_beyond_shown(self.shop, turn, cheaper=True)
        if not cheaper:
            reply = Reply("utter_cheaper_none", product=title(facts))
            reply.button(turn.word("word_show_promotions"), "/ask_promotions")
            turn.say(reply)
            return [SlotSet("focus", facts.product_id)]
        reply = Reply("utter_cheaper", product=title(facts))
        events = show_hits(self.shop, reply, cheaper)
        turn.say(reply)
        return events

    def _cheaper_like(
        self, session: Session, turn: Turn, facts: ProductFacts, meant: Referent | None
    ) -> Sequence[Hit]:
        offered = [v for v in facts.variants if meant and v.variant_id == meant.variant_id]
        variant = offered[0] if offered else facts.best_variant()
        if variant is None:
            return ()
        alike = self.shop.search.alike(
            session, facts.product_id, limit=ALIKE_LOOKED_AT, now=turn.now
        )
        found = [hit for hit in alike if hit.variant.price.amount < variant.price.amount]
        return found[:CARDS_SHOWN]


class DeliveryCost(Skill):
    """What would make delivery free."""

    action = "action_delivery_cost"

    def answer(self, turn: Turn) -> list[Event]:
        """What goes with the cart and closes the gap; the delivery terms where it is empty."""
        remember(self.shop, turn, ReplyKind.DELIVERY_COST)
        with read_session(self.shop.sessions) as session:
            cart = open_cart(session, turn.identity, now=turn.now)
            terms = self.shop.faq.best(session, turn.word("word_ask_delivery_terms"))
        if cart is not None and cart.lines:
            return TopUp(self.shop).answer(turn)
        if terms is None:
            turn.say(Reply("utter_faq_unknown"))
        else:
            say_faq(turn, terms)
        return []


class SizeDoubt(Skill):
    """Help with the size of the thing meant."""

    action = "action_size_doubt"

    def answer(self, turn: Turn) -> list[Event]:
        """The sizes in stock, and what the help page says of finding one's size."""
        remember(self.shop, turn, ReplyKind.SIZE_DOUBT)
        with read_session(self.shop.sessions) as session:
            cart = open_cart(session, turn.identity, now=turn.now)
            facts = _facts(session, _meant(turn, session, cart, sized=True), now=turn.now)
            about = facts.category_title if facts and facts.category_title else ""
            guide = self.shop.faq.best(
                session, f"{about} {turn.word('word_ask_size_guide')}".strip()
            )
        if facts is not None:
            turn.say(sizes_in_stock(facts))
        if guide is not None and (facts is None or any(v.size for v in facts.variants)):
            say_faq(turn, guide)
        elif facts is None:
            turn.say(Reply("utter_which_product"))
        return [SlotSet("focus", facts.product_id)] if facts else []


class JustLooking(Skill):
    """Peace for whoever is only looking around."""

    action = "action_just_looking"

    def answer(self, turn: Turn) -> list[Event]:
        """No more about this cart for a while."""
        until = remember(
            self.shop, turn, ReplyKind.JUST_LOOKING, quiet_until=turn.now + LOOKING_QUIET
        )
        if until is None:
            turn.say(Reply("utter_just_looking"))
        else:
            turn.say(Reply("utter_just_looking_quiet", day=self._day(until, turn)))
        return [SlotSet("pending", None)]

    def _day(self, until: datetime, turn: Turn) -> Claim:
        text = day_text(until, self.shop.settings)
        return Claim(text, "pauses", turn.identity.conversation_id, "until")


class BoughtElsewhere(Skill):
    """The end of this abandonment: they have what they wanted."""

    action = "action_bought_elsewhere"

    def answer(self, turn: Turn) -> list[Event]:
        """No more about what was left, and an offer to empty the cart."""
        # By then what was left is too old to be written about at all.
        over = turn.now + self.shop.nudge_policy.max_age
        until = remember(self.shop, turn, ReplyKind.BOUGHT_ELSEWHERE, quiet_until=over)
        if until is None:
            turn.say(Reply("utter_bought_elsewhere"))
            return []
        reply = Reply("utter_bought_elsewhere_quiet")
        reply.button(turn.word("word_empty_cart"), "/clear_cart")
        turn.say(reply)
        return [SlotSet("pending", None)]


def remember(
    shop: Shop, turn: Turn, kind: ReplyKind, *, quiet_until: datetime | None = None
) -> datetime | None:
    """Store what was said; returns until when it is quiet about the cart, if it is."""
    with shop.sessions.begin() as session:
        return record_reply(
            session, turn.identity, kind, quiet_until=quiet_until, source=CHAT, now=turn.now
        )


def _search_in_view(turn: Turn, cart: CartView | None) -> bool:
    """Whether several results are shown that "too expensive" is about, and not the cart."""
    shown = {product for product, _ in shown_pairs(turn)}
    in_cart = {line.product_id for line in cart.lines} if cart else set()
    return len(shown) > 1 and not turn.slot("focus") and not shown <= in_cart


def _meant(
    turn: Turn, session: Session, cart: CartView | None, *, sized: bool = False
) -> Referent | None:
    """The product pointed at, else the dearest line of the cart; with `sized` one with sizes."""
    pointed = referent(turn, session)
    if isinstance(pointed, Referent):
        return pointed
    lines = [line for line in (cart.lines if cart else ()) if line.unit is not None]
    if sized:
        lines = [line for line in lines if line.size] or lines
    dearest = max(lines, key=lambda line: line.unit.amount if line.unit else 0, default=None)
    return Referent(dearest.product_id, dearest.variant_id) if dearest else None


def _facts(session: Session, meant: Referent | None, *, now: datetime) -> ProductFacts | None:
    if meant is None:
        return None
    return product_facts(session, [meant.product_id], now=now).get(meant.product_id)
