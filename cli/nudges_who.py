"""Who would have been written to, message by message, in a file."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from nudges.rehearse.report import WouldSend
from nudges.simulate.state import Sent


def write_who[T: (WouldSend, Sent)](
    path: Path, kind: type[T], messages: Mapping[str, Sequence[T]]
) -> None:
    """Every message of that kind by policy, one a line (CSV). Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["policy", *(field.name for field in fields(kind))])
        writer.writeheader()
        for name, some in messages.items():
            writer.writerows({"policy": name, **asdict(one)} for one in some)
