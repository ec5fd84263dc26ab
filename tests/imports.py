"""A made-up log, importing it, and the whole database as text: what the import tests share."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.clock import SimulatedClock
from db.engine import SessionFactory, make_engine, make_session_factory
from db.migrate import upgrade
from db.models import Base
from ingest.events import Outcome, Report, import_log
from ingest.logs import choose_log_format
from ingest.source import Source
from tests.conftest import START

FIXTURES = Path(__file__).parent / "fixtures" / "ingest"
REAL = Path(__file__).parents[2] / "shared" / "data"
ONLINE_RETAIL = REAL / "baskets" / "online-retail" / "online_retail.parquet"
NOT_COMPARED = {
    "events": {"id"},
    "quarantine": {"id"},
    "prices": {"id"},
    "cart_lines": {"id"},
    "order_lines": {"id"},
    "import_runs": {"id"},
}


def import_as_command(
    sessions: SessionFactory,
    path: Path,
    *,
    clock: SimulatedClock,
    report: Report = lambda *_: None,
    **choice: Any,
) -> Outcome:
    """Import a log as `cartwright import events` does."""
    source = Source(path)
    chosen, shape = choose_log_format(
        source, name=choice.get("name"), mapping=choice.get("mapping")
    )
    currency = chosen.currency or "EUR"
    return import_log(
        sessions, source, chosen, shape, currency=currency, clock=clock, report=report
    )


def everything_unstopped(log: Path, folder: Path) -> dict[str, list[str]]:
    """What a database holds after an import of the log that nobody stopped."""
    url = f"sqlite:///{folder}/unstopped.db"
    upgrade(url)
    engine = make_engine(url)
    sessions = make_session_factory(engine)
    import_as_command(sessions, log, clock=SimulatedClock(START))
    content = everything(sessions)
    engine.dispose()
    return content


def everything(sessions: SessionFactory) -> dict[str, list[str]]:
    """All rows of all tables, sorted, without numbers that only say in which order rows came."""
    content = {}
    with sessions() as session:
        for table in Base.metadata.sorted_tables:
            left_out = NOT_COMPARED.get(table.name, set()) | {"import_id"}
            columns = [column for column in table.columns if column.name not in left_out]
            rows = session.execute(select(*columns)).mappings()
            content[table.name] = sorted(repr(dict(row)) for row in rows)
    return content


def write_log(path: Path, *, invoices: int, seed: int = 5) -> Path:
    """A log in Online Retail's columns: returning customers, guests, cancellations, bad rows."""
    chance = random.Random(seed)  # noqa: S311 a made-up log, no secret
    at = datetime(2011, 3, 1, 9, 0)  # noqa: DTZ001 the log has no zones
    lines = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for number in range(invoices):
        at += timedelta(minutes=chance.randrange(3, 90))
        customer = "" if chance.random() < 0.2 else str(chance.randrange(1, invoices // 4 + 2))
        cancels = bool(customer) and chance.random() < 0.15
        invoice = f"{'C' if cancels else ''}{800_000 + number}"
        for _ in range(chance.randrange(1, 9)):
            code = chance.choice(["POST", *(str(20_000 + n) for n in range(40))])
            quantity = chance.choice(["1", "2", "12", "0", "x"] if not cancels else ["-1"])
            price = chance.choice(["1.25", "0", "9.95"])
            lines.append(
                f"{invoice},{code},ITEM {code},{quantity},{at:%Y-%m-%d %H:%M:%S},"
                f"{price},{customer},Spain"
            )
    lines += chance.sample(lines[1:], len(lines) // 20)
    path.write_text("\n".join(lines) + "\n")
    return path
