"""The reminders of a shopper's chat: what the widget shows, and its word that it did."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from nudges.channels.chat import acknowledge, content, messages_for
from web.fields import PublicKey
from web.identity import DOCUMENTED_SECURITY, CurrentIdentity
from web.json import json_response
from web.problems import PROBLEM_RESPONSES, Problem

router = APIRouter(
    tags=["chat"],
    prefix="/chat/reminders",
    responses=PROBLEM_RESPONSES,
    dependencies=DOCUMENTED_SECURITY,
)


class ChatReminders(BaseModel):
    """Messages as the chat socket sends them, each with `shown`: whether it was seen before."""

    messages: list[dict[str, Any]]


@router.get("", response_model=ChatReminders)
def get_reminders(request: Request, identity: CurrentIdentity) -> Response:
    """What was written to this shopper's chat in the last days and is still of use."""
    state = request.app.state
    with state.sessions.begin() as session:
        rows = messages_for(session, identity, settings=state.settings, now=state.clock.now())
        messages = [
            {
                **content(row),
                "id": row.nudge_id,
                "from": "bot",
                "at": row.created_at.isoformat(),
                "shown": row.delivered_at is not None,
            }
            for row in rows
        ]
    return json_response({"messages": messages})


@router.post("/{nudge_id}/shown", status_code=204)
def post_shown(request: Request, identity: CurrentIdentity, nudge_id: PublicKey) -> Response:
    """The widget showed it; once more changes nothing."""
    state = request.app.state
    with state.sessions.begin() as session:
        if not acknowledge(session, identity, nudge_id, now=state.clock.now()):
            raise Problem(404, "There is no such reminder of this shopper's.")
    return Response(status_code=204)
