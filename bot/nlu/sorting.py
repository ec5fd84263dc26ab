"""The order a shopper asks for: "cheapest first", "what's new", "best sellers"."""

import re

from nlu.spans import Candidate

_WORDS = (
    (
        "price_asc",
        (
            r"cheap(?:er|est)?|inexpensive|affordable|budget[- ]friendly|low(?:est)?[- ]pric(?:e|ed)|"
            r"less expensive|lower priced?|least expensive|not (?:too|so|that) (?:expensive|pricey|dear)|"
            r"(?:price[sd]? )?(?:from )?low(?:est)? to high(?:est)?|(?:by )?price ascending|by price"
        ),
    ),
    (
        "price_desc",
        (
            r"most expensive|priciest|dearest|expensive ones?|pricier|more expensive|high(?:est)?[- ]end|"
            r"premium|(?:price[sd]? )?(?:from )?high(?:est)? to low(?:est)?|highest[- ]priced?|"
            r"(?:by )?price descending|luxur(?:y|ious)"
        ),
    ),
    (
        "popular",
        (
            r"(?:most )?popular|best[- ]?sell(?:ing|ers?)|top[- ]?sell(?:ing|ers?)|top[- ]rated|"
            r"most (?:bought|loved|wanted)|what (?:everyone|everybody|people) (?:else )?buys?|"
            r"favou?rites?|trending|in demand"
        ),
    ),
    (
        "newest",
        (
            r"newest|latest|new arrivals?|new in\b|just in\b|just arrived|most recent|brand new|recently added|"
            r"new ones|what's new|new stuff|newest first"
        ),
    ),
)
_PATTERNS = tuple(
    (value, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for value, words in _WORDS
)
_OTHER = re.compile(r"cheaper than\s+[€$£]?\s*\d|more expensive than\s+[€$£]?\s*\d", re.IGNORECASE)


def find_sorts(text: str) -> list[Candidate]:
    """Words that ask for an order."""
    return [
        Candidate.of(match.start(), match.end(), "sort", value)
        for value, pattern in _PATTERNS
        for match in pattern.finditer(text)
        if not _OTHER.match(text, match.start())
    ]
