"""Every simulated message looked at again, by plain rules that share no code with the gates."""

from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from nudges.experiments import HELD_OUT, assign
from nudges.policy import HOLD_OUT, Policy
from nudges.simulate.shoppers import Shop
from nudges.simulate.state import Diary, Sent


def violations(shop: Shop, policy: Policy, diary: Diary) -> Counter[str]:
    """What was promised never to happen and did, by kind; empty where nothing did."""
    found: Counter[str] = Counter()
    by_person: dict[int, list[Sent]] = defaultdict(list)
    for message in diary.sent:
        by_person[message.person].append(message)
    ordered = {order.cart_id: order.at for order in diary.orders}
    for row, messages in by_person.items():
        found.update(_caps(messages, policy))
        found.update(_person(shop, policy, diary, row, messages))
    for message in diary.sent:
        found.update(_cart(shop, diary, message, ordered.get(message.cart_id)))
    found.update(_budget(policy, diary.budget))
    found.update(_twice(diary.sent))
    return +found


def _caps(messages: list[Sent], policy: Policy) -> Counter[str]:
    found: Counter[str] = Counter()
    caps = policy.caps
    times = [message.at for message in messages]
    for name, most, period in (
        ("per_day", caps.per_day, timedelta(days=1)),
        ("per_week", caps.per_week, timedelta(days=7)),
        ("per_month", caps.per_month, timedelta(days=30)),
    ):
        found[name] = sum(
            first + period > last for first, last in zip(times, times[most:], strict=False)
        )
    gap = timedelta(hours=caps.gap_hours)
    found["gap_hours"] = sum(later - earlier < gap for earlier, later in pairwise(times))
    carts = Counter(message.cart_id for message in messages)
    found["per_cart"] = sum(count > caps.per_cart for count in carts.values())
    for channel in {message.channel for message in messages}:
        on = [message.at for message in messages if message.channel is channel]
        most = caps.in_a_week(channel)
        found["channel_per_week"] += sum(
            first + timedelta(days=7) > last for first, last in zip(on, on[most:], strict=False)
        )
    return found


def _person(
    shop: Shop, policy: Policy, diary: Diary, row: int, messages: list[Sent]
) -> Counter[str]:
    found: Counter[str] = Counter()
    person = shop.people[row]
    recipient = person.recipient
    zone = ZoneInfo(recipient.time_zone)
    begin, end = policy.quiet_hours.begin, policy.quiet_hours.end
    held = assign(policy, recipient.subject, {})[HOLD_OUT].arm == HELD_OUT
    for message in messages:
        clock = message.at.astimezone(zone).time()
        night = clock >= begin or clock < end if begin > end else begin <= clock < end
        found["quiet_hours"] += night
        found["no_consent"] += not person.consents[message.channel]
        withdrawn, silenced = diary.withdrawn.get(row), diary.silenced.get(row)
        found["after_withdrawing"] += withdrawn is not None and message.at > withdrawn
        found["after_stop"] += silenced is not None and message.at > silenced
        found["held_out"] += held
        found["staff_or_robot"] += recipient.is_staff or recipient.is_robot
    return found


def _cart(shop: Shop, diary: Diary, message: Sent, ordered: object) -> Counter[str]:
    found: Counter[str] = Counter()
    touched = diary.touched[message.cart_id]
    last = bisect_right(touched, message.at) - 1
    found["not_the_last_activity"] += touched[last] != message.episode
    found["after_purchase"] += ordered is not None and ordered <= message.at  # type: ignore[operator]
    emptied = diary.emptied.get(message.cart_id)
    found["empty_cart"] += emptied is not None and touched[last] < emptied <= message.at
    _, products = diary.holdings[message.cart_id][last]
    found["sold_out"] += all(not shop.line(one, message.at).stock for one in products)
    return found


def _budget(policy: Policy, budget: Counter[date]) -> Counter[str]:
    limit = policy.incentives.daily_budget
    return Counter(budget=sum(most > limit for most in budget.values()))


def _twice(sent: list[Sent]) -> Counter[str]:
    stages = Counter((one.cart_id, one.episode, one.stage) for one in sent)
    return Counter(sent_twice=sum(count - 1 for count in stages.values()))
