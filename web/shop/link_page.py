"""Pages behind the links of messages: drawn without a visitor, a cart or any tracking.

The address holds a secret, so no script of the shop's pages runs here that would tell it on.
"""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from db.models import LinkPurpose
from nudges.links import Link, open_link
from web.shop.page_request import PageRequest
from web.shop.visit import PageMissing
from web.wording import Words


class LinkPage(PageRequest):
    """A request for such a page."""

    __slots__ = ()

    @property
    def words(self) -> Words:
        """The words of these pages."""
        words: Words = self.pages.words.links
        return words

    def open(self, session: Session, token: str, purpose: LinkPurpose) -> Link:
        """The link; raises PageMissing where the token is not good for this."""
        link = open_link(session, token, purpose, now=self.now)
        if link is None:
            raise PageMissing(self.words.dead)
        return link

    def channel_name(self, link: Link) -> str:
        """The way the message came, in words."""
        return str(getattr(self.words.channels, link.channel.value))

    def draw(self, session: Session, template: str, **values: Any) -> HTMLResponse:
        """The page."""
        front = {"shop": self.pages.front(session, now=self.now)}
        response = self.render(template, front | values)
        # Not "no-referrer": with it browsers send forms with `Origin: null`, which is refused.
        response.headers["Referrer-Policy"] = "same-origin"
        return response


def link_page(request: Request) -> LinkPage:
    """The page behind a request; who asks is not looked at."""
    return LinkPage(request, request.app.state.clock.now())


LinkVisit = Annotated[LinkPage, Depends(link_page)]
