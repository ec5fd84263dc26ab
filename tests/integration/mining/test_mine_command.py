"""`cartwright mine` as somebody types it."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from db.engine import SessionFactory
from db.models import EventName
from tests.integration.mining.conftest import Command, add_visits


def rows(output: str) -> dict[str, str]:
    """The lines of the first table: what, and how many."""
    parts = [line.strip("│").split("│") for line in output.splitlines() if line.startswith("│")]
    return {part[0].strip(): part[1].strip() for part in parts if len(part) == 3}


def test_what_people_bought_in_sequence_is_shown_with_product_names(command: Command) -> None:
    result = command("--min-support", "5")

    assert result.exit_code == 0, result.output
    assert rows(result.output)["Ridge tent → Gas stove"] == "8"
    assert rows(result.output)["Tin [red] mug + Ridge tent → Gas stove → Foam mat"] == "6"
    assert "in 11 people" in result.output


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--min-support", "5", "--max-gap", "7 days"),
        ("--what", "itemsets", "--min-support", "50%"),
        ("--action", "remove"),
    ],
    ids=["top", "gap", "itemsets", "nothing"],
)
def test_a_history_mined_in_parts_gives_what_it_gives_at_once(
    command: Command, words: tuple[str, ...]
) -> None:
    assert command(*words, "--at-once", "12").output == command(*words).output


def test_without_a_support_the_strongest_of_two_steps_are_shown(command: Command) -> None:
    result = command()

    assert next(iter(rows(result.output).values())) == "8"
    assert all("→" in sequence for sequence in rows(result.output))


def test_what_is_taken_again_has_a_table_of_its_own(command: Command, shop: SessionFactory) -> None:
    buy = EventName.PURCHASE
    add_visits(shop, [[(0, "mug", buy), (9, "mug", buy)]] * 9, prefix="again")

    output = command("--min-support", "5").output

    sequences, again = output.split("Taken again")
    assert "Tin [red] mug → Tin [red] mug" not in sequences
    assert "│ Tin [red] mug " in again
    assert "Ridge tent → Gas stove" in sequences


def test_of_rules_that_split_one_pattern_only_the_most_confident_is_shown(
    command: Command, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.csv"
    result = command("--what", "itemsets", "--min-support", "5", "--rules-out", rules)

    assert len(pl.read_csv(rules)) == 2
    assert "1 rules that are more than luck, of 2 found" in result.output


def test_a_gap_in_time_leaves_out_what_came_later(command: Command) -> None:
    found = rows(command("--min-support", "5", "--max-gap", "7 days").output)

    assert "Ridge tent → Gas stove" in found
    assert "Gas stove → Foam mat" not in found


def test_products_can_be_required_and_ruled_out_by_title_or_id(command: Command) -> None:
    found = rows(command("--min-support", "5", "--must", "stove", "--must-not", "tin [red]").output)

    assert found == {
        "Ridge tent → Gas stove": "8",
        "Ridge tent → Gas stove → Foam mat": "6",
        "Gas stove → Foam mat": "6",
    }


def test_a_product_that_is_not_there_is_named_with_near_ones(command: Command) -> None:
    result = command("--must", "Ridge tant")

    assert result.exit_code == 1
    assert "did you mean Ridge tent?" in result.output


def test_itemsets_are_what_one_visit_bought_together_counted_in_people(command: Command) -> None:
    result = command("--what", "itemsets", "--min-support", "50%")

    assert rows(result.output) == {"Tin [red] mug + Ridge tent": "8"}
    assert "8 of 8" in result.output


def test_other_actions_can_be_mined(command: Command) -> None:
    result = command("--action", "view", "--action", "purchase", "--min-support", "11")

    assert "Tin [red] mug" in result.output
    assert "in 11 people" in result.output


def test_a_shop_without_such_events_says_what_it_has(command: Command) -> None:
    result = command("--action", "remove")

    assert result.exit_code == 1
    assert "28 purchase" not in result.output  # the six with a mat bought four things
    assert "33 purchase" in result.output


def test_what_fewer_than_the_floor_of_people_did_is_never_shown(
    command: Command, shop: SessionFactory
) -> None:
    result = command("--min-support", "1", "--max-length", "2")

    assert "at least 5 people" in result.output
    assert min(int(count) for count in rows(result.output).values()) >= 5


@pytest.mark.parametrize(
    "words",
    [
        ("--min-support", "0"),
        ("--min-support", "lots"),
        ("--min-support", "3", "--top", "5"),
        ("--max-gap", "3 moons"),
        ("--out", "patterns.docx"),
        ("--what", "everything"),
        ("--min-support", "2", "--min-confidence", "7"),
        ("--data", "not-there.txt"),
    ],
)
def test_a_wrong_option_is_told_in_words(command: Command, words: tuple[str, ...]) -> None:
    result = command(*words)

    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert len(result.output) > 20


def test_results_go_to_files(command: Command, tmp_path: Path) -> None:
    patterns, rules = tmp_path / "patterns.json", tmp_path / "rules.csv"

    result = command("--min-support", "5", "--out", patterns, "--rules-out", rules)

    assert result.exit_code == 0, result.output
    written = {row["names"]: row["support"] for row in json.loads(patterns.read_text())}
    assert written["Ridge tent → Gas stove"] == 8
    assert "Gas stove" in set(pl.read_csv(rules)["consequent_names"])


def test_an_spmf_file_is_mined_and_answered_in_kind(command: Command, tmp_path: Path) -> None:
    data, out = tmp_path / "in.txt.gz", tmp_path / "out.spmf"
    data.write_bytes(gzip.compress(b"1 2 -1 3 -1 -2\n1 -1 3 -1 -2\n2 -1 -2\n"))

    result = command("--data", data, "--min-support", "2", "--out", out)

    assert result.exit_code == 0, result.output
    assert sorted(out.read_text().splitlines()) == [
        "1 -1 #SUP: 2",
        "1 -1 3 -1 #SUP: 2",
        "2 -1 #SUP: 2",
        "3 -1 #SUP: 2",
    ]


def test_a_table_of_events_is_mined_with_its_titles(command: Command, tmp_path: Path) -> None:
    data = tmp_path / "events.csv"
    data.write_text(
        "sequence,item,at,title\n"
        "a,t,2026-03-01T10:00:00,Tent\na,m,2026-03-03T10:00:00,Mat\n"
        "b,t,2026-03-02T10:00:00,Tent\nb,m,2026-03-09T10:00:00,Mat\n"
    )

    found = rows(command("--data", data, "--min-support", "1", "--max-gap", "3 days").output)

    assert found == {"Tent → Mat": "1"}


def test_long_patterns_are_shown_by_their_ends_and_written_whole(
    command: Command, tmp_path: Path
) -> None:
    data, out = tmp_path / "long.txt", tmp_path / "long.csv"
    data.write_text("1 -1 2 3 4 5 6 -1 7 -1 8 -1 9 -1 10 -1 11 -1 12 -1 -2\n" * 2)

    result = command("--data", data, "--min-support", "2", "--keep", "maximal", "--out", out)

    assert "1 → 2 + 3 + 4 + 2 more → 7 → (2 more steps) → 10 → 11 → 12" in result.output
    assert pl.read_csv(out)["names"].to_list() == [
        "1 → 2 + 3 + 4 + 5 + 6 → 7 → 8 → 9 → 10 → 11 → 12"
    ]


def test_an_exploding_run_tells_an_estimate_and_what_to_do(
    command: Command, tmp_path: Path
) -> None:
    data = tmp_path / "long.txt"
    data.write_text((" ".join(map(str, range(14))) + "\n") * 3)

    result = command("--data", data, "--min-support", "3", "--max-patterns", "1000")

    assert result.exit_code == 0
    assert "incomplete" in result.output
    assert "the whole would be" in result.output.replace("\n", " ")


def test_a_report_is_written(command: Command, tmp_path: Path) -> None:
    result = command("--min-support", "5", "--report", tmp_path / "report.html")

    assert result.exit_code == 0, result.output
    text = (tmp_path / "report.html").read_text()
    assert "Fernhill: what people do in sequence" in text
    assert "Tin [red] mug" in text
