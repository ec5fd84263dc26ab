"""The file of how to train: what it may say, and how it is told what it may not."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from recommender.fitting import TrainConfig
from recommender.lstm import LstmConfig
from services.training_config import LIMITS, ConfigError, keys_of, read_config

DOCUMENT = Path(__file__).parents[3] / "docs" / "training.md"
KEYS = {**keys_of(TrainConfig), **{f"lstm.{key}": one for key, one in keys_of(LstmConfig).items()}}


def documented() -> list[list[str]]:
    """The rows of the table of keys: key, default, meaning."""
    rows = [row.split("|") for row in DOCUMENT.read_text().splitlines() if row.startswith("| `")]
    return [row for row in rows if len(row) == 5]


def written(folder: Path, text: str) -> Path:
    path = folder / "train.toml"
    path.write_text(text)
    return path


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert read_config(written(tmp_path, "")) == TrainConfig()


def test_what_is_told_counts_and_the_rest_stays(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, "days = 3\n[lstm]\nunits = 64\npeak_rate = 1e-3\n"))
    assert config == TrainConfig(days=3, lstm=replace(LstmConfig(), units=64, peak_rate=1e-3))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[lstm]\nunit = 64", "lstm.unit: there is no such key; there are units, epochs, batch"),
        (
            "epochs = 3",
            "epochs: there is no such key; there are refresh_epochs, warm_epochs, days, max",
        ),
        ("min_people = 3", "min_people: there is no such key"),
        ("[lstm]\nepochs = 0", "lstm.epochs: Input should be greater than or equal to 1"),
        ("[lstm]\nepochs = true", "lstm.epochs: Input should be a valid integer"),
        ("[lstm]\nepochs = '6'", "lstm.epochs: Input should be a valid integer"),
        ("[lstm]\ndropout = 1.0", "lstm.dropout: Input should be less than 1"),
        ("[lstm]\nclip = nan", "lstm.clip: Input should be a finite number"),
        ("days = 0", "days: Input should be greater than 0"),
        ("lstm = 3", r"lstm: must be a table, [lstm]"),
        ("[lstm", "is no TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=re.escape(told)) as refused:
        read_config(path)
    assert str(path) in str(refused.value)


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(written(tmp_path, "days = -1\n[lstm]\nunits = 0\nseeds = 5\n"))
    assert [line.split(":")[0].strip() for line in str(refused.value).splitlines()[1:]] == [
        "lstm.units",
        "lstm.seeds",
        "days",
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        read_config(tmp_path / "nowhere.toml")


def test_every_number_has_limits() -> None:
    assert LIMITS.keys() == {key.removeprefix("lstm.") for key in KEYS}


@pytest.mark.parametrize("key", KEYS)
def test_the_document_says_what_a_key_means_and_its_default(key: str) -> None:
    (row,) = [row for row in documented() if row[1].strip() == f"`{key}`"]
    assert float(row[2].strip().strip("`").replace(",", "")) == KEYS[key]
    assert len(row[3].strip()) > 15


def test_the_document_names_no_key_that_is_gone() -> None:
    assert {row[1].strip().strip("`") for row in documented()} == KEYS.keys()
