"""Who is asking: a signed token as a bearer, or in the cookie of the shop's own pages.

A cookie is sent by the browser whoever wrote the page, so a write that rests on it must come from
one of the shop's own origins.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer

from core.clock import Clock
from core.identity import Identity, InvalidTokenError, issue_token, read_token
from core.ids import PUBLIC_ID
from core.settings import Settings
from web.problems import Problem

COOKIE = "cartwright_token"
_ID = re.compile(PUBLIC_ID + r"\Z")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def valid_identity(request: Request) -> Identity | None:
    """The identity that the request proves, if any; a token that is not valid counts as none.

    For what gives a browser an identity: one with an expired token could never get another.
    Raises Problem 403 for a write with a cookie from a foreign origin.
    """
    try:
        return _read(request)
    except InvalidTokenError:
        return None


def current_identity(request: Request) -> Identity:
    """The identity that the request proves.

    Raises Problem 401 where it proves none, or the token is forged, malformed or expired; 403 for
    a write with a cookie from a foreign origin.
    """
    try:
        identity = _read(request)
    except InvalidTokenError as error:
        raise _unauthorised(f"The token is not valid: {error}.") from error
    if identity is None:
        raise _unauthorised("Send a token as bearer or cookie; POST /visitors gives one.")
    return identity


def sign(identity: Identity, *, settings: Settings, now: datetime) -> str:
    """A freshly signed token for the identity."""
    lifetime = timedelta(hours=settings.token_hours)
    return issue_token(identity, secret=settings.secret, now=now, lifetime=lifetime)


def set_identity_cookie(
    response: Response, identity: Identity, *, settings: Settings, now: datetime
) -> str:
    """Sign a token for the identity, keep it in the browser's cookie, and return it."""
    token = sign(identity, settings=settings, now=now)
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.token_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=settings.web_url.startswith("https://"),
    )
    return token


def own_origin(request: Request) -> None:
    """Refuse a write that a page of a foreign origin makes; raises Problem 403.

    For writes that rest on a cookie, or set one.
    """
    origin = request.headers.get("origin")
    if request.method in _SAFE_METHODS or origin is None:
        return
    settings: Settings = request.app.state.settings
    own = {settings.web_url, *settings.allowed_origins}
    if urlsplit(origin).netloc != request.headers.get("host") and origin not in own:
        raise Problem(403, f"Pages of {origin} may not do this: see CARTWRIGHT_ALLOWED_ORIGINS.")


def _read(request: Request) -> Identity | None:
    """The identity; once read it stays with the request, which more than one asks for it."""
    known: Identity | None = getattr(request.state, "identity", None)
    if known is None:
        known = request.state.identity = _read_anew(request)
    return known


def _read_anew(request: Request) -> Identity | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise InvalidTokenError("the scheme must be Bearer")
    if not scheme:
        token = request.cookies.get(COOKIE, "")
        if not token:
            return None
        own_origin(request)
    settings: Settings = request.app.state.settings
    clock: Clock = request.app.state.clock
    identity = read_token(token.strip(), secret=settings.secret, now=clock.now())
    for key in (identity.visitor_id, identity.person_id):
        if key is not None and not _ID.match(key):
            raise InvalidTokenError("the token's ids are malformed")
    return identity


def _unauthorised(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})


_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="An identity token.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="cookie")


# A coroutine, because FastAPI takes a plain function to a thread and back, which takes longer than
# reading a token.
async def _current(request: Request) -> Identity:
    return current_identity(request)


CurrentIdentity = Annotated[Identity, Depends(_current)]
ValidIdentity = Annotated[Identity | None, Depends(valid_identity)]
DOCUMENTED_SECURITY = [Depends(_bearer), Depends(_cookie)]
"""For a router's `dependencies`, so that OpenAPI tells how to prove who one is."""
