"""Keeps where a network's training stands, so that one that was stopped goes on from there.

One file, replaced in one step after each epoch: the SHA-256 of what follows, then an npz with the
variables (weights, Adam's moments, the dropout's draws), the generator's state, the epochs done and
the digest of all that the training depends on. A file that is cut short, or of a training on other
data or with other settings, is refused.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.files import replace_file

_DIGEST_BYTES = 32
_ADVICE = "start anew with `cartwright train`"


class CheckpointError(Exception):
    """A stopped training cannot go on from what it left; the message says why and what to do."""


@dataclass(frozen=True)
class Standing:
    """Where training stands after whole epochs: everything that its next step depends on."""

    epochs: int
    loss: float
    draw: np.random.Generator
    variables: list[NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Where one training keeps its standing; `path`'s folder is there."""

    path: Path

    def save(self, standing: Standing, *, digest: str) -> None:
        """Replace what was kept before; whoever is killed meanwhile leaves that whole."""
        told = {
            "digest": digest,
            "epochs": standing.epochs,
            "loss": standing.loss,
            "draw": standing.draw.bit_generator.state,
        }
        named = {f"{place:03}": value for place, value in enumerate(standing.variables)}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, told=np.array(json.dumps(told)), **named)
        content = buffer.getvalue()
        replace_file(self.path, sha256(content).digest() + content)

    def load(self, *, digest: str) -> Standing | None:
        """What was kept; None where nothing was yet.

        Raises CheckpointError where the file is cut short or belongs to another training.
        """
        try:
            stored = self.path.read_bytes()
        except FileNotFoundError:
            return None
        content = stored[_DIGEST_BYTES:]
        if sha256(content).digest() != stored[:_DIGEST_BYTES]:
            raise CheckpointError(f"{self.path} is cut short or altered: {_ADVICE}")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            named = dict(arrays)
        told = json.loads(str(named.pop("told")))
        if told["digest"] != digest:
            raise CheckpointError(
                f"{self.path} is of a training on other data, with other settings or by another "
                f"TensorFlow: {_ADVICE}"
            )
        draw = np.random.default_rng()
        draw.bit_generator.state = told["draw"]
        variables = [named[name] for name in sorted(named)]
        return Standing(told["epochs"], told["loss"], draw, variables)


def digest_of(settings: str, arrays: Sequence[NDArray[Any]]) -> str:
    """SHA-256 that two trainings share only if their settings and all their arrays are the same."""
    digest = sha256(settings.encode())
    for array in arrays:
        digest.update(f"\n{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()
