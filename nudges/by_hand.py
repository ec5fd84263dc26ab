"""What the shop's own people do to one left cart: send a stage early, or dismiss an abandonment.

Both go through the sweep's own statements, so that nothing can be sent twice or past a gate.
"""

from sqlalchemy import select, update

from core.ids import new_id
from db.insert import insert_or_ignore, table_of
from db.models import Cart, CartStatus, Nudge, NudgeState
from nudges import coupons
from nudges.compose import Nudging
from nudges.decide import Rules, decide_page
from nudges.deliver import Courier
from nudges.experiments import is_held_out
from nudges.explain import open_stages, policy_in_force, step_sentence
from nudges.gates import Stop, Wait, judge
from nudges.operators import OperatorWords
from nudges.policy import Stage
from nudges.store.claim import Claim, claim_cart
from nudges.store.facts import facts_if_due
from nudges.store.outcomes import add_steps
from nudges.store.stories import CartRecord, cart_record


class UnknownCartError(Exception):
    """There is no such cart."""


def send_now(nudging: Nudging, cart_id: str) -> str:
    """Send the cart's next stage without waiting for its time; what became of it, in a sentence.

    Every other gate holds. Where one does not let it pass nothing is changed, and the stage keeps
    its turn. Raises UnknownCartError.
    """
    words = OperatorWords.of(nudging.settings)
    now = nudging.clock.now()
    claim = Claim(new_id(), now, nudging.policy.version)
    if nudging.leaving is not None:
        nudging.leaving.refresh()
    with nudging.sessions.begin() as session:
        record = cart_record(session, cart_id)
        if record is None:
            raise UnknownCartError(cart_id)
        stages = open_stages(record, nudging, now)
        if (why := _nothing_to_send(record, stages)) is not None:
            return words.say("done", why)
        stage = stages[0].name
        policy = policy_in_force(session, nudging.policy) or nudging.policy
        facts = facts_if_due(
            session,
            cart_id,
            stage,
            policy=policy,
            settings=nudging.settings,
            channels=nudging.channel_names,
            now=now,
        )
        if facts is None:
            raise UnknownCartError(cart_id)
        match judge(facts, policy, now, before_its_time=True):
            case Stop(gate, detail):
                return words.say("done", "gate_stops", gate=words.gate(gate, detail))
            case Wait(gate, until, detail):
                at = words.time(until)
                return words.say("done", "gate_waits", until=at, gate=words.gate(gate, detail))
        if is_held_out(facts):
            return words.say("done", "held_out")
        nudge_id = claim_cart(session, claim, cart_id, stage)
        if nudge_id is None:
            return words.say("done", "busy")
        rules = Rules(
            policy,
            nudging.settings,
            nudging.channel_names,
            nudging.decider,
            nudging.leaving,
            before_its_time=True,
        )
        decided = decide_page(session, claim, [nudge_id], rules)
    courier = Courier.on(
        nudging.channels,
        sessions=nudging.sessions,
        settings=nudging.settings,
        clock=nudging.clock,
    )
    courier.deliver(claim, decided.ready, policy)
    return _last_word(nudging, cart_id, nudge_id, words)


def dismiss(nudging: Nudging, cart_id: str) -> str:
    """Send nothing more about the cart's present abandonment; what became of it, in a sentence.

    Each stage that has not had its turn gets its row, stopped, so that no sweep can take it up.
    Raises UnknownCartError.
    """
    words = OperatorWords.of(nudging.settings)
    now = nudging.clock.now()
    table = table_of(Nudge)
    with nudging.sessions.begin() as session:
        cart = session.scalar(select(Cart).where(Cart.id == cart_id).with_for_update())
        if cart is None:
            raise UnknownCartError(cart_id)
        if cart.status is not CartStatus.OPEN:
            return words.say("done", "closed")
        ended = session.scalars(
            update(table)
            .where(
                table.c.cart_id == cart_id,
                table.c.state.in_((NudgeState.WAITING, NudgeState.CLAIMED)),
            )
            .values(state=NudgeState.STOPPED, gate="dismissed", next_at=None, claim=None)
            .returning(table.c.id)
        ).all()
        coupons.revoke(session, ended, now=now)
        made = session.scalars(
            insert_or_ignore(session, Nudge).returning(table.c.id),
            [
                {
                    "id": new_id(),
                    "cart_id": cart_id,
                    "visitor_id": cart.visitor_id,
                    "person_id": cart.person_id,
                    "episode": cart.last_activity_at,
                    "stage": stage.name,
                    "state": NudgeState.STOPPED,
                    "gate": "dismissed",
                    "created_at": now,
                    "policy_version": nudging.policy.version,
                    "attempts": 0,
                }
                for stage in nudging.policy.stages
            ],
        ).all()
        add_steps(session, [(key, "dismissed", {}) for key in [*ended, *made]], now=now)
        going = session.scalar(
            select(Nudge.id).where(Nudge.cart_id == cart_id, Nudge.state == NudgeState.SENDING)
        )
    said = words.say("done", "dismissed")
    return f"{words.say('done', 'too_late')} {said}" if going else said


def _nothing_to_send(record: CartRecord, stages: list[Stage]) -> str | None:
    """Under which key the words say why there is no stage to send."""
    if record.status is not CartStatus.OPEN:
        return "closed"
    if record.person_id is None:
        return "guest"
    return None if stages else "no_stage"


def _last_word(nudging: Nudging, cart_id: str, nudge_id: str, words: OperatorWords) -> str:
    with nudging.sessions() as session:
        record = cart_record(session, cart_id)
    if record is None or not record.steps.get(nudge_id):
        return words.say("done", "busy")
    return step_sentence(record.steps[nudge_id][-1], words)
