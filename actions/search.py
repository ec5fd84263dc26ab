"""Finding products in chat: search, refine, show more, and one clarifying question at a time."""

import re
from collections.abc import Sequence
from dataclasses import replace

from rasa_sdk.events import SlotSet

from actions.cart import complete_choice
from actions.context import Shop
from actions.questions import OTHER_COLOUR, say_fact
from actions.record import record_search
from actions.references import Referent, referent, shown_pairs
from actions.reply import Claim, Reply
from actions.show import CARDS_SHOWN, show_hits, titles
from actions.skill import Event, Skill, Turn
from actions.understand import query_of, wants_cheaper, wants_dearer, wants_more_kinds
from core.money import Money
from db.engine import read_session
from db.reads.catalogue import product_facts
from services.facets import Facet
from services.query import Attribute, SearchQuery, Sort
from services.search import SearchResult

# More results than this are worth a question; fewer are quicker looked through.
CLARIFY_ABOVE = 15
ABOUT_IT = re.compile(
    r"\s*(?:and |but )?(?:is|are|does|do|can|will) (?:it|this|that|they|these)\b", re.IGNORECASE
)
START_OVER = re.compile(
    r"\b(?:start (?:over|again|afresh)|new search|forget (?:that|it|all)|reset)\b", re.IGNORECASE
)


class SearchProducts(Skill):
    """A new search."""

    action = "action_search_products"

    def answer(self, turn: Turn) -> list[Event]:
        """Search for what the message asks, or ask what it should be."""
        fact = asked_of_the_thing_in_view(self.shop, turn)
        if fact is not None:
            return fact
        query = query_of(turn)
        if query.is_empty:
            return _ask_what(self.shop, turn)
        return find(self.shop, turn, query)


class RefineSearch(Skill):
    """A change to the standing search: "in blue instead", "cheaper", "not leather"."""

    action = "action_refine_search"

    def answer(self, turn: Turn) -> list[Event]:
        """Answer a size or colour question that is open, else search again with the change."""
        if START_OVER.search(turn.text):
            return _start_over(turn)
        completed = complete_choice(self.shop, turn)
        if completed is not None:
            return completed
        fact = asked_of_the_thing_in_view(self.shop, turn)
        if fact is not None:
            return fact
        change = query_of(turn)
        standing = standing_search(turn)
        bound = _relative_bound(self.shop, turn)
        if bound is not None:
            standing = standing or _like_the_one_in_view(self.shop, turn)
            change = replace(bound, text="")
        if standing is None:
            return _ask_what(self.shop, turn) if change.is_empty else find(self.shop, turn, change)
        if change.is_empty and change.sort is Sort.RELEVANCE:
            return _more(self.shop, turn, standing)
        return find(self.shop, turn, standing.refined(change, also=wants_more_kinds(turn)))


class ShowMore(Skill):
    """The next results of the standing search."""

    action = "action_show_more"

    def answer(self, turn: Turn) -> list[Event]:
        """Show the next cards, or say that there are no more."""
        standing = standing_search(turn)
        if standing is None:
            return _ask_what(self.shop, turn)
        return _more(self.shop, turn, standing)


def asked_of_the_thing_in_view(shop: Shop, turn: Turn) -> list[Event] | None:
    """Answer "is it waterproof?" and "in another colour?", which search for nothing; else None."""
    in_view = turn.slot("focus") or turn.page_product
    asks_colours = OTHER_COLOUR.search(turn.text) and in_view and not turn.values(Attribute.COLOUR)
    if not (ABOUT_IT.match(turn.text) or asks_colours) or turn.values(Attribute.CATEGORY):
        return None
    with read_session(shop.sessions) as session:
        meant = referent(turn, session)
    return say_fact(shop, turn, meant) if isinstance(meant, Referent) else None


def standing_search(turn: Turn) -> SearchQuery | None:
    """The search that the conversation is about."""
    data = turn.slot("search")
    return SearchQuery.from_dict(data) if data else None


def find(shop: Shop, turn: Turn, query: SearchQuery, *, skip: int = 0) -> list[Event]:
    """Search and answer with cards, honest about what was dropped or corrected."""
    with read_session(shop.sessions) as session:
        result = shop.search.search(session, query, limit=CARDS_SHOWN, skip=skip, now=turn.now)
    if not skip:
        record_search(shop, turn, query)
    if not result.hits:
        return _nothing(turn, query, more=skip > 0)
    for wrong, right in result.corrected.items():
        turn.say(Reply("utter_corrected", wrong=wrong, right=right))
    facet = _question(turn, result, skip)
    reply = _found(turn, result, facet, skip)
    if facet is not None:
        _offer(shop, reply, facet, result)
    elif result.total > skip + len(result.hits):
        reply.button(turn.word("word_show_more"), "/show_more")
    events = show_hits(shop, reply, result.hits)
    turn.say(reply)
    search = query.to_dict() | {"skip": skip + len(result.hits)}
    return [
        *events,
        SlotSet("search", search),
        SlotSet("clarified", facet is not None),
        SlotSet("pending", None),
    ]


