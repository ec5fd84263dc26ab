"""What a shopper does not want: "not black", "no leather", "anything but Acme", "without a hood".

A cue reaches over the next few words to the wishes found there, and on along "or", "nor" and
"and" to wishes of the same kind; "but", a full stop or a new clause ends it. The idea is NegEx's
(Chapman et al. 2001): trigger, window, terminator, and pseudo-triggers that look like a cue.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from nlu.spans import EXCLUDE, Found

EXCLUDABLE = frozenset({"category", "brand", "colour", "size", "material", "feature", "product"})

_CUE = re.compile(
    r"\b(?:not|no|non|without|w/o|except(?: for)?|excluding|exclude|excl\.?|anything but|"
    r"everything but|all but|any(?:thing)? (?:colour|color|brand|material|kind|size)? ?but|"
    r"other than|apart from|aside from|besides|minus|sans|skip|avoid(?:ing)?|never|neither|nothing|"
    r"none of (?:the|that|those)|hate|dislike|can't stand|cannot stand|allergic to|rather than|"
    r"instead of|free of|leave out|rule out|ignore|hide|drop the|lose the|"
    r"(?:do|does|did|is|are|was|would|should|wo|ca|could)n'?t|dont|doesnt|isnt|arent|cant|wont)\b",
    re.IGNORECASE,
)
# Looks like a cue and is none.
_PSEUDO = re.compile(
    r"\b(?:why not|not (?:only|just|necessarily|bad|sure|certain|yet|too|so|that|very|over|under|"
    r"above|below|more than|less than|exceeding|cost|cheap|expensive|at all sure|really sure)|no (?:problem|worries|matter|idea|doubt|"
    r"rush|more than|less than|thanks|thank you|one|higher|lower)|"
    r"(?:do|would)(?:n'?t| not) (?:mind|care)|dont (?:mind|care)|do(?:n'?t| not) you\b|"
    r"(?:do(?:n'?t)?|dont) you (?:not )?(?:have|sell|stock|carry)|are(?:n'?t| not) (?:there|you|these|those)|"
    r"is(?:n'?t| not) (?:there|that|this|it)\b|did(?:n'?t| not) (?:you|i)\b|"
    r"(?:can|could|would|should|wo)(?:n'?t| not) (?:you|find|decide|see|i)\b|cannot (?:find|see|decide)|"
    r"(?:do|does|did)(?:n'?t| not) (?:know|work|find|see|fit|understand|arrive|remember)|"
    r"nothing (?:else|more|special)|whether or not|or not\b|if not\b|not in stock|never mind|instead of \d)",
    re.IGNORECASE,
)
# Ends a cue's reach.
_STOP = re.compile(
    r"[.;!?:]|,?\s\bbut\b|\b(?:just|only|rather|instead|though|because|please show|show me|i want|i'd like|"
    r"i like|i need|looking for|prefer|that (?:is|are|has|have)|which|however|with)\b|,\s*(?:just|rather|"
    r"something|maybe|ideally|and (?:it|in|under|with))\b",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"^(?:\s|/|'s\b|,|\b(?:or|nor|and|neither|any|anything|in|the|a|an|of|no|not|stuff|ones?|colou?red|"
    r"things?|made|either|brand|from|by)\b)*$",
    re.IGNORECASE,
)
_HARD_LINK = re.compile(r"\b(?:or|nor|and|neither|no|not)\b|/|&", re.IGNORECASE)
# leather-free, fur free
_FREE = re.compile(r"[\s-]+free\b", re.IGNORECASE)
# no + words before the wish: "not in any black", "no more of the cheap black"
_REACH_WORDS = 6


def mark_excluded(text: str, found: Sequence[Found]) -> list[Found]:
    """The spans, those that a negation reaches with the role "exclude"."""
    ordered = sorted(found, key=lambda span: (span.start, span.end))
    wishes = [span for span in ordered if span.entity in EXCLUDABLE]
    excluded = {id(span) for span in wishes if _FREE.match(text, span.end)}
    pseudo = [match.span() for match in _PSEUDO.finditer(text)]
    for cue in _CUE.finditer(text):
        if any(start <= cue.start() < end for start, end in pseudo):
            continue
        if any(span.start < cue.end() and cue.start() < span.end for span in ordered):
            continue
        excluded.update(id(span) for span in _reached(text, cue.end(), wishes))
    return [replace(span, role=EXCLUDE) if id(span) in excluded else span for span in ordered]


def _reached(text: str, position: int, wishes: Sequence[Found]) -> list[Found]:
    ahead = [span for span in wishes if span.start >= position]
    reached: list[Found] = []
    for index, span in enumerate(ahead):
        gap = text[position : span.start]
        if reached and not gap.strip() and span.entity in ("category", "product"):
            # "no black jackets": jackets are wanted, only not in black.
            break
        if not reached:
            if _STOP.search(gap) or "," in gap or len(gap.split()) > _REACH_WORDS:
                break
        elif span.start != reached[-1].start and not _goes_on(text, gap, reached, ahead[index:]):
            break
        reached.append(span)
        position = max(position, span.end)
    return reached


def _goes_on(text: str, gap: str, reached: Sequence[Found], ahead: Sequence[Found]) -> bool:
    """Whether the list of unwanted things goes on over the gap to the next wish."""
    same_kind = ahead[0].entity == reached[-1].entity
    if not gap.strip():
        # "no black leather": one phrase; the whole of it is unwanted.
        return True
    if not _LINK.match(gap):
        return False
    if re.search(r"\b(?:or|nor|neither|no|not)\b|/", gap, re.IGNORECASE):
        return True
    if not same_kind:
        return False
    if _HARD_LINK.search(gap):
        return True
    # A bare comma goes on only where a later "or", "nor" or "and" closes the list.
    return len(ahead) > 1 and _goes_on(
        text, text[ahead[0].end : ahead[1].start], [*reached, ahead[0]], ahead[1:]
    )
