"""`GET /recommendations`: what a shopper may want next, as cards with a reason each."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from recommender.protocol import Surface
from services.suggest import SuggestionService
from web.api.schemas import RecommendationsJson
from web.fields import Key
from web.identity import DOCUMENTED_SECURITY, CurrentIdentity
from web.json import json_response
from web.problems import PROBLEM_RESPONSES, FieldError, Problem
from web.shop.suggestions import suggestion_cards

router = APIRouter(
    tags=["recommendations"], responses=PROBLEM_RESPONSES, dependencies=DOCUMENTED_SECURITY
)

MAX_K = 24


@router.get("/recommendations", response_model=RecommendationsJson)
def get_recommendations(
    request: Request,
    identity: CurrentIdentity,
    surface: Annotated[Surface, Query(description="Where they will be shown.")] = Surface.HOME,
    product: Annotated[Key | None, Query(description="The product that the page is about.")] = None,
    k: Annotated[int, Query(ge=1, le=MAX_K, description="How many at most.")] = 8,
) -> Response:
    """Suggestions for whoever the token names, each stored as shown.

    They follow the shopper's last events and cart. Never what lies in the cart, is owned, sold
    out, or was called not interesting. The surface `product` needs `product`.
    """
    if surface is Surface.PRODUCT and product is None:
        missing = FieldError(field="product", message="the surface product needs it")
        raise Problem(422, "product: the surface product needs it", errors=[missing])
    state = request.app.state
    service: SuggestionService = state.suggestions
    now = state.clock.now()
    with state.sessions.begin() as session:
        shown = service.suggest(session, identity, surface=surface, k=k, now=now, anchor=product)
    return json_response(
        {
            "surface": surface.value,
            "model_version": service.model_version,
            "recommendations": suggestion_cards(shown, settings=state.settings),
        }
    )
