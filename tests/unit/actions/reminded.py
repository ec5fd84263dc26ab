"""What is stored of the reminders of a chat's shopper, and what is sent of them."""

from sqlalchemy import select

from actions.context import Shop
from core.clock import SimulatedClock
from db.models import Channel, Reminder
from db.reads.consents import consents_in_force
from nudges.channels import Outcome, OutcomeKind
from tests.integration.nudges.shoppers import Sink, policy, sweeper
from tests.unit.actions.conftest import Chat


def granted(chat: Chat) -> set[Channel]:
    with chat.shop.sessions() as session:
        return {one for one, line in consents_in_force(session, "ada").items() if line.granted}


def reminders(shop: Shop) -> list[Reminder]:
    with shop.sessions() as session:
        return list(session.scalars(select(Reminder).order_by(Reminder.due_at)))


def swept(shop: Shop, clock: SimulatedClock, channel: Channel = Channel.EMAIL) -> Sink:
    """One sweep into a sink."""
    sink = Sink(name=channel)
    sweeper(shop.sessions, clock, channels=[sink], rules=policy()).run()
    return sink


def swept_without_mailbox(shop: Shop, clock: SimulatedClock) -> tuple[Sink, Sink]:
    """Two sweeps with a mail server that knows no such mailbox; what it and the chat were given."""
    mail = Sink(answers=[Outcome(OutcomeKind.PERMANENT, "SMTP 550 5.1.1", suppress=True)])
    chat = Sink(name=Channel.CHAT)
    sweep = sweeper(shop.sessions, clock, channels=[mail, chat], rules=policy())
    sweep.run()
    sweep.run()
    return mail, chat
