"""The shortest way to `GET /recommendations/ids`: no routing, no model of what is asked.

Answers what is asked for well; anything else, wrong parameters or a token that is not valid, goes
on to the route (web/api/recommendations.py), which says what is wrong.
"""

from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.identity import Identity
from recommender.protocol import Surface
from services.volume import VolumeService
from web.api.recommendations import DEFAULT_K, MAX_K, ranked_json
from web.fields import Key
from web.identity import current_identity
from web.problems import Problem

PATH = "/recommendations/ids"
_SURFACES = {surface.value: surface for surface in Surface}
_KEY: TypeAdapter[str] = TypeAdapter(Key)
_COUNTS = {str(k): k for k in range(1, MAX_K + 1)}


class AtVolume:
    """Answers for the route, or passes the request on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what can be answered without the route."""
        asked = _asked(scope)
        if asked is None:
            await self._app(scope, receive, send)
            return
        identity, surface, k, product = asked
        volume: VolumeService = scope["app"].state.volume
        answer = await volume.suggest(identity, surface=surface, k=k, anchor=product)
        await ranked_json(surface, answer)(scope, receive, send)


def _asked(scope: Scope) -> tuple[Identity, Surface, int, str | None] | None:
    """Who asks for what; None where the route is to look at it."""
    if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "GET":
        return None
    given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = dict(given)
    surface = _SURFACES.get(query.pop("surface", Surface.HOME.value))
    k = _COUNTS.get(query.pop("k", str(DEFAULT_K)))
    product = query.pop("product", None)
    if surface is None or k is None or query or len(given) != len(dict(given)):
        return None
    try:
        if product is not None:
            product = _KEY.validate_python(product)
        elif surface is Surface.PRODUCT:
            return None
        return current_identity(Request(scope)), surface, k, product
    except (ValidationError, Problem):
        return None
