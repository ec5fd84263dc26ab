"""Keeps TensorFlow out of the process.

Rasa imports TensorFlow wherever it defines a neural component, also for a pipeline that has none:
eleven seconds of start-up and 250 MB. `stand_in()` puts modules in its place whose every name is an
empty class, enough to define those classes and never enough to run one.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

REPLACED = ("tensorflow", "tensorflow_hub", "tensorflow_addons", "tensorflow_text", "keras")


class _Nothing(type):
    """A class whose every attribute is a class of its kind."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing(name, (), {})

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        # Used as a decorator it leaves the decorated as it is; anything else is a nothing again.
        if len(arguments) == 1 and not named and callable(arguments[0]):
            return arguments[0]
        return (
            _Nothing(cls.__name__, (), {})
            if cls.__module__ == __name__
            else super().__call__(*arguments, **named)
        )


class _Placeholder(ModuleType):
    __path__: list[str] = []  # noqa: RUF012 as ModuleType has it
    __version__ = "0.0.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing(name, (), {"__module__": __name__})


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.split(".")[0] in REPLACED:
            return ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Placeholder(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


def stand_in() -> None:
    """Stand in for TensorFlow in this process; call before Rasa is imported."""
    if "tensorflow" in sys.modules:
        raise RuntimeError("TensorFlow is imported already")
    # spaCy does without TensorFlow where it is missing: let it find none.
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    import spacy  # noqa: F401

    del sys.modules["tensorflow"]
    sys.meta_path.insert(0, _Finder())
