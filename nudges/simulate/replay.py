"""A simulated shop's days under one policy: visits, sweeps, messages, and what they lead to."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from heapq import heapify, heappop, heappush

from db.models import CartStatus, Channel
from db.pricing import DeliveryRule
from demo.catalogue import CURRENCY
from demo.world import ZONE
from nudges.coupons import cost_of
from nudges.decision import NOTHING, REMINDER, Choice, Decider, Decision, no_coupon, offered
from nudges.experiments import assign, is_held_out
from nudges.facts import Facts, PastNudge, Silence
from nudges.gates import Pass, Stop, Verdict, Wait, judge
from nudges.policy import Policy
from nudges.simulate.shoppers import BEGINS, Shop, Visit
from nudges.simulate.state import Cart, Coupon, Decided, Diary, Ordered, Sent, Shopper, What
from nudges.simulate.truth import (
    PULLS,
    REACHED,
    Mind,
    Reason,
    alone,
    brings_back,
    leaves_on_purpose,
    still_alone,
    stops,
    within,
)

SWEEP_MINUTES = 15
"""Production sweeps every minute; a simulated year need not."""
MONTH = timedelta(days=30)
FORGOTTEN = timedelta(days=21)
"""After which shoppers begin a new cart."""


type Happening = Callable[[datetime], None]
"""Something that happens, told the moment at which it does."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A nudge that fell due: it exists once it was looked at for the first time."""

    id: str
    person: int
    cart: Cart
    episode: datetime
    stage: str
    waited: bool


