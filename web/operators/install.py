"""Puts the operators' pages into the app."""

from fastapi import FastAPI, Request, Response

from web.operators import carts, signing_in, statistics
from web.operators.access import SignInNeededError


def install(app: FastAPI) -> None:
    """The pages; who is not signed in gets the form in their place."""
    for module in (signing_in, carts, statistics):
        app.include_router(module.router)
    app.add_exception_handler(SignInNeededError, _ask)


def _ask(request: Request, _: Exception) -> Response:
    return signing_in.sign_in_page(request)
