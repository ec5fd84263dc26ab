"""Signing in to the operators' pages with their secret, and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from web.identity import own_origin
from web.operators.access import HOME, operator_secret, sign_in, sign_out
from web.operators.page import OperatorPage
from web.shop.visit import back_to

router = APIRouter(include_in_schema=False)


@router.post("/operators/sign-in")
def enter(
    request: Request,
    secret: Annotated[str, Form(max_length=200)] = "",
    back: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Go on to the page that was asked for, or ask again."""
    operator_secret(request)
    own_origin(request)
    there = back_to(back, otherwise=HOME)
    response = RedirectResponse(there if there.startswith(HOME) else HOME, status_code=303)
    if sign_in(request, response, secret):
        return response
    return sign_in_page(request, back=back, wrong=True)


@router.post("/operators/sign-out")
def leave(request: Request) -> Response:
    """Forget this browser."""
    operator_secret(request)
    own_origin(request)
    response = RedirectResponse(HOME, status_code=303)
    sign_out(response)
    return response


def sign_in_page(request: Request, *, back: str = "", wrong: bool = False) -> Response:
    """The form, in place of a page that only somebody of the shop may see."""
    page = OperatorPage(request, request.app.state.clock.now())
    return page.draw("sign_in.html", status=401, back=back or request.url.path, wrong=wrong)
