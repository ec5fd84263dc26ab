"""Offers and coupons: what there is, using one, and why one does nothing."""

from rasa_sdk.events import SlotSet

from actions.context import Shop
from actions.reply import Claim, Reply
from actions.show import money, show_cart
from actions.skill import Event, Skill, Turn, without_nul
from actions.tapped import note_reminder
from core.dates import day_text
from core.money import Money
from db.engine import read_session
from db.pricing import PromotionTerms, Refusal
from db.writes import carts
from services.promotions import OFFERS_SHOWN, Offer, offer_for, offers
from services.top_up import least_short


class Promotions(Skill):
    """Lists the offers that run now."""

    action = "action_promotions"

    def answer(self, turn: Turn) -> list[Event]:
        """A table of offers, the shopper's own ones marked, and what each would do to the cart.

        A button for each that the cart meets; for one that lacks a little, one to get there.
        """
        with read_session(self.shop.sessions) as session:
            found = offers(session, turn.identity, settings=self.shop.settings, now=turn.now)
        running = [(o.terms, o) for o in found if o.terms is not None][:OFFERS_SHOWN]
        if not running:
            turn.say(Reply("utter_no_promotions"))
            return []
        reply = Reply("utter_promotions")
        rows, claims = [], []
        for terms, offer in running:
            row = [
                self._named(turn, terms),
                _code(terms),
                self._until(turn, terms),
                self._on_the_cart(turn, terms, offer),
            ]
            rows.append([cell.text if isinstance(cell, Claim) else cell for cell in row])
            claims += [cell for cell in row if isinstance(cell, Claim)]
            if offer.outcome.refusal is None:
                payload = f'/apply_coupon{{"coupon_code":"{terms.code}"}}'
                reply.button(turn.word("word_use_code", code=terms.code), payload)
        names = ("offer", "code", "until", "your_cart")
        reply.table([turn.word(f"word_column_{name}") for name in names], rows, claims)
        nearest = least_short(found)
        short = nearest.terms.code if nearest and nearest.terms else None
        if short is not None:
            reply.button(turn.word("word_top_up_to", code=short), "/ask_top_up")
        turn.say(reply)
        return [SlotSet("pending", {"kind": "coupon_minimum", "code": short} if short else None)]

    def _named(self, turn: Turn, terms: PromotionTerms) -> Claim:
        if terms.coupon is None:
            return _title(terms)
        text = turn.word("word_only_for_you", title=terms.title)
        return Claim(text, "promotions", terms.code, "title")

    def _on_the_cart(self, turn: Turn, terms: PromotionTerms, offer: Offer) -> Claim | str:
        outcome = offer.outcome
        if outcome.refusal is None:
            return turn.word("word_offer_works")
        if outcome.refusal is Refusal.MINIMUM and outcome.missing is not None:
            missing = outcome.missing.text(self.shop.settings.locale)
            text = turn.word("word_offer_minimum", missing=missing)
            return Claim(text, "promotions", terms.code, "minimum - carts.subtotal")
        if outcome.refusal is Refusal.CATEGORY:
            titles = self.shop.search.index.category_titles
            return turn.word(
                "word_offer_category", category=titles.get(terms.category_id or "", "")
            )
        if outcome.refusal is Refusal.EMPTY_CART:
            return turn.word("word_offer_empty_cart")
        return ""

    def _until(self, turn: Turn, terms: PromotionTerms) -> Claim | str:
        if terms.ends_at is None:
            return turn.word("word_no_end")
        day = day_text(terms.ends_at, self.shop.settings)
        return Claim(day, "promotions", terms.code, "ends_at")


class ApplyCoupon(Skill):
    """Puts a code on the cart."""

    action = "action_apply_coupon"

    def answer(self, turn: Turn) -> list[Event]:
        """Apply the code, or say why it does nothing."""
        note_reminder(self.shop, turn)
        code = turn.value("coupon_code")
        if not isinstance(code, str):
            turn.say(Reply("utter_coupon_which"))
            return []
        try:
            with self.shop.sessions.begin() as session:
                cart = carts.apply_promotion(session, turn.identity, code, now=turn.now)
        except carts.PromotionRefused:
            return explain(self.shop, turn, code)
        reply = Reply(
            "utter_coupon_applied",
            code=Claim(str(cart.promotion_code), "promotions", str(cart.promotion_code), "code"),
            discount=Claim(
                money(self.shop, cart.discount.amount, cart.discount.currency),
                "carts",
                cart.id,
                "discount",
            ),
            total=Claim(
                money(self.shop, cart.total.amount, cart.total.currency), "carts", cart.id, "total"
            ),
        )
        show_cart(self.shop, reply, cart)
        turn.say(reply)
        return []


