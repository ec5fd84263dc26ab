"""The ways to reach a shopper, each a `Channel`, held to one conformance suite."""

from core.settings import Settings
from db.models import Channel as ChannelName
from nudges.channels.protocol import HAND_OVER, Channel, Outcome, OutcomeKind

__all__ = ["HAND_OVER", "Channel", "Outcome", "OutcomeKind", "offered_channels"]


def offered_channels(settings: Settings) -> tuple[ChannelName, ...]:
    """The channels that this shop has; chat every shop has."""
    has = {
        ChannelName.EMAIL: settings.smtp_url is not None,
        ChannelName.CHAT: True,
        ChannelName.TELEGRAM: settings.telegram_token is not None,
        ChannelName.WEB_PUSH: settings.push_key is not None,
    }
    return tuple(channel for channel in ChannelName if has[channel])
