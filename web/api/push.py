"""Notifications in browsers: what the account's page and the service worker tell and ask."""

from pathlib import Path
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse
from pydantic import AfterValidator, BaseModel, StringConstraints, model_validator

from core.identity import Identity
from core.settings import Settings
from nudges import push
from nudges.channels.push import is_push_service
from nudges.channels.push_encryption import BrowserKeys, ShopKey
from web.fields import printable
from web.identity import CurrentIdentity
from web.json import json_response
from web.problems import FieldError, Problem

WORKER = Path(__file__).parents[1] / "shop/static/push-worker.js"


def offered(request: Request) -> None:
    """Without a key nothing of this is there."""
    if request.app.state.settings.push_key is None:
        raise Problem(404, "Notifications are not set up: see CARTWRIGHT_PUSH_KEY.")


router = APIRouter(include_in_schema=False, dependencies=[Depends(offered)])

type Endpoint = Annotated[
    str, StringConstraints(min_length=1, max_length=1024), AfterValidator(printable)
]
type KeyText = Annotated[str, StringConstraints(max_length=100)]


class Keys(BaseModel):
    """A subscription's keys, in base64url."""

    p256dh: KeyText
    auth: KeyText

    @model_validator(mode="after")
    def _are_keys(self) -> Self:
        BrowserKeys.read(self.p256dh, self.auth)
        return self


class PushSubscription(BaseModel):
    """As the Push API's `PushSubscription.toJSON()` gives it."""

    endpoint: Endpoint
    keys: Keys


class Kept(PushSubscription):
    """A subscription that a browser still has, or has in place of the one at `was`."""

    was: Endpoint | None = None


@router.get("/push-worker.js")
def worker() -> Response:
    """The service worker; at the root, so that it is the whole shop's."""
    return FileResponse(
        WORKER,
        media_type="text/javascript",
        headers={
            "Cache-Control": "no-cache",
            "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
        },
    )


@router.get("/push/key")
def get_key(request: Request) -> Response:
    """What browsers subscribe with, so that only this shop can write to them."""
    settings: Settings = request.app.state.settings
    return json_response({"key": ShopKey.read(settings.push_key or "").public_text})


@router.post("/push/subscriptions", status_code=204)
def post_subscription(
    request: Request, identity: CurrentIdentity, body: PushSubscription
) -> Response:
    """Remind the signed-in shopper in this browser."""
    _signed_in(identity)
    subscription = _known(request, body)
    state = request.app.state
    with state.sessions.begin() as session:
        push.subscribe(session, identity, subscription, now=state.clock.now())
    return Response(status_code=204)


@router.post("/push/subscriptions/kept", status_code=204)
def post_kept(request: Request, identity: CurrentIdentity, body: Kept) -> Response:
    """The browser's subscription as it is now; 404 where it is none of this shopper's."""
    subscription = _known(request, body)
    state = request.app.state
    with state.sessions.begin() as session:
        if not push.keep(session, identity, subscription, was=body.was, now=state.clock.now()):
            raise Problem(404, "There is no such subscription of this shopper's.")
    return Response(status_code=204)


@router.post("/push/subscriptions/ended", status_code=204)
def post_ended(request: Request, identity: CurrentIdentity) -> Response:
    """No reminders in this browser any more; once more changes nothing."""
    _signed_in(identity)
    state = request.app.state
    with state.sessions.begin() as session:
        push.unsubscribe_browser(session, identity, now=state.clock.now())
    return Response(status_code=204)


@router.post("/n/shown/{token}", status_code=204)
def post_shown(request: Request, token: str) -> Response:
    """The service worker showed a message; its token alone says which, as with other links."""
    state = request.app.state
    with state.sessions.begin() as session:
        if not push.shown(session, token, now=state.clock.now()):
            raise Problem(404, "There is no such message.")
    return Response(status_code=204)


def _signed_in(identity: Identity) -> None:
    if identity.person_id is None:
        raise Problem(403, "Sign in first: reminders in a browser go to an account.")


def _known(request: Request, body: PushSubscription) -> push.Subscription:
    settings: Settings = request.app.state.settings
    if not is_push_service(body.endpoint, settings.push_hosts):
        message = "this is no push service that the shop calls: see CARTWRIGHT_PUSH_HOSTS"
        raise Problem(
            422, f"endpoint: {message}", errors=[FieldError(field="endpoint", message=message)]
        )
    return push.Subscription(body.endpoint, body.keys.p256dh, body.keys.auth)