class WhyNotCoupon(Skill):
    """Says why a code does nothing."""

    action = "action_why_not_coupon"

    def answer(self, turn: Turn) -> list[Event]:
        """Explain the code named, or the one named last."""
        code = turn.value("coupon_code") or _last_code(turn)
        if not isinstance(code, str):
            turn.say(Reply("utter_coupon_which"))
            return []
        return explain(self.shop, turn, code)


def explain(shop: Shop, turn: Turn, code: str) -> list[Event]:
    """Say what a code would do to the cart now, and what it lacks."""
    with read_session(shop.sessions) as session:
        offer = offer_for(session, turn.identity, code, settings=shop.settings, now=turn.now)
    reply = _explanation(shop, turn, code, offer)
    turn.say(reply)
    if offer.terms is not None and offer.outcome.refusal is Refusal.MINIMUM:
        return [SlotSet("pending", {"kind": "coupon_minimum", "code": offer.terms.code})]
    return [SlotSet("pending", None)]


def _explanation(shop: Shop, turn: Turn, code: str, offer: Offer) -> Reply:
    terms, outcome = offer.terms, offer.outcome
    if terms is None:
        said = Claim(code, "messages", turn.message_id, "text")
        return Reply("utter_coupon_unknown", code=said).button(
            turn.word("word_show_promotions"), "/ask_promotions"
        )
    response = f"utter_coupon_{outcome.refusal or 'fits'}"
    name, offer_title = _code(terms), _title(terms)
    match outcome.refusal:
        case Refusal.NOT_STARTED:
            return Reply(response, code=name, day=_day(shop, terms, "starts_at"))
        case Refusal.ENDED:
            return Reply(response, code=name, day=_day(shop, terms, "ends_at"))
        case Refusal.MINIMUM:
            missing = outcome.missing or Money(terms.minimum.currency, 0)
            reply = Reply(
                response,
                code=name,
                minimum=_amount(shop, terms.minimum, terms, "minimum"),
                missing=_amount(shop, missing, terms, "minimum - carts.subtotal"),
            )
            return reply.button(turn.word("word_top_up"), "/ask_top_up")
        case Refusal.CATEGORY:
            category = shop.search.index.category_titles.get(terms.category_id or "", "")
            return Reply(
                response,
                code=name,
                category=Claim(category, "categories", terms.category_id or "", "title"),
            )
        case None:
            payload = f'/apply_coupon{{"coupon_code":"{terms.code}"}}'
            reply = Reply(response, code=name, offer=offer_title)
            return reply.button(turn.word("word_use_code", code=terms.code), payload)
        case _:
            return Reply(response, code=name)


def _day(shop: Shop, terms: PromotionTerms, column: str) -> Claim:
    at = terms.starts_at if column == "starts_at" or terms.ends_at is None else terms.ends_at
    return Claim(day_text(at, shop.settings), "promotions", terms.code, column)


def _amount(shop: Shop, amount: Money, terms: PromotionTerms, column: str) -> Claim:
    return Claim(amount.text(shop.settings.locale), "promotions", terms.code, column)


def _title(terms: PromotionTerms) -> Claim:
    return Claim(terms.title, "promotions", terms.code, "title")


def _code(terms: PromotionTerms) -> Claim:
    return Claim(terms.code, "promotions", terms.code, "code")


def _last_code(turn: Turn) -> str | None:
    """The code that the shopper named last in this conversation."""
    for event in reversed(turn.tracker.events):
        if event.get("event") != "user":
            continue
        for entity in (event.get("parse_data") or {}).get("entities") or []:
            if entity.get("entity") == "coupon_code":
                return without_nul(str(entity.get("value")))
    return None
