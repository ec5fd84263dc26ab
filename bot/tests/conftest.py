"""What the tests of language understanding share. Run in bot/: `.venv/bin/python -m pytest`."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import placeholder

placeholder.stand_in()

import pytest  # noqa: E402

from nlu.understanding import Understanding, blank_language  # noqa: E402

# A Tuesday noon in the shop's zone.
NOW = datetime(2026, 11, 24, 11, 0, tzinfo=timezone.utc)
TERMS = {
    "version": "1",
    "categories": [
        {"id": "jackets", "title": "Rain Jackets", "synonyms": ["jacket", "raincoat"]},
        {"id": "tents", "title": "Tents", "synonyms": []},
        {"id": "boots", "title": "Boots & Shoes", "synonyms": []},
    ],
    "brands": ["Alder", "North Fell"],
    "colours": ["Black", "Forest green", "navy"],
    "sizes": ["S", "M", "L", "XL", "42", "43"],
    "materials": ["leather", "wool", "canvas and cotton"],
    "products": [
        {"id": "p1", "title": "Alder Pour-Over Dripper"},
        {"id": "p2", "title": "Fell Stove"},
    ],
}


@pytest.fixture(scope="session")
def understanding() -> Understanding:
    """Knows a small catalogue."""
    return Understanding(TERMS, nlp=blank_language(), zone=ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="session")
def read(understanding: Understanding):
    """Text to its entities, as (entity, value) or (entity, value, role)."""

    def found(text: str) -> list[tuple]:
        spans = understanding.read(text, now=NOW).original
        return [
            (span.entity, span.value, span.role) if span.role else (span.entity, span.value)
            for span in spans
        ]

    return found
