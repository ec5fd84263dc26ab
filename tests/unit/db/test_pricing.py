"""What a cart costs, and why a promotion does not apply."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from db.models import PromotionKind
from db.pricing import (
    DeliveryRule,
    PricedLine,
    PromotionOutcome,
    PromotionTerms,
    Refusal,
    evaluate,
    totals,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = DeliveryRule(fee=Money("EUR", 490), free_from=Money("EUR", 5000))


def eur(amount: int) -> Money:
    return Money("EUR", amount)


def line(amount: int, category: str | None = "tents") -> PricedLine:
    return PricedLine(eur(amount), category)


def promotion(
    kind: PromotionKind = PromotionKind.PERCENT,
    value: int = 10,
    *,
    minimum: int = 0,
    starts_at: datetime = NOW - DAY,
    ends_at: datetime | None = None,
    category: str | None = None,
    below: frozenset[str] = frozenset(),
    currency: str = "EUR",
) -> PromotionTerms:
    return PromotionTerms(
        code="SPRING",
        title="Spring",
        kind=kind,
        value=value,
        minimum=Money(currency, minimum),
        starts_at=starts_at,
        ends_at=ends_at,
        category_id=category,
        categories=below | ({category} if category else set()),
    )


def outcome(terms: PromotionTerms | None, *lines: PricedLine) -> PromotionOutcome:
    return evaluate(terms, lines, currency="EUR", now=NOW)


def test_a_code_nobody_knows_is_refused_as_unknown() -> None:
    assert outcome(None, line(100)).refusal is Refusal.UNKNOWN


def test_a_promotion_is_refused_before_it_starts() -> None:
    assert outcome(promotion(starts_at=NOW + DAY), line(100)).refusal is Refusal.NOT_STARTED


def test_a_promotion_is_refused_from_the_moment_it_ends() -> None:
    assert outcome(promotion(ends_at=NOW), line(100)).refusal is Refusal.ENDED


def test_an_empty_cart_gets_no_promotion() -> None:
    assert outcome(promotion()).refusal is Refusal.EMPTY_CART


def test_a_promotion_in_another_currency_is_refused() -> None:
    assert outcome(promotion(currency="USD"), line(100)).refusal is Refusal.CURRENCY


def test_a_cart_below_the_minimum_is_told_what_is_missing() -> None:
    refused = outcome(promotion(minimum=5000), line(4200))
    assert refused.refusal is Refusal.MINIMUM
    assert refused.missing == eur(800)


def test_a_cart_without_the_promotions_category_is_refused() -> None:
    assert outcome(promotion(category="stoves"), line(100)).refusal is Refusal.CATEGORY


def test_a_promotion_for_a_category_counts_only_its_lines_and_those_below_it() -> None:
    terms = promotion(category="camping", below=frozenset({"tents"}), value=50)
    assert outcome(terms, line(1000, "tents"), line(600, "shoes")).discount == eur(500)


def test_a_percentage_is_rounded_half_a_cent_up() -> None:
    assert outcome(promotion(value=15), line(1090)).discount == eur(164)


def test_an_amount_never_exceeds_what_it_applies_to() -> None:
    assert outcome(promotion(PromotionKind.AMOUNT, 2000), line(1500)).discount == eur(1500)


def test_free_delivery_takes_the_fee_away_and_closes_the_gap() -> None:
    lines = [line(1000)]
    free = outcome(promotion(PromotionKind.FREE_DELIVERY, 0), *lines)
    sums = totals(lines, free, RULE)
    assert (sums.delivery, sums.total, sums.free_delivery_gap) == (eur(0), eur(1000), None)


def test_a_small_cart_pays_delivery_and_is_told_the_gap() -> None:
    sums = totals([line(1000)], None, RULE)
    assert (sums.delivery, sums.total, sums.free_delivery_gap) == (eur(490), eur(1490), eur(4000))


def test_delivery_is_free_from_the_threshold_on() -> None:
    assert totals([line(5000)], None, RULE).delivery == eur(0)


def test_a_discount_can_bring_the_cart_below_the_threshold_again() -> None:
    lines = [line(5000)]
    assert totals(lines, outcome(promotion(), *lines), RULE).free_delivery_gap == eur(500)


def test_an_empty_cart_costs_nothing() -> None:
    assert totals([], None, RULE).total == eur(0)


def test_lines_in_another_currency_are_left_out_of_the_sums() -> None:
    foreign = PricedLine(Money("USD", 700), None)
    assert totals([line(5000), foreign], None, RULE).subtotal == eur(5000)


@given(
    st.lists(st.integers(0, 100_000), min_size=1, max_size=5),
    st.sampled_from(PromotionKind),
    st.integers(0, 100),
)
def test_a_total_is_never_negative_and_a_discount_never_exceeds_the_goods(
    amounts: list[int], kind: PromotionKind, value: int
) -> None:
    lines = [line(amount) for amount in amounts]
    sums = totals(lines, outcome(promotion(kind, value), *lines), RULE)
    assert 0 <= sums.discount.amount <= sums.subtotal.amount
    assert sums.total == sums.subtotal - sums.discount + sums.delivery
    assert sums.total.amount >= 0


@pytest.mark.parametrize("kind", list(PromotionKind))
def test_every_kind_of_promotion_applies_to_a_cart_that_meets_its_terms(
    kind: PromotionKind,
) -> None:
    assert outcome(promotion(kind, 10), line(1000)).refusal is None
