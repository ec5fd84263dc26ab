"""The link that brings a left cart back: GET shows it, POST puts it into the browser's cart."""

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from db.engine import read_session
from db.models import LinkPurpose
from nudges.links import Link, open_link
from nudges.recovery import LeftCart, LineChange, left_cart, line_changes, restore, waiting_coupon
from services.cards import full_title, picture_url
from web.shop.link_page import LinkPage, LinkVisit
from web.shop.visit import PageForm, Visit
from web.wording import Words, fill

router = APIRouter(include_in_schema=False)

RECOVERED_COOKIE = "cartwright_recovered"
"""Holds the link's token on the way to the cart's page, which says what changed."""
SHOWN_SECONDS = 120


@router.get("/n/recover/{token}")
def show_cart(page: LinkVisit, token: str) -> Response:
    """The cart behind the link, and a button; a script presses it for whoever has one."""
    with read_session(page.sessions) as session:
        return _cart(page, session, page.open(session, token, LinkPurpose.RECOVER))


@router.post("/n/recover/{token}")
def bring_back(page: LinkVisit, visit: PageForm, token: str) -> Response:
    """Bring the cart back, and on to the cart's page."""
    with page.sessions.begin() as session:
        link = page.open(session, token, LinkPurpose.RECOVER)
        if not left_cart(session, link).lines:
            return _cart(page, session, link)
        restore(session, link, visit.identity, now=page.now)
    response = visit.go("/cart")
    response.set_cookie(
        RECOVERED_COOKIE,
        token,
        max_age=SHOWN_SECONDS,
        path="/cart",
        httponly=True,
        samesite="lax",
        secure=page.settings.web_url.startswith("https://"),
    )
    return response


def told_changes(visit: Visit, session: Session) -> list[str]:
    """What the cart's page says once after a recovery; empty where there was none just now."""
    token = visit.request.cookies.get(RECOVERED_COOKIE)
    link = open_link(session, token, LinkPurpose.RECOVER, now=visit.now) if token else None
    if link is None:
        return []
    words = visit.words.links.recover
    locale = visit.settings.locale
    changes = left_cart(session, link).changes
    told = [words.back, *(change_text(change, words, locale=locale) for change in changes)]
    elsewhere = visit.identity.person_id not in (None, link.person_id)
    if elsewhere and waiting_coupon(session, link, now=visit.now):
        told.append(words.coupon_waits)
    return told


def change_text(change: LineChange, words: Words, *, locale: str) -> str:
    """A change in words."""
    return fill(
        getattr(words.changes, change.kind.value),
        title=change.title,
        available=change.available,
        before=change.before.text(locale) if change.before else "",
        after=change.after.text(locale) if change.after else "",
    )


def _cart(page: LinkPage, session: Session, link: Link) -> Response:
    left = left_cart(session, link)
    return page.draw(session, "recover.html", ordered=left.ordered, lines=_lines(page, left))


def _lines(page: LinkPage, left: LeftCart) -> list[dict[str, Any]]:
    if left.ordered:
        return []
    words, locale = page.words.recover, page.settings.locale
    return [
        {
            "text": fill(words.piece, quantity=line.quantity, title=full_title(line)),
            "picture": picture_url(line.product_id, line.picture, colour=line.colour),
            "price": line.line_total.text(locale) if line.line_total else "",
            "changes": [change_text(one, words, locale=locale) for one in line_changes(line)],
        }
        for line in left.lines
    ]
