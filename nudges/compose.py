"""The composition root of everything that sweeps: the process, the command, the web's buttons."""

from collections.abc import Callable
from dataclasses import dataclass

from core.clock import Clock, SystemClock
from core.settings import Settings
from db.engine import SessionFactory, make_engine, make_session_factory
from db.models import Channel as ChannelName
from db.pricing import DeliveryRule
from nudges.channels import Channel, offered_channels
from nudges.channels.announce import BotAnnouncer
from nudges.channels.chat import ChatChannel
from nudges.channels.email import EmailChannel
from nudges.channels.push import PushChannel
from nudges.channels.telegram import TelegramChannel
from nudges.decision import Decider
from nudges.leaving import LeavingScores
from nudges.policy import SHIPPED, Policy, load_policy
from nudges.sweep import Sweeper
from nudges.uplift.decider import UpliftDecider
from nudges.uplift.learn import following


@dataclass(frozen=True, slots=True)
class Nudging:
    """What works on left carts together."""

    settings: Settings
    policy: Policy
    sessions: SessionFactory
    channels: tuple[Channel, ...]
    decider: Decider
    clock: Clock
    leaving: LeavingScores | None = None

    @property
    def channel_names(self) -> frozenset[ChannelName]:
        """The channels that this process can send on."""
        return frozenset(channel.name for channel in self.channels)

    def sweeper(self) -> Sweeper:
        """A sweeper over all of it."""
        return Sweeper(
            self.sessions,
            settings=self.settings,
            policy=self.policy,
            channels=self.channels,
            decider=self.decider,
            clock=self.clock,
            leaving=self.leaving,
        )


def compose(
    settings: Settings, *, sessions: SessionFactory | None = None, clock: Clock | None = None
) -> Nudging:
    """Everything as the settings say. Raises PolicyError, or ValueError for a setting."""
    if sessions is None:
        engine = make_engine(settings.database_url)
        sessions = make_session_factory(engine, delivery=DeliveryRule.of(settings))
    policy = load_policy(settings.nudge_policy or SHIPPED)
    return Nudging(
        settings=settings,
        policy=policy,
        sessions=sessions,
        channels=all_channels(settings, sessions),
        decider=UpliftDecider(following(settings.models_dir), policy, DeliveryRule.of(settings)),
        clock=clock or SystemClock(),
        leaving=LeavingScores(settings.models_dir),
    )


def all_channels(settings: Settings, sessions: SessionFactory) -> tuple[Channel, ...]:
    """The shop's channels, ready to send. Raises ValueError for a setting."""
    make: dict[ChannelName, Callable[[], Channel]] = {
        ChannelName.EMAIL: lambda: EmailChannel(settings),
        ChannelName.CHAT: lambda: ChatChannel(sessions, BotAnnouncer(settings)),
        ChannelName.TELEGRAM: lambda: TelegramChannel(settings),
        ChannelName.WEB_PUSH: lambda: PushChannel(settings),
    }
    return tuple(make[name]() for name in offered_channels(settings))
