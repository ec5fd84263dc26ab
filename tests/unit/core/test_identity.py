"""Tokens: what is issued is read back, and whatever else is signed is refused cleanly."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from core.identity import AUDIENCE, Identity, InvalidTokenError, issue_token, read_token

SECRET = "a-secret-of-this-test-with-32-characters"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HONEST = {
    "aud": AUDIENCE,
    "sub": "v_abc",
    "visitor": "abc",
    "person": None,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 60,
}
keys = st.text(min_size=1, max_size=12)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def signed(claims: object, header: dict[str, object] | None = None) -> str:
    """A token with a right signature over any claims and any header: PyJWT makes no odd ones."""
    head = json.dumps({"alg": "HS256", "typ": "JWT", **(header or {})}).encode()
    message = base64url_encode(head) + b"." + base64url_encode(json.dumps(claims).encode())
    algorithm = jwt.get_algorithm_by_name("HS256")
    signature = algorithm.sign(message, algorithm.prepare_key(SECRET))
    return (message + b"." + base64url_encode(signature)).decode()


@given(visitor=keys, person=st.none() | keys)
def test_a_token_proves_the_identity_it_was_issued_for(visitor: str, person: str | None) -> None:
    identity = Identity(visitor, person)
    token = issue_token(identity, secret=SECRET, now=NOW, lifetime=timedelta(hours=1))
    assert read_token(token, secret=SECRET, now=NOW) == identity


def test_the_tokens_of_this_test_are_read_where_the_claims_are_honest() -> None:
    assert read_token(signed(HONEST), secret=SECRET, now=NOW) == Identity("abc")


@given(changed=st.dictionaries(st.sampled_from([*HONEST, "nbf", "iss", "jti"]), anything))
def test_whatever_claims_are_signed_they_prove_an_identity_or_are_refused(
    changed: dict[str, object],
) -> None:
    claims = HONEST | changed
    try:
        identity = read_token(signed(claims), secret=SECRET, now=NOW)
    except InvalidTokenError:
        return
    assert claims["sub"] == identity.conversation_id
    assert (claims["visitor"], claims["person"]) == (identity.visitor_id, identity.person_id)


@given(claims=anything, header=st.dictionaries(st.sampled_from(["typ", "kid", "crit"]), anything))
def test_a_token_that_is_no_object_or_has_an_odd_header_is_refused(
    claims: object, header: dict[str, object]
) -> None:
    with pytest.raises(InvalidTokenError):
        read_token(signed(claims, header), secret=SECRET, now=NOW)


@pytest.mark.parametrize("name", ["exp", "nbf"])
@pytest.mark.parametrize(
    "value", ["1772445660", "soon", True, [1], {}, float("nan"), float("inf"), None]
)
def test_a_time_that_is_no_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidTokenError):
        read_token(signed(HONEST | {name: value}), secret=SECRET, now=NOW)


def test_a_token_is_valid_from_its_beginning_until_its_end() -> None:
    token = signed(HONEST | {"nbf": NOW.timestamp() + 10})
    with pytest.raises(InvalidTokenError, match="not valid yet"):
        read_token(token, secret=SECRET, now=NOW)
    assert read_token(token, secret=SECRET, now=NOW + timedelta(seconds=10)) == Identity("abc")
    with pytest.raises(InvalidTokenError, match="expired"):
        read_token(token, secret=SECRET, now=NOW + timedelta(seconds=60))
