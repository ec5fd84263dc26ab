"""The link to a reader's own settings: why they were written to, where they may be, and a pause."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from sqlalchemy.orm import Session

from core.dates import day_text
from db.engine import read_session
from db.models import Channel, LinkPurpose
from nudges.links import Link
from nudges.preferences import PauseChoice, Preferences, preferences, save_preferences
from web.shop.link_page import LinkPage, LinkVisit
from web.wording import fill

router = APIRouter(include_in_schema=False)


@router.get("/n/preferences/{token}")
def show(page: LinkVisit, token: str) -> Response:
    """The settings and the reason; changes nothing."""
    with read_session(page.sessions) as session:
        return _page(page, session, page.open(session, token, LinkPurpose.PREFERENCES))


@router.post("/n/preferences/{token}")
def save(
    page: LinkVisit,
    token: str,
    channel: Annotated[list[Channel], Form()] = [],  # noqa: B006 FastAPI copies it
    pause: Annotated[PauseChoice, Form()] = PauseChoice.KEEP,
) -> Response:
    """Save them, and show them as they are stored."""
    with page.sessions.begin() as session:
        link = page.open(session, token, LinkPurpose.PREFERENCES)
        save_preferences(
            session, link, granted=channel, choice=pause, settings=page.settings, now=page.now
        )
    with read_session(page.sessions) as session:
        return _page(page, session, link, note=page.words.preferences.saved)


def _page(page: LinkPage, session: Session, link: Link, *, note: str = "") -> Response:
    found = preferences(session, link, settings=page.settings, now=page.now)
    words = page.words
    offered = [one for one in PauseChoice if one is not PauseChoice.END or found.paused]
    return page.draw(
        session,
        "preferences.html",
        note=note,
        why=_why(page, link, found),
        channels=[
            {"value": one.value, "title": getattr(page.pages.words.account.channels, one.value),
             "granted": granted}
            for one, granted in found.channels.items()
        ],
        paused=_paused(page, found),
        pauses=[
            {"value": one.value, "title": getattr(words.preferences.pauses, one.value)}
            for one in offered
        ],
    )  # fmt: skip


def _paused(page: LinkPage, found: Preferences) -> str:
    words = page.words.preferences
    if not found.paused:
        return ""
    if found.paused_until is None:
        return str(words.paused)
    return fill(words.paused_until, day=day_text(found.paused_until, page.settings))


def _why(page: LinkPage, link: Link, found: Preferences) -> list[str]:
    words, written = page.words.preferences, found.written
    if written is None:
        return [words.why_sending]
    values: dict[str, Any] = {
        "channel": page.channel_name(link),
        "day": day_text(written.at, page.settings),
    }
    if written.asked_at is not None:
        return [fill(words.why_asked, asked=day_text(written.asked_at, page.settings), **values)]
    most = max(page.request.app.state.nudge_policy.caps.per_cart, written.number)
    left = day_text(written.left_at, page.settings)
    told = [fill(words.why_left, left=left, number=written.number, most=most, **values)]
    if found.consent is not None:
        text = words.agreed if found.consent.granted else words.withdrawn
        values["day"] = day_text(found.consent.at, page.settings)
        told.append(fill(text, **values))
    return told
