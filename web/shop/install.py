"""Puts the storefront into the app."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from web.shop import (
    account,
    browse,
    cart,
    checkout,
    help,  # noqa: A004 a page
    mails,
    preferences,
    product,
    recovery,
    suggestions,
    unsubscribing,
)
from web.shop.render import STATIC, Pages
from web.shop.visit import error_page


def install(app: FastAPI) -> None:
    """The pages, their files, and pages for errors."""
    app.state.pages = Pages(app.state.settings, app.state.words)
    app.state.error_page = error_page
    for module in (
        browse,
        product,
        cart,
        checkout,
        account,
        suggestions,
        help,
        recovery,
        unsubscribing,
        mails,
        preferences,
    ):
        app.include_router(module.router)
    app.mount("/shop", StaticFiles(directory=STATIC))
