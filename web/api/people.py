"""`PATCH /people/PERSON`: the shop's server tells how to reach its people, and what they agreed to.

A browser is never believed about this: what counts is a token that the shop's server signed for the
one person it speaks of. A shopper's own token opens nothing here.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.security import HTTPBearer
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from core.clock import EPOCH
from core.identity import InvalidTokenError, read_shop_token
from core.ids import PUBLIC_ID
from core.locales import locale_key, zone_key
from db.models import Channel
from db.reads.consents import ConsentLine
from db.writes.people import EmailTakenError, tell_person
from web.fields import printable
from web.problems import PROBLEM_RESPONSES, FieldError, Problem

MAX_CONSENTS = 100
FUTURE = timedelta(minutes=5)
"""How far the shop's clock may be ahead of ours."""

_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+{_LABEL}")


def email_address(text: str) -> str:
    """The address with its domain in small letters.

    Taken is what every mail server takes: a dot-string and a domain name (RFC 5321, 4.1.2) in
    ASCII. Raises ValueError for all else.
    """
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise ValueError(
            "must be one e-mail address such as zoe@example.org, in ASCII "
            "(an international domain in its xn-- form)"
        )
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def _has_happened(value: datetime) -> datetime:
    if value < EPOCH:
        raise ValueError("must be after 1970")
    return value


type Text64 = Annotated[
    str, StringConstraints(min_length=1, max_length=64), AfterValidator(printable)
]
type Text32 = Annotated[
    str, StringConstraints(min_length=1, max_length=32), AfterValidator(printable)
]
type Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
]
type LocaleKey = Annotated[str, StringConstraints(max_length=16), AfterValidator(locale_key)]
type ZoneKey = Annotated[str, StringConstraints(max_length=64), AfterValidator(zone_key)]
type PersonKey = Annotated[str, Path(pattern=f"^{PUBLIC_ID}$")]


class ConsentIn(BaseModel):
    """One line for the consent ledger: the shopper agreed, or withdrew."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel
    granted: StrictBool
    basis: Text64 = Field(default="consent", description="The legal basis.")
    wording_version: Text32 = Field(description="Which wording they saw, as the shop numbers it.")
    source: Text64 = Field(description="Where: checkout, newsletter, service desk, …")
    at: Annotated[AwareDatetime, AfterValidator(_has_happened)] = Field(
        description="When, ISO 8601 with a zone. The newest line of a channel counts."
    )


class PersonIn(BaseModel):
    """What the shop says of a person. What is left out stays as it is; null is forgotten."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "email": "zoe@example.org",
                    "name": "Zoe",
                    "locale": "en-GB",
                    "time_zone": "Europe/London",
                    "staff": False,
                    "consents": [
                        {
                            "channel": "email",
                            "granted": True,
                            "wording_version": "checkout-3",
                            "source": "checkout",
                            "at": "2026-03-02T09:58:00+00:00",
                        }
                    ],
                }
            ]
        },
    )

    email: Annotated[str, AfterValidator(email_address)] | None = None
    name: Name | None = Field(default=None, description="What to call them.")
    locale: LocaleKey | None = Field(
        default=None, description="Language and country, such as en-GB."
    )
    time_zone: ZoneKey | None = Field(default=None, description="IANA name, such as Europe/London.")
    staff: StrictBool = Field(default=False, description="Whether they work for the shop.")
    consents: Annotated[list[ConsentIn], Field(max_length=MAX_CONSENTS)] = []

    def values(self) -> dict[str, str | bool | None]:
        """What was given, by column."""
        given = self.model_dump(include=self.model_fields_set - {"consents"})
        if "staff" in given:
            given["is_staff"] = given.pop("staff")
        return given


def _spoken_of(request: Request, person: PersonKey) -> str:
    """The person of the path, for whom the token must be.

    Raises Problem 401 without a token of the shop's, 403 with one for another person.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorised("Send a token that the shop's server signed, as bearer")
    state = request.app.state
    try:
        whom = read_shop_token(token.strip(), secret=state.settings.secret, now=state.clock.now())
    except InvalidTokenError as error:
        raise _unauthorised(f"The token is not valid: {error}") from error
    if whom != person:
        raise Problem(403, f"The token is for another person: its sub must be p_{person}.")
    return person


def _unauthorised(detail: str) -> Problem:
    return Problem(
        401,
        f"{detail} (docs/embedding.md, Your customers).",
        headers={"WWW-Authenticate": "Bearer"},
    )


_bearer = HTTPBearer(
    auto_error=False, scheme_name="shop token", description="A token of the shop's server."
)

router = APIRouter(
    tags=["people"],
    responses=PROBLEM_RESPONSES
    | {409: {**PROBLEM_RESPONSES[422], "description": "Another person has this e-mail address."}},
    dependencies=[Depends(_bearer)],
)


@router.patch("/people/{person}", status_code=204, response_class=Response)
def patch_person(
    request: Request, person: Annotated[str, Depends(_spoken_of)], body: PersonIn
) -> None:
    """Store it all, or nothing where a part is wrong. Telling the same again changes nothing."""
    state = request.app.state
    now = state.clock.now()
    late = [n for n, line in enumerate(body.consents) if line.at > now + FUTURE]
    if late:
        raise _wrong(422, f"consents[{late[0]}].at", "lies in the future: is the clock right?")
    consents = [
        ConsentLine(one.channel, one.granted, one.basis, one.wording_version, one.source, one.at)
        for one in body.consents
    ]
    try:
        with state.sessions.begin() as session:
            tell_person(session, person, values=body.values(), consents=consents, now=now)
    except EmailTakenError as error:
        raise _wrong(409, "email", str(error)) from error


def _wrong(status: int, field: str, message: str) -> Problem:
    return Problem(status, f"{field}: {message}", errors=[FieldError(field=field, message=message)])
