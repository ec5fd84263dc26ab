"""The simulated payment."""

from datetime import UTC, datetime

import pytest

from web.shop.payment import TEST_CARDS, Decline, PaymentCard, pay

NOW = datetime(2026, 8, 31, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize("decline", list(Decline))
def test_every_documented_card_is_valid_and_fails_as_documented(decline: Decline) -> None:
    card = PaymentCard(TEST_CARDS[decline], "08/26", "123")
    assert card.problems(now=NOW) == set()
    assert pay(card) is decline


def test_a_card_is_good_to_the_end_of_its_month() -> None:
    number = "4242 4242 4242 4242"
    assert PaymentCard(number, "08/26", "123").problems(now=NOW) == set()
    assert PaymentCard(number, "07/26", "123").problems(now=NOW) == {"card_expiry"}


@pytest.mark.parametrize("number", ["4242424242424241", "424242424242424", "x" * 16, "", "０" * 16])
def test_a_number_that_no_card_has_is_refused(number: str) -> None:
    assert "card_number" in PaymentCard(number, "08/29", "123").problems(now=NOW)


def test_nothing_of_a_card_is_in_what_a_log_would_say() -> None:
    assert "4242" not in repr(PaymentCard("4242424242424242", "08/29", "987"))
