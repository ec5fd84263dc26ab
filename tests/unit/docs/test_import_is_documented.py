"""docs/import.md names every rule, format and mapping key there is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.cleaning import RULES
from ingest.feeds import catalogue_formats
from ingest.logs import LOG_FORMATS
from ingest.mapping import CatalogueColumns, EventColumns, EventMapping

DOCUMENT = (Path(__file__).parents[3] / "docs" / "import.md").read_text()
FORMATS = [one.name for one in LOG_FORMATS] + [
    one.name for one in catalogue_formats(datetime(2026, 1, 1, tzinfo=UTC))
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_cleaning_rule_is_documented_in_its_own_words(rule: object) -> None:
    assert f"| `{rule.name}` | {rule.meaning} |" in DOCUMENT  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [n for n in FORMATS if not n.endswith("-categories")])
def test_every_format_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize(
    "key",
    [*EventColumns.model_fields, *CatalogueColumns.model_fields, *EventMapping.model_fields],
)
def test_every_mapping_key_is_documented(key: str) -> None:
    assert f"\n{key} = " in DOCUMENT or f"[{key}]" in DOCUMENT or f"`{key} = " in DOCUMENT
