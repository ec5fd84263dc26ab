"""What the cart's pages and its API share: the largest quantity, and refusals in words."""

from fastapi import Request

from core.identity import Identity
from core.settings import Settings
from db.engine import read_session
from db.pricing import Refusal
from db.reads.catalogue import categories
from services.promotions import offer_for
from web.wording import Words, fill, words_of

MAX_QUANTITY = 99
"""Pieces that a shopper may ask for at once; a shop's own events may tell of more."""


def promotion_problem(request: Request, identity: Identity, code: str) -> str:
    """Why this code gives nothing on the cart as it is, in words."""
    state = request.app.state
    settings: Settings = state.settings
    with read_session(state.sessions) as session:
        offer = offer_for(session, identity, code, settings=settings, now=state.clock.now())
        titles = {shelf.id: shelf.title for shelf in categories(session)}
    terms, outcome = offer.terms, offer.outcome
    refusal = outcome.refusal or Refusal.UNKNOWN
    template: str = getattr(words_of(request).problems, f"promotion_{refusal.value}")
    return template.format(
        code=code.strip().upper(),
        minimum=terms.minimum.text(settings.locale) if terms else "",
        missing=outcome.missing.text(settings.locale) if outcome.missing else "",
        category=titles.get(terms.category_id or "", "") if terms else "",
    )


def stock_problem(words: Words, available: int) -> str:
    """How many pieces there are, in words."""
    problems = words.problems
    return str(fill(problems.out_of_stock, n=available) if available else problems.sold_out)
