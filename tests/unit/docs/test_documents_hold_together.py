"""Documents: every link leads somewhere, every document is found, every package is explained."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MAP = ROOT / "docs" / "how-it-works.md"
_LINK = re.compile(r"\]\(([^)#\s]+)")


def links(document: Path) -> list[Path]:
    """The files that a document links to."""
    found = _LINK.findall(document.read_text(encoding="utf-8"))
    return [(document.parent / link).resolve() for link in found if "://" not in link]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    assert [link for link in links(document) if not link.exists()] == []


def test_every_document_is_linked_from_the_map() -> None:
    assert {path for path in DOCUMENTS[1:] if path != MAP} - set(links(MAP)) == set()


def test_the_map_ranks_the_packages_as_the_import_linter_does() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [
        {name.strip() for name in layer.split("|")} for layer in linter["contracts"][0]["layers"]
    ]
    section = MAP.read_text(encoding="utf-8").split("## The packages")[1].split("\n## ")[0]
    rows = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    assert [set(re.findall(r"`(\w+)/`", row)) for row in rows] == layers
