"""Prices, availability, HTML and categories as shops write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from ingest.log_products import UNKNOWN_STOCK
from ingest.values import (
    category_path,
    parse_price,
    parse_stock,
    plain_text,
    slug,
    web_address,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19.99 EUR", Money("EUR", 1999)),
        ("€19,99", Money("EUR", 1999)),
        ("1.299,00 €", Money("EUR", 129900)),
        ("1,299.00", Money("EUR", 129900)),
        ("USD 12", Money("USD", 1200)),
        ("£5.5", Money("GBP", 550)),
        ("1'299.50 CHF", Money("CHF", 129950)),
        ("1 299,50 EUR", Money("EUR", 129950)),
        ("1.299.000,00", Money("EUR", 129900000)),
        ("1,299,000", Money("EUR", 129900000)),
        ("1200 JPY", Money("JPY", 1200)),
        ("1.299 KWD", Money("KWD", 1299)),
        ("12.005", None),
        ("cheap", None),
        ("", None),
        ("-5.00 EUR", None),
        ("EUR 5 EUR", None),
        ("5.00 ☃", None),
    ],
)
def test_a_price_is_read_as_it_is_meant_or_refused(text: str, expected: Money | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match=r".+"):
            parse_price(text, currency="EUR")
    else:
        assert parse_price(text, currency="EUR") == expected


@given(st.integers(min_value=0, max_value=10**9))
def test_a_price_written_either_way_reads_back(amount: int) -> None:
    written = f"{amount // 100:,}.{amount % 100:02}"
    swapped = written.translate(str.maketrans(",.", ".,"))
    assert parse_price(written, currency="EUR") == Money("EUR", amount)
    assert parse_price(f"{swapped} €", currency="USD") == Money("EUR", amount)


@given(st.text(max_size=60))
def test_any_text_is_a_price_or_a_clear_refusal(text: str) -> None:
    with suppress(ValueError):
        assert parse_price(text, currency="EUR").amount >= 0


def test_a_dollar_sign_means_the_shops_own_dollar() -> None:
    assert parse_price("$3", currency="CAD") == Money("CAD", 300)
    assert parse_price("$3", currency="EUR") == Money("USD", 300)


@pytest.mark.parametrize(
    ("quantity", "availability", "stock"),
    [
        ("7", None, 7),
        ("-2", None, 0),
        ("7", "out of stock", 0),
        (None, "in_stock", UNKNOWN_STOCK),
        (None, "https://schema.org/InStock", UNKNOWN_STOCK),
        (None, "Out of stock", 0),
        (None, None, UNKNOWN_STOCK),
    ],
)
def test_stock_is_the_quantity_else_plenty_unless_unavailable(
    quantity: str | None, availability: str | None, stock: int
) -> None:
    assert parse_stock(quantity, availability) == stock


@pytest.mark.parametrize(("quantity", "availability"), [("many", None), (None, "sometimes")])
def test_stock_words_that_mean_nothing_are_refused(
    quantity: str | None, availability: str | None
) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_stock(quantity, availability)


def test_html_becomes_lines_of_text_without_scripts() -> None:
    html = (
        "<p>Soft &amp; warm</p><style>p{}</style><script>alert(1)</script><ul><li>One<li>Two</ul>"
    )
    assert plain_text(html) == "Soft & warm\nOne\nTwo"


@given(st.text(max_size=200))
def test_any_text_survives_the_html_reader(text: str) -> None:
    plain_text(text)


def test_a_category_path_has_named_steps_and_no_numbers() -> None:
    assert category_path("Home >  Desk Lamps") == ("Home", "Desk Lamps")
    assert category_path("1604") == ()
    assert category_path(None) == ()


def test_a_slug_has_no_accents_and_no_signs() -> None:
    assert slug("Küche & Bäder") == "kuche-bader"


def test_only_web_addresses_are_pictures() -> None:
    assert web_address("https://shop.example/a.jpg") == "https://shop.example/a.jpg"
    with pytest.raises(ValueError, match="not a web address"):
        web_address("javascript:alert(1)")
