"""One page view: who is looking, and how the page is drawn for them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from core.identity import Identity, new_visitor
from core.money import Money
from db.reads.carts import CartView, open_cart
from db.reads.catalogue import CategoryTerms, categories
from db.reads.people import person_name
from db.reads.promotions import running_promotions
from recommender.protocol import Surface
from services.suggest import ShownSuggestion, SuggestionService
from web import tracking
from web.identity import COOKIE, set_identity_cookie, valid_identity
from web.problems import Problem
from web.search import ShopSearch
from web.shop.page_request import PageRequest
from web.shop.render import Pages, content_security_policy
from web.shop.tiles import page_cart
from web.wording import Words, plural

NOTE_COOKIE = "cartwright_note"


class PageMissing(Problem):
    """There is no such page, or not for this visitor; `detail` is in the shop's words."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(404, detail)


@dataclass(frozen=True, slots=True)
class Visit(PageRequest):
    """A request for a page, by a visitor whose token was read or has just been made."""

    identity: Identity
    is_new: bool

    @property
    def words(self) -> Words:
        """The words of the pages."""
        return self.pages.words

    @property
    def search(self) -> ShopSearch:
        """The product search."""
        search: ShopSearch = self.request.app.state.search
        return search

    @property
    def here(self) -> str:
        """The address of this page, without the host."""
        url = self.request.url
        return f"{quote(url.path)}?{url.query}" if url.query else quote(url.path)

    def plural(self, forms: Words, n: int) -> str:
        """The form of a text that goes with the number."""
        return plural(forms, n, locale=self.settings.locale)

    def money(self, amount: int) -> str:
        """An amount of the shop's currency as a shopper reads it."""
        return Money(self.settings.currency, amount).text(self.settings.locale)

    def suggest(
        self,
        surface: Surface,
        *,
        k: int,
        anchor: str | None = None,
        among: Collection[str] | None = None,
        without: Collection[str] = (),
    ) -> list[ShownSuggestion]:
        """Suggestions for this visitor, of `among` only where given, and none of `without`.

        Stored as shown unless the visitor is new.
        """
        service: SuggestionService = self.request.app.state.suggestions
        with self.sessions.begin() as session:
            return service.suggest(
                session,
                self.identity,
                surface=surface,
                k=k,
                now=self.now,
                anchor=anchor,
                among=among,
                without=without,
                store=not self.is_new,
            )

    def list_event(self, name: str, tiles: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """The event that these products were shown together."""
        items = [tracking.item(tile, category=tile["category"]) for tile in tiles]
        currency = self.settings.currency
        return tracking.event("view_item_list", currency=currency, items=items, item_list_name=name)

    def draw(
        self,
        session: Session,
        template: str,
        *,
        status: int = 200,
        events: Sequence[dict[str, Any]] = (),
        shelves: Sequence[CategoryTerms] | None = None,
        cart: CartView | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """The page, with what is around it read in the same session.

        `shelves` and `cart` save reading them again where the page has them already.
        """
        shelves = categories(session) if shelves is None else shelves
        cart = open_cart(session, self.identity, now=self.now) if cart is None else cart
        running = running_promotions(session, now=self.now)
        note = self.request.cookies.get(NOTE_COOKIE, "")
        frame = {
            "shop": self.pages.front(session, now=self.now),
            "path": self.here,
            "categories": [shelf for shelf in shelves if shelf.parent_id is None],
            "cart": page_cart(cart, settings=self.settings),
            "person": self._person(session),
            "promotion": running[0] if running else None,
            "note": vars(self.words.notes).get(note, ""),
            "push": self._push,
            "page_data": self.pages.page_data(events, push=self._push),
        }
        response = self.render(template, frame | values, status=status)
        response.headers["Vary"] = "Accept, Cookie"
        if note:
            response.delete_cookie(NOTE_COOKIE)
        if self.is_new:
            self._remember(response, self.identity)
        return response

    def go(self, path: str, *, note: str = "") -> Response:
        """To another page of the shop after a form; `note` names what is said there."""
        response = RedirectResponse(path, status_code=303)
        if note:
            response.set_cookie(NOTE_COOKIE, note, max_age=60, httponly=True, samesite="lax")
        if self.is_new:
            self._remember(response, self.identity)
        return response

    def become(self, identity: Identity, path: str, *, note: str) -> Response:
        """Go on as somebody else: after signing in or out."""
        response = self.go(path, note=note)
        self._remember(response, identity)
        return response

    @property
    def _push(self) -> str | None:
        """Tells whoever is signed in from another to the page's script; None without push."""
        if self.settings.push_key is None or self.identity.person_id is None:
            return None
        who = f"{self.identity.visitor_id} {self.identity.person_id}"
        return sha256(who.encode()).hexdigest()[:16]

    def _remember(self, response: Response, identity: Identity) -> None:
        set_identity_cookie(response, identity, settings=self.settings, now=self.now)

    def _person(self, session: Session) -> dict[str, str] | None:
        if self.identity.person_id is None:
            return None
        name = person_name(session, self.identity.person_id)
        return {"name": name or str(self.words.site.account)}


def page_visit(request: Request) -> Visit:
    """The visit behind a request; a browser without a valid token becomes a new visitor.

    Nothing is stored of a new one until it does something: robots and health checks only look.
    """
    now: datetime = request.app.state.clock.now()
    known = valid_identity(request)
    return Visit(request, now, known or new_visitor(), is_new=known is None)


def error_page(request: Request, problem: Problem) -> Response:
    """A problem as a page, for a browser; needs no database, which may be what failed."""
    pages: Pages = request.app.state.pages
    words, status = pages.words, problem.document.status
    if status == 404:
        own = problem.document.detail if isinstance(problem, PageMissing) else ""
        heading, text = words.missing.title, own or words.missing.text
    elif status == 429:
        heading, text = words.too_many.title, words.too_many.text
    elif status >= 500:
        heading, text = words.failed.title, words.failed.text
    else:
        heading, text = words.refused.title, words.refused.text
    html = pages.draw("error.html", {"shop": pages.last_front(), "heading": heading, "text": text})
    response = HTMLResponse(html, status_code=status)
    response.headers["Content-Security-Policy"] = content_security_policy(pages.settings)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(problem.headers or {})
    if status == 401:
        response.delete_cookie(COOKIE)
    return response


def back_to(path: str, *, otherwise: str) -> str:
    """A path that a form named, if it is one of this shop's own pages."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if own and "\\" not in path else otherwise


def prefers_page(request: Request) -> bool:
    """Whether a browser asks for a page and not a script for data."""
    return "text/html" in request.headers.get("accept", "")


PageVisit = Annotated[Visit, Depends(page_visit)]
PageForm = PageVisit
"""For a form that changes something: `valid_identity` has refused a foreign origin already."""
