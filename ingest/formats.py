"""Formats: recognised by content, or named; a wrong one gets an error that says what to do."""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.shape import Kind, Shape, shape_of
from ingest.source import ImportRefusedError, Source

GENERAL_SERVICE_CODES = (
    r"POST(AGE)?|SHIPPING|DELIVERY|CARRIAGE|DISCOUNT|MANUAL|SAMPLES?|FEES?|"
    r"BANK CHARGES|ADJUST\w*|TEST[ _-]?\d*"
)


@dataclass(frozen=True, slots=True)
class Format[R]:
    """A kind of file: how it is recognised and read, and what it leaves unsaid.

    `read` takes the source, its shape and the currency of its prices. `service_codes` is a pattern
    of product codes that are no products.
    """

    name: str
    title: str
    kinds: tuple[Kind, ...]
    required: frozenset[str]
    read: Callable[[Source, Shape, str], R]
    service_codes: str = GENERAL_SERVICE_CODES
    currency: str | None = None

    def fits(self, shape: Shape) -> bool:
        """Whether a file of this shape is of this format."""
        return shape.kind in self.kinds and shape.has(self.required)

    def expected(self) -> str:
        """What a file of this format looks like."""
        names = ", ".join(sorted(self.required))
        return f"{self.name}: {self.title} ({' or '.join(self.kinds)} with {names})"


def choose[R](
    formats: tuple[Format[R], ...],
    source: Source,
    *,
    name: str | None,
    mapped: Format[R] | None = None,
) -> tuple[Format[R], Shape]:
    """The mapped format, the one with that name, or the one that the content fits; and its shape.

    Raises ImportRefusedError saying what was found, what was expected and what is known.
    """
    shape = shape_of(source)
    if mapped is not None:
        if shape.kind not in {"table", "parquet"}:
            raise ImportRefusedError(
                f"{source.path} holds {shape.text()}: a mapping reads tables and parquet only"
            )
        return mapped, shape
    known = "\n  ".join(one.expected() for one in formats)
    if name is None:
        fitting = next((one for one in formats if one.fits(shape)), None)
        if fitting is None:
            raise ImportRefusedError(
                f"{source.path} holds {shape.text()}, which is no format known here.\n"
                f"Known formats:\n  {known}\n"
                "Any other table can be read with --map MAPPING.toml (docs/import.md)."
            )
        return fitting, shape
    named = next((one for one in formats if one.name == name), None)
    if named is None:
        raise ImportRefusedError(f"there is no format {name!r}. Known formats:\n  {known}")
    if not named.fits(shape):
        other = next((one.name for one in formats if one.fits(shape)), None)
        hint = f" It looks like {other}." if other else ""
        raise ImportRefusedError(
            f"{source.path} is not {named.title}: found {shape.text()}, "
            f"expected {' or '.join(named.kinds)} with {', '.join(sorted(named.required))}.{hint}\n"
            f"Known formats:\n  {known}"
        )
    return named, shape
