"""A cart's message as it would be written now, to look at or to mail to somebody of the shop.

Nothing of it is stored: its links and its coupon's code are made up and lead nowhere.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.ids import new_id
from core.money import Money
from db.models import Channel
from db.pricing import DeliveryRule
from nudges.channels import Outcome
from nudges.compose import Nudging
from nudges.coupons import cost_of
from nudges.decide import Ready
from nudges.decision import REMINDER, Decision
from nudges.deliver import brief
from nudges.facts import Address, Facts
from nudges.message import CouponOffer, Message
from nudges.operators import OperatorWords
from nudges.render import Renderer
from nudges.store.facts import facts_if_due
from nudges.tokens import tokens_for

CODE = "PREVIEW"


class PreviewError(Exception):
    """There is no such message; the error says why."""


def preview(
    session: Session,
    nudging: Nudging,
    cart_id: str,
    *,
    stage: str | None,
    treatment: str = REMINDER,
    channel: str = Channel.EMAIL,
    to: str | None = None,
    now: datetime,
) -> Message:
    """The message of a stage (the policy's first one by default) with what a treatment adds.

    A mail is addressed to `to`, else to the shopper; gates are not asked. Raises PreviewError for a
    cart, stage, treatment or channel that there is none of, and what `Renderer.render` raises.
    """
    try:
        name = Channel(channel)
    except ValueError as error:
        names = ", ".join(Channel)
        raise PreviewError(f"There is no channel {channel!r}: there are {names}.") from error
    policy, settings = nudging.policy, nudging.settings
    known = {treatment for one in policy.stages for treatment in one.treatments}
    if treatment not in known | {REMINDER}:
        names = ", ".join(sorted(known | {REMINDER}))
        raise PreviewError(f"The policy has no treatment {treatment!r}: it has {names}.")
    chosen = policy.stage(stage) if stage else policy.stages[0]
    if chosen is None:
        names = ", ".join(one.name for one in policy.stages)
        raise PreviewError(f"The policy has no stage {stage!r}: it has {names}.")
    facts = facts_if_due(
        session,
        cart_id,
        chosen.name,
        policy=policy,
        settings=settings,
        channels=nudging.channel_names,
        now=now,
    )
    if facts is None:
        raise PreviewError(f"There is no cart {cart_id!r}.")
    address = Address(name, to or facts.recipient.email or settings.mail_from)
    facts = replace(facts, nudge_id=new_id(), addresses={name: address})
    decision = Decision(treatment)
    ready = Ready(
        facts=facts,
        channel=name,
        decision=decision,
        coupon=_coupon(facts, decision, nudging, now=now),
        tokens=tokens_for(name),
        decided_before=False,
    )
    return Renderer(settings).render(brief(ready, policy, settings, now=now))


def send_as_test(nudging: Nudging, message: Message) -> Outcome:
    """Hand a preview to the mail server, marked as a test. Raises PreviewError without e-mail."""
    channel = next((one for one in nudging.channels if one.name is Channel.EMAIL), None)
    if channel is None:
        raise PreviewError("The settings name no mail server.")
    words = OperatorWords.of(nudging.settings)
    subject = words.say("done", "test_subject", subject=message.subject)
    try:
        (outcome,) = channel.deliver([replace(message, subject=subject)], now=nudging.clock.now())
    finally:
        channel.close()
    return outcome


def _coupon(
    facts: Facts, decision: Decision, nudging: Nudging, *, now: datetime
) -> CouponOffer | None:
    if not decision.incentive:
        return None
    policy, settings = nudging.policy, nudging.settings
    cost = cost_of(facts, decision, policy, DeliveryRule.of(settings))
    return CouponOffer(
        code=CODE,
        percent=decision.percent,
        minimum=Money(settings.currency, policy.incentives.min_value),
        max_discount=Money(settings.currency, cost),
        expires_at=now + timedelta(days=policy.incentives.valid_days),
    )
