"""The simulated past: repeatable, coherent, and with the planted patterns in it."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from demo.simulate import Ending
from demo.world import Scenario
from tests.unit.demo.conftest import NOW, Simulated, simulated

TINY = Scenario(NOW, seed=3, shoppers=60, days=20)


def frames(past: Simulated) -> list[pl.DataFrame]:
    found = past.past
    return [found.people, found.visitors, found.events, found.consents, found.order_costs]


def test_the_same_scenario_gives_the_same_past() -> None:
    for one, other in zip(frames(simulated(TINY)), frames(simulated(TINY)), strict=True):
        assert one.equals(other)


def test_another_seed_gives_another_past() -> None:
    other = simulated(replace(TINY, seed=4))
    assert not simulated(TINY).past.events["product_id"].equals(other.past.events["product_id"])


def test_everything_happens_within_the_days_before_now(small: Simulated) -> None:
    events = small.past.events
    assert events["at"].is_sorted()
    assert events["at"].min() >= small.scenario.begins - timedelta(minutes=1)  # type: ignore[operator]
    assert events["at"].max() <= small.scenario.now  # type: ignore[operator]


def test_every_event_id_is_used_once_for_each_visitor_and_position(small: Simulated) -> None:
    keys = small.past.events.select("visitor_id", "event_id", "position")
    assert keys.is_unique().all()


def test_only_what_is_in_the_cart_is_removed_or_bought(small: Simulated) -> None:
    carts: dict[str, Counter[str]] = defaultdict(Counter)
    columns = ("visitor_id", "name", "variant_id", "quantity")
    owners = dict(small.past.visitors.select("id", pl.coalesce("person_id", "id")).iter_rows())
    for visitor, name, variant, quantity in small.past.events.select(columns).iter_rows():
        cart = carts[owners[visitor]]
        if name == "add_to_cart":
            assert not cart[variant]
            cart[variant] = quantity
        elif name in {"remove_from_cart", "purchase"}:
            assert cart.pop(variant) == quantity


def test_a_purchase_costs_its_items_less_discount_and_with_delivery(small: Simulated) -> None:
    bought = small.past.events.filter(pl.col("name") == "purchase")
    orders = bought.group_by("visitor_id", "transaction_id").agg(
        subtotal=(pl.col("unit_amount") * pl.col("quantity")).sum(), value=pl.col("value").sum()
    )
    costs = orders.join(small.past.order_costs, on=["visitor_id", "transaction_id"])
    assert len(costs) == len(orders) > 300
    paid = costs["subtotal"] - costs["discount"] + costs["delivery"]
    assert paid.equals(costs["value"], check_names=False)
    goods = costs["subtotal"] - costs["discount"]
    assert ((costs["delivery"] == 490) == (goods < 5000)).all()
    assert ((costs["discount"] > 0) == costs["promotion_code"].is_not_null()).all()
    assert 0 < (costs["discount"] > 0).sum() < len(costs) * 0.2


def test_reduced_products_cost_more_before_they_were_reduced(small: Simulated) -> None:
    reduced = {p.id: p for p in small.world.catalogue.products if p.list_amount}
    views = small.past.events.filter(
        (pl.col("name") == "view_item")
        & pl.col("product_id").is_in(list(reduced))
        & pl.col("unit_amount").is_not_null()
    )
    for product_id, at, amount in views.select("product_id", "at", "unit_amount").iter_rows():
        product = reduced[product_id]
        cut = small.scenario.now - timedelta(days=product.reduced_days)
        assert amount == (product.list_amount if at < cut else product.amount)


def test_every_reason_for_leaving_a_cart_occurs(small: Simulated) -> None:
    endings = Counter(small.steps.ending.tolist())
    assert set(endings) == {int(ending) for ending in Ending}
    assert min(endings.values()) >= 20


def test_a_failed_payment_was_tried_and_brought_no_order(small: Simulated) -> None:
    names = dict(small.past.events.group_by("session_id").agg(pl.col("name").unique()).iter_rows())
    failed = np.flatnonzero(small.steps.ending == Ending.PAYMENT_FAILURE)
    assert len(failed) > 0
    for session in failed.tolist():
        done = names[f"s{session}"]
        assert "add_payment_info" in done
        assert "purchase" not in done


def test_who_left_for_the_delivery_cost_had_a_cart_below_free_delivery(small: Simulated) -> None:
    began = small.past.events.filter(pl.col("name") == "begin_checkout")
    amount = {p.id: p.amount for p in small.world.catalogue.products}
    lowest = pl.col("product_id").replace_strict(amount)
    value = began.group_by("session_id").agg(value=lowest.sum())
    spent = dict(value.iter_rows())
    left = np.flatnonzero(small.steps.ending == Ending.DELIVERY_COST)
    assert all(spent[f"s{session}"] < 5000 for session in left.tolist())


def test_a_few_products_are_much_more_popular_than_most(small: Simulated) -> None:
    counts = small.shopping["product"].value_counts(sort=True)["count"]
    tenth = len(small.world.catalogue.products) // 10
    assert counts.head(tenth).sum() > 0.25 * counts.sum()
    assert counts.tail(5 * tenth).sum() < 0.35 * counts.sum()


def test_sundays_and_evenings_are_busy(small: Simulated) -> None:
    at = small.past.events["at"]
    by_day = Counter(at.dt.weekday().to_list())
    by_hour = Counter(at.dt.hour().to_list())
    assert by_day[7] == max(by_day.values())
    assert by_hour[19] > 5 * by_hour[3]


def test_shoppers_come_back(small: Simulated) -> None:
    sessions = Counter(small.visits.shopper.tolist())
    assert sum(count >= 3 for count in sessions.values()) > 0.6 * len(sessions)


def test_somebody_signs_in_after_having_been_anonymous(small: Simulated) -> None:
    first = small.visits.at[np.unique(small.visits.shopper, return_index=True)[1]]
    shoppers = np.unique(small.visits.shopper)
    later = small.visits.is_person[shoppers] & (small.visits.signed_in[shoppers] > first)
    assert later.sum() > 100


def test_some_people_use_two_browsers(small: Simulated) -> None:
    devices = small.past.visitors.filter(pl.col("person_id").is_not_null())["person_id"]
    assert devices.value_counts()["count"].max() == 2


def test_robots_are_marked_and_read_faster_than_people(small: Simulated) -> None:
    robots = small.past.visitors.filter("is_robot")["id"]
    views = small.past.events.filter(pl.col("visitor_id").is_in(robots.implode()))
    assert len(robots) == 10
    gaps = views.group_by("visitor_id").agg(pl.col("at").diff().mean().alias("gap"))["gap"]
    assert gaps.max() < timedelta(seconds=2)  # type: ignore[operator]


def test_search_terms_are_typed_in_many_ways_and_sometimes_wrong(small: Simulated) -> None:
    terms = small.past.events["search_term"].drop_nulls()
    kinds = {product.kind.lower() for product in small.world.catalogue.products}
    assert terms.n_unique() > 300
    assert any(term in kinds for term in terms.to_list())


def test_some_visits_search_and_fill_the_cart_in_chat_and_look_and_pay_on_pages(
    small: Simulated,
) -> None:
    chatted = small.past.events.filter(pl.col("source") == "chat")
    people = small.past.events.filter(pl.col("name") == "add_to_cart")
    assert set(chatted["name"]) == {"search", "add_to_cart", "remove_from_cart"}
    assert 0.08 < (people["source"] == "chat").mean() < 0.16  # type: ignore[operator]


def moves(small: Simulated) -> list[tuple[int, int]]:
    """Consecutive different products within a session, by their position."""
    index = {product.id: row for row, product in enumerate(small.world.catalogue.products)}
    frame = small.shopping.sort("shopper", "session", "at", maintain_order=True)
    steps = list(frame.select("session", "product").iter_rows())
    return [
        (index[before], index[after])
        for (one, before), (other, after) in pairwise(steps)
        if one == other and before != after
    ]


def test_every_planted_trail_leads_on_far_more_often_than_chance(small: Simulated) -> None:
    pairs = np.array(moves(small))
    for trail, name in zip(small.world.stage, small.world.trails, strict=True):
        before, after = trail[pairs[:, 0]], trail[pairs[:, 1]]
        on = (before >= 0) & (before < trail.max())
        onward = (after[on] == before[on] + 1).mean()
        chance = np.mean([(after == stage + 1).mean() for stage in before[on].tolist()[:400]])
        assert onward / chance > 3, name


def test_where_a_trail_goes_on_depends_on_where_the_shopper_came_from(small: Simulated) -> None:
    index = {p.id: row for row, p in enumerate(small.world.catalogue.products)}
    names = small.world.trails
    camping, hiking = (small.world.stage[names.index(name)] for name in ("camping", "hiking"))
    follow = {"camping": Counter[bool](), "hiking": Counter[bool]()}
    frame = small.shopping.sort("shopper", "session", "at", maintain_order=True)
    by_session: dict[str, list[int]] = defaultdict(list)
    for session, product in frame.select("session", "product").iter_rows():
        steps = by_session[session]
        if not steps or steps[-1] != index[product]:
            steps.append(index[product])
    for steps in by_session.values():
        for first, second, third in zip(steps, steps[1:], steps[2:], strict=False):
            if camping[second] == 1 == hiking[second]:
                if camping[first] == 0:
                    follow["camping"][bool(camping[third] == 2)] += 1
                elif hiking[first] == 0:
                    follow["hiking"][bool(camping[third] == 2)] += 1
    rate = {name: counts[True] / counts.total() for name, counts in follow.items()}
    assert min(counts.total() for counts in follow.values()) >= 15
    assert rate["camping"] > 2 * rate["hiking"]


def test_bundles_are_bought_together(small: Simulated) -> None:
    bought = small.past.events.filter(pl.col("name") == "purchase")
    index = {p.id: row for row, p in enumerate(small.world.catalogue.products)}
    baskets = [
        {index[product] for product in row}
        for (row,) in bought.group_by("event_id").agg("product_id").select("product_id").iter_rows()
    ]
    share = Counter(item for basket in baskets for item in basket)
    together = expected = 0.0
    for first, second in np.argwhere(np.triu(small.world.bundle + small.world.bundle.T) > 0):
        together += sum({first, second} <= basket for basket in baskets)
        expected += share[first] * share[second] / len(baskets)
    assert together > 2 * expected


def test_each_demo_shopper_does_what_is_told_of_them(small: Simulated) -> None:
    ids = dict(
        small.past.people.filter(pl.col("name").is_not_null()).select("name", "id").iter_rows()
    )
    assert set(ids) == {person.name for person in small.demo}
    visitors = small.past.visitors.select("id", "person_id")
    for person in small.demo:
        own = visitors.filter(pl.col("person_id") == ids[person.name])["id"]
        events = small.past.events.filter(pl.col("visitor_id").is_in(own.implode()))
        for visit in person.visits:
            if visit.at < small.scenario.begins:
                continue
            inside = pl.col("at").is_between(visit.at, visit.at + timedelta(hours=2))
            done = set(events.filter(inside)["name"])
            assert "view_item" in done
            assert ("purchase" in done) or visit.does != "buy"
            assert ("add_to_cart" in done) or visit.does != "leave"
            assert visit.does != "leave" or "purchase" not in done


@pytest.mark.parametrize("column", ["email", "name"])
def test_only_demo_shoppers_have_a_name_and_an_address(small: Simulated, column: str) -> None:
    known = small.past.people[column].drop_nulls()
    assert len(known) == len(small.demo) >= 8
    if column == "email":
        assert all(address.endswith("@example.org") for address in known)
