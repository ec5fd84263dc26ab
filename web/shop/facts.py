"""A product's facts as rows that a shopper reads."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from db.reads.catalogue import ProductFacts
from services.product_facts import readable


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact's name and value in words."""

    name: str
    value: str


def fact_rows(product: ProductFacts, words: SimpleNamespace) -> list[FactRow]:
    """Material and every further fact of a product that has a value, in the catalogue's order."""
    rows = (
        [FactRow(words.product.material, _sentence(product.material))] if product.material else []
    )
    for key, value in product.facts.items():
        if value is None or value == "" or value == []:
            continue
        name, text = readable(key, value)
        rows.append(FactRow(name.capitalize(), _in_words(value, text, words)))
    return rows


def _in_words(value: Any, text: str, words: SimpleNamespace) -> str:
    if isinstance(value, bool):
        return str(words.product.yes if value else words.product.no)
    if isinstance(value, list):
        text = ", ".join(str(part) for part in value)
    return _sentence(text)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
