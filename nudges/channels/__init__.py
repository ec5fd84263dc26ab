"""The ways to reach a shopper, each a `Channel`, held to one conformance suite."""

from nudges.channels.protocol import Channel, Outcome, OutcomeKind

__all__ = ["Channel", "Outcome", "OutcomeKind"]
