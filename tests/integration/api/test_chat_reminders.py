"""The chat's reminders: kept for their shopper, delivered when the widget says it showed them."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity, issue_token
from core.settings import Settings
from db.engine import SessionFactory
from db.fold import CartItem
from db.models import Channel, ChatOutbox, Nudge, NudgeStep, Price, Product, Variant
from db.writes.asked import stop_reminders
from nudges.channels.chat import ChatChannel
from tests.integration.nudges.coupons import TREATMENTS, Always
from tests.integration.nudges.shoppers import (
    STOVE,
    TENT,
    agree,
    buy,
    leave_cart,
    person,
    policy,
    sweeper,
)

HOUR = timedelta(hours=1)
ANN = Identity("v-ann", "ann")


class Ear:
    """Hears which conversations the bot would be told of."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def announce(self, conversation_ids: list[str]) -> None:
        self.heard += conversation_ids


@pytest.fixture
def ear() -> Ear:
    return Ear()


def remind(
    sessions: SessionFactory,
    clock: SimulatedClock,
    ear: Ear,
    treatment: str = "reminder",
    items: Sequence[CartItem] = (TENT,),
) -> None:
    """Ann left a tent and agreed to chat messages; the sweep writes to her."""
    with sessions.begin() as session:
        person(session, "ann", now=clock.now() - 25 * HOUR)
        leave_cart(session, "ann", at=clock.now() - HOUR, items=items)
        agree(session, "ann", Channel.CHAT, now=clock.now() - HOUR)
    stage = {"name": "first", "after_minutes": 60, "channels": ["chat"], "treatments": TREATMENTS}
    rules = policy(stages=[stage], incentives={"daily_budget": 20000, "valid_days": 3})
    channel = ChatChannel(sessions, ear)  # type: ignore[arg-type]  # a list is a sequence
    sweeper(sessions, clock, channels=[channel], rules=rules, decider=Always(treatment)).run()


@pytest.fixture
def reminded(sessions: SessionFactory, clock: SimulatedClock, ear: Ear, small_shop: None) -> None:
    remind(sessions, clock, ear)


@pytest.fixture
def ann(settings: Settings, clock: SimulatedClock) -> dict[str, str]:
    return bearer(ANN, settings, clock)


def bearer(identity: Identity, settings: Settings, clock: SimulatedClock) -> dict[str, str]:
    token = issue_token(identity, secret=settings.secret, now=clock.now(), lifetime=30 * 24 * HOUR)
    return {"Authorization": f"Bearer {token}"}


def waiting(client: TestClient, who: dict[str, str]) -> list[tuple[str, bool]]:
    answer = client.get("/chat/reminders", headers=who)
    assert answer.status_code == 200
    return [(message["id"], message["shown"]) for message in answer.json()["messages"]]


def delivered(sessions: SessionFactory) -> bool:
    with sessions() as session:
        return session.scalars(select(Nudge.delivered_at)).one() is not None


@pytest.mark.usefixtures("reminded")
def test_it_waits_for_its_shopper_and_says_what_was_left(
    client: TestClient, ann: dict[str, str], ear: Ear
) -> None:
    (message,) = client.get("/chat/reminders", headers=ann).json()["messages"]
    assert message["from"] == "bot"
    assert message["text"].startswith("Hello Ann! You left these in your cart.")
    assert message["cards"][0]["title"] == "Ridge tent"
    shows_cart = {"title": "Show my cart", "payload": f'/view_cart{{"nudge":"{message["id"]}"}}'}
    assert message["quick_replies"][0] == shows_cart
    assert ear.heard == ["p_ann"]


@pytest.mark.usefixtures("reminded")
def test_it_says_why_it_came_and_offers_later_and_no_more(
    client: TestClient, ann: dict[str, str]
) -> None:
    (message,) = client.get("/chat/reminders", headers=ann).json()["messages"]
    assert message["text"].endswith(
        "You get this because you agreed to reminders and left a cart on March 2, 2026. "
        "It is number 1 of at most 3 about this cart."
    )
    assert message["quick_replies"][1:] == [
        {"title": "Remind me later", "payload": "/remind_me"},
        {"title": "Why this?", "payload": "/why_reminded"},
        {"title": "No more reminders", "payload": "/stop_reminders"},
    ]


@pytest.mark.usefixtures("reminded")
def test_it_counts_as_delivered_only_when_it_was_shown(
    client: TestClient, ann: dict[str, str], sessions: SessionFactory
) -> None:
    ((key, shown),) = waiting(client, ann)
    assert not shown
    assert not delivered(sessions)
    for _ in range(2):
        assert client.post(f"/chat/reminders/{key}/shown", headers=ann).status_code == 204
    assert delivered(sessions)
    assert waiting(client, ann) == [(key, True)]
    with sessions() as session:
        steps = select(NudgeStep).where(NudgeStep.what == "delivered")
        assert len(session.scalars(steps).all()) == 1


