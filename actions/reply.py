"""Answers whose every number comes with the row it was read from."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rasa_sdk.executor import CollectingDispatcher

DIGIT = re.compile(r"\d")


class UnbackedNumberError(ValueError):
    """A reply was about to say a number that no row stands behind."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Text that a row stands behind: a price, a count, a title, a date."""

    text: str
    table: str
    id: str
    column: str

    def receipt(self) -> dict[str, str]:
        """As the message carries it."""
        return {"text": self.text, "table": self.table, "id": self.id, "column": self.column}


@dataclass(frozen=True, slots=True)
class Said:
    """Text put together from claims, such as a list of titles."""

    text: str
    claims: tuple[Claim, ...]


def join(parts: Iterable[Claim], separator: str) -> Said:
    """Claims one after another."""
    claims = tuple(parts)
    return Said(separator.join(claim.text for claim in claims), claims)


class Reply:
    """One message: a response of the bot's domain, its values, and what is shown with it.

    A value that is plain text must not contain a number; a number is a Claim.
    """

    def __init__(self, response: str, **values: Claim | Said | str) -> None:
        self.response = response
        self._values: dict[str, str] = {}
        self._receipts: dict[tuple[str, str, str, str], dict[str, str]] = {}
        self._custom: dict[str, Any] = {"kind": "text"}
        self._buttons: list[dict[str, str]] = []
        for name, value in values.items():
            self._values[name] = self._checked(name, value)

    def _checked(self, name: str, value: Claim | Said | str) -> str:
        if isinstance(value, Claim):
            self.receipts([value])
            return value.text
        if isinstance(value, Said):
            self.receipts(value.claims)
            return value.text
        if DIGIT.search(value):
            raise UnbackedNumberError(f"{self.response}: {name}={value!r} has no receipt")
        return value

    def receipts(self, claims: Iterable[Claim]) -> "Reply":
        """Add the rows behind what is said or shown."""
        for claim in claims:
            self._receipts[claim.text, claim.table, claim.id, claim.column] = claim.receipt()
        return self

    def cards(self, cards: list[dict[str, Any]], claims: Iterable[Claim]) -> "Reply":
        """Show products."""
        self._custom |= {"kind": "cards", "cards": cards}
        return self.receipts(claims)

    def cart(self, cart: Mapping[str, Any], claims: Iterable[Claim]) -> "Reply":
        """Show the cart as it now is."""
        self._custom |= {"kind": "cart", "cart": dict(cart)}
        return self.receipts(claims)

    def table(self, columns: list[str], rows: list[list[str]], claims: Iterable[Claim]) -> "Reply":
        """Show rows of text."""
        self._custom |= {"kind": "table", "table": {"columns": columns, "rows": rows}}
        return self.receipts(claims)

    def button(self, title: str, payload: str) -> "Reply":
        """Offer a quick reply."""
        self._buttons.append({"title": title, "payload": payload})
        return self

    def send(self, dispatcher: CollectingDispatcher) -> None:
        """Hand the message to the bot, which puts the words to it."""
        custom = self._custom | {"receipts": list(self._receipts.values())}
        plain = custom["kind"] == "text" and not self._receipts
        dispatcher.utter_message(
            response=self.response,
            json_message=None if plain else custom,
            buttons=self._buttons or None,
            **self._values,
        )
