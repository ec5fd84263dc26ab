"""`POST /events`: what shoppers do, in GA4's e-commerce names and fields.

https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference/events
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from core.clock import EPOCH
from core.money import to_minor
from db.models import EventName
from db.writes.events import NewEvent, NewItem, record
from web.fields import Key, printable
from web.identity import DOCUMENTED_SECURITY, CurrentIdentity
from web.problems import PROBLEM_RESPONSES, FieldError, Problem

router = APIRouter(tags=["events"], responses=PROBLEM_RESPONSES, dependencies=DOCUMENTED_SECURITY)

MAX_EVENTS = 500
MAX_ITEMS = 200
MAX_PIECES = 100_000
MAX_MAJOR = Decimal(1_000_000_000)
FUTURE = timedelta(minutes=5)
PAST = timedelta(days=30)
"""How far an event's time may lie ahead of our clock, and behind it. A log that is older comes in
with `cartwright import`."""

_WITH_ITEMS = frozenset(
    {
        EventName.VIEW_ITEM,
        EventName.SELECT_ITEM,
        EventName.ADD_TO_WISHLIST,
        EventName.ADD_TO_CART,
        EventName.REMOVE_FROM_CART,
        EventName.PURCHASE,
    }
)


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


type Major = Annotated[Decimal, BeforeValidator(_no_bool), Field(ge=0, le=MAX_MAJOR)]
type CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
type Quantity = Annotated[int, BeforeValidator(_no_bool), Field(ge=1, le=MAX_PIECES)]


class ItemIn(BaseModel):
    """A product in an event; further GA4 fields are accepted and ignored."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    item_id: Key = Field(description="The product's id in the catalogue.")
    item_variant: Key | None = Field(default=None, description="The variant's id (SKU).")
    price: Major | None = Field(default=None, description="Of one piece, in major units.")
    quantity: Quantity = 1


class ParamsIn(BaseModel):
    """An event's parameters; further GA4 parameters are accepted and ignored."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    currency: CurrencyCode | None = Field(
        default=None, description="ISO 4217; the shop's currency when left out."
    )
    value: Major | None = Field(default=None, description="Of the whole event, in major units.")
    items: Annotated[list[ItemIn], Field(max_length=MAX_ITEMS)] = []
    search_term: (
        Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(printable)]
        | None
    ) = None
    transaction_id: Key | None = Field(default=None, description="The shop's order number.")
    session_id: Key | None = Field(default=None, description="One visit; opaque.")


class EventIn(BaseModel):
    """One GA4 e-commerce event."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    name: EventName
    event_id: Key = Field(
        description="Chosen by the sender; an id that was sent before changes nothing."
    )
    timestamp_micros: (
        Annotated[int, BeforeValidator(_no_bool), Field(ge=0, le=253_402_300_799_000_000)] | None
    ) = Field(default=None, description="When it happened, microseconds since 1970 in UTC.")
    time: AwareDatetime | None = Field(
        default=None, description="The same in ISO 8601 with a zone; now, where both are left out."
    )
    params: ParamsIn = ParamsIn()

    @model_validator(mode="after")
    def _complete(self) -> "EventIn":
        if self.timestamp_micros is not None and self.time is not None:
            raise ValueError("give timestamp_micros or time, not both")
        if self.name in _WITH_ITEMS and not self.params.items:
            raise ValueError(f"{self.name.value} needs params.items with at least one item")
        if self.name is EventName.SEARCH and self.params.search_term is None:
            raise ValueError("search needs params.search_term")
        if self.name is EventName.PURCHASE and self.params.transaction_id is None:
            raise ValueError("purchase needs params.transaction_id")
        return self

    def at(self, now: datetime) -> datetime:
        """When it happened."""
        if self.timestamp_micros is not None:
            return EPOCH + timedelta(microseconds=self.timestamp_micros)
        return self.time or now


