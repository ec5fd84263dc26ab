"""`GET /recommendations`: what a shopper may want next, as cards with a reason each."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from db.engine import read_session
from recommender.protocol import Surface
from services.cards import suggestion_cards
from services.suggest import SuggestionService
from services.volume import Answer, VolumeService
from services.why import told_beyond
from web.api.schemas import RankedJson, RecommendationsJson, WhyJson
from web.fields import Key
from web.identity import DOCUMENTED_SECURITY, CurrentIdentity
from web.json import json_response
from web.problems import PROBLEM_RESPONSES, FieldError, Problem
from web.wording import words_of

router = APIRouter(
    tags=["recommendations"], responses=PROBLEM_RESPONSES, dependencies=DOCUMENTED_SECURITY
)

DEFAULT_K, MAX_K = 8, 24

OnSurface = Annotated[Surface, Query(description="Where they will be shown.")]
AboutProduct = Annotated[Key | None, Query(description="The product that the page is about.")]
HowMany = Annotated[int, Query(ge=1, le=MAX_K, description="How many at most.")]


@router.get("/recommendations", response_model=RecommendationsJson)
def get_recommendations(
    request: Request,
    identity: CurrentIdentity,
    surface: OnSurface = Surface.HOME,
    product: AboutProduct = None,
    k: HowMany = DEFAULT_K,
) -> Response:
    """Suggestions for whoever the token names, each stored as shown.

    They follow the shopper's last events and cart. Never what lies in the cart, is owned, sold
    out, or was called not interesting. The surface `product` needs `product`.
    """
    _need_product(surface, product)
    state = request.app.state
    volume: VolumeService = state.volume
    version, shown = volume.show(identity, surface=surface, k=k, anchor=product)
    return json_response(
        {
            "surface": surface.value,
            "model_version": version,
            "recommendations": suggestion_cards(shown, settings=state.settings),
        }
    )


@router.get("/recommendations/ids", response_model=RankedJson)
async def get_ranked(
    request: Request,
    identity: CurrentIdentity,
    surface: OnSurface = Surface.HOME,
    product: AboutProduct = None,
    k: HowMany = DEFAULT_K,
) -> Response:
    """The same suggestions as ids with reasons, at volume, for a shop that draws its own cards.

    Prices and stock levels are the shop's to read. Each is stored as shown within a second.
    """
    _need_product(surface, product)
    volume: VolumeService = request.app.state.volume
    answer = await volume.suggest(identity, surface=surface, k=k, anchor=product)
    return ranked_json(surface, answer)


def ranked_json(surface: Surface, answer: Answer) -> Response:
    """The answer as RankedJson has it."""
    return json_response(
        {
            "surface": surface.value,
            "model_version": answer.model_version,
            "recommendations": answer.suggestions,
            "leaving": None if answer.leaving is None else round(answer.leaving, 4),
        }
    )


def _need_product(surface: Surface, product: str | None) -> None:
    if surface is Surface.PRODUCT and product is None:
        missing = FieldError(field="product", message="the surface product needs it")
        raise Problem(422, "product: the surface product needs it", errors=[missing])


@router.get(
    "/suggestions/{suggestion_id}/why",
    response_model=WhyJson,
    responses={404: {"description": "No such suggestion was shown to this shopper."}},
)
def get_why(
    request: Request,
    identity: CurrentIdentity,
    suggestion_id: Annotated[str, Path(max_length=32)],
) -> Response:
    """What a suggestion rests on, as it was stored when it was shown.

    With what is known beyond that: which product of the visit counted most, what people did whose
    visits were most like it, and what would have stood there without the product that the reason
    names.
    """
    state = request.app.state
    service: SuggestionService = state.suggestions
    now = state.clock.now()
    with read_session(state.sessions) as session:
        shown = service.why(session, identity, suggestion_id=suggestion_id)
        if shown is None:
            raise Problem(404, "No such suggestion was shown to you.")
        beyond = told_beyond(service, session, identity, shown, now=now)
    how: str = getattr(words_of(request).suggestion.how, shown.reason.kind.value)
    sentences = [f"{shown.reason_text}.", how, *(f"{one.text}." for one in beyond)]
    text = " ".join(sentences)
    return json_response({"text": text, "kind": shown.reason.kind.value})
