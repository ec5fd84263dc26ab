"""Who is asking: signed tokens, the only source of identity anywhere.

A token is a JWT (HS256) with the visitor (one browser) and, after sign-in, the person. The chat
channel in bot/ reads the same claims with the same secret.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import jwt

from core.ids import new_id

AUDIENCE = "cartwright"


class InvalidTokenError(Exception):
    """The token is forged, expired, or not one of ours."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A visitor, and the person they signed in as, if they did."""

    visitor_id: str
    person_id: str | None = None

    @property
    def conversation_id(self) -> str:
        """The chat conversation this identity owns: the person's, else the visitor's."""
        return f"p_{self.person_id}" if self.person_id else f"v_{self.visitor_id}"


def new_visitor() -> Identity:
    """Somebody nobody has seen; they are stored with the first thing they do."""
    return Identity(new_id())


def issue_token(identity: Identity, *, secret: str, now: datetime, lifetime: timedelta) -> str:
    """Sign a token for the identity, valid from `now` for `lifetime`."""
    claims = {
        "aud": AUDIENCE,
        "sub": identity.conversation_id,
        "visitor": identity.visitor_id,
        "person": identity.person_id,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def read_token(token: str, *, secret: str, now: datetime) -> Identity:
    """The identity that a token proves.

    Raises InvalidTokenError where the signature, audience, expiry or claims are wrong.
    """
    try:
        # Times are checked here, against `now`.
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=AUDIENCE,
            options={
                "require": ["exp", "sub", "visitor"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.InvalidTokenError, TypeError, ValueError) as error:
        raise InvalidTokenError(str(error)) from error
    expires, begins = claims["exp"], claims.get("nbf", 0)
    visitor, person = claims["visitor"], claims.get("person")
    if not (
        _is_time(expires)
        and _is_time(begins)
        and isinstance(visitor, str)
        and (person is None or isinstance(person, str))
    ):
        raise InvalidTokenError("the token's claims are malformed")
    if expires <= now.timestamp():
        raise InvalidTokenError("the token has expired")
    if begins > now.timestamp():
        raise InvalidTokenError("the token is not valid yet")
    identity = Identity(visitor, person)
    if claims["sub"] != identity.conversation_id:
        raise InvalidTokenError("the token's subject does not match its claims")
    return identity


def _is_time(value: object) -> bool:
    """Whether the claim is a NumericDate (RFC 7519, section 2); NaN would never expire."""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def identity_of_conversation(conversation_id: str) -> Identity | None:
    """The identity behind a conversation id that the chat channel has already proved.

    For a person the visitor is unknown and empty. None where the id is no conversation of ours.
    """
    kind, _, key = conversation_id.partition("_")
    if not key:
        return None
    if kind == "p":
        return Identity(visitor_id="", person_id=key)
    if kind == "v":
        return Identity(visitor_id=key)
    return None
