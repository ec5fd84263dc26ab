"""Who is asking: signed tokens, the only source of identity anywhere.

A shopper's token is a JWT (HS256) with the visitor (one browser) and, after sign-in, the person.
The chat channel in bot/ reads the same claims with the same secret. With a token of its own the
shop's server tells about one of its people; neither kind is good for the other's purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

import jwt

from core.ids import new_id

AUDIENCE = "cartwright"
SHOP_AUDIENCE = "cartwright-shop"
SHOP_TOKEN_LIFETIME = timedelta(hours=1)
"""The longest that the shop's server may let a token of its own be good for."""
MOST_TOKENS = 10_000
"""Tokens kept with what they say, about 1 KB each: checking a signature takes 0.1 ms."""


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
    claims = _claims(token, secret=secret, audience=AUDIENCE, names=("visitor",), now=now)
    visitor, person = claims["visitor"], claims.get("person")
    if not (isinstance(visitor, str) and (person is None or isinstance(person, str))):
        raise InvalidTokenError("the token's claims are malformed")
    identity = Identity(visitor, person)
    if claims["sub"] != identity.conversation_id:
        raise InvalidTokenError("the token's subject does not match its claims")
    return identity


def read_shop_token(token: str, *, secret: str, now: datetime) -> str:
    """The id of the person whom the shop's server speaks of, proved by its token.

    Its claims are `aud` (SHOP_AUDIENCE), `sub` (`p_` and the person) and `exp`, which lies at most
    SHOP_TOKEN_LIFETIME ahead. Raises InvalidTokenError where the signature or a claim is wrong.
    """
    claims = _claims(token, secret=secret, audience=SHOP_AUDIENCE, names=(), now=now)
    if claims["exp"] > (now + SHOP_TOKEN_LIFETIME).timestamp():
        raise InvalidTokenError("exp lies more than an hour ahead")
    kind, _, person = str(claims["sub"]).partition("_")
    if kind != "p" or not person:
        raise InvalidTokenError("sub must be p_ and the person's id")
    return person


def _claims(
    token: str, *, secret: str, audience: str, names: tuple[str, ...], now: datetime
) -> Mapping[str, Any]:
    """The signed claims, with `exp`, `sub` and those named among them, for this moment."""
    claims = _signed(token, secret, audience, names)
    expires, begins = claims["exp"], claims.get("nbf", 0)
    if not (_is_time(expires) and _is_time(begins)):
        raise InvalidTokenError("the token's claims are malformed")
    if expires <= now.timestamp():
        raise InvalidTokenError("the token has expired")
    if begins > now.timestamp():
        raise InvalidTokenError("the token is not valid yet")
    return claims


@lru_cache(MOST_TOKENS)
def _signed(token: str, secret: str, audience: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    """The signed claims, whatever the time is."""
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=audience,
            options={
                "require": ["exp", "sub", *names],
                # Times are checked against `now`, each time that the token is sent.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.InvalidTokenError, TypeError, ValueError) as error:
        raise InvalidTokenError(str(error)) from error
    return claims


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
