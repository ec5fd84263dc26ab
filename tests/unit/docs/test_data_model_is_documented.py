"""docs/data-model.md draws the tables as they are."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Table

from db.models import Base

TEXT = (Path(__file__).parents[3] / "docs/data-model.md").read_text()
DRAWN = {
    name: re.findall(r"^\s+\w+ (\w+)", body, re.MULTILINE)
    for name, body in re.findall(r"^    (\w+) \{\n(.*?)^    \}", TEXT, re.MULTILINE | re.DOTALL)
}
TABLES = list(Base.metadata.tables.values())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_drawn_with_all_its_columns(table: Table) -> None:
    assert DRAWN.get(table.name) == [column.name for column in table.columns]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_foreign_key_is_a_line_of_the_drawing(table: Table) -> None:
    for key in table.foreign_keys:
        line = rf"^    {key.column.table.name} [|o}}][|o]--[|o][|o{{] {table.name} :"
        assert re.search(line, TEXT, re.MULTILINE), f"{key.column.table.name} → {table.name}"


def test_nothing_is_drawn_that_is_no_table() -> None:
    assert DRAWN.keys() == {table.name for table in TABLES}
