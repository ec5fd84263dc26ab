"""What shoppers write back to a reminder, in words that the training data does not have.

Each one's reminder is made by the sweep from a cart left in the database, and read from the chat's
outbox as the widget reads it. What is said "at once" is the first word after it; what is said
"later" comes days afterwards, in the middle of another talk.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory, make_engine, make_session_factory
from db.fold import CartItem
from db.models import Channel, NudgeReply, Price, Product, Reminder, ReplyKind, Variant
from db.pricing import DeliveryRule
from db.reads.consents import consents_in_force
from nudges.compose import compose
from nudges.decision import AlwaysRemind
from tests.conversations.client import Chatter, chatting
from tests.integration.nudges.shoppers import agree, leave_cart, person, policy
from tests.stack import ROOT, Stack

LEARNT_FROM = ("data/nlu", "data/rules", "data/stories", "bot/nlu")
WHEN = {"at once": timedelta(0), "later": timedelta(days=5)}
# Sooner than the shop's own scheduler, which runs beside the test, would take the cart up.
STAGE = {"name": "first", "after_minutes": 20, "channels": ["chat"]}
AT_ANY_HOUR = {"begin": "00:00:00", "end": "00:00:00"}

type Wordings = Mapping[str, tuple[str, ...]]

WHY: Wordings = {
    "at once": (
        "whats this about? did i order something",
        "erm, how come you're contacting me",
        "Hello, may I ask what prompted this message?",
        "who said you could text me",
        "y r u messaging me",
        "why this msg",
        "I don't recall requesting any of this, explain",
        "reason for this pls",
        "is this spam? why am I seeing it",
        "why me of all people?!",
        "how did I deserve this message",
        "wait what, who are you and why do you write",
        "Could you tell me the reason you reached out?",
        "I got a msg from u, how come",
        "what prompted you to get in touch",
        "did anyone ask you to notify me",
    ),
    "later": (
        "why did you send me that reminder the other day?",
        "you wrote to me last week about a cart. what for?",
        "that note from you on my basket, what caused it",
        "wy did u remind me",
        "the other day you reminded me of something, on what ground",
        "what was that message on my cart good for",
    ),
}
STOP: Wordings = {
    "at once": (
        "stop",
        "STOP!!",
        "pls stop this",
        "enough already",
        "do not do that again",
        "I'd be grateful if you didn't send these",
        "to hell with your reminders",
        "no more of this pls",
        "stpo sending me these mesages",
        "cut it out",
        "I'm not interested in being reminded, thank you",
        "please refrain from messaging me",
        "no more pings, thx",
        "dont contact me ever again!!",
        "I did not consent to this, end it",
        "quit this",
        "i dont want this kind of mesages",
    ),
    "later": (
        "I would prefer not to receive reminders in future",
        "please never remind me about my cart again",
        "can u turn off those reminder msgs",
        "these reminders get on my nerves, quit it",
        "i want out of your reminders",
        "from now on no reminders please",
        "take me off these cart reminders",
        "it's annoying to be reminded of my cart, stop that",
    ),
}
FRIDAY_AT_SIX: Wordings = {
    "at once": (
        "ping me fri 6pm",
        "Could you kindly get back to me this coming Friday at 18:00?",
        "not now. friday, six in the evening, then tell me again",
        "friday 6 pm pls",
        "busy rn, try me again friday at 6pm",
        "let's talk about it Friday at six in the evening",
        "remeber me friday at 6 pm",
        "I get home on Friday at six, write then",
        "can this wait till Friday 18h?",
        "hey can u remined me on friday arnd 6pm",
        "Friday would suit me better, six o'clock in the evening",
        "no time, friday at 6pm works",
        "Would you be so kind as to write again on Friday at 6 pm?",
        "come back friday 18:00",
        "on friday, around six in the evening, ask me again",
        "bug me again fri at 6 pm",
        "I am paid on friday, so tell me again friday 6 p.m.",
    ),
    "later": (
        "please send that reminder again on Friday at 6 p.m.",
        "I'd like to hear about my cart on Friday, 6pm",
        "next time write on Friday at 18:00, ok?",
        "set me a reminder for friday at six pm for my cart",
        "write me friday @ 6pm about the basket",
    ),
}
TOO_EXPENSIVE: Wordings = {
    "at once": (
        "thats way too much money",
        "phew, quite steep",
        "can't you do any better on price?",
        "if only it was cheaper",
        "too expencive",
        "i cant aford this",
        "sorry, over my budget",
        "a proper rip-off if you ask me",
        "I find the price rather high, I'm afraid",
        "you must be joking, who pays that",
        "nah, costs way 2 much",
        "ouch, that price",
        "I don't have that kind of money",
        "waaay too expensive",
        "could I get it for less",
        "my budget is smaller than that",
        "sorry but the cost is beyond me",
        "price is a joke",
    ),
    "later": (
        "the thing in my cart costs more than I'd like to spend",
        "my basket is a bit beyond my budget",
        "the total in my cart is too steep for me",
        "I left my cart because it got too pricey",
        "cart is too dear, won't buy",
    ),
}


@dataclass(frozen=True)
class Reminded:
    """A shopper whose left cart was written about, and their open chat."""

    identity: Identity
    chat: Chatter


@pytest.fixture
def sessions(stack: Stack) -> Iterator[SessionFactory]:
    engine = make_engine(stack.settings.database_url)
    yield make_session_factory(engine, delivery=DeliveryRule.of(stack.settings))
    engine.dispose()


@pytest.fixture
def reminded(
    request: pytest.FixtureRequest, stack: Stack, sessions: SessionFactory
) -> Iterator[Reminded]:
    """Somebody who left the dearest jacket, and who has read the reminder of it."""
    when, _ = request.node.callspec.params["said"]
    key = f"reads-{uuid4().hex[:12]}"
    identity = Identity(f"v-{key}", key)
    remind(stack, sessions, key, at=datetime.now(UTC) - WHEN[when])
    token = stack.sign(identity)
    read_reminder(stack, token)
    with chatting(stack.chat_url, token) as chat:
        if when == "later":
            chat.say("show me some headlamps")
        yield Reminded(identity, chat)


def remind(stack: Stack, sessions: SessionFactory, key: str, *, at: datetime) -> None:
    """Somebody left a jacket a while before, and the sweep of that moment writes to them."""
    dearest = (
        select(Variant, Price)
        .join(Price, Price.variant_id == Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .where(Product.category_id == "jackets", Variant.stock > 0, Price.valid_until.is_(None))
        .order_by(Price.amount.desc())
    )
    left_at = at - timedelta(minutes=21)
    with sessions.begin() as session:
        variant, price = session.execute(dearest.limit(1)).one()
        jacket = CartItem(variant.product_id, variant.id, 1, price.amount, price.currency)
        person(session, key, now=left_at)
        agree(session, key, Channel.CHAT, now=left_at)
        leave_cart(session, key, at=left_at, items=[jacket])
    rules = policy(
        active_from=left_at - timedelta(minutes=1),
        stages=[STAGE],
        quiet_hours=AT_ANY_HOUR,
        gates={"idle_minutes": 0},
    )
    made = compose(stack.settings, sessions=sessions, clock=SimulatedClock(at))
    # The shipped decision now and then tries sending nothing.
    replace(made, policy=rules, decider=AlwaysRemind()).sweeper().run()


def read_reminder(stack: Stack, token: str) -> None:
    """Fetch the reminder and say that it was seen, as the widget does."""
    who = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=stack.web_url, headers=who) as shop:
        (message,) = shop.get("/chat/reminders").raise_for_status().json()["messages"]
        assert "You left these in your cart" in message["text"]
        shop.post(f"/chat/reminders/{message['id']}/shown").raise_for_status()


def said(wordings: Wordings) -> pytest.MarkDecorator:
    """One test for each wording, named by it."""
    each = [(when, text) for when, texts in wordings.items() for text in texts]
    return pytest.mark.parametrize("said", each, ids=[text for _, text in each])


def plain(text: str) -> str:
    """The words alone, in lower case, so that a comma makes no new wording."""
    return f" {' '.join(re.findall(r'\w+', text.lower()))} "


@pytest.mark.parametrize("wordings", [WHY, STOP, FRIDAY_AT_SIX, TOO_EXPENSIVE])
def test_these_words_are_not_learnt_from(wordings: Wordings) -> None:
    learnt = [
        path.read_text(encoding="utf-8")
        for folder in LEARNT_FROM
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".yml", ".py"}
    ]
    known = plain("\n".join(learnt))
    texts = [text for when in WHEN for text in wordings[when]]
    # A bare "stop" ends the product finder as well, so that one has to be there.
    assert [text for text in texts if plain(text) in known and plain(text) != " stop "] == []
    assert len(texts) >= 10


@said(WHY)
def test_why_did_i_get_this(reminded: Reminded, said: tuple[str, str]) -> None:
    turn = reminded.chat.say(said[1])
    assert "because you agreed to reminders and left a cart" in turn.text


@said(STOP)
def test_stop(reminded: Reminded, sessions: SessionFactory, said: tuple[str, str]) -> None:
    turn = reminded.chat.say(said[1])
    assert "no more reminders" in turn.text
    with sessions() as session:
        lines = consents_in_force(session, str(reminded.identity.person_id))
    assert lines
    assert not any(line.granted for line in lines.values())


@said(FRIDAY_AT_SIX)
def test_remind_me_on_friday_evening_at_six(
    stack: Stack, reminded: Reminded, sessions: SessionFactory, said: tuple[str, str]
) -> None:
    turn = reminded.chat.say(said[1])
    with sessions() as session:
        mine = select(Reminder).where(Reminder.person_id == reminded.identity.person_id)
        stored = session.scalars(mine).one_or_none()
    assert stored is not None, turn.text
    due = stored.due_at.astimezone(ZoneInfo(stack.settings.time_zone))
    assert (due.strftime("%A"), due.hour, due.minute) == ("Friday", 18, 0)
    assert stored.due_at - datetime.now(UTC) <= timedelta(days=7)
    assert "18:00" in turn.text


@said(TOO_EXPENSIVE)
def test_its_too_expensive(
    reminded: Reminded, sessions: SessionFactory, said: tuple[str, str]
) -> None:
    turn = reminded.chat.say(said[1])
    with sessions() as session:
        mine = select(NudgeReply).where(NudgeReply.person_id == reminded.identity.person_id)
        replies = [(reply.kind, reply.nudge_id is not None) for reply in session.scalars(mine)]
    assert replies == [(ReplyKind.TOO_EXPENSIVE, True)], turn.text
    assert turn.cards
