"""Rows set aside can be seen, released into the events, and put back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from db.engine import SessionFactory
from db.models import Cart, CartStatus, Event, ImportRun, Order, Quarantined
from ingest.events import Outcome
from ingest.quarantine import Moved, RuleCount, list_rules, put_back, release, show_rows
from tests.imports import FIXTURES, everything, write_log

type Importer = Callable[..., Outcome]


def test_a_held_row_is_kept_whole_with_what_gave_it_away(
    import_file: Importer, sessions: SessionFactory
) -> None:
    import_file(FIXTURES / "online_retail.csv")
    with sessions() as session:
        (held,) = show_rows(session, rule="impossible_quantity", import_id=None, limit=5)
        assert held.row_number == 9
        assert held.detail == "quantity 80995"
        assert held.row["raw"] == {
            "InvoiceNo": "700006",
            "StockCode": "10002",
            "Description": "CHILDREN'S PICNIC SET",
            "Quantity": "80995",
            "InvoiceDate": "12/4/2010 10:00",
            "UnitPrice": "12.5",
            "CustomerID": "20002.0",
            "Country": "United Kingdom",
        }


def test_rules_are_listed_with_what_they_hold(
    import_file: Importer, sessions: SessionFactory
) -> None:
    outcome = import_file(FIXTURES / "rees46.csv")
    with sessions() as session:
        assert list_rules(session) == [
            RuleCount("impossible_price", outcome.run_id, "rees46.csv", held=1, released=0)
        ]


def test_a_released_row_joins_its_order(
    import_file: Importer, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    import_file(FIXTURES / "online_retail.csv")
    moved = release(sessions, rule="duplicate", import_id=None, now=clock.now())
    assert moved == Moved(moved=1, stayed=0)
    with sessions() as session:
        order = session.scalars(select(Order).where(Order.transaction_id == "700001")).one()
        quantities = sorted((line.product_id, line.quantity) for line in order.lines)
        assert quantities == [("10001A", 6), ("10002", 2), ("10002", 2)]
        run = session.scalars(select(ImportRun)).one()
        assert run.rows_read == run.rows_stored + run.rows_quarantined + run.rows_rejected


def test_what_can_be_no_event_stays_held(
    import_file: Importer, sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    log.write_text(
        f"{header}1,10001,MUG,-5,2011-01-01 09:00,2.50,7,Spain\n"
        "2,10001,MUG,20000,2011-01-01 09:00,2.50,7,Spain\n"
    )
    import_file(log)
    moved = release(sessions, rule="impossible_quantity", import_id=None, now=clock.now())
    assert moved == Moved(moved=1, stayed=1)
    with sessions() as session:
        held = session.scalars(select(Quarantined).where(Quarantined.released_at.is_(None))).one()
        assert held.row_number == 1


@pytest.mark.parametrize("rule", ["not_a_product", "duplicate", "unmatched_cancellation", None])
def test_releasing_and_putting_back_leaves_no_trace(
    rule: str | None,
    import_file: Importer,
    sessions: SessionFactory,
    clock: SimulatedClock,
    tmp_path: Path,
) -> None:
    outcome = import_file(write_log(tmp_path / "log.csv", invoices=50))
    import_id = outcome.run_id
    before = _what_happened(sessions)
    released = release(sessions, rule=rule, import_id=import_id, now=clock.now())
    assert released.moved > 0
    assert _what_happened(sessions) != before
    returned = put_back(sessions, rule=rule, import_id=import_id)
    assert returned.moved == released.moved
    assert _what_happened(sessions) == before


def _what_happened(sessions: SessionFactory) -> list[object]:
    """All rows but people and visitors, who stay known, and the ids that baskets go by."""
    tables = everything(sessions)
    left_out = {"people", "visitors", "carts", "cart_lines", "orders"}
    with sessions() as session:
        baskets = sorted(
            repr((cart.visitor_id, cart.status, cart.created_at, cart.closed_at, _lines(cart)))
            for cart in session.scalars(select(Cart).where(Cart.status != CartStatus.MERGED))
        )
        orders = sorted(
            (order.id, order.total, order.placed_at) for order in session.scalars(select(Order))
        )
    return [baskets, orders, {name: tables[name] for name in tables.keys() - left_out}]


def _lines(cart: Cart) -> list[tuple[str, int]]:
    return sorted((line.product_id, line.quantity) for line in cart.lines)


def test_putting_back_leaves_what_another_import_brought(
    import_file: Importer, sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path
) -> None:
    header = "when,what,who\n"
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        "event = 'view_item'\n[columns]\ntime = 'when'\nproduct = 'what'\nvisitor = 'who'\n"
    )
    row = "2031-01-01 10:00,A,1\n"
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(header + row)
    second.write_text(header + row + "2024-01-01 10:00,B,1\n")
    runs = [import_file(path, mapping=mapping).run_id for path in (first, second)]
    for run_id in runs:
        release(sessions, rule="clock_error", import_id=run_id, now=clock.now())
    put_back(sessions, rule="clock_error", import_id=runs[1])
    with sessions() as session:
        events = session.scalars(select(Event).order_by(Event.at)).all()
        assert [(event.product_id, event.import_id) for event in events] == [
            ("B", runs[1]),
            ("A", runs[0]),
        ]
