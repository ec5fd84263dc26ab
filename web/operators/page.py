"""One page for the shop's own people: what works on left carts, and how it is drawn."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from core.money import Money
from db.engine import read_session
from nudges.compose import Nudging, compose
from nudges.operators import OperatorWords
from web.operators.access import require_operator
from web.shop.page_request import PageRequest


class OperatorPage(PageRequest):
    """A request for such a page."""

    __slots__ = ()

    @property
    def words(self) -> OperatorWords:
        """The words of these pages and of `cartwright nudges`."""
        return OperatorWords.of(self.settings)

    def nudging(self) -> Nudging:
        """What works on left carts; made anew, as a channel's connection is for one thread."""
        return compose(self.settings, sessions=self.sessions, clock=self.request.app.state.clock)

    def money(self, amount: int | None) -> str:
        """An amount as the shop's people read it; nothing where there is none."""
        if amount is None:
            return ""
        return Money(self.settings.currency, amount).text(self.settings.locale)

    def draw(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page; no search engine lists it, and no other site learns its address."""
        with read_session(self.sessions) as session:
            front = self.pages.front(session, now=self.now)
        frame = {"shop": front, "o": self.words, "path": self.request.url.path}
        response = self.render(f"operators/{template}", frame | values, status=status)
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Robots-Tag"] = "noindex"
        return response


def operator_page(request: Request) -> OperatorPage:
    """The page behind a request of somebody who is signed in."""
    require_operator(request)
    return OperatorPage(request, request.app.state.clock.now())


OperatorVisit = Annotated[OperatorPage, Depends(operator_page)]
