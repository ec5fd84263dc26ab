"""Reads how to train from a TOML file, checked before anything is trained.

docs/training.md describes each key; a test holds it to the keys and defaults here.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from recommender.fitting import TrainConfig
from recommender.lstm import LstmConfig
from recommender.sequences import MEMORY

LIMITS: dict[str, Any] = {
    "units": Field(ge=1),
    "epochs": Field(ge=1),
    "batch": Field(ge=1),
    "dropout": Field(ge=0, lt=1),
    "output_dropout": Field(ge=0, lt=1),
    "smoothing": Field(ge=0, lt=1),
    "peak_rate": Field(gt=0),
    "scale": Field(gt=0),
    "clip": Field(gt=0),
    "leaving": Field(ge=0),
    "name_dropout": Field(ge=0, lt=1),
    "memory": Field(ge=0, le=MEMORY),
    "seed": Field(ge=0),
    "full_softmax": Field(ge=0),
    "sampled": Field(ge=1),
    "refresh_epochs": Field(ge=1),
    "warm_epochs": Field(ge=1),
    "days": Field(gt=0),
    "max_cases": Field(ge=1),
}
"""What each number may be."""
LSTM = "lstm"
ELSEWHERE = ("min_people",)
"""Settings of every process, so not of a training's file."""


class ConfigError(Exception):
    """The file cannot be used; the message names each key and what is wrong with it."""


def read_config(path: Path) -> TrainConfig:
    """The settings in the file, the defaults for the rest. Raises ConfigError."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    table = told.pop(LSTM, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path} cannot be used:\n  {LSTM}: must be a table, [{LSTM}]")
    problems: list[str] = []
    network = _checked(LstmConfig, table, f"{LSTM}.", problems)
    rest = _checked(TrainConfig, told, "", problems)
    if problems:
        raise ConfigError("\n".join([f"{path} cannot be used:", *problems]))
    return TrainConfig(lstm=LstmConfig(**network), **rest)


def keys_of(config: type[Any]) -> dict[str, Any]:
    """The keys of one table of the file, and the default of each."""
    return {
        one.name: one.default
        for one in fields(config)
        if one.name not in ELSEWHERE and one.default is not MISSING
    }


def _checked(
    config: type[Any], told: Mapping[str, Any], prefix: str, problems: list[str]
) -> dict[str, Any]:
    """The values told, those that are wrong named among the problems."""
    try:
        return _table(config).model_validate(told).model_dump(exclude_unset=True)
    except ValidationError as error:
        for found in error.errors():
            key, message = str(found["loc"][0]), found["msg"]
            if found["type"] == "extra_forbidden":
                known = ", ".join([*keys_of(config), *([] if prefix else [f"[{LSTM}]"])])
                message = f"there is no such key; there are {known}"
            problems.append(f"  {prefix}{key}: {message}")
        return {}


def _table(config: type[Any]) -> type[BaseModel]:
    hints = get_type_hints(config)
    keys: dict[str, Any] = {
        name: (Annotated[hints[name], LIMITS.get(name)], default)
        for name, default in keys_of(config).items()
    }
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model(config.__name__, __config__=strict, **keys)
