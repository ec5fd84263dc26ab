"""The demo's mails: what was sent, as its reader sees it. Outside the demo there is no page."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from core.settings import Settings
from db.engine import read_session
from demo.mailbox import CaughtMail, Mailbox
from web.shop.mail_frame import framed
from web.shop.visit import PageMissing, PageVisit, Visit
from web.wording import fill

router = APIRouter(include_in_schema=False)


@router.get("/demo/mails")
def mails(visit: PageVisit) -> HTMLResponse:
    """All mails, newest first."""
    box = _mailbox(visit.settings)
    with read_session(visit.sessions) as session:
        shown = [_summary(visit, mail) for mail in box.newest()]
        return visit.draw(session, "mails.html", mails=shown, catches=visit.settings.catches_mail)


@router.get("/demo/mails/{key}")
def mail(visit: PageVisit, key: str) -> HTMLResponse:
    """One mail: drawn, as plain text, and its headers."""
    caught = _mail(visit.settings, key)
    with read_session(visit.sessions) as session:
        return visit.draw(session, "mail.html", mail=caught, about=_summary(visit, caught))


@router.get("/demo/mails/{key}/html")
def mail_html(visit: PageVisit, key: str) -> Response:
    """The HTML part, for the frame."""
    html = _mail(visit.settings, key).html
    if html is None:
        raise PageMissing
    return framed(html)


def _mailbox(settings: Settings) -> Mailbox:
    if not settings.demo:
        raise PageMissing
    return Mailbox(settings.mails_dir)


def _mail(settings: Settings, key: str) -> CaughtMail:
    found = _mailbox(settings).read(key)
    if found is None:
        raise PageMissing
    return found


def _summary(visit: Visit, mail: CaughtMail) -> dict[str, str]:
    words = visit.words.mails
    at = mail.caught_at.astimezone(visit.settings.zone)
    return {
        "key": mail.key,
        "subject": mail.header("Subject") or words.no_subject,
        "to": fill(words.to, to=mail.header("To")),
        "at": f"{at:%Y-%m-%d %H:%M}",
    }
