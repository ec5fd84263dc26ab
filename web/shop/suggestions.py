"""Suggested products as cards, and what a shopper may ask or say of one."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from pydantic import AfterValidator

from core.settings import Settings
from db.models import FeedbackKind
from db.reads.catalogue import product_facts
from db.writes.feedback import UnknownSuggestion, give_feedback
from services.cards import card
from services.suggest import ShownSuggestion
from web.fields import printable
from web.shop.listing import best_variant
from web.shop.tiles import reason_json
from web.shop.visit import PageForm, PageMissing, back_to

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