class Replay:
    """One run. `decider` is asked with facts as in production."""

    def __init__(self, shop: Shop, policy: Policy, decider: Decider, rule: DeliveryRule) -> None:
        self.shop = shop
        self.policy = policy.model_copy(update={"active_from": BEGINS})
        self.decider = decider
        self.rule = rule
        self.diary = Diary()
        self.shoppers = [Shopper(one, dict(one.consents)) for one in shop.people]
        self.carts: dict[str, Cart] = {}
        self._reserved: Counter[date] = Counter()
        self._arms = [assign(self.policy, one.recipient.subject, {}) for one in shop.people]
        self._number = 0
        self._heap: list[tuple[datetime, int, int, _Due | Happening]] = []

    def run(self) -> Diary:
        """Play every day to its end."""
        self._heap = [
            (visit.at, What.VISIT, visit.number, partial(self._visit, visit))
            for visit in self.shop.visits
        ]
        self._number = len(self._heap)
        for row, one in enumerate(self.shop.people):
            if one.withdraws_at is not None:
                self._plan(one.withdraws_at, What.WITHDRAWN, partial(self._withdraws, row))
        heapify(self._heap)
        heap, ends = self._heap, self.shop.scenario.ends
        while heap and heap[0][0] < ends:
            now = _next_sweep(heap[0][0])
            due: list[_Due] = []
            while heap and heap[0][0] <= now:
                at, _, _, happens = heappop(heap)
                if isinstance(happens, _Due):
                    due.append(happens)
                else:
                    happens(at)
            if due:
                self._sweep(due, now)
        return self.diary

    def _plan(self, at: datetime, what: What, happens: "_Due | Happening") -> None:
        self._number += 1
        heappush(self._heap, (at, what, self._number, happens))

    # What people do

    def _empties(self, cart: Cart, episode: datetime, at: datetime) -> None:
        if cart.open and cart.touched == episode:
            cart.products.clear()
            self.diary.emptied[cart.id] = at

    def _withdraws(self, row: int, at: datetime) -> None:
        one = self.shoppers[row]
        one.consents = dict.fromkeys(one.consents, False)
        self.diary.withdrawn[row] = at

    def _stops(self, row: int, at: datetime) -> None:
        self.shoppers[row].silences = (Silence(None, None, "asked", at),)
        self.diary.silenced.setdefault(row, at)

    def _visit(self, visit: Visit, _at: datetime) -> None:
        one = self.shoppers[visit.person]
        mind = one.person.mind
        one.seen = visit.at
        hunting = visit.on_purpose < leaves_on_purpose(mind, one.coupons_used)
        if visit.at_once and not hunting:
            self._order(visit.person, list(visit.products), f"d{visit.number}", visit.at, None)
            return
        self.diary.left += 1
        cart = one.cart
        if cart is None or visit.at - cart.touched > FORGOTTEN:
            one.carts += 1
            cart = Cart(
                f"{one.person.recipient.person_id}-c{one.carts}",
                visit.at, visit.at, visit, visit.reason, [],
            )  # fmt: skip
            one.cart = self.carts[cart.id] = cart
        cart.visit, cart.touched = visit, visit.at
        cart.reason = Reason.WAITS_FOR_COUPON if visit.at_once and hunting else visit.reason
        cart.products = list(dict.fromkeys((*cart.products, *visit.products)))
        if cart.reason is Reason.PAYMENT_FAILURE:
            one.paid = visit.at
        self.diary.touched[cart.id].append(visit.at)
        self.diary.holdings[cart.id].append((visit.at, tuple(cart.products)))
        if visit.alone < alone(cart.reason, mind):
            back = visit.at + timedelta(days=visit.alone_days * PULLS[cart.reason].days)
            self._plan(back, What.BACK, partial(self._comes_back, visit.person, cart, visit.at))
        if visit.empties_at is not None:
            self._plan(visit.empties_at, What.EMPTIED, partial(self._empties, cart, visit.at))
        for stage in self.policy.stages:
            due = _Due(f"{cart.id}-{visit.number}-{stage.name}", visit.person, cart, visit.at,
                       stage.name, waited=False)  # fmt: skip
            self._plan(visit.at + stage.after, What.NUDGE, due)

    def _comes_back(self, row: int, cart: Cart, episode: datetime, at: datetime) -> None:
        if not cart.open or cart.touched != episode or not cart.products:
            return
        coupon = cart.coupon if cart.coupon and cart.coupon.open else None
        if self._order(row, cart.products, cart.id, at, coupon):
            cart.open = False
            self.shoppers[row].cart = None

    def _order(
        self, row: int, products: Sequence[int], cart_id: str, at: datetime, coupon: Coupon | None
    ) -> bool:
        """Buy what is in stock; nothing happens where nothing is."""
        lines = {product: self.shop.line(product, at) for product in products}
        bought = [product for product, line in lines.items() if line.sellable]
        goods = sum(line.unit.amount for line in lines.values() if line.sellable and line.unit)
        if not goods:
            return False
        one = self.shoppers[row]
        cost = 0
        if coupon is not None and goods >= self.policy.incentives.min_value:
            percent = Decision(coupon.treatment).percent
            cost = min(goods * percent // 100, coupon.cost) if percent else coupon.cost
            one.coupons_used += 1
            self.diary.coupons["used"] += 1
        if coupon is not None:
            coupon.open = False
            self._reserved[coupon.day] -= coupon.cost - cost
        one.seen = one.ordered = at
        one.bought = [(product, when) for product, when in one.bought if when > at - MONTH]
        one.bought += [(product, at) for product in bought]
        one.orders += 1
        one.spent += goods - cost
        self.diary.orders.append(Ordered(row, cart_id, at, goods, cost, tuple(bought)))
        return True

    # What the shop does

    def _sweep(self, due: Sequence[_Due], now: datetime) -> None:
        fresh: list[tuple[_Due, Facts, Channel]] = []
        written_to: set[int] = set()
        for one in due:
            if not one.waited and not _claimable(one):
                continue
            facts = self._facts(one, now)
            verdict: Verdict = judge(facts, self.policy, now)
            if isinstance(verdict, Pass) and one.person in written_to:
                verdict = Wait("caps", now + timedelta(hours=max(self.policy.caps.gap_hours, 1)))
            match verdict:
                case Stop(gate):
                    self.diary.stopped[gate] += 1
                case Wait(gate, until):
                    self.diary.waited[gate] += 1
                    again = _Due(one.id, one.person, one.cart, one.episode, one.stage, waited=True)
                    self._plan(max(until, now), What.NUDGE, again)
                case Pass(channel):
                    self._expose(one.person, now)
                    if is_held_out(facts):
                        self._hold_out(one, facts, now)
                    else:
                        written_to.add(one.person)
                        fresh.append((one, facts, channel))
        if fresh:
            self._decide(fresh, now)

    def _expose(self, row: int, now: datetime) -> None:
        self.diary.exposed.setdefault(row, now)

    def _hold_out(self, one: _Due, facts: Facts, now: datetime) -> None:
        self.diary.stopped["held_out"] += 1
        why = {"facts": dict(self.decider.facts_kept(facts, now=now))}
        self.diary.decided.append(Decided(one.person, now, True, Decision(NOTHING, 1.0, why)))

    def _decide(self, fresh: Sequence[tuple[_Due, Facts, Channel]], now: datetime) -> None:
        day = now.astimezone(ZONE).date()
        left = max(self.policy.incentives.daily_budget - self._reserved[day], 0)
        choices = [
            Choice(facts, offered(facts, self.policy), left, no_coupon(facts, self.policy))
            for _, facts, _ in fresh
        ]
        decisions = self.decider.decide(choices, now=now)
        for (one, facts, channel), decision in zip(fresh, decisions, strict=True):
            self.diary.decided.append(Decided(one.person, now, False, decision))
            if decision.treatment == NOTHING:
                self.diary.stopped["decision"] += 1
                continue
            cost = cost_of(facts, decision, self.policy, self.rule)
            treatment = decision.treatment
            if decision.incentive and (cost == 0 or cost > left):
                treatment = REMINDER
            elif cost:
                left -= cost
                self._issue(one, treatment, cost, day, now)
            self._send(one, facts, channel, treatment, now)

    def _issue(self, one: _Due, treatment: str, cost: int, day: date, now: datetime) -> None:
        expires = now + timedelta(days=self.policy.incentives.valid_days)
        coupon = Coupon(treatment, cost, day, expires)
        one.cart.coupon = coupon
        self._reserved[day] += cost
        self.diary.budget[day] = max(self.diary.budget[day], self._reserved[day])
        self.diary.coupons["issued"] += 1
        shopper = self.shoppers[one.person]
        shopper.coupons += 1
        shopper.coupon_at = now
        self._plan(expires, What.EXPIRED, partial(self._expires, coupon))

    def _send(
        self, one: _Due, facts: Facts, channel: Channel, treatment: str, now: datetime
    ) -> None:
        shopper = self.shoppers[one.person]
        cart, mind = one.cart, shopper.person.mind
        lately = sum(past.at > now - MONTH for past in shopper.history)
        stage = next(at for at, one in enumerate(self.policy.stages) if one.name == facts.stage)
        answer = cart.visit.answers[min(stage, len(cart.visit.answers) - 1)]
        days = (now - cart.touched) / timedelta(days=1)
        chance = brings_back(
            cart.reason,
            mind,
            treatment,
            hours=days * 24,
            messages_before=cart.messages,
            pays_delivery=facts.value < self.rule.free_from,
        )
        back = answer.buys < chance
        later = now + timedelta(hours=answer.after_hours)
        if back:
            self._plan(later, What.BACK, partial(self._comes_back, one.person, cart, cart.touched))
        if answer.stops < stops(mind, lately=lately):
            self._plan(later, What.STOPPED, partial(self._stops, one.person))
        cart.messages += 1
        shopper.history.insert(
            0, PastNudge(one.id, cart.id, channel, now, treatment, clicked=back, ordered=False)
        )
        self.diary.sent.append(
            Sent(
                one.id,
                one.person,
                cart.id,
                one.episode,
                one.stage,
                channel,
                treatment,
                now,
                self._adds(cart, mind, facts, treatment, chance, days),
            )
        )

    def _adds(
        self, cart: Cart, mind: Mind, facts: Facts, treatment: str, back: float, days: float
    ) -> float:
        margin = facts.value.amount * self.policy.incentives.margin_percent / 100
        cost = cost_of(facts, Decision(treatment), self.policy, self.rule)
        later = still_alone(cart.reason, mind, days=days)
        valid = later * within(cart.reason, self.policy.incentives.valid_days)
        with_it = back * (margin - cost) + (1 - back) * (later * margin - valid * cost)
        return with_it - later * margin - self.policy.incentives.message_cost

    def _expires(self, coupon: Coupon, _at: datetime) -> None:
        if coupon.open:
            coupon.open = False
            self._reserved[coupon.day] -= coupon.cost

    def _facts(self, one: _Due, now: datetime) -> Facts:
        shopper = self.shoppers[one.person]
        cart = one.cart
        shopper.history = [
            past for past in shopper.history if past.at > now - MONTH or past.cart_id == cart.id
        ]
        return Facts(
            nudge_id=one.id,
            cart_id=cart.id,
            episode=one.episode,
            stage=one.stage,
            attempts=0,
            recipient=shopper.person.recipient,
            status=CartStatus.OPEN if cart.open else CartStatus.ORDERED,
            lines=tuple(self.shop.line(product, now) for product in cart.products),
            cart_created_at=cart.created,
            last_activity_at=cart.touched,
            currency=CURRENCY,
            last_seen_at=shopper.seen,
            payment_at=shopper.paid,
            reached=REACHED[cart.reason]
            if cart.reason is Reason.WAITS_FOR_COUPON
            else cart.visit.reached,
            leaving=cart.visit.leaving,
            last_order_at=shopper.ordered,
            bought_products=frozenset(
                self.shop.stock[product].product_id
                for product, at in shopper.bought
                if at >= cart.created
            ),
            consents=shopper.consents,
            addresses=shopper.person.addresses,
            silences=shopper.silences,
            history=tuple(shopper.history),
            last_coupon_at=shopper.coupon_at,
            coupons_used=shopper.coupons_used,
            coupons_unused=shopper.coupons - shopper.coupons_used,
            orders=shopper.orders,
            spent=shopper.spent,
            arms=self._arms[one.person],
        )


def _claimable(one: _Due) -> bool:
    """The claim's own conditions: open, not empty, and this is still the last activity."""
    return one.cart.open and bool(one.cart.products) and one.cart.touched == one.episode


def _next_sweep(at: datetime) -> datetime:
    floor = at.replace(minute=at.minute // SWEEP_MINUTES * SWEEP_MINUTES, second=0, microsecond=0)
    return floor if floor == at else floor + timedelta(minutes=SWEEP_MINUTES)
