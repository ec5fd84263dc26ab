"""The policy file is checked when it is read, and every key in it is explained."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from nudges.experiments import PLAIN_WORDING
from nudges.policy import (
    SHIPPED,
    Experiment,
    Policy,
    PolicyError,
    load_policy,
    parse_policy,
    undocumented_keys,
)
from nudges.wording import wordings

TEXT = SHIPPED.read_text(encoding="utf-8")
MINIMAL = '[[stages]]\nname = "first"\nafter_minutes = 60\n'


def defaults(table: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """Every key of the policy with its default, by its path."""
    found: dict[str, Any] = {}
    for name, field in table.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= defaults(kind, f"{prefix}{name}.")
        elif name == "stages":
            found |= defaults(kind.__args__[0], "stages.")  # type: ignore[union-attr]
        elif name != "experiments":
            found[prefix + name] = None if field.is_required() else field.default
    return found


def written(text: str) -> dict[str, str]:
    """Every key of the file with the default that its comment names."""
    found: dict[str, str] = {}
    table, default = "", ""
    for line in text.splitlines():
        if line.startswith("["):
            table = line.strip("[]") + "."
        elif line.startswith("# Default: "):
            default = line.removeprefix("# Default: ")
        elif " = " in line and not line.startswith("#"):
            found.setdefault(table + line.split(" = ")[0], default)
    return found


def test_every_key_of_the_shipped_file_is_explained() -> None:
    assert undocumented_keys(TEXT) == []


@pytest.mark.parametrize("missing", ["# Default: 16", "# Hours between two messages"])
def test_a_key_without_meaning_or_default_is_found(missing: str) -> None:
    without = "\n".join(line for line in TEXT.splitlines() if not line.startswith(missing))
    assert undocumented_keys(without) == ["caps.gap_hours"]


def test_the_shipped_file_names_every_key_there_is() -> None:
    assert written(TEXT).keys() == defaults(Policy).keys()


@pytest.mark.parametrize(("key", "default"), sorted(defaults(Policy).items()), ids=str)
def test_the_default_in_the_comment_is_the_default(key: str, default: Any) -> None:
    told = written(TEXT)[key]
    if told.startswith("none, "):
        assert default is None
    elif default is None:
        assert told == '""'
    else:
        value = tomllib.loads(f"value = {told}")["value"]
        assert value == (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "stages: Field required"),
        ("stages = 3", "stages: "),
        (MINIMAL + "[caps]\nper_weak = 3", "caps.per_weak: there is no such key"),
        (MINIMAL + "[caps]\nper_week = -1", "caps.per_week: "),
        (MINIMAL + "[hold_out]\nshare = 0.7", "hold_out.share: "),
        (MINIMAL + "[quiet_hours]\nbegin = 'ten'", "quiet_hours.begin: "),
        ("active_from = 2026-01-01T00:00:00\n" + MINIMAL, "active_from: "),
        (MINIMAL.replace("first", "asked"), "stages[1].name: 'asked' is the name"),
        (MINIMAL + 'channels = ["fax"]', "stages[1].channels[1]: "),
        (MINIMAL + 'treatments = ["percent_100"]', "stages[1].treatments[1]: "),
        (MINIMAL + MINIMAL, "stages: two have the same name"),
        (MINIMAL + MINIMAL.replace("first", "x"), "stages: each must be later"),
        (MINIMAL + "max_age_days = 1", "stages[1].max_age_days: there is no such key"),
        ("max_age_days = 1\n" + MINIMAL.replace("60", "1440"), "only after max_age_days"),
        ("[[stages", "is no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_names_the_key(text: str, problem: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, source="my-policy.toml")
    assert "my-policy.toml" in str(caught.value)
    assert problem in str(caught.value)


WORDINGS = {"varies": "wording"}


def arms(*values: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "share": 0.5, "value": value}
        for name, value in zip("ab", values, strict=True)
    ]


def experiment(**changes: Any) -> dict[str, Any]:
    arms = [{"name": "a", "share": 0.5, "value": 60}, {"name": "b", "share": 0.5, "value": 90}]
    return {"name": "when", "stage": "first", "varies": "timing", "arms": arms} | changes


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"stage": "third"}, "names the unknown stage 'third'"),
        ({"name": "hold_out"}, "is the hold-out's name"),
        ({"arms": experiment()["arms"][:1]}, "at least 2"),
        ({"varies": "wording"}, "must be names"),
        ({"arms": [experiment()["arms"][0]] * 2}, "same name"),
        ({"arms": [{"name": n, "share": 0.4, "value": 60} for n in "ab"]}, "add up to 1"),
        ({"arms": [{"name": n, "share": 0.5, "value": 30} for n in "ab"]}, "before its stage"),
        (
            WORDINGS | {"arms": arms("plain", "shouting")},
            "when: arm b names the unknown wording 'sh",
        ),
        (
            WORDINGS | {"arms": arms("asked", "plain")},
            "when: arm a names the unknown wording 'asked'",
        ),
        (WORDINGS | {"arms": arms("plain", "common")}, "it is curious, plain"),
    ],
)
def test_an_experiment_that_cannot_be_run_is_refused(changes: dict[str, Any], problem: str) -> None:
    stages = [{"name": "first", "after_minutes": 60}]
    Policy.model_validate({"stages": stages, "experiments": [experiment()]})
    with pytest.raises(ValueError, match=problem):
        Policy.model_validate({"stages": stages, "experiments": [experiment(**changes)]})


def test_every_wording_that_there_is_may_be_tried() -> None:
    stages = [{"name": "first", "after_minutes": 60}]
    compared = experiment(**WORDINGS, arms=arms(PLAIN_WORDING, "curious"))
    policy = Policy.model_validate({"stages": stages, "experiments": [compared]})
    assert {arm.value for arm in policy.experiments[0].arms} == wordings()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nowhere\.toml: No such file"):
        load_policy(tmp_path / "nowhere.toml")


def test_the_version_changes_with_the_content() -> None:
    policy = load_policy()
    assert policy.version == load_policy().version
    changed = policy.model_copy(update={"max_age_days": 13})
    assert changed.version != policy.version


def test_experiments_have_a_type() -> None:
    assert isinstance(Experiment.model_validate(experiment()), Experiment)
