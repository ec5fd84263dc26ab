"""`POST /feedback`: a shopper's word on a product or a suggestion."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from db.models import FeedbackKind
from db.reads.catalogue import product_facts
from db.writes.feedback import UnknownSuggestion, give_feedback
from web.fields import Key, PublicKey
from web.identity import DOCUMENTED_SECURITY, CurrentIdentity
from web.problems import PROBLEM_RESPONSES, FieldError, Problem

router = APIRouter(tags=["feedback"], responses=PROBLEM_RESPONSES, dependencies=DOCUMENTED_SECURITY)


class FeedbackIn(BaseModel):
    """What is said of which product, and of which suggestion of it if of one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "not_interested", "product_id": "rain-jacket"}]}
    )

    kind: FeedbackKind
    product_id: Key
    suggestion_id: PublicKey | None = None


@router.post("/feedback", status_code=204, response_class=Response)
def post_feedback(request: Request, identity: CurrentIdentity, body: FeedbackIn) -> None:
    """Store it; the newest word on a product counts, and suggestions follow it at once."""
    state = request.app.state
    now = state.clock.now()
    try:
        with state.sessions.begin() as session:
            if not product_facts(session, [body.product_id], now=now):
                raise _wrong("product_id", "the shop has no such product")
            give_feedback(
                session,
                identity,
                body.product_id,
                body.kind,
                now=now,
                suggestion_id=body.suggestion_id,
            )
    except UnknownSuggestion as error:
        raise _wrong("suggestion_id", "no such suggestion was shown to you") from error


def _wrong(field: str, message: str) -> Problem:
    return Problem(422, f"{field}: {message}", errors=[FieldError(field=field, message=message)])
