"""`GET /health`: whether the process can do its work, part by part."""

from pathlib import Path
from typing import Literal

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from db.engine import SessionFactory, read_session
from db.models import Product
from nudges.heartbeat import pulse
from services.suggest import NO_MODEL, SuggestionService

log = structlog.get_logger()
router = APIRouter(tags=["health"])

WIDGET = Path(__file__).parent / "static" / "widget" / "widget.js"


class Part(BaseModel):
    """One part of the process. Without a `degraded` one the shop still works, but less well."""

    state: Literal["ok", "degraded", "down"]
    detail: str


class Health(BaseModel):
    """The worst part's state, and every part's."""

    state: Literal["ok", "degraded", "down"]
    parts: dict[str, Part]


@router.get("/health", responses={503: {"model": Health}})
def health(request: Request, response: Response) -> Health:
    """Each part's state; 503 where a part is down without which nothing works."""
    parts = {
        "database": _database(request.app.state.sessions),
        "recommender": _recommender(request),
        "widget": _widget(),
        "nudges": _nudges(request),
    }
    states = {part.state for part in parts.values()}
    state: Literal["ok", "degraded", "down"] = (
        "down" if "down" in states else "degraded" if "degraded" in states else "ok"
    )
    response.status_code = 503 if state == "down" else 200
    response.headers["Cache-Control"] = "no-store"
    return Health(state=state, parts=parts)


def _database(sessions: SessionFactory) -> Part:
    try:
        with read_session(sessions) as session:
            products = session.scalar(select(func.count()).select_from(Product))
    except SQLAlchemyError as error:
        log.error("the database does not answer", exc_info=error)
        return Part(state="down", detail="The database does not answer, or lacks its tables.")
    return Part(state="ok", detail=f"{products} products")


def _recommender(request: Request) -> Part:
    suggestions: SuggestionService = request.app.state.suggestions
    version = suggestions.model_version
    if version == NO_MODEL:
        return Part(state="degraded", detail="No model is trained: `cartwright train` makes one.")
    return Part(state="ok", detail=f"model {version}")


def _nudges(request: Request) -> Part:
    now = request.app.state.clock.now()
    try:
        with read_session(request.app.state.sessions) as session:
            last = pulse(session)
    except SQLAlchemyError:
        return Part(state="degraded", detail="Unknown: the database does not answer.")
    if last is None:
        return Part(state="degraded", detail="The scheduler has never run: `python -m nudges`.")
    if last.is_silent(now):
        return Part(state="degraded", detail=f"No sweep since {last.beat_at:%Y-%m-%d %H:%M} UTC.")
    if last.is_failing(now):
        since = f"{last.well_until:%Y-%m-%d %H:%M} UTC"
        return Part(state="degraded", detail=f"Sweeps fail: none has ended well since {since}.")
    return Part(state="ok", detail=f"last sweep {last.well_until:%Y-%m-%d %H:%M:%S} UTC")


def _widget() -> Part:
    if WIDGET.is_file():
        return Part(state="ok", detail="built")
    return Part(state="degraded", detail="The chat widget is not built: run `make widget`.")
