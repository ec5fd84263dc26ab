"""Who is asking: the signed tokens that the web process issues (core/identity.py there)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

AUDIENCE = "cartwright"
ANNOUNCE = "cartwright-announce"
# Longer than any token of ours; a guard against work on hostile input.
LONGEST = 4_000


class InvalidTokenError(Exception):
    """The token is forged or not one of ours."""


class ExpiredTokenError(InvalidTokenError):
    """The token was one of ours and its time is over."""


@dataclass(frozen=True)
class Identity:
    """A visitor, the person they signed in as, and until when the token proves it (epoch s)."""

    visitor_id: str
    person_id: str | None
    expires: float

    @property
    def conversation_id(self) -> str:
        """The chat conversation this identity owns: the person's, else the visitor's."""
        return f"p_{self.person_id}" if self.person_id else f"v_{self.visitor_id}"


def read_token(token: Any, *, secret: str, now: datetime) -> Identity:
    """The identity that a token proves.

    Raises ExpiredTokenError, or InvalidTokenError where the signature, audience or claims are
    wrong.
    """
    if not isinstance(token, str) or not token or len(token) > LONGEST:
        raise InvalidTokenError("there is no token")
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=AUDIENCE,
            options={
                "require": ["exp", "sub", "visitor"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise InvalidTokenError(str(error)) from error
    visitor, person, expires = claims["visitor"], claims.get("person"), claims["exp"]
    if not isinstance(visitor, str) or not (person is None or isinstance(person, str)):
        raise InvalidTokenError("the token's claims are malformed")
    if isinstance(expires, bool) or not isinstance(expires, (int, float)):
        raise InvalidTokenError("the token's expiry is malformed")
    identity = Identity(visitor, person, float(expires))
    if claims["sub"] != identity.conversation_id or not (visitor or person):
        raise InvalidTokenError("the token's subject does not match its claims")
    if expires <= now.timestamp():
        raise ExpiredTokenError("the token has expired")
    return identity


def may_announce(header: str, *, secret: str, now: datetime) -> bool:
    """Whether an Authorization header is the scheduler's, which tells of waiting reminders."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or len(token) > LONGEST:
        return False
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=ANNOUNCE,
            options={"require": ["exp"], "verify_exp": False, "verify_iat": False},
        )
    except (jwt.InvalidTokenError, ValueError, TypeError):
        return False
    expires = claims["exp"]
    is_time = isinstance(expires, (int, float)) and not isinstance(expires, bool)
    return is_time and now.timestamp() < expires