def _found(turn: Turn, result: SearchResult, facet: Facet | None, skip: int) -> Reply:
    count = Claim(str(result.total), "catalogue", result.version, "matches")
    if result.relaxed:
        names = [turn.word(f"word_constraint_{name}") for name in result.relaxed]
        response = "utter_found_relaxed"
        return Reply(response, what=turn.word("word_and").join(names), count=count)
    if skip:
        return Reply("utter_found_more")
    if not result.sure:
        return Reply("utter_found_guess")
    if facet is not None:
        question = turn.word(f"word_ask_{facet.attribute}")
        return Reply("utter_found_question", count=count, question=question)
    if result.total == 1:
        return Reply("utter_found_one", product=titles([result.hits[0].facts]))
    response = "utter_found_all" if result.total <= len(result.hits) else "utter_found_some"
    return Reply(response, count=count)


def _question(turn: Turn, result: SearchResult, skip: int) -> Facet | None:
    """What to ask, if too much fits and the last answer was no question already."""
    asked_before = bool(turn.slot("clarified"))
    if (
        asked_before
        or skip
        or not result.sure
        or result.relaxed
        or result.query.sort is not Sort.RELEVANCE
    ):
        return None
    # Words already say more than a question could ask.
    only_words = bool(result.query.text) and not result.query.include
    if only_words or result.total <= CLARIFY_ABOVE:
        return None
    return next(iter(result.facets), None)


def _offer(shop: Shop, reply: Reply, facet: Facet, result: SearchResult) -> None:
    for value, _ in facet.values:
        name = value
        if facet.attribute is Attribute.CATEGORY:
            name = shop.search.index.category_titles.get(value, value)
        reply.button(name, f'/refine_search{{"{facet.attribute}":"{value}"}}')
        reply.receipts([Claim(name, "catalogue", result.version, str(facet.attribute))])


def _nothing(turn: Turn, query: SearchQuery, *, more: bool) -> list[Event]:
    if more:
        turn.say(Reply("utter_no_more"))
        return [SlotSet("clarified", False)]
    turn.say(Reply("utter_nothing_found"))
    return [SlotSet("search", query.to_dict()), SlotSet("clarified", False)]


def _more(shop: Shop, turn: Turn, standing: SearchQuery) -> list[Event]:
    skip = turn.slot("search").get("skip", 0)
    return find(shop, turn, standing, skip=skip)


def _start_over(turn: Turn) -> list[Event]:
    turn.say(Reply("utter_started_over"))
    return [SlotSet(name, None) for name in ("search", "shown", "focus", "pending")]


def _ask_what(shop: Shop, turn: Turn) -> list[Event]:
    """Ask once what to look for; the second time show what is popular."""
    if turn.slot("clarified"):
        return find(shop, turn, SearchQuery(sort=Sort.POPULAR))
    reply = Reply("utter_search_what")
    with read_session(shop.sessions) as session:
        result = shop.search.search(session, SearchQuery(), limit=1, now=turn.now)
    for facet in result.facets:
        if facet.attribute is Attribute.CATEGORY:
            _offer(shop, reply, facet, result)
    turn.say(reply)
    return [SlotSet("clarified", True)]


def find_beyond_shown(shop: Shop, turn: Turn, *, cheaper: bool) -> list[Event]:
    """Search on for what costs less (else more) than all that was shown, of the same kind."""
    standing = standing_search(turn) or _like_the_one_in_view(shop, turn)
    bound = replace(_beyond_shown(shop, turn, query_of(turn), cheaper=cheaper), text="")
    if standing.is_empty and bound.is_empty:
        return _ask_what(shop, turn)
    return find(shop, turn, standing.refined(bound))


def _relative_bound(shop: Shop, turn: Turn) -> SearchQuery | None:
    """The price bound that "cheaper" or "more expensive" means: beyond all that was shown."""
    cheaper, dearer = wants_cheaper(turn), wants_dearer(turn)
    if not (cheaper or dearer):
        return None
    change = query_of(turn)
    if change.price_max is not None or change.price_min is not None:
        return change
    return _beyond_shown(shop, turn, change, cheaper=cheaper)


def _beyond_shown(shop: Shop, turn: Turn, change: SearchQuery, *, cheaper: bool) -> SearchQuery:
    amounts = [price.amount for price in _prices_in_view(shop, turn)]
    if not amounts:
        return replace(change, sort=Sort.PRICE_ASC if cheaper else Sort.PRICE_DESC)
    if cheaper:
        return replace(change, price_max=max(0, min(amounts) - 1))
    return replace(change, price_min=max(amounts) + 1)


def _prices_in_view(shop: Shop, turn: Turn) -> Sequence[Money]:
    pairs = shown_pairs(turn)
    focus = turn.slot("focus") or (turn.page_product if not pairs else None)
    products = [focus] if focus else [product for product, _ in pairs]
    variants = dict(pairs)
    with read_session(shop.sessions) as session:
        facts = product_facts(session, products, now=turn.now)
    seen = []
    for product in facts.values():
        shown = [v for v in product.variants if v.variant_id == variants.get(product.product_id)]
        variant = shown[0] if shown else product.best_variant()
        if variant is not None:
            seen.append(variant.price)
    return seen


def _like_the_one_in_view(shop: Shop, turn: Turn) -> SearchQuery:
    """A search for the kind of product that the shopper is looking at."""
    product = turn.slot("focus") or turn.page_product
    if not isinstance(product, str):
        return SearchQuery()
    with read_session(shop.sessions) as session:
        facts = product_facts(session, [product], now=turn.now).get(product)
    if facts is None or facts.category_id is None:
        return SearchQuery()
    return SearchQuery(include={Attribute.CATEGORY: (facts.category_id,)})
