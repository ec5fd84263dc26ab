"""The link that ends reminders: GET asks, POST does it, in a browser or by one click (RFC 8058)."""

from fastapi import APIRouter, Response

from db.engine import read_session
from db.models import LinkPurpose
from nudges.unsubscribe import unsubscribe
from web.shop.link_page import LinkVisit

router = APIRouter(include_in_schema=False)


@router.get("/n/unsubscribe/{token}")
def ask(page: LinkVisit, token: str) -> Response:
    """Ask whether they mean it; changes nothing, since mail scanners open every link."""
    with read_session(page.sessions) as session:
        link = page.open(session, token, LinkPurpose.UNSUBSCRIBE)
        return page.draw(session, "unsubscribe.html", done=False, channel=page.channel_name(link))


@router.post("/n/unsubscribe/{token}")
def do(page: LinkVisit, token: str) -> Response:
    """End reminders on the message's channel; done once more, it changes nothing.

    The token alone allows it: a mail server that posts has no cookie. What the body says makes no
    difference, so it is not read.
    """
    with page.sessions.begin() as session:
        link = page.open(session, token, LinkPurpose.UNSUBSCRIBE)
        unsubscribe(session, link, now=page.now)
        return page.draw(session, "unsubscribe.html", done=True, channel=page.channel_name(link))
