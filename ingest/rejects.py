"""The file of rows that could not be read: where, why, and what they held."""

import csv
from collections.abc import Sequence
from pathlib import Path

import orjson

from ingest.source import ImportRefusedError
from ingest.tables import Reject


def check_rejects_path(path: Path) -> None:
    """Raises ImportRefusedError where no reject file can be written there."""
    if path.suffix.lower() not in {".jsonl", ".csv"}:
        raise ImportRefusedError(f"{path}: a reject file ends in .jsonl or .csv")
    if not path.parent.is_dir():
        raise ImportRefusedError(f"{path}: there is no folder {path.parent}")


def write_rejects(path: Path, rejects: Sequence[Reject]) -> None:
    """Write all rejects at once, as JSON lines or CSV by the name's end."""
    partial = path.with_name(path.name + ".part")
    with partial.open("w", encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".csv":
            writer = csv.writer(file)
            writer.writerow(["row", "reason", "raw"])
            writer.writerows(
                [reject.row, reject.reason, orjson.dumps(reject.raw, default=str).decode()]
                for reject in rejects
            )
        else:
            for reject in rejects:
                line = {"row": reject.row, "reason": reject.reason, "raw": reject.raw}
                file.write(orjson.dumps(line, default=str).decode() + "\n")
    partial.replace(path)
