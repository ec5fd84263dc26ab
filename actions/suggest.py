"""Suggestions as cards with their reasons, what goes together, and a shopper's say in them."""

from collections.abc import Sequence
from typing import Any

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.context import Shop
from actions.references import OutOfRange, Referent, referent, shown_pairs
from actions.reply import Claim, Reply, Said
from actions.search import asked_of_the_thing_in_view, find
from actions.show import CARDS_SHOWN, show_products, title
from actions.skill import Event, Skill, Turn
from actions.understand import query_of
from actions.written import say_why_written
from db.engine import read_session
from db.models import FeedbackKind
from db.reads.carts import CartView, open_cart
from db.reads.catalogue import ProductFacts, VariantFacts, product_facts
from db.reads.nudges import last_written
from db.writes.feedback import give_feedback
from recommender.protocol import Surface
from services.promotions import offer_for
from services.suggest import ShownSuggestion
from services.top_up import Gap, closing, gap_of, gap_to
from services.why import Why, told_beyond


class Suggest(Skill):
    """Personal suggestions."""

    action = "action_suggest"

    def answer(self, turn: Turn) -> list[Event]:
        """Suggest for the shopper; where a kind of thing is named, search for it instead."""
        fact = asked_of_the_thing_in_view(self.shop, turn)
        if fact is not None:
            return fact
        query = query_of(turn)
        if query.has_conditions:
            return find(self.shop, turn, query)
        return say_suggestions(self.shop, turn, "utter_suggestions")


class GoesWith(Skill):
    """What goes with a product, or with what is in the cart."""

    action = "action_goes_with"

    def answer(self, turn: Turn) -> list[Event]:
        """Suggest around the product meant, else around the newest in the cart."""
        with read_session(self.shop.sessions) as session:
            meant = referent(turn, session)
            if meant is None or isinstance(meant, OutOfRange):
                meant = _newest_in_cart(session, turn)
            anchor = None
            if meant is not None:
                found = product_facts(session, [meant.product_id], now=turn.now)
                anchor = found.get(meant.product_id)
        if anchor is None:
            return say_suggestions(self.shop, turn, "utter_suggestions")
        events = say_suggestions(self.shop, turn, "utter_goes_with", anchor=anchor)
        return [*events, SlotSet("focus", anchor.product_id)]


class TopUp(Skill):
    """Something small that lifts the cart to free delivery or to a coupon's minimum."""

    action = "action_top_up"

    def answer(self, turn: Turn) -> list[Event]:
        """Show products that close the gap: what goes with the cart first, popular ones after."""
        with read_session(self.shop.sessions) as session:
            cart = open_cart(session, turn.identity, now=turn.now)
            if cart is None or not cart.lines:
                turn.say(Reply("utter_cart_empty"))
                return []
            code = turn.value("coupon_code") or _minimum_asked(turn)
            gap, response, claims = self._gap(session, turn, cart, code)
            if gap is None:
                turn.say(Reply(response, **claims))
                return []
            hits = closing(self.shop.search, session, turn.identity, gap, now=turn.now)
        with self.shop.sessions.begin() as session:
            shown = self.shop.suggestions.suggest(
                session,
                turn.identity,
                surface=Surface.CART,
                k=CARDS_SHOWN,
                now=turn.now,
                among=hits.keys(),
            )
        found = [(one, hits[one.product_id].facts, hits[one.product_id].variant) for one in shown]
        if not found:
            turn.say(Reply(f"{response}_nothing", **claims))
            return []
        return _say_found(self.shop, turn, Reply(response, **claims), found)

    def _gap(
        self, session: Session, turn: Turn, cart: CartView, code: str | None
    ) -> tuple[Gap | None, str, dict[str, Claim]]:
        """What is missing, the response that says so, and its values."""
        locale = self.shop.settings.locale
        if code:
            offer = offer_for(
                session, turn.identity, code, settings=self.shop.settings, now=turn.now
            )
            gap = gap_to(offer)
            if gap is not None and gap.terms is not None:
                name = gap.terms.code
                claims = {
                    "gap": Claim(
                        gap.missing.text(locale), "promotions", name, "minimum - carts.subtotal"
                    ),
                    "code": Claim(name, "promotions", name, "code"),
                }
                return gap, "utter_top_up_coupon", claims
        gap = gap_of(cart)
        if gap is None:
            return None, "utter_delivery_is_free", {}
        claim = Claim(gap.missing.text(locale), "carts", cart.id, "free_delivery_gap")
        return gap, "utter_top_up", {"gap": claim}


