"""Every error as an RFC 9457 problem document; a stack trace goes to the log alone.

`errors` names each field that is wrong, written as in `events[3].params.items[0].quantity`.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from db.writes.visitors import ForeignVisitorError, StaleIdentityError

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 20

type ErrorPage = Callable[[Request, "Problem"], Response]


class FieldError(BaseModel):
    """One field that is wrong, and why."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """RFC 9457, section 3, with the fields that are wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class Problem(Exception):  # noqa: N818 named as in RFC 9457
    """An answer that is an error; raise it anywhere below a route."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
        type: str = "about:blank",  # noqa: A002 named as in RFC 9457
    ) -> None:
        super().__init__(detail)
        self.headers = headers
        self.document = ProblemDocument(
            type=type,
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            errors=list(errors),
        )

    def response(self) -> Response:
        """The document as it is sent."""
        return Response(
            orjson.dumps(self.document.model_dump()),
            status_code=self.document.status,
            headers={"Cache-Control": "no-store", **(self.headers or {})},
            media_type=MEDIA_TYPE,
        )


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
    for status, description in (
        (400, "The body is no JSON."),
        (401, "There is no valid identity token."),
        (403, "Not allowed from this origin or in this mode."),
        (413, "The body is too large."),
        (422, "A field is wrong; `errors` says which and why. Nothing was stored."),
        (429, "Too many requests; `Retry-After` says how many seconds to wait."),
    )
}
"""For a router's `responses`, so that OpenAPI tells them."""


def install(app: FastAPI) -> None:
    """Make the app answer every error with a problem.

    A browser that asks for a page gets `app.state.error_page(request, problem)` instead, where the
    storefront has set one.
    """
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(StaleIdentityError, _stale)
    app.add_exception_handler(ForeignVisitorError, _stale)
    app.add_exception_handler(OperationalError, _unavailable)
    app.add_exception_handler(Exception, _unexpected)


def field_path(location: Sequence[int | str]) -> str:
    """A place in a body as a shop's developer would write it: events[3].params.items[0].price."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def field_errors(errors: Sequence[Any], *, skip: Sequence[str] = ()) -> list[FieldError]:
    """Pydantic's errors, the first few; names in `skip` at the start of a place are left out."""
    found = []
    for error in errors[:_MOST_ERRORS]:
        location = list(error["loc"])
        while location and location[0] in skip:
            location.pop(0)
        found.append(FieldError(field=field_path(location) or "body", message=error["msg"]))
    return found


def answer(request: Request, problem: Problem) -> Response:
    """The problem as the one who asks can read it: a page for a browser, else the document."""
    page: ErrorPage | None = getattr(request.app.state, "error_page", None)
    if page is not None and "text/html" in request.headers.get("accept", ""):
        return page(request, problem)
    return problem.response()


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 as registered
    return answer(request, error)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 as registered
    details = {
        404: "There is nothing at this address.",
        405: f"{request.method} is not possible here.",
    }
    detail = details.get(error.status_code, str(error.detail))
    headers = dict(error.headers) if error.headers else None
    return answer(request, Problem(error.status_code, detail, headers=headers))


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 as registered
    errors = error.errors()
    if errors and errors[0]["type"] == "json_invalid":
        reason = errors[0].get("ctx", {}).get("error", "")
        return answer(request, Problem(400, f"The body is no valid JSON: {reason}"))
    fields = field_errors(errors, skip=("body", "query", "path", "header", "event", "batch"))
    first = f"{fields[0].field}: {fields[0].message}" if fields else "The request is not valid."
    return answer(request, Problem(422, first, errors=fields))


def _stale(request: Request, _: Exception) -> Response:
    return answer(
        request,
        Problem(
            401,
            "This token is from before a sign-in or sign-out; get a new one from /chat/token or "
            "/visitors.",
            headers={"WWW-Authenticate": "Bearer"},
        ),
    )


def _unavailable(request: Request, error: Exception) -> Response:
    log.error("the database does not answer", route=_route(request), exc_info=error)
    detail = "The database does not answer just now; try again in a moment."
    return answer(request, Problem(503, detail, headers={"Retry-After": "5"}))


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error", route=_route(request), method=request.method, exc_info=error)
    return answer(request, Problem(500, "Something went wrong here; it has been logged."))


def _route(request: Request) -> str | None:
    """What was asked for, without what was filled in: an address may hold a link's token."""
    return getattr(request.scope.get("route"), "path", None)
