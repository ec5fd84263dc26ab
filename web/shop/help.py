"""Delivery and help: what the shop is asked most, from the same rows the assistant answers from."""

from itertools import groupby

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from db.engine import read_session
from db.models import FaqEntry
from web.shop.visit import PageVisit

router = APIRouter(include_in_schema=False)


@router.get("/help")
def help_page(visit: PageVisit) -> HTMLResponse:
    """Questions and answers by topic, and what this shop is."""
    with read_session(visit.sessions) as session:
        rows = session.scalars(select(FaqEntry).order_by(FaqEntry.topic, FaqEntry.id)).all()
        topics = [
            {"title": topic, "entries": list(entries)}
            for topic, entries in groupby(rows, key=lambda entry: entry.topic)
        ]
        return visit.draw(session, "help.html", topics=topics)
