"""Logs: recognised, read into steps, refused with a reason."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ingest.logs import choose_log_format
from ingest.source import ImportRefusedError, Source
from ingest.steps import Reading

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ingest"


def read(path: Path, *, mapping: Path | None = None, encoding: str = "utf-8-sig") -> Reading:
    """Read a log as the command does."""
    source = Source(path, encoding)
    chosen, shape = choose_log_format(source, name=None, mapping=mapping)
    return chosen.read(source, shape, chosen.currency or "EUR")


@pytest.mark.parametrize(
    ("file", "name"),
    [("online_retail.csv", "online-retail"), ("rees46.csv", "rees46"), ("otto.jsonl", "otto")],
)
def test_a_log_is_recognised_by_its_content(file: str, name: str, tmp_path: Path) -> None:
    disguised = tmp_path / "export.dat"
    disguised.write_bytes((FIXTURES / file).read_bytes())
    assert choose_log_format(Source(disguised), name=None, mapping=None)[0].name == name


def test_online_retail_reads_sales_cancellations_and_rejects() -> None:
    reading = read(FIXTURES / "online_retail.csv")
    assert reading.rows_read == 13
    assert [(reject.row, reject.reason) for reject in reading.rejects] == [
        (11, "not a whole quantity: one"),
        (12, "not a time: yesterday"),
        (13, "has 5 fields where the header has 8"),
    ]
    first, *_ = reading.steps.rows(named=True)
    assert first["at"] == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert (first["name"], first["customer"], first["product"]) == ("sale", "20001", "10001A")
    assert (first["amount"], first["currency"], first["order"]) == (255, "GBP", "700001")
    assert first["title"] == "Blue Enamel Mug"
    summer = reading.steps.filter(pl.col("row") == 5).row(0, named=True)
    assert summer["at"] == datetime(2011, 7, 1, 8, 0, tzinfo=UTC)
    assert (summer["product"], summer["customer"]) == ("10001A", None)
    cancelled = reading.steps.filter(pl.col("name") == "cancellation")
    assert cancelled["quantity"].to_list() == [4, 1]


def test_names_in_capitals_are_written_as_names() -> None:
    titles = read(FIXTURES / "online_retail.csv").steps["title"]
    assert "Children's Picnic Set" in titles


def test_online_retail_reads_the_same_from_parquet_and_csv(tmp_path: Path) -> None:
    table = pl.read_csv(FIXTURES / "online_retail.csv", n_rows=10).with_columns(
        pl.col("InvoiceDate").str.to_datetime("%m/%d/%Y %H:%M"), pl.col("Quantity").cast(pl.Int64)
    )
    table.write_parquet(tmp_path / "log.parquet")
    from_csv = read(FIXTURES / "online_retail.csv").steps.head(10)
    assert read(tmp_path / "log.parquet").steps.equals(from_csv)


def test_lines_of_one_order_share_its_id_and_time() -> None:
    lines = read(FIXTURES / "online_retail.csv").steps.filter(pl.col("order") == "700001")
    assert lines["event_id"].n_unique() == 1
    assert lines["order_at"].n_unique() == 1
    assert lines["position"].to_list() == [0, 1, 2, 3]


def test_rees46_reads_actions_and_rejects_unknown_ones() -> None:
    reading = read(FIXTURES / "rees46.csv")
    assert [reject.reason for reject in reading.rejects] == ["not a known event: hover"]
    rows = reading.steps.select("name", "product", "amount").rows()
    assert rows[:3] == [
        ("view_item", "501", 4990),
        ("add_to_cart", "501", 4990),
        ("purchase", "501", 4990),
    ]


def test_otto_numbers_events_through_the_file() -> None:
    reading = read(FIXTURES / "otto.jsonl")
    assert reading.rows_read == 7
    assert [reject.row for reject in reading.rejects] == [6, 7]
    orders = reading.steps.filter(pl.col("name") == "purchase")
    assert orders["order"].n_unique() == 1
    assert orders["at"].unique().to_list() == [datetime(2024, 5, 1, 10, 2, tzinfo=UTC)]


def test_a_mapping_reads_any_table() -> None:
    reading = read(FIXTURES / "mapped_log.csv", mapping=FIXTURES / "mapped_log.toml")
    first = reading.steps.row(0, named=True)
    assert first["at"] == datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
    assert (first["name"], first["amount"], first["quantity"]) == ("sale", 129950, 2)
    assert [reject.reason for reject in reading.rejects] == ["not a known event: gelöscht"]


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ("[columns]\ntime = 'wann'\nproduct = 'artikel'\n", "name at least one of customer"),
        (
            "event = 'sale'\n[columns]\ntime = 'when'\nproduct = 'artikel'\nvisitor = 'kunde'",
            "'when'",
        ),
        ("event = 'bought'\n[columns]\ntime = 'a'\nproduct = 'b'\nvisitor = 'c'", "no such event"),
        ("event = 'sale'\nspeed = 3\n[columns]\ntime = 'a'\nproduct = 'b'\nvisitor = 'c'", "speed"),
        (
            "event = 'sale'\n[columns]\ntime='a'\nproduct='b'\nvisitor='c'\n[times]\nzone='Here'",
            "zone",
        ),
        ("columns = ", "is no TOML"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(mapping: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(mapping)
    with pytest.raises(ImportRefusedError, match=problem):
        read(FIXTURES / "mapped_log.csv", mapping=path)


def test_compressed_logs_are_read_whatever_their_name(tmp_path: Path) -> None:
    packed = tmp_path / "log.csv"
    packed.write_bytes(gzip.compress((FIXTURES / "rees46.csv").read_bytes()))
    assert read(packed).steps.equals(read(FIXTURES / "rees46.csv").steps)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    other = tmp_path / "log.csv"
    content = (FIXTURES / "rees46.csv").read_text()
    other.write_bytes(b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode())
    assert read(other).steps.equals(read(FIXTURES / "rees46.csv").steps)


REES46_HEADER = "event_time,event_type,product_id,category_code,brand,price,user_id,user_session\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (gzip.compress(REES46_HEADER.encode() + b"a,b\n" * 90_000)[:-20], "cut short"),
        (b"\x1f\x8b\x08\x00 no gzip at all, really not", "damaged gzip"),
        (b"PAR1 no parquet at all", "damaged parquet"),
        (b"just a line of words\n", "text without columns"),
        (b"a,b,c\n1,2,3\n", "a table with a, b, c"),
        ("event_time,event_type".encode("utf-16"), "--encoding utf-16"),
        (REES46_HEADER.encode() + b"2024,view,\xe4,,,,,\n", "--encoding cp1252"),
        (REES46_HEADER.replace("brand", "price").encode(), "'price' more than once"),
        (REES46_HEADER.encode() + b'"' + b"open " * 300_000, "left open"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    with pytest.raises(ImportRefusedError, match=problem):
        read(path)


def test_a_named_encoding_reads_what_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    text = (FIXTURES / "rees46.csv").read_text().replace("solano", "söläno")
    path.write_bytes(text.encode("cp1252"))
    assert "söläno" in read(path, encoding="cp1252").steps["brand"]


def test_an_unknown_table_lists_the_known_formats(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ImportRefusedError) as refused:
        read(path)
    for name in ("online-retail", "rees46", "otto", "--map"):
        assert name in str(refused.value)


def test_a_wrongly_named_format_says_what_the_file_looks_like() -> None:
    with pytest.raises(ImportRefusedError, match=r"found JSON lines .* looks like otto"):
        choose_log_format(Source(FIXTURES / "otto.jsonl"), name="rees46", mapping=None)


def test_an_unknown_format_name_lists_the_known_ones() -> None:
    with pytest.raises(ImportRefusedError, match=r"no format 'excel'[\s\S]*online-retail"):
        choose_log_format(Source(FIXTURES / "otto.jsonl"), name="excel", mapping=None)


def test_the_same_row_has_the_same_id_in_a_longer_export(tmp_path: Path) -> None:
    lines = (FIXTURES / "rees46.csv").read_text().splitlines(keepends=True)
    longer = tmp_path / "longer.csv"
    newer = lines[1].replace("10:00:00", "09:00:00")
    longer.write_text("".join([lines[0], newer, *lines[1:]]))
    before = set(read(FIXTURES / "rees46.csv").steps["event_id"])
    assert before < set(read(longer).steps["event_id"])