class WhyThis(Skill):
    """Why a product was suggested."""

    action = "action_why_this"

    def answer(self, turn: Turn) -> list[Event]:
        """The stored reason of its newest suggestion, and what is known beyond it."""
        with read_session(self.shop.sessions) as session:
            meant = _suggestion_meant(turn, session)
            if meant is None:
                return self._why_written(turn, session)
            facts = product_facts(session, [meant.product_id], now=turn.now).get(meant.product_id)
            suggestions = self.shop.suggestions
            why = suggestions.why(session, turn.identity, product_id=meant.product_id)
            beyond = Why()
            if why is not None:
                beyond = told_beyond(suggestions, session, turn.identity, why, now=turn.now)
        if facts is None:
            turn.say(Reply("utter_product_gone"))
            return []
        if why is None:
            turn.say(Reply("utter_not_suggested", product=title(facts)))
            return [SlotSet("focus", facts.product_id)]
        reply = _reason_reply(facts, why, beyond)
        reply.button(
            turn.word("word_not_interested"),
            f'/not_interested{{"product":"{facts.product_id}"}}',
        )
        turn.say(reply)
        return [SlotSet("focus", facts.product_id)]

    def _why_written(self, turn: Turn, session: Session) -> list[Event]:
        """Nothing was suggested: "why this?" may be about a reminder that came."""
        written = last_written(session, turn.identity)
        if written is None:
            turn.say(Reply("utter_which_product"))
        else:
            say_why_written(self.shop, turn, written)
        return []


def _reason_reply(facts: ProductFacts, why: ShownSuggestion, beyond: Why) -> Reply:
    row = ("suggestions", why.suggestion_id)
    reason = Claim(why.reason_text, *row, "reason")
    if not beyond.text:
        return Reply("utter_why_this", product=title(facts), reason=reason)
    claims = [
        Claim(text, "products", key, "title") for one in beyond for key, text in one.titles.items()
    ]
    if beyond.visits_alike is not None:
        claims.append(Claim(beyond.visits_alike.text, *row, "model_version"))
    more = Said(beyond.text, tuple(claims))
    return Reply("utter_why_this_more", product=title(facts), reason=reason, more=more)


class NotInterested(Skill):
    """Takes a product out of what is suggested from now on."""

    action = "action_not_interested"

    def answer(self, turn: Turn) -> list[Event]:
        """Store the shopper's word and say so."""
        with read_session(self.shop.sessions) as session:
            meant = _suggestion_meant(turn, session, only=True)
            if meant is None:
                turn.say(Reply("utter_which_product"))
                return []
            facts = product_facts(session, [meant.product_id], now=turn.now).get(meant.product_id)
        if facts is None:
            turn.say(Reply("utter_product_gone"))
            return []
        with self.shop.sessions.begin() as session:
            give_feedback(
                session,
                turn.identity,
                facts.product_id,
                FeedbackKind.NOT_INTERESTED,
                now=turn.now,
            )
        turn.say(Reply("utter_not_interested", product=title(facts)))
        return [SlotSet("focus", None)]


def say_suggestions(
    shop: Shop, turn: Turn, response: str, anchor: ProductFacts | None = None
) -> list[Event]:
    """Suggest, with the reason on each card; `anchor` is what they should go with."""
    with shop.sessions.begin() as session:
        shown = shop.suggestions.suggest(
            session,
            turn.identity,
            surface=Surface.CHAT,
            k=CARDS_SHOWN,
            now=turn.now,
            anchor=anchor.product_id if anchor else None,
        )
        found = _with_variant(shown)
    values = {"product": title(anchor)} if anchor else {}
    if not found:
        turn.say(Reply(f"{response}_nothing", **values))
        return []
    return _say_found(shop, turn, Reply(response, **values), found)


def _say_found(
    shop: Shop,
    turn: Turn,
    reply: Reply,
    found: Sequence[tuple[ShownSuggestion, ProductFacts, VariantFacts]],
) -> list[Event]:
    extras: list[dict[str, Any]] = []
    for suggestion, _, _ in found:
        reason = {"text": suggestion.reason_text, "kind": suggestion.reason.kind}
        extras.append({"reason": reason, "suggestion_id": suggestion.suggestion_id})
        reply.receipts(
            [Claim(suggestion.reason_text, "suggestions", suggestion.suggestion_id, "reason")]
        )
    pairs = [(facts, variant) for _, facts, variant in found]
    events = show_products(shop, reply, pairs, extras)
    turn.say(reply)
    return events


def _with_variant(
    shown: Sequence[ShownSuggestion],
) -> list[tuple[ShownSuggestion, ProductFacts, VariantFacts]]:
    found = []
    for suggestion in shown:
        product = suggestion.product
        variant = product.best_variant() if product else None
        if product is not None and variant is not None:
            found.append((suggestion, product, variant))
    return found


def _newest_in_cart(session: Session, turn: Turn) -> Referent | None:
    cart = open_cart(session, turn.identity, now=turn.now)
    if cart is None or not cart.lines:
        return None
    line = max(cart.lines, key=lambda item: item.updated_at)
    return Referent(line.product_id, line.variant_id)


def _suggestion_meant(turn: Turn, session: Session, *, only: bool = False) -> Referent | None:
    """The product meant, where what was talked about may be what the suggestions were for.

    Then the first shown is taken, or with `only` none unless a single one was shown.
    """
    meant = referent(turn, session)
    if isinstance(meant, OutOfRange):
        return None
    shown = shown_pairs(turn)
    named = meant is not None and meant.product_id in (turn.value("product"), turn.page_product)
    if not shown or named or (meant is not None and meant.product_id in dict(shown)):
        return meant
    return None if only and len(shown) > 1 else Referent(*shown[0])


def _minimum_asked(turn: Turn) -> str | None:
    """The coupon that the last answer said lacks something, if it did."""
    pending: dict[str, Any] = turn.slot("pending") or {}
    return pending.get("code") if pending.get("kind") == "coupon_minimum" else None