class EventBatch(BaseModel):
    """Several events of one shopper; all are stored, or none."""

    events: Annotated[list[EventIn], Field(min_length=1, max_length=MAX_EVENTS)]


class Stored(BaseModel):
    """How many events were new, and how many had come before."""

    stored: int
    duplicates: int


def _shape(value: Any) -> str:
    is_batch = "events" in value if isinstance(value, dict) else isinstance(value, EventBatch)
    return "batch" if is_batch else "event"


type Payload = Annotated[
    Annotated[EventIn, Tag("event")] | Annotated[EventBatch, Tag("batch")],
    Discriminator(_shape),
]

_ADD = {
    "name": "add_to_cart",
    "event_id": "5c0c1b0e-6a5b-4b39-9e1c-0f3f6a3f8f10",
    "timestamp_micros": 1772445600000000,
    "params": {
        "currency": "EUR",
        "value": 119.0,
        "session_id": "1772445000",
        "items": [
            {
                "item_id": "rain-jacket",
                "item_name": "Rain jacket",
                "item_variant": "rain-jacket-blue-m",
                "price": 119.0,
                "quantity": 1,
            }
        ],
    },
}
_SEARCH = {
    "name": "search",
    "event_id": "9a7d2f9e-0b44-4a3f-8f5e-2a3f3f2f6d11",
    "time": "2026-03-02T10:00:00+00:00",
    "params": {"search_term": "waterproof jacket"},
}


@router.post("/events", status_code=202)
def post_events(
    request: Request,
    identity: CurrentIdentity,
    payload: Annotated[
        Payload,
        Body(
            openapi_examples={
                "one": {"summary": "One event", "value": _ADD},
                "batch": {"summary": "Several events", "value": {"events": [_SEARCH, _ADD]}},
            }
        ),
    ],
) -> Stored:
    """Store events and fold them into the shopper's cart, in one transaction.

    Events may come late (up to 30 days), in any order and more than once; the cart is the same.
    Either all events of a request are stored or, where one is wrong, none.
    """
    state = request.app.state
    now: datetime = state.clock.now()
    batch = payload.events if isinstance(payload, EventBatch) else [payload]
    _refuse_clock_errors(batch, now=now, single=isinstance(payload, EventIn))
    currency: str = state.settings.currency
    events = [_new_event(event, now=now, currency=currency) for event in batch]
    with state.sessions.begin() as session:
        result = record(session, identity, events, now=now)
    return Stored(stored=result.stored, duplicates=result.duplicates)


def _refuse_clock_errors(batch: Sequence[EventIn], *, now: datetime, single: bool) -> None:
    errors = []
    for index, event in enumerate(batch):
        at = event.at(now)
        if now - PAST <= at <= now + FUTURE:
            continue
        name = "time" if event.time is not None else "timestamp_micros"
        message = (
            f"{at.isoformat()} lies in the future: is the sender's clock right?"
            if at > now
            else f"{at.isoformat()} is more than {PAST.days} days ago: use `cartwright import`"
        )
        field = name if single else f"events[{index}].{name}"
        errors.append(FieldError(field=field, message=message))
    if errors:
        raise Problem(422, f"{errors[0].field}: {errors[0].message}", errors=errors[:20])


def _new_event(event: EventIn, *, now: datetime, currency: str) -> NewEvent:
    params = event.params
    currency = params.currency or currency
    return NewEvent(
        event_id=event.event_id,
        name=event.name,
        at=min(event.at(now), now),
        session_id=params.session_id,
        items=tuple(
            NewItem(
                product_id=item.item_id,
                variant_id=item.item_variant,
                quantity=item.quantity,
                unit_amount=None if item.price is None else to_minor(item.price, currency),
                currency=None if item.price is None else currency,
            )
            for item in params.items
        ),
        search_term=params.search_term,
        transaction_id=params.transaction_id,
        value=None if params.value is None else to_minor(params.value, currency),
        currency=currency,
    )
