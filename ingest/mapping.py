"""How the columns of a log or a catalogue are read: built in for known formats, TOML for others."""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from db.models import EventName
from ingest.source import ImportRefusedError

SALE = "sale"
CANCELLATION = "cancellation"
IGNORE = "ignore"
KNOWN_EVENTS = frozenset({*(name.value for name in EventName), SALE, CANCELLATION, IGNORE})


def _known_event(value: str) -> str:
    if value not in KNOWN_EVENTS:
        raise ValueError(f"no such event; known are {', '.join(sorted(KNOWN_EVENTS))}")
    return value


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("no such time zone; use a name such as Europe/Berlin") from None
    return value


KnownEvent = Annotated[str, AfterValidator(_known_event)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EventColumns(_Part):
    """Which column of the log holds what; only time, product and somebody are needed."""

    time: str
    product: str
    event: str | None = None
    customer: str | None = None
    visitor: str | None = None
    session: str | None = None
    order: str | None = None
    quantity: str | None = None
    price: str | None = None
    title: str | None = None
    category: str | None = None
    brand: str | None = None
    search_term: str | None = None

    @model_validator(mode="after")
    def _has_somebody(self) -> Self:
        if not (self.customer or self.visitor or self.order):
            raise ValueError("name at least one of customer, visitor and order")
        return self


class Times(_Part):
    """How times are written; those without a zone are in `zone`."""

    format: str = "iso"
    zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"


class EventMapping(_Part):
    """A log's columns, its words for events, and how it writes times and numbers."""

    columns: EventColumns
    events: dict[str, KnownEvent] = Field(default_factory=dict)
    event: KnownEvent | None = None
    times: Times = Times()
    decimal: Literal[".", ","] = "."
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    service_codes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_what_happened(self) -> Self:
        if (self.columns.event is None) == (self.event is None):
            raise ValueError(
                "give either columns.event (the column that says what happened) "
                "or event (the same for every row, such as event = 'sale')"
            )
        return self


class CatalogueColumns(_Part):
    """Which column of the table holds what; only id and title are needed."""

    id: str
    title: str
    group: str | None = None
    brand: str | None = None
    category: str | None = None
    description: str | None = None
    colour: str | None = None
    size: str | None = None
    material: str | None = None
    price: str | None = None
    list_price: str | None = None
    stock: str | None = None
    availability: str | None = None
    picture: str | None = None


class CatalogueMapping(_Part):
    """A product table's columns; `group` joins the variants of one product."""

    columns: CatalogueColumns
    decimal: Literal[".", ","] = "."
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None


class FaqColumns(_Part):
    """Which column of the table holds what."""

    question: str = "question"
    answer: str = "answer"
    topic: str = "topic"
    id: str = "id"


def mapping_digest(path: Path) -> str:
    """Twelve characters that change when the mapping file does."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def load_mapping[M: BaseModel](path: Path, kind: type[M]) -> M:
    """Read a mapping from TOML.

    Raises ImportRefusedError naming each key that is wrong.
    """
    if not path.is_file():
        raise ImportRefusedError(f"{path}: there is no such mapping file")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImportRefusedError(f"{path} is no TOML: {error}") from None
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'mapping'}: {item['msg']}"
            for item in error.errors()
        )
        raise ImportRefusedError(f"{path}: {problems}") from None
