"""All counts of SPMF on the databases it is measured with."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recommender.mining.database import SequenceDatabase
from recommender.mining.itemsets import frequent_itemsets
from recommender.mining.readers import read_sequences
from recommender.mining.rules import association_rules
from recommender.mining.select import closed
from tests.unit.mining.conftest import MINERS, supports

DATA = Path(__file__).parents[4] / "shared" / "data"
SPMF = DATA / "sequences" / "spmf"
COUNTS = SPMF / "REFERENCE_COUNTS.tsv"
CLOSED = {"BIDE+", "ClaSP"}
APRIORI_ALL_FINISHES = {("MSNBC", 0.1), ("SIGN", 0.3), ("BMS1_spmf", 0.001)}
"""Where AprioriAll needs seconds; elsewhere its candidates are too many."""

type Row = tuple[str, str, float, float, int]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not COUNTS.exists(), reason="the reference databases are not beside the project"
    ),
]


def reference() -> list[Row]:
    """Rows of SPMF's table: algorithm, database, minimum support and confidence, patterns."""
    if not COUNTS.exists():
        return []
    rows = pl.read_csv(COUNTS, separator="\t", infer_schema=False).iter_rows()
    return [
        (algorithm, database.split(".")[0], share(support), share(confidence), int(patterns))
        for algorithm, database, support, confidence, patterns in rows
    ]


def share(text: str) -> float:
    return 0.0 if text == "-" else float(text.removesuffix("%")) / 100


def of_baskets(row: Row) -> bool:
    return row[1] in ("retail", "mushroom", "groceries")


def baskets(name: str) -> SequenceDatabase:
    if name != "groceries":
        return read_sequences(DATA / "itemsets" / "fimi" / f"{name}.dat.gz")
    with gzip.open(DATA / "baskets" / "groceries" / "Groceries.data.gz", "rt") as lines:
        taken = np.loadtxt(lines, np.int8)
    return SequenceDatabase.from_lists([[np.flatnonzero(row).tolist()] for row in taken])


@pytest.mark.parametrize("row", [r for r in reference() if not of_baskets(r)], ids=str)
@pytest.mark.parametrize("name", MINERS)
def test_sequential_patterns_are_as_many_as_spmf_finds(name: str, row: Row) -> None:
    algorithm, database, min_support, _, patterns = row
    if name == "apriori_all" and (database, min_support) not in APRIORI_ALL_FINISHES:
        pytest.skip("too many candidates for AprioriAll")

    found = MINERS[name](read_sequences(SPMF / f"{database}.txt.gz"), min_support)

    assert len(closed(found) if algorithm in CLOSED else found) == patterns


def test_all_miners_find_the_same_in_a_real_shop_s_sequences_of_baskets() -> None:
    shop = read_sequences(SPMF / "gsp_retail.txt.gz")

    found = {name: miner(shop, 0.12) for name, miner in MINERS.items()}

    patterns = found["prefixspan"]
    assert int((patterns.steps() < patterns.lengths()).sum()) > 1000
    assert len({frozenset(supports(one).items()) for one in found.values()}) == 1


@pytest.mark.parametrize("row", [r for r in reference() if of_baskets(r)], ids=str)
def test_itemsets_and_rules_are_as_many_as_spmf_finds(row: Row) -> None:
    algorithm, database, min_support, min_confidence, patterns = row

    found = frequent_itemsets(baskets(database), min_support)

    if "rules" in algorithm:
        assert len(association_rules(found, min_confidence=min_confidence)) == patterns
    else:
        assert len(found) == patterns
