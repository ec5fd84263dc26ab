"""Suggested products as cards, and what a shopper may ask or say of one."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from pydantic import AfterValidator

from core.settings import Settings
from db.engine import read_session
from db.models import FeedbackKind
from db.reads.catalogue import product_facts
from db.writes.feedback import UnknownSuggestion, give_feedback
from services.cards import card, product_url
from services.suggest import ShownSuggestion, SuggestionService
from web.fields import printable
from web.json import json_response
from web.shop.listing import best_variant
from web.shop.tiles import reason_json
from web.shop.visit import PageForm, PageMissing, back_to, page_visit, prefers_page

router = APIRouter(include_in_schema=False)

Key = Annotated[str, Form(max_length=64), AfterValidator(printable)]


def suggestion_cards(
    shown: Sequence[ShownSuggestion], *, settings: Settings
) -> list[dict[str, Any]]:
    """The API's cards of suggestions, those without a price left out."""
    cards = []
    for one in shown:
        variant = best_variant(one.product) if one.product else None
        if one.product is None or variant is None:
            continue
        shape = card(
            one.product,
            variant_id=variant.variant_id,
            settings=settings,
            reason=reason_json(one),
            suggestion_id=one.suggestion_id,
        )
        cards.append(shape | {"rank": one.rank, "source": one.source})
    return cards


@router.post("/suggestions/not-interested")
def not_interested_form(
    visit: PageForm, product_id: Key = "", suggestion_id: Key = "", back: str = Form("/")
) -> Response:
    """Suggest this product no more, and go back to where it was shown."""
    try:
        with visit.sessions.begin() as session:
            if not product_facts(session, [product_id], now=visit.now):
                raise PageMissing(visit.words.missing.product)
            give_feedback(
                session,
                visit.identity,
                product_id,
                FeedbackKind.NOT_INTERESTED,
                now=visit.now,
                suggestion_id=suggestion_id or None,
            )
    except UnknownSuggestion:
        raise PageMissing from None
    return visit.go(back_to(back, otherwise="/"), note="not_interested")


@router.get("/suggestions/{suggestion_id}/why")
def why(request: Request, suggestion_id: str) -> Response:
    """What a suggestion rests on: as a page for a browser, as JSON for the page's script."""
    visit = page_visit(request)
    service: SuggestionService = request.app.state.suggestions
    with read_session(visit.sessions) as session:
        shown = service.why(session, visit.identity, suggestion_id=suggestion_id)
        if shown is None:
            raise PageMissing(visit.words.suggestion.why_gone)
        how: str = getattr(visit.words.suggestion.how, shown.reason.kind.value)
        text = f"{shown.reason_text}. {how}"
        if not prefers_page(request):
            return json_response({"text": text})
        facts = product_facts(session, [shown.product_id], now=visit.now).get(shown.product_id)
        return visit.draw(
            session,
            "why.html",
            text=text,
            title=facts.title if facts else shown.product_id,
            url=product_url(shown.product_id),
        )
