"""Who a browser is: new visitors, tokens for the chat, signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from core.identity import Identity, new_visitor
from core.ids import PUBLIC_ID
from db.engine import read_session
from db.reads.people import person_exists
from db.writes.visitors import StaleIdentityError, is_current, sign_in, sign_out
from web.identity import (
    COOKIE,
    DOCUMENTED_SECURITY,
    CurrentIdentity,
    ValidIdentity,
    own_origin,
    set_identity_cookie,
    sign,
)
from web.problems import PROBLEM_RESPONSES, FieldError, Problem

router = APIRouter(
    tags=["visitors"],
    responses=PROBLEM_RESPONSES,
    dependencies=[*DOCUMENTED_SECURITY, Depends(own_origin)],
)


class Token(BaseModel):
    """A signed identity token, and whose it is."""

    token: str
    visitor_id: str
    person_id: str | None


class ChatToken(BaseModel):
    """What the widget needs to open the chat socket."""

    token: str
    chat_url: str
    expires_in: int


class SignIn(BaseModel):
    """The demo shopper to be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"person_id": "demo-shopper-1"}]})

    person_id: Annotated[str, StringConstraints(pattern=f"^{PUBLIC_ID}$")]


@router.post("/visitors", status_code=201)
def post_visitors(request: Request, response: Response, known: ValidIdentity) -> Token:
    """A token for a new visitor; a caller who has a valid one gets it anew for the same visitor.

    One that is expired, forged or from before a sign-in counts as none. A visitor is stored with
    the first thing they do.
    """
    if known is not None:
        with read_session(request.app.state.sessions) as session:
            known = known if is_current(session, known) else None
    return _token(request, response, known or new_visitor())


@router.get("/chat/token")
def get_chat_token(request: Request, response: Response, identity: CurrentIdentity) -> ChatToken:
    """A fresh token for the chat socket; a browser's cookie is renewed with it."""
    state = request.app.state
    settings = state.settings
    with read_session(state.sessions) as session:
        if not is_current(session, identity):
            raise StaleIdentityError
    if COOKIE in request.cookies:
        set_identity_cookie(response, identity, settings=settings, now=state.clock.now())
    response.headers["Cache-Control"] = "no-store"
    return ChatToken(
        token=sign(identity, settings=settings, now=state.clock.now()),
        chat_url=settings.chat_url,
        expires_in=settings.token_hours * 3600,
    )


@router.post("/sign-in")
def post_sign_in(request: Request, response: Response, known: ValidIdentity, body: SignIn) -> Token:
    """Demo mode: become a demo shopper; what the visitor did and has in the cart comes along."""
    state = request.app.state
    if not state.settings.demo:
        raise Problem(403, "Signing in without a password exists in demo mode only.")
    with state.sessions.begin() as session:
        if not person_exists(session, body.person_id):
            unknown = FieldError(field="person_id", message="there is no such shopper")
            raise Problem(422, "person_id: there is no such shopper", errors=[unknown])
        identity = sign_in(session, known, body.person_id, now=state.clock.now())
    return _token(request, response, identity)


@router.post("/sign-out")
def post_sign_out(request: Request, response: Response, known: ValidIdentity) -> Token:
    """Forget who was here: the browser gets a new visitor."""
    with request.app.state.sessions.begin() as session:
        identity = sign_out(session, known)
    return _token(request, response, identity)


def _token(request: Request, response: Response, identity: Identity) -> Token:
    state = request.app.state
    token = set_identity_cookie(response, identity, settings=state.settings, now=state.clock.now())
    response.headers["Cache-Control"] = "no-store"
    return Token(token=token, visitor_id=identity.visitor_id, person_id=identity.person_id)
