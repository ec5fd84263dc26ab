"""Who of the shop may see its pages: who knows the operators' secret, for a working day.

What proves it is a signed cookie. Its key depends on the secret, so that with a new secret
everybody has to sign in anew.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

import jwt
import structlog
from fastapi import Request, Response

from core.settings import Settings
from web.identity import own_origin
from web.shop.visit import PageMissing

log = structlog.get_logger()

HOME = "/operators"
COOKIE = "cartwright_operator"
LASTS = timedelta(hours=8)
_AUDIENCE = "cartwright-operators"


class SignInNeededError(Exception):
    """Nobody of the shop is signed in on this browser, or not any more."""


def require_operator(request: Request) -> None:
    """Let nobody else pass.

    Raises PageMissing where there are no such pages, SignInNeededError without a valid cookie, and
    Problem 403 for a form that another site sends.
    """
    secret = operator_secret(request)
    own_origin(request)
    if not _is_valid(request.cookies.get(COOKIE, ""), _key(request, secret), _now(request)):
        raise SignInNeededError


def operator_secret(request: Request) -> str:
    """The secret; raises PageMissing where none is set."""
    settings: Settings = request.app.state.settings
    if settings.operator_secret is None:
        raise PageMissing
    return settings.operator_secret


def sign_in(request: Request, response: Response, typed: str) -> bool:
    """Give the browser its cookie where the secret is right; whether it was."""
    secret = operator_secret(request)
    if not compare_digest(sha256(typed.encode()).digest(), sha256(secret.encode()).digest()):
        log.warning("operator_sign_in_refused")
        return False
    expires = int((_now(request) + LASTS).timestamp())
    claims = {"aud": _AUDIENCE, "exp": expires}
    settings: Settings = request.app.state.settings
    response.set_cookie(
        COOKIE,
        jwt.encode(claims, _key(request, secret), algorithm="HS256"),
        max_age=int(LASTS.total_seconds()),
        path=HOME,
        httponly=True,
        samesite="strict",
        secure=settings.web_url.startswith("https://"),
    )
    log.info("operator_signed_in")
    return True


def sign_out(response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path=HOME)


def _is_valid(token: str, key: bytes, now: datetime) -> bool:
    try:
        # Times are checked here, by the app's own clock.
        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=_AUDIENCE,
            options={"require": ["exp"], "verify_exp": False},
        )
    except jwt.InvalidTokenError:
        return False
    expires = claims["exp"]
    return isinstance(expires, int) and now.timestamp() < expires


def _key(request: Request, secret: str) -> bytes:
    settings: Settings = request.app.state.settings
    return sha256(f"{settings.secret}\n{secret}".encode()).digest()


def _now(request: Request) -> datetime:
    now: datetime = request.app.state.clock.now()
    return now
