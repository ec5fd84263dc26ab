"""The cart's page and its forms, which work without a script."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator

from core.money import Money
from db.engine import read_session
from db.pricing import DeliveryRule
from db.reads.carts import CartView, open_cart
from db.reads.catalogue import product_of_variant
from db.writes.carts import (
    NotInCart,
    OutOfStock,
    PromotionRefused,
    UnknownVariant,
    add,
    apply_promotion,
    fit_to_stock,
    remove,
    remove_promotion,
    set_quantity,
)
from recommender.protocol import Surface
from services.cards import full_title
from web import tracking
from web.api.cart import get_cart
from web.carts import MAX_QUANTITY, promotion_problem, stock_problem
from web.fields import printable
from web.shop.cart_offers import cart_offers
from web.shop.product import product_page
from web.shop.recovery import RECOVERED_COOKIE, told_changes
from web.shop.tiles import go_together, page_cart, suggestion_tiles
from web.shop.visit import PageForm, Visit, back_to, page_visit, prefers_page
from web.wording import fill

router = APIRouter(include_in_schema=False)

GOES_WITH = 4

Key = Annotated[str, Form(max_length=64), AfterValidator(printable)]
Typed = Annotated[str, Form(max_length=40), AfterValidator(printable)]


def cart_page(
    visit: Visit,
    *,
    problem: str = "",
    code_problem: str = "",
    typed_code: str = "",
    status: int = 200,
) -> HTMLResponse:
    """The cart, with what went wrong if something did."""
    with read_session(visit.sessions) as session:
        cart = open_cart(session, visit.identity, now=visit.now)
    lifting = cart_offers(visit, cart)
    shown = (
        visit.suggest(Surface.CART, k=GOES_WITH, without=lifting.product_ids)
        if cart and cart.lines
        else []
    )
    with read_session(visit.sessions) as session:
        data = page_cart(cart, settings=visit.settings)
        if cart and cart.promotion_code and cart.promotion_refusal and not code_problem:
            code_problem = visit.words.problems.promotion_lost.format(code=cart.promotion_code)
        changes = told_changes(visit, session)
        response = visit.draw(
            session,
            "cart.html",
            status=status,
            cart=cart,
            problem=problem,
            short=_short_lines(visit, cart),
            code_problem=code_problem,
            typed_code=typed_code,
            gap_percent=_gap_percent(visit, cart),
            goes_with=suggestion_tiles(shown, settings=visit.settings, back="/cart"),
            together=go_together(shown),
            changes=changes,
            lifting=lifting,
            events=[tracking.cart_event("view_cart", data, currency=visit.settings.currency)]
            if data["lines"]
            else [],
        )
    if changes:
        response.delete_cookie(RECOVERED_COOKIE, path="/cart")
    return response


@router.get("/cart")
def cart(request: Request) -> Response:
    """The cart's page for a browser that asks for one, else the API's answer."""
    return cart_page(page_visit(request)) if prefers_page(request) else get_cart(request)


@router.post("/cart/add")
def add_form(
    visit: PageForm, variant_id: Key = "", quantity: Typed = "", back: str = Form("")
) -> Response:
    """Put a variant into the cart and show the cart."""
    words = visit.words.problems
    wanted = whole(quantity)
    try:
        if wanted is None or wanted < 1:
            raise ValueError(quantity)
        with visit.sessions.begin() as session:
            add(session, visit.identity, variant_id, wanted, now=visit.now)
    except ValueError:
        return _refused(visit, variant_id, words.quantity, status=422)
    except UnknownVariant:
        return _refused(visit, variant_id, words.unknown_variant, status=404)
    except OutOfStock as error:
        text = stock_problem(visit.words, error.available)
        return _refused(visit, variant_id, text, status=409)
    return visit.go(back_to(back, otherwise="/cart"), note="added")


@router.post("/cart/update")
def update_form(
    visit: PageForm, variant_id: Key = "", quantity: Typed = "typed", typed: Typed = ""
) -> Response:
    """Set a line's quantity: by a button's value, or as typed."""
    words = visit.words.problems
    wanted = whole(typed if quantity == "typed" else quantity)
    if wanted is None:
        return cart_page(visit, problem=words.quantity, status=422)
    try:
        with visit.sessions.begin() as session:
            set_quantity(session, visit.identity, variant_id, wanted, now=visit.now)
    except NotInCart:
        return cart_page(visit, problem=words.not_in_cart, status=404)
    except UnknownVariant:
        return cart_page(visit, problem=words.unknown_variant, status=404)
    except OutOfStock as error:
        return cart_page(visit, problem=stock_problem(visit.words, error.available), status=409)
    return visit.go("/cart", note="changed" if wanted else "removed")


@router.post("/cart/remove")
def remove_form(visit: PageForm, variant_id: Key = "") -> Response:
    """Take a line out; one that is gone already is no error."""
    try:
        with visit.sessions.begin() as session:
            remove(session, visit.identity, variant_id, now=visit.now)
    except NotInCart:
        return visit.go("/cart")
    return visit.go("/cart", note="removed")


@router.post("/cart/fit")
def fit_form(visit: PageForm) -> Response:
    """Take out what the shop cannot deliver, and on to the checkout with the rest."""
    with visit.sessions.begin() as session:
        cart = fit_to_stock(session, visit.identity, now=visit.now)
    return visit.go("/checkout" if cart and cart.lines else "/cart", note="fitted")


@router.post("/cart/code")
def code_form(
    visit: PageForm, code: Typed = "", take_off: Annotated[str, Form(max_length=1)] = ""
) -> Response:
    """Apply a promotion code or take it off; says why one does not apply."""
    if take_off:
        with visit.sessions.begin() as session:
            remove_promotion(session, visit.identity, now=visit.now)
        return visit.go("/cart", note="code_removed")
    if not code.strip():
        words = visit.words.problems
        return cart_page(visit, code_problem=words.code_missing, status=422)
    try:
        with visit.sessions.begin() as session:
            apply_promotion(session, visit.identity, code, now=visit.now)
    except PromotionRefused:
        text = promotion_problem(visit.request, visit.identity, code)
        return cart_page(visit, code_problem=text, typed_code=code, status=409)
    return visit.go("/cart", note="code_applied")


def whole(text: str) -> int | None:
    """A quantity from 0 to MAX_QUANTITY; None where the text is none."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if value <= MAX_QUANTITY else None


def _refused(visit: Visit, variant_id: str, problem: str, *, status: int) -> HTMLResponse:
    """The product's page again with the problem, or the cart's where there is no such product."""
    with read_session(visit.sessions) as session:
        product_id = product_of_variant(session, variant_id)
    if product_id is None:
        return cart_page(visit, problem=problem, status=status)
    return product_page(visit, product_id, variant_id=variant_id, problem=problem, status=status)


def _short_lines(visit: Visit, cart: CartView | None) -> list[str]:
    """What the shop cannot deliver any more, and what happens to it on the way to the checkout."""
    words = visit.words.cart.short
    return [
        fill(
            words.fewer if line.available else words.gone,
            title=full_title(line),
            n=line.available,
        )
        for line in (cart.short_lines if cart else ())
    ]


def _gap_percent(visit: Visit, cart: CartView | None) -> int:
    """How far the cart is on the way to free delivery, 0 to 100."""
    if cart is None or cart.free_delivery_gap is None:
        return 100
    goal: Money = DeliveryRule.of(visit.settings).free_from
    return round(100 * (1 - cart.free_delivery_gap.amount / max(1, goal.amount)))
