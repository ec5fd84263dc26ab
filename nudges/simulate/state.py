"""What a replay keeps: carts and shoppers as the shop knows them, and the diary of all that was."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum

from db.models import Channel
from nudges.decision import Decision
from nudges.facts import PastNudge, Silence
from nudges.simulate.shoppers import Person, Visit
from nudges.simulate.truth import Reason


class What(IntEnum):
    """What happens at a moment; the order in which it does where two fall together."""

    VISIT = 0
    BACK = 1
    EMPTIED = 2
    WITHDRAWN = 3
    STOPPED = 4
    EXPIRED = 5
    NUDGE = 6


@dataclass(slots=True)
class Coupon:
    """A coupon that was given for a cart, until it is used or its time is over."""

    treatment: str
    cost: int
    day: date
    expires: datetime
    open: bool = True


@dataclass(slots=True)
class Cart:
    """An open cart and the visit that left it last."""

    id: str
    created: datetime
    touched: datetime
    visit: Visit
    reason: Reason
    products: list[int]
    messages: int = 0
    open: bool = True
    coupon: Coupon | None = None


@dataclass(slots=True)
class Shopper:
    """What the shop knows of a person."""

    person: Person
    consents: dict[Channel, bool]
    cart: Cart | None = None
    carts: int = 0
    history: list[PastNudge] = field(default_factory=list)
    silences: tuple[Silence, ...] = ()
    seen: datetime | None = None
    paid: datetime | None = None
    ordered: datetime | None = None
    bought: list[tuple[int, datetime]] = field(default_factory=list)
    orders: int = 0
    spent: int = 0
    coupon_at: datetime | None = None
    coupons: int = 0
    coupons_used: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that went out, with the cart as it was.

    `expected` is what it really adds to the margin, in the mean of all draws, over sending nothing
    about this cart from then on; minor units.
    """

    nudge_id: str
    person: int
    cart_id: str
    episode: datetime
    stage: str
    channel: Channel
    treatment: str
    at: datetime
    expected: float


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order: goods before any discount, and what a coupon cost, in minor units."""

    person: int
    cart_id: str
    at: datetime
    goods: int
    coupon: int
    products: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, or somebody held out, with all that learning keeps."""

    person: int
    at: datetime
    held_out: bool
    decision: Decision


@dataclass(slots=True)
class Diary:
    """Everything that happened, for counting, learning and looking at again."""

    left: int = 0
    sent: list[Sent] = field(default_factory=list)
    orders: list[Ordered] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    stopped: Counter[str] = field(default_factory=Counter)
    waited: Counter[str] = field(default_factory=Counter)
    coupons: Counter[str] = field(default_factory=Counter)
    budget: Counter[date] = field(default_factory=Counter)
    exposed: dict[int, datetime] = field(default_factory=dict)
    emptied: dict[str, datetime] = field(default_factory=dict)
    touched: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    holdings: dict[str, list[tuple[datetime, tuple[int, ...]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    withdrawn: dict[int, datetime] = field(default_factory=dict)
    silenced: dict[int, datetime] = field(default_factory=dict)
