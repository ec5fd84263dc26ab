"""Coupon codes in a sentence: "apply SUMMER10", "my code is welcome-5"."""

import re

from nlu.spans import Candidate

_NAMED = re.compile(
    r"\b(?:coupon|voucher|promo(?:tion)?|discount|gift)?[\s-]*(?:code|coupon|voucher|promo)\b"
    r"(?:\s+(?:is|called|named|with|number|of))?\s*[:=\"']?\s*(?P<code>[A-Za-z0-9][\w-]{2,23})",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"(?<![\w-])(?=[A-Z0-9-]*[A-Z]{2})[A-Z0-9][A-Z0-9-]{3,23}(?![\w-])")
_APPLIED = re.compile(
    r"\b(?:apply|use|redeem|try|enter|activate|with)\s+(?:the\s+|my\s+|code\s+)?"
    r"(?P<code>(?=[\w-]*[A-Za-z]{2})(?=[\w-]*\d)[A-Za-z0-9][\w-]{3,23})",
    re.IGNORECASE,
)
_CAPITALS_NEED = re.compile(
    r"\b(?:apply|use|redeem|try|enter|activate|code|coupon|voucher|promo|discount|work)",
    re.IGNORECASE,
)
_ORDINARY = re.compile(
    r"(?:does|doesn|did|isn|is|not|won|wont|work|works|working|for|from|that|this|which|what|why|"
    r"please|applied|apply|code|codes|coupon|coupons|was|got|has|have|can|could|would|to|and|the|"
    r"expired|valid|invalid|accepted|rejected|refused|do|on|at|in|it|my|you|your|here|today|now|"
    r"again|available|right|because|too|still|anymore|thing|box|field|offers?|deals?|discounts?|"
    r"promotions?|savings?|are|there|running|currently|any|some)$",
    re.IGNORECASE,
)


def find_coupons(text: str) -> list[Candidate]:
    """Codes, in capitals."""
    spans: list[tuple[int, int]] = []
    for pattern in (_NAMED, _APPLIED):
        spans.extend(match.span("code") for match in pattern.finditer(text))
    if _CAPITALS_NEED.search(text) or _CAPITALS.fullmatch(text.strip(" .!?")):
        # A whole sentence in capitals is shouting, not a code.
        spans.extend(
            match.span()
            for match in _CAPITALS.finditer(text)
            if any(letter.islower() for letter in text) or any(map(str.isdigit, match.group()))
        )
    return [
        Candidate.of(start, end, "coupon_code", text[start:end].upper())
        for start, end in dict.fromkeys(spans)
        if not _ORDINARY.match(text[start:end])
    ]
