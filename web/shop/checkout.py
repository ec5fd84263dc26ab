"""Checkout: an address, a simulated payment, an order; a failure loses nothing."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from core.dates import day_text
from core.ids import new_id
from core.money import Money
from db.engine import read_session
from db.reads.carts import CartView, PurchaseLine, PurchaseView, open_cart, purchase
from db.writes.carts import OutOfStock, UnknownVariant
from db.writes.orders import CouponGone, EmptyCart, place
from web import tracking
from web.shop.cart import cart_page
from web.shop.payment import TEST_CARDS, PaymentCard, pay
from web.shop.tiles import page_cart
from web.shop.visit import PageForm, PageMissing, PageVisit, Visit
from web.wording import as_dict

router = APIRouter(include_in_schema=False)

MAX_FIELD = 254
FRESH = timedelta(minutes=10)
KEPT = ("name", "email", "street", "postcode", "city", "country")
SECRET = ("card_number", "card_expiry", "card_code")


class CheckoutForm(BaseModel):
    """What the form sends; a field that is not sent is empty, and said to be on the page."""

    model_config = ConfigDict(str_max_length=MAX_FIELD, hide_input_in_errors=True)

    name: str = ""
    email: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    card_number: str = ""
    card_expiry: str = ""
    card_code: str = ""
    seen_total: str = ""

    def problems(self, *, countries: set[str], now: datetime) -> set[str]:
        """The fields that must be filled in again."""
        found = {name for name in KEPT if not getattr(self, name).strip()}
        local, at, domain = self.email.strip().rpartition("@")
        if not (at and local and "." in domain.strip(".") and " " not in self.email.strip()):
            found.add("email")
        if self.country not in countries:
            found.add("country")
        return found | self.card().problems(now=now)

    def card(self) -> PaymentCard:
        """The card."""
        return PaymentCard(self.card_number, self.card_expiry, self.card_code)


@router.get("/checkout")
def checkout(visit: PageVisit) -> Response:
    """The form; back to the cart where there is nothing to pay."""
    with read_session(visit.sessions) as session:
        cart = open_cart(session, visit.identity, now=visit.now)
    if cart is None or not cart.lines:
        return visit.go("/cart")
    if cart.short_lines:
        return cart_page(visit, problem=visit.words.checkout.problem.stock, status=409)
    return _page(visit, CheckoutForm(country=_home_country(visit)), step="begin_checkout")


@router.post("/checkout")
def pay_form(visit: PageForm, form: Annotated[CheckoutForm, Form()]) -> Response:
    """Check the fields, pay, order: in that order, so that nothing is paid that is not ordered."""
    words = visit.words.checkout
    with read_session(visit.sessions) as session:
        cart = open_cart(session, visit.identity, now=visit.now)
    if cart is None or not cart.lines:
        return cart_page(visit, problem=words.problem.empty, status=409)
    if cart.short_lines:
        return cart_page(visit, problem=words.problem.stock, status=409)
    problems = form.problems(countries=set(as_dict(words.countries)), now=visit.now)
    if problems:
        return _page(visit, form, problems=problems, status=422)
    if form.seen_total != str(cart.total.amount):
        return _page(visit, form, problem=_total_changed(visit, form, cart), status=409)
    decline = pay(form.card())
    if decline is not None:
        problem = getattr(words.problem, decline.value)
        return _page(visit, form, problem=problem, status=402, step="add_payment_info")
    event_id = new_id()
    try:
        with visit.sessions.begin() as session:
            order = place(session, visit.identity, now=visit.now, event_id=event_id)
    except EmptyCart:
        return cart_page(visit, problem=words.problem.empty, status=409)
    except (OutOfStock, UnknownVariant):
        return cart_page(visit, problem=words.problem.stock, status=409)
    except CouponGone:
        return cart_page(visit, status=409)
    return visit.go(f"/orders/{order.order_id}?placed={event_id}")


@router.get("/orders/{order_id}")
def order(visit: PageVisit, order_id: str) -> HTMLResponse:
    """One of the visitor's own orders; anybody else's is as missing as one that never was."""
    event_id = visit.request.query_params.get("placed", "")
    with read_session(visit.sessions) as session:
        found = purchase(session, visit.identity, order_id)
        if found is None:
            raise PageMissing
        fresh = bool(event_id) and visit.now - found.placed_at < FRESH
        return visit.draw(
            session,
            "order.html",
            order=order_values(visit, found),
            fresh=fresh,
            events=[_purchase_event(visit, found, event_id)] if fresh else [],
        )


def order_values(visit: Visit, order: PurchaseView) -> dict[str, Any]:
    """An order as its page shows it."""
    locale = visit.settings.locale

    def text(money: Money | None) -> str:
        return money.text(locale) if money else ""

    return {
        "id": order.transaction_id or order.order_id[:10],
        "key": order.order_id,
        "date": day_text(order.placed_at, visit.settings, length="medium"),
        "titles": ", ".join(line.title for line in order.lines),
        "total": text(order.total),
        "discount": text(order.discount) if order.discount and order.discount.amount else "",
        "delivery": text(order.delivery) if order.delivery and order.delivery.amount else "",
        "lines": [
            {
                "product_id": line.product_id,
                "title": line.title,
                "options": " · ".join(part for part in (line.colour, line.size) if part),
                "quantity": line.quantity,
                "refunded": refund_text(visit, line),
                "total": text(line.unit * line.quantity if line.unit else None),
            }
            for line in order.lines
        ],
    }


def refund_text(visit: Visit, line: PurchaseLine) -> str:
    """Whether a line was refunded, in words; empty where it was not."""
    words = visit.words.order
    if not line.refunded:
        return ""
    return str(words.refunded if line.refunded == line.quantity else words.partly_refunded)


def _page(
    visit: Visit,
    form: CheckoutForm,
    *,
    problems: set[str] | None = None,
    problem: str = "",
    status: int = 200,
    step: str = "",
) -> HTMLResponse:
    """The form with what was typed, the card's fields always empty but its number's place."""
    words = visit.words.checkout
    kept = {name: getattr(form, name) for name in KEPT} | dict.fromkeys(SECRET, "")
    with read_session(visit.sessions) as session:
        cart = page_cart(open_cart(session, visit.identity, now=visit.now), settings=visit.settings)
        events = [tracking.cart_event(step, cart, currency=visit.settings.currency)] if step else []
        return visit.draw(
            session,
            "checkout.html",
            status=status,
            form=kept,
            problem=problem,
            problems={name: getattr(words.invalid, name) for name in problems or ()},
            countries=sorted(as_dict(words.countries).items(), key=lambda pair: pair[1]),
            test_cards=[
                {"number": number, "text": getattr(words.cards, decline.value)}
                for decline, number in TEST_CARDS.items()
            ],
            events=events,
        )


def _total_changed(visit: Visit, form: CheckoutForm, cart: CartView) -> str:
    words = visit.words.checkout.problem
    seen = form.seen_total
    before = visit.money(int(seen)) if seen.isascii() and seen.isdigit() and len(seen) < 12 else "?"
    return str(words.changed.format(before=before, after=cart.total.text(visit.settings.locale)))


def _home_country(visit: Visit) -> str:
    """The country first offered: that of the shop's own zone, where the form has it."""
    from babel.core import get_global

    territory = str(get_global("zone_territories").get(visit.settings.time_zone, ""))
    return territory if territory in as_dict(visit.words.checkout.countries) else ""


def _purchase_event(visit: Visit, order: PurchaseView, event_id: str) -> dict[str, Any]:
    locale_free = {"transaction_id": order.transaction_id, "coupon": order.promotion_code}
    if order.total:
        locale_free["value"] = float(order.total.major())  # type: ignore[assignment]  # GA4 takes numbers
    return tracking.event(
        "purchase",
        currency=order.total.currency if order.total else visit.settings.currency,
        event_id=event_id,
        items=[
            {
                "item_id": line.product_id,
                "item_variant": line.variant_id,
                "item_name": line.title,
                "quantity": line.quantity,
                **({"price": float(line.unit.major())} if line.unit else {}),
            }
            for line in order.lines
        ],
        **{key: value for key, value in locale_free.items() if value is not None},
    )
