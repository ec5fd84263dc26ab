"""From the entities of a message to a search."""

import re
from dataclasses import replace

from actions.skill import Turn
from services.query import Attribute, SearchQuery, Sort
from services.text import EMPTY_WORDS, words

# Entities whose words say how to search, not what for.
NOT_CONTENT = frozenset({"price_min", "price_max", "sort", "ordinal", "quantity", "period"})
MONEY_WORDS = frozenset(
    """
    eur euro euros usd dollar dollars gbp pound pounds buck bucks price prices priced cost costs
    cheap cheaper cheapest expensive pricey budget affordable between less least max maximum min
    minimum below above around about spend instead
    """.split()  # noqa: SIM905 a list of words is read more easily as text
)
CHEAPER = re.compile(r"\b(?:cheaper|less expensive|less pricey|lower price[ds]?)\b", re.IGNORECASE)
DEARER = re.compile(
    r"\b(?:more expensive|pricier|dearer|fancier|better quality|higher price[ds]?)\b", re.IGNORECASE
)
ALSO = re.compile(r"\b(?:also|or|as well|too|add)\b", re.IGNORECASE)


def query_of(turn: Turn) -> SearchQuery:
    """What the message alone asks for."""
    include, exclude = {}, {}
    for attribute in Attribute:
        unwanted = [str(value) for value in turn.values(attribute, excluded=True)]
        wanted = [str(v) for v in turn.values(attribute) if str(v) not in unwanted]
        if wanted:
            include[attribute] = tuple(wanted)
        if unwanted:
            exclude[attribute] = tuple(unwanted)
    query = SearchQuery(
        text=_content(turn),
        include=include,
        exclude=exclude,
        price_min=turn.number("price_min"),
        price_max=turn.number("price_max"),
        sort=_sort(turn),
    )
    if query.price_min is not None and query.price_max is not None:
        low, high = sorted((query.price_min, query.price_max))
        return replace(query, price_min=low, price_max=high)
    return query


def wants_cheaper(turn: Turn) -> bool:
    """Whether the message asks for lower prices than those shown."""
    return bool(CHEAPER.search(turn.text))


def wants_dearer(turn: Turn) -> bool:
    """Whether the message asks for higher prices than those shown."""
    return bool(DEARER.search(turn.text))


def wants_more_kinds(turn: Turn) -> bool:
    """Whether a new value comes beside the old ones ("or in green") and does not replace them."""
    return bool(ALSO.search(turn.text))


def _sort(turn: Turn) -> Sort:
    value = turn.value("sort")
    return Sort(value) if value in set(Sort) else Sort.RELEVANCE


def _content(turn: Turn) -> str:
    """The words of the message that describe a product: no prices, no orders, nothing excluded."""
    if turn.is_payload:
        return " ".join(
            str(value)
            for attribute in (Attribute.COLOUR, Attribute.MATERIAL, Attribute.FEATURE)
            for value in turn.values(attribute)
        )
    text = turn.text
    for entity in sorted(turn.entities, key=lambda item: -int(item.get("start") or 0)):
        start, end = entity.get("start"), entity.get("end")
        dropped = entity.get("entity") in NOT_CONTENT or entity.get("role") == "exclude"
        if dropped and isinstance(start, int) and isinstance(end, int):
            text = f"{text[:start]} {text[end:]}"
    kept = [
        word
        for word in words(text)
        if word not in EMPTY_WORDS and word not in MONEY_WORDS and not word.isdigit()
    ]
    return " ".join(kept)
