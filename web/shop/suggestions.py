"""Suggested products as cards, and what a shopper may ask or say of one."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import AfterValidator

from db.models import FeedbackKind
from db.reads.catalogue import product_facts
from db.writes.feedback import UnknownSuggestion, give_feedback
from web.fields import printable
from web.shop.visit import PageForm, PageMissing, back_to

router = APIRouter(include_in_schema=False)

Key = Annotated[str, Form(max_length=64), AfterValidator(printable)]


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
