"""A suggestion's reason in a shopper's words."""

import tomllib
from importlib.resources import files

from db.reads.suggesting import Naming
from recommender.protocol import Reason, ReasonKind


class ReasonWords:
    """Puts a reason into a shopper's words, in one language."""

    def __init__(self, language: str = "en") -> None:
        path = files("services") / "words" / f"{language.replace('_', '-').split('-')[0]}.toml"
        if not path.is_file():
            raise ValueError(
                f"no words for the language {language!r}: set CARTWRIGHT_LOCALE to one that has a "
                "file in services/words, or write it"
            )
        self._words: dict[str, str] = tomllib.loads(path.read_text())["reasons"]

    def text(self, product_id: str, reason: Reason, names: dict[str, Naming]) -> str:
        """The sentence for a reason; a missing word or value is an error, never a blank."""
        because = names.get(reason.because[0]) if reason.because else None
        own = names.get(product_id)
        key = self._key(reason, because, own)
        return self._words[key].format(
            people=reason.people,
            of=reason.of,
            because=because.title if because else "",
            category=own.category_title if own else "",
        )

    def instead(self, because: str, title: str) -> str:
        """The sentence that says what would stand there without the product of that title."""
        return self._words["instead"].format(because=because, instead=title)

    def moved(self, title: str) -> str:
        """The sentence that names the product that the network was moved by most."""
        return self._words["moved"].format(because=title)

    def visits_alike(self, people: int, of: int) -> str:
        """The sentence about people whose visits were most like the shopper's."""
        return self._words["visits_alike"].format(people=people, of=of)

    @staticmethod
    def _key(reason: Reason, because: Naming | None, own: Naming | None) -> str:
        in_category = own is not None and own.category_title is not None
        if reason.kind in (ReasonKind.RULE, ReasonKind.SEQUENCE, ReasonKind.SIMILAR) and because:
            return str(reason.kind)
        if reason.kind is ReasonKind.NEW:
            return "new_in_category" if in_category else "new"
        if reason.kind is not ReasonKind.CONTENT and reason.people is not None:
            by_category = reason.kind is ReasonKind.POPULAR_IN_CATEGORY and in_category
            return str(ReasonKind.POPULAR_IN_CATEGORY if by_category else ReasonKind.POPULAR)
        if not in_category:
            return "in_range"
        return "alike" if because else "in_category"
