"""The cart of whoever asks; every change is one event, and the answer is the committed cart."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from core.ids import new_id
from db.engine import read_session
from db.reads.carts import CartLineView, CartView, open_cart
from db.writes.carts import (
    NotInCart,
    OutOfStock,
    PromotionRefused,
    UnknownVariant,
    add,
    apply_promotion,
    clear,
    remove_promotion,
    set_quantity,
)
from services.cards import cart_json
from web import tracking
from web.api.schemas import CartAnswer
from web.carts import MAX_QUANTITY, promotion_problem, stock_problem
from web.fields import Key, PromotionCode
from web.identity import DOCUMENTED_SECURITY, CurrentIdentity, current_identity
from web.json import json_response
from web.problems import PROBLEM_RESPONSES, FieldError, Problem
from web.wording import words_of

router = APIRouter(
    tags=["cart"], prefix="/cart", responses=PROBLEM_RESPONSES, dependencies=DOCUMENTED_SECURITY
)

NOT_HERE: dict[int | str, dict[str, Any]] = {
    404: {"description": "The shop or the cart does not have it."}
}
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "Not possible now: out of stock, or the code does not apply."}
}


class NewLine(BaseModel):
    """Pieces of a variant to put in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"variant_id": "rain-jacket-blue-m", "quantity": 1}]}
    )

    variant_id: Key
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True)] = 1


class Quantity(BaseModel):
    """How many pieces a line holds from now on; 0 removes it."""

    quantity: Annotated[int, Field(ge=0, le=MAX_QUANTITY, strict=True)]


class Code(BaseModel):
    """A promotion code; null takes the one in force off."""

    code: PromotionCode | None


@router.get("", response_model=CartAnswer)
def get_cart(request: Request) -> Response:
    """The open cart at today's prices. A browser that asks for a page gets the cart's page."""
    identity, state = current_identity(request), request.app.state
    with read_session(state.sessions) as session:
        return _answer(request, open_cart(session, identity, now=state.clock.now()))


@router.post("/lines", status_code=201, response_model=CartAnswer, responses=NOT_HERE | CONFLICT)
def post_line(request: Request, identity: CurrentIdentity, line: NewLine) -> Response:
    """Put pieces of a variant into the cart."""
    state, event_id = request.app.state, new_id()
    try:
        with state.sessions.begin() as session:
            cart = add(
                session,
                identity,
                line.variant_id,
                line.quantity,
                now=state.clock.now(),
                event_id=event_id,
            )
    except UnknownVariant as error:
        raise _unknown(request) from error
    except OutOfStock as error:
        raise _out_of_stock(request, error) from error
    added = _event(_line(cart, line.variant_id), line.quantity, event_id)
    return _answer(request, cart, events=added, status=201)


@router.patch("/lines/{variant_id:path}", response_model=CartAnswer, responses=NOT_HERE | CONFLICT)
def patch_line(
    request: Request, identity: CurrentIdentity, variant_id: Key, line: Quantity
) -> Response:
    """Make a line hold exactly so many pieces."""
    return _set(request, identity, variant_id, line.quantity)


@router.delete("/lines/{variant_id:path}", response_model=CartAnswer, responses=NOT_HERE)
def delete_line(request: Request, identity: CurrentIdentity, variant_id: Key) -> Response:
    """Take a line out."""
    return _set(request, identity, variant_id, 0)


@router.delete("", response_model=CartAnswer)
def delete_cart(request: Request, identity: CurrentIdentity) -> Response:
    """Empty the cart."""
    state = request.app.state
    with state.sessions.begin() as session:
        cart = clear(session, identity, now=state.clock.now())
    return _answer(request, cart)


@router.post("/promotion", response_model=CartAnswer, responses=CONFLICT)
def post_promotion(request: Request, identity: CurrentIdentity, body: Code) -> Response:
    """Apply a promotion code, or take it off; a refusal says why."""
    state = request.app.state
    try:
        with state.sessions.begin() as session:
            now = state.clock.now()
            if body.code is None:
                cart = remove_promotion(session, identity, now=now)
            else:
                cart = apply_promotion(session, identity, body.code, now=now)
    except PromotionRefused as error:
        text = promotion_problem(request, identity, str(body.code))
        refusal = FieldError(field="code", message=error.reason.value)
        raise Problem(409, text, errors=[refusal]) from error
    return _answer(request, cart)


def _set(request: Request, identity: CurrentIdentity, variant_id: str, quantity: int) -> Response:
    state, event_id = request.app.state, new_id()
    now = state.clock.now()
    try:
        with state.sessions.begin() as session:
            before = _line(open_cart(session, identity, now=now), variant_id)
            cart = set_quantity(session, identity, variant_id, quantity, now=now, event_id=event_id)
    except NotInCart as error:
        raise Problem(404, words_of(request).problems.not_in_cart) from error
    except UnknownVariant as error:
        raise _unknown(request) from error
    except OutOfStock as error:
        raise _out_of_stock(request, error) from error
    more = quantity - (before.quantity if before else 0)
    return _answer(request, cart, events=_event(before, more, event_id))


def _event(line: CartLineView | None, more: int, event_id: str) -> list[dict[str, Any]]:
    """The GA4 event of a change by `more` pieces; none where nothing changed."""
    if line is None or more == 0:
        return []
    name = "add_to_cart" if more > 0 else "remove_from_cart"
    return [tracking.line_event(name, line, quantity=abs(more), event_id=event_id)]


def _line(cart: CartView | None, variant_id: str) -> CartLineView | None:
    lines = cart.lines if cart else ()
    return next((line for line in lines if line.variant_id == variant_id), None)


def _answer(
    request: Request,
    cart: CartView | None,
    *,
    events: list[dict[str, Any]] | None = None,
    status: int = 200,
) -> Response:
    data = {"cart": cart_json(cart, settings=request.app.state.settings), "events": events or []}
    return json_response(data, status=status)


def _unknown(request: Request) -> Problem:
    wrong = FieldError(field="variant_id", message="the shop sells no such variant")
    return Problem(404, words_of(request).problems.unknown_variant, errors=[wrong])


def _out_of_stock(request: Request, error: OutOfStock) -> Problem:
    wrong = FieldError(field="quantity", message=f"{error.available} in stock")
    text = stock_problem(words_of(request), error.available)
    return Problem(409, text, errors=[wrong])