@pytest.mark.usefixtures("reminded")
def test_nobody_else_reads_or_acknowledges_it(
    client: TestClient,
    ann: dict[str, str],
    settings: Settings,
    clock: SimulatedClock,
    sessions: SessionFactory,
) -> None:
    ((key, _),) = waiting(client, ann)
    for other in (Identity("v-bob", "bob"), Identity("v-ann"), Identity("v-new")):
        who = bearer(other, settings, clock)
        assert waiting(client, who) == []
        assert client.post(f"/chat/reminders/{key}/shown", headers=who).status_code == 404
    assert client.get("/chat/reminders").status_code == 401
    assert not delivered(sessions)


@pytest.mark.parametrize(
    "happening", ["bought", "stopped", "changed", "withdrawn", "sold out", "delisted", "expired"]
)
@pytest.mark.usefixtures("reminded")
def test_what_is_not_wanted_any_more_is_not_handed_over(
    client: TestClient,
    ann: dict[str, str],
    sessions: SessionFactory,
    clock: SimulatedClock,
    happening: str,
) -> None:
    assert len(waiting(client, ann)) == 1
    clock.advance(HOUR)
    with sessions.begin() as session:
        match happening:
            case "bought":
                buy(session, "ann", at=clock.now())
            case "stopped":
                stop_reminders(session, ANN, channel=None, source="chat", now=clock.now())
            case "changed":
                leave_cart(session, "ann", at=clock.now())
            case "withdrawn":
                agree(session, "ann", Channel.CHAT, now=clock.now(), granted=False)
            case "sold out":
                session.get_one(Variant, "tent-green").stock = 0
            case "delisted":
                session.get_one(Product, "tent").active = False
            case _:
                clock.advance(timedelta(days=7))
    assert waiting(client, ann) == []


@pytest.mark.usefixtures("reminded")
def test_what_is_handed_over_later_has_the_prices_and_the_stock_of_then(
    client: TestClient, ann: dict[str, str], sessions: SessionFactory, clock: SimulatedClock
) -> None:
    clock.advance(24 * HOUR)
    with sessions.begin() as session:
        session.scalars(select(Price).where(Price.variant_id == "tent-green")).one().amount = 9900
        session.get_one(Variant, "tent-green").stock = 1
    (message,) = client.get("/chat/reminders", headers=ann).json()["messages"]
    (card,) = message["cards"]
    assert (card["price"]["text"], card["stock"]) == ("€99.00", "low")


@pytest.mark.usefixtures("small_shop")
def test_what_was_sold_out_for_a_while_comes_back(
    client: TestClient,
    ann: dict[str, str],
    sessions: SessionFactory,
    clock: SimulatedClock,
    ear: Ear,
) -> None:
    remind(sessions, clock, ear, items=(TENT, STOVE))

    def shown(tents: int) -> list[str]:
        with sessions.begin() as session:
            session.get_one(Variant, "tent-green").stock = tents
        (message,) = client.get("/chat/reminders", headers=ann).json()["messages"]
        assert "about" not in message
        return [card["title"] for card in message["cards"]]

    assert shown(tents=0) == ["Gas stove"]
    assert shown(tents=5) == ["Ridge tent", "Gas stove"]


@pytest.mark.usefixtures("reminded")
def test_what_was_shown_stays_as_it_was(
    client: TestClient, ann: dict[str, str], sessions: SessionFactory
) -> None:
    (before,) = client.get("/chat/reminders", headers=ann).json()["messages"]
    client.post(f"/chat/reminders/{before['id']}/shown", headers=ann)
    with sessions.begin() as session:
        session.get_one(Variant, "tent-green").stock = 0
    (after,) = client.get("/chat/reminders", headers=ann).json()["messages"]
    assert after == before | {"shown": True}


@pytest.mark.usefixtures("small_shop")
def test_a_message_does_not_outlive_its_coupon(
    client: TestClient,
    ann: dict[str, str],
    sessions: SessionFactory,
    clock: SimulatedClock,
    ear: Ear,
) -> None:
    remind(sessions, clock, ear, "percent_10")
    clock.advance(timedelta(days=3) - HOUR)
    assert len(waiting(client, ann)) == 1
    clock.advance(HOUR)
    assert waiting(client, ann) == []


@pytest.mark.usefixtures("reminded")
def test_the_sweep_deletes_what_has_expired(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    def kept() -> int:
        with sessions() as session:
            return len(session.scalars(select(ChatOutbox.nudge_id)).all())

    clock.advance(timedelta(days=7) - HOUR / 2)
    sweeper(sessions, clock).run()
    assert kept() == 1
    clock.advance(HOUR)
    sweeper(sessions, clock).run()
    assert kept() == 0
