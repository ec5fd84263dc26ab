"""Sizes in a sentence: "size M", "in medium", "in a 42", "XL"."""

import re
from collections.abc import Iterable

from nlu.spans import Candidate

_NAMES = {
    "extra small": "XS",
    "x-small": "XS",
    "small": "S",
    "medium": "M",
    "large": "L",
    "extra large": "XL",
    "x-large": "XL",
    "double extra large": "XXL",
    "xx-large": "XXL",
    "2xl": "XXL",
    "3xl": "XXXL",
    "one size": "ONE SIZE",
}
# Sizes that are ordinary words or single letters count only where a size is talked about.
_CUE = r"\b(?:sizes?|sized|eu|uk|us)(?:\s+(?:is|of|in|eu|uk|us|number))?\s*[:=]?\s*(?:an?\s+)?"
_IN = r"\b(?:in|as)\s+(?:an?\s+|the\s+)?(?:size\s+)?"
_WEARS = r"\b(?:i(?:'m| am)|i (?:usually )?(?:wear|take)|i need|make (?:it|that)|the|get|want)\s+(?:an?\s+)?"
_LISTED = r"(?:\s*(?:,|or|and|/)\s*)"


class Sizes:
    """The sizes of one catalogue, ready to be found in text."""

    def __init__(self, sizes: Iterable[str]) -> None:
        self._values: dict[str, str] = {size.lower(): size for size in sizes if size.strip()}
        for name, letter in _NAMES.items():
            if letter.lower() in self._values:
                self._values.setdefault(name, self._values[letter.lower()])
        words = sorted(self._values, key=len, reverse=True)
        size = "|".join(re.escape(word) for word in words)
        whole = rf"(?P<size>{size})(?![\w-])(?!\s*(?:[€$£%]|euros?\b|eur\b|percent\b))"
        plain = [word for word in words if self._is_plain(word)]
        letters = [word for word in words if not word[0].isdigit()]
        patterns = []
        if words:
            patterns += [_CUE + whole, rf"^\s*(?:an?\s+)?{whole}\s*(?:please)?[.!]?\s*$"]
            patterns.append(_IN + whole + r"(?!\s+(?:days?|weeks?|months?|hours?|minutes?|steps?))")
        if letters:
            letter = "|".join(re.escape(word) for word in letters)
            patterns.append(rf"{_WEARS}(?P<size>{letter})(?=\s*(?:[.,!?]|$|please\b|size\b|one\b))")
            patterns.append(rf"(?<![\w-])(?P<size>{letter})\s+sized?\b")
        if plain:
            patterns.append(
                rf"(?<![\w-])(?P<size>{'|'.join(re.escape(word) for word in plain)})(?![\w-])"
            )
        self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
        self._more = re.compile(rf"{_LISTED}(?P<size>{size})(?![\w-])", re.IGNORECASE)

    @staticmethod
    def _is_plain(word: str) -> bool:
        """Whether the size means nothing else wherever it stands: XL, XXS, 42/44, W32."""
        return bool(
            re.fullmatch(r"(?:\d?x{1,4}[sl]|extra (?:small|large)|w\d\d.*|\d\d/\d\d)", word)
        )

    def find(self, text: str) -> list[Candidate]:
        """Sizes of the catalogue named in the text."""
        found = []
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                found.append(self._candidate(match))
                more = self._more.match(text, match.end("size"))
                while more:
                    found.append(self._candidate(more))
                    more = self._more.match(text, more.end("size"))
        return found

    def _candidate(self, match: "re.Match[str]") -> Candidate:
        value = self._values[match.group("size").lower()]
        return Candidate.of(match.start("size"), match.end("size"), "size", value)
