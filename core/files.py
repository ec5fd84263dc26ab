"""Files that are whole at any moment, whoever is killed."""

import os
from pathlib import Path

from core.ids import new_id


def write_file(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the file's place in one step; a reader sees the old or the new, whole."""
    beside = path.with_name(f".{path.name}-{new_id()}")
    write_file(beside, content)
    beside.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Wait until the folder's names are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
