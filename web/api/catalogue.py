"""The catalogue as JSON: its words, one product, a search. Public: no token is needed."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import StringConstraints

from db.engine import read_session
from db.reads.catalogue import catalogue_version, product_facts, terms
from services.cards import card, money_json, picture_url, product_url, stock_level
from web.api.schemas import ProductJson, SearchJson, TermsJson
from web.json import json_response
from web.problems import PROBLEM_RESPONSES, Problem
from web.search import ShopSearch

router = APIRouter(
    tags=["catalogue"],
    prefix="/catalogue",
    responses={422: PROBLEM_RESPONSES[422]},
)

MAX_LIMIT = 60


@router.get(
    "/terms",
    response_model=TermsJson,
    responses={304: {"description": "Nothing has changed since the ETag that was sent."}},
)
def get_terms(request: Request) -> Response:
    """Every word by which products may be asked for; send If-None-Match to spare the rest."""
    with read_session(request.app.state.sessions) as session:
        etag = f'"{catalogue_version(session)}"'
        headers = {"ETag": etag, "Cache-Control": "public, no-cache"}
        known = request.headers.get("if-none-match", "")
        if etag in {one.strip().removeprefix("W/") for one in known.split(",")}:
            return Response(status_code=304, headers=headers)
        found = terms(session)
    data = {
        "version": found.version,
        "categories": [
            {"id": one.id, "title": one.title, "synonyms": one.synonyms} for one in found.categories
        ],
        "brands": found.brands,
        "colours": found.colours,
        "sizes": found.sizes,
        "materials": found.materials,
        "products": [{"id": one.id, "title": one.title} for one in found.products],
    }
    return json_response(data, headers=headers)


@router.get(
    "/products/{product_id:path}",
    response_model=ProductJson,
    responses={404: {"description": "There is no such product."}},
)
def get_product(
    request: Request,
    product_id: Annotated[str, Path(max_length=64)],
) -> Response:
    """One product with all its variants, at today's prices."""
    state = request.app.state
    with read_session(state.sessions) as session:
        facts = product_facts(session, [product_id], now=state.clock.now()).get(product_id)
    if facts is None:
        raise Problem(404, "The shop has no such product.")
    return json_response(
        {
            "product_id": facts.product_id,
            "title": facts.title,
            "brand": facts.brand,
            "category": facts.category_title,
            "description": facts.description,
            "material": facts.material,
            "facts": facts.facts,
            "picture": picture_url(facts.product_id, facts.picture),
            "url": product_url(facts.product_id),
            "variants": [
                {
                    "variant_id": one.variant_id,
                    "colour": one.colour,
                    "size": one.size,
                    "price": money_json(one.price, settings=state.settings),
                    "list_price": money_json(one.list_price, settings=state.settings)
                    if one.list_price
                    else None,
                    "stock": stock_level(one.stock),
                }
                for one in facts.variants
            ],
        }
    )


@router.get("/search", response_model=SearchJson)
def get_search(
    request: Request,
    q: Annotated[
        str,
        StringConstraints(max_length=200),
        Query(description="In words: “waterproof jackets under 120 but not black”."),
    ],
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 24,
    skip: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """Products by word and by meaning; price bounds, order and negation are understood."""
    state = request.app.state
    search: ShopSearch = state.search
    with read_session(state.sessions) as session:
        query = search.read(session, q)
        result = search.find(session, query, limit=limit, skip=skip)
    return json_response(
        {
            "query": q,
            "total": result.total,
            "relaxed": result.relaxed,
            "products": [
                card(hit.facts, variant_id=hit.variant.variant_id, settings=state.settings)
                for hit in result.hits
            ],
        }
    )
