from pathlib import Path

import pytest

from core.settings import Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"


def variable_of(field: str) -> str:
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"CARTWRIGHT_{field.upper()}"


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_a_setting_has_a_row_with_its_variable_and_meaning(field: str) -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]

    (row,) = [row for row in rows if row.startswith(f"| `{variable_of(field)}` |")]

    _, _, default, meaning, _ = row.split("|")
    assert default.strip()
    assert len(meaning.strip()) > 15


def test_the_document_names_no_variable_that_is_gone() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    known = {variable_of(field) for field in Settings.model_fields}

    assert {row.split("`")[1] for row in rows} <= known
