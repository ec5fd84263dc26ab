"""Logs into the database: nothing lost, nothing twice, stopped imports go on."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import SimulatedClock
from db.engine import SessionFactory
from db.models import (
    Cart,
    CartLine,
    CartStatus,
    Category,
    Event,
    EventName,
    ImportRun,
    Order,
    OrderLine,
    Person,
    Price,
    Product,
    Quarantined,
    Variant,
    Visitor,
)
from db.reads.training import event_frame
from db.writes.people import tell_person
from ingest.events import Outcome
from ingest.log_products import UNKNOWN_STOCK
from tests.imports import (
    FIXTURES,
    ONLINE_RETAIL,
    REAL,
    everything,
    everything_unstopped,
    write_log,
)

type Importer = Callable[..., Outcome]


def assert_accounted_for(session: Session, outcome: Outcome) -> None:
    """Every row is stored, quarantined or rejected, in the report and in the tables."""
    stored, held = outcome.rows_stored, outcome.rows_quarantined
    assert outcome.rows_read == stored + held + outcome.rejected
    events_of_run = select(func.count()).select_from(Event).where(Event.import_id == outcome.run_id)
    doubled = select(func.count(func.distinct(Event.id))).where(
        Event.import_id == outcome.run_id, Event.event_id.endswith("-add")
    )
    events = session.scalar(events_of_run) or 0
    assert events - (session.scalar(doubled) or 0) == stored - outcome.rows_known
    assert (
        session.scalar(
            select(func.count())
            .select_from(Quarantined)
            .where(Quarantined.import_id == outcome.run_id, Quarantined.released_at.is_(None))
        )
        == outcome.rows_quarantined
    )


def test_every_row_of_a_log_is_accounted_for(
    import_file: Importer, sessions: SessionFactory
) -> None:
    outcome = import_file(FIXTURES / "online_retail.csv")
    assert outcome.rows_read == 13
    assert outcome.rejected == 3
    assert outcome.quarantined == {
        "clock_error": 1,
        "duplicate": 1,
        "impossible_price": 1,
        "impossible_quantity": 1,
        "not_a_product": 1,
        "unmatched_cancellation": 1,
    }
    with sessions() as session:
        assert_accounted_for(session, outcome)


def test_an_invoice_becomes_one_order_of_the_customer(
    import_file: Importer, sessions: SessionFactory
) -> None:
    import_file(FIXTURES / "online_retail.csv")
    with sessions() as session:
        order = session.scalars(select(Order).where(Order.transaction_id == "700001")).one()
        person = session.get_one(Person, order.person_id)
        assert person.id == person.shop_key == "20001"
        lines = {line.product_id: (line.quantity, line.unit_amount) for line in order.lines}
        assert lines == {"10001A": (6, 255), "10002": (2, 1250)}
        assert (order.total, order.currency) == (6 * 255 + 2 * 1250, "GBP")
        cart = session.get_one(Cart, order.cart_id)
        assert cart.status is CartStatus.ORDERED
        assert session.scalar(select(func.count()).where(Cart.status == CartStatus.OPEN)) == 0


def test_a_customer_has_the_id_that_the_shops_tokens_name_them_by(
    import_file: Importer, sessions: SessionFactory
) -> None:
    """The shop spoke of one of them before their past came in."""
    with sessions.begin() as session:
        email = {"email": "one@example.org"}
        tell_person(session, "20001", values=email, consents=[], now=datetime.now(UTC))
    import_file(FIXTURES / "online_retail.csv")
    with sessions() as session:
        order = session.scalars(select(Order).where(Order.transaction_id == "700001")).one()
        assert order.person_id == "20001"
        assert session.get_one(Person, "20001").email == "one@example.org"


def test_the_order_of_an_invoices_lines_in_the_file_cannot_be_learnt(
    import_file: Importer, sessions: SessionFactory, tmp_path: Path
) -> None:
    lines = [
        f"{invoice},{code},ITEM {code},1,2011-07-0{invoice % 9 + 1} 09:00:00,2.50,,Spain"
        for invoice in range(700_001, 700_009)
        for code in range(30_000, 30_020)
    ]
    log = tmp_path / "sorted.csv"
    header = FIXTURES.joinpath("online_retail.csv").read_text().splitlines()[0]
    log.write_text("\n".join([header, *lines]) + "\n")
    import_file(log)
    with sessions() as session:
        steps = event_frame(session).filter(pl.col("action") == "add")
    invoices = steps.group_by("shopper").agg("product")["product"].to_list()
    assert len({tuple(products) for products in invoices}) == len(invoices) == 8
    assert all(products != sorted(products) for products in invoices)


def test_a_guests_invoice_has_a_visitor_of_its_own(
    import_file: Importer, sessions: SessionFactory
) -> None:
    import_file(FIXTURES / "online_retail.csv")
    with sessions() as session:
        order = session.scalars(select(Order).where(Order.transaction_id == "700002")).one()
        assert order.person_id is None
        visitor = session.get_one(Visitor, order.visitor_id)
        assert visitor.created_at == datetime(2011, 7, 1, 8, 0, tzinfo=UTC)


def test_a_cancelled_line_is_a_removal_by_its_customer(
    import_file: Importer, sessions: SessionFactory
) -> None:
    import_file(FIXTURES / "online_retail.csv")
    with sessions() as session:
        removal = session.scalars(
            select(Event).where(Event.name == EventName.REMOVE_FROM_CART)
        ).one()
        person_id = session.get_one(Visitor, removal.visitor_id).person_id
        assert session.get_one(Person, person_id).shop_key == "20001"
        assert (removal.product_id, removal.quantity) == ("10001A", 4)


def test_the_log_fills_the_catalogue_with_names_and_last_prices(
    import_file: Importer, sessions: SessionFactory
) -> None:
    outcome = import_file(FIXTURES / "online_retail.csv")
    assert outcome.products_added == 2
    with sessions() as session:
        assert session.get_one(Product, "10001A").title == "Blue Enamel Mug"
        assert session.get_one(Variant, "10001A").stock == UNKNOWN_STOCK
        price = session.scalars(select(Price).where(Price.variant_id == "10001A")).one()
        assert (price.amount, price.currency, price.valid_until) == (295, "GBP", None)


def test_a_log_leaves_a_described_product_alone(
    import_file: Importer, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        session.add(Product(id="10001A", title="Mug, blue", updated_at=clock.now()))
        session.flush()
        session.add(Variant(id="MUG-1", product_id="10001A", stock=3))
    import_file(FIXTURES / "online_retail.csv")
    with sessions() as session:
        assert session.get_one(Product, "10001A").title == "Mug, blue"
        assert session.get_one(Variant, "MUG-1").stock == 3


def test_what_nobody_named_is_called_by_what_is_known(
    import_file: Importer, sessions: SessionFactory
) -> None:
    import_file(FIXTURES / "rees46.csv")
    import_file(FIXTURES / "otto.jsonl")
    with sessions() as session:
        titles = {product.id: product.title for product in session.scalars(select(Product))}
        assert titles["501"] == "Solano headphone 501"
        assert titles["502"] == "Solano item 502"
        assert titles["504"] == "Item 504"
        assert titles["11"] == "Item 11"
        leaf = session.get_one(Category, "electronics-audio-headphone")
        assert (leaf.title, leaf.parent_id) == ("Headphone", "electronics-audio")


def test_a_click_log_folds_into_carts_and_orders(
    import_file: Importer, sessions: SessionFactory
) -> None:
    import_file(FIXTURES / "otto.jsonl")
    with sessions() as session:
        order = session.scalars(select(Order)).one()
        assert sorted(line.product_id for line in order.lines) == ["11", "12"]
        assert order.total is None
        assert order.cart_id is not None


@pytest.mark.parametrize("file", ["online_retail.csv", "rees46.csv", "otto.jsonl"])
def test_importing_again_changes_nothing_and_says_so(
    file: str, import_file: Importer, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    first = import_file(FIXTURES / file)
    before = everything(sessions)
    clock.at = datetime(2027, 1, 1, tzinfo=UTC)
    again = import_file(FIXTURES / file)
    assert again.already_done
    assert (again.rows_read, again.rows_stored) == (first.rows_read, first.rows_stored)
    assert everything(sessions) == before


def test_a_longer_export_adds_only_what_is_new(
    import_file: Importer, sessions: SessionFactory, tmp_path: Path
) -> None:
    whole = write_log(tmp_path / "whole.csv", invoices=40)
    lines = whole.read_text().splitlines(keepends=True)
    part = tmp_path / "part.csv"
    part.write_text("".join(lines[:90]))
    first = import_file(part)
    second = import_file(whole)
    assert second.rows_known == first.rows_stored
    with sessions() as session:
        assert_accounted_for(session, second)
        purchased = session.scalar(
            select(func.count()).select_from(Event).where(Event.name == EventName.PURCHASE)
        )
        assert session.scalar(select(func.count()).select_from(OrderLine)) == purchased


class StoppedError(Exception):
    """The import was stopped here."""


def stop_after(chunks: int) -> Callable[[str, int, int | None], None]:
    """A report that ends the import once so many chunks were stored by it."""
    left = chunks

    def report(stage: str, done: int, _total: int | None) -> None:
        nonlocal left
        left -= stage == "storing" and done > 0
        if left == 0:
            raise StoppedError

    return report


def test_an_import_stopped_after_any_chunk_ends_the_same(
    import_file: Importer,
    sessions: SessionFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.events.CHUNK_ROWS", 40)
    log = write_log(tmp_path / "log.csv", invoices=60)
    for stops in count():
        try:
            outcome = import_file(log, report=stop_after(stops + 1))
            break
        except StoppedError:
            continue
    assert stops > 5
    with sessions() as session:
        assert_accounted_for(session, outcome)
    stopped = everything(sessions)
    monkeypatch.undo()
    assert stopped == everything_unstopped(log, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not ONLINE_RETAIL.exists(), reason="the real log is not here")
def test_the_real_online_retail_log_is_accounted_for_row_by_row(
    import_file: Importer, sessions: SessionFactory
) -> None:
    outcome = import_file(ONLINE_RETAIL)
    assert outcome.rows_read == 541_909
    assert outcome.quarantined == {
        "duplicate": 5_259,
        "impossible_price": 2_504,
        "impossible_quantity": 4,
        "not_a_product": 2_912,
        "unmatched_cancellation": 1_190,
    }
    with sessions() as session:
        assert_accounted_for(session, outcome)
        counts = session.execute(select(Event.name, func.count()).group_by(Event.name))
        names = Counter(dict(iter(counts)))
        assert names[EventName.ADD_TO_CART] == names[EventName.PURCHASE]
        assert names[EventName.PURCHASE] + names[EventName.REMOVE_FROM_CART] == outcome.rows_stored
        log = pl.read_parquet(ONLINE_RETAIL)
        mug = session.get_one(Product, "85123A")
        assert mug.title == "White Hanging Heart T-Light Holder"
        people = session.scalar(select(func.count()).select_from(Person)) or 0
        assert people <= log["CustomerID"].n_unique()
        orders = session.scalar(select(func.count()).select_from(Order))
        assert orders == session.scalar(select(func.count(func.distinct(Event.transaction_id))))


@pytest.mark.parametrize(
    ("file", "rows", "rejected"),
    [("rees46/2019-Oct_head.csv", 17_435, 1), ("otto/train_sample.jsonl", 862, 0)],
)
def test_the_real_samples_are_accounted_for(
    file: str, rows: int, rejected: int, import_file: Importer, sessions: SessionFactory
) -> None:
    path = REAL / "imports" / file
    if not path.exists():
        pytest.skip("the sample is not here")
    outcome = import_file(path)
    assert (outcome.rows_read, outcome.rejected) == (rows, rejected)
    with sessions() as session:
        assert_accounted_for(session, outcome)
        assert session.scalar(select(ImportRun.rows_read)) == rows
        assert session.scalar(select(CartLine.id).limit(1)) is not None
