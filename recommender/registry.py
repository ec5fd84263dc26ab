"""Keeps trained versions: one folder each, one pointer, whole at any moment.

    models_dir/
        current              the version in force, replaced in one step
        versions/VERSION/    manifest.json and one npz file per part

A version is written beside the others under a name that nothing reads, flushed, and renamed into
place; the pointer moves by os.replace. So a process that is killed leaves either the old state or
the new one. The manifest has the SHA-256 of each file and the fingerprint of the catalogue; a file
that is cut short, altered or from another version is refused before anything in it is used.
"""

import io
import json
import re
import shutil
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from core.files import flush_folder, replace_file, write_file
from core.ids import new_id
from recommender.protocol import Arrays, NoModelError

FORMAT = 5
POINTER = "current"
VERSIONS = "versions"
MANIFEST = "manifest.json"
KEEP = 5
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class BrokenModelError(Exception):
    """A stored version cannot be trusted; the message names the file and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a version is and what its files must be."""

    version: str
    trained_at: str
    catalogue: str
    accepted: bool
    sources: tuple[str, ...]
    metrics: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


def store(models_dir: Path, manifest: Manifest, parts: Mapping[str, Arrays]) -> Manifest:
    """Write a version; it is not in force until `switch`. Returns the manifest with its digests.

    Raises ValueError for a version name that is none or is taken.
    """
    _check_name(manifest.version)
    versions = models_dir / VERSIONS
    target = versions / manifest.version
    if target.exists():
        raise ValueError(f"there already is a model version {manifest.version}")
    versions.mkdir(parents=True, exist_ok=True)
    _sweep(versions)
    folder = versions / f".new-{new_id()}"
    folder.mkdir()
    digests = {}
    for name, arrays in sorted(parts.items()):
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_file(folder / f"{name}.npz", buffer.getvalue())
        digests[f"{name}.npz"] = sha256(buffer.getvalue()).hexdigest()
    complete = Manifest(**{**asdict(manifest), "files": digests})
    write_file(folder / MANIFEST, json.dumps(asdict(complete), indent=1).encode())
    flush_folder(folder)
    folder.rename(target)
    flush_folder(versions)
    return complete


def switch(models_dir: Path, version: str) -> None:
    """Put a stored version in force, in one step.

    Raises BrokenModelError, with the pointer as it was, where it is not whole or of another format.
    """
    read(models_dir, version)
    replace_file(models_dir / POINTER, version.encode())
    _prune(models_dir)


def current(models_dir: Path) -> str:
    """The version in force. Raises NoModelError where there is none."""
    try:
        version = (models_dir / POINTER).read_text().strip()
    except FileNotFoundError:
        raise NoModelError(f"no model in {models_dir}: train one with `cartwright train`") from None
    if not _NAME.fullmatch(version):
        raise BrokenModelError(
            f"{models_dir / POINTER} does not name a version: "
            "choose one with `cartwright models rollback VERSION`"
        )
    return version


def manifests(models_dir: Path) -> list[Manifest]:
    """The manifests of all stored versions that can be read, oldest first."""
    found = []
    for path in sorted((models_dir / VERSIONS).glob(f"*/{MANIFEST}")):
        if not path.parent.name.startswith("."):
            try:
                found.append(manifest_of(models_dir, path.parent.name))
            except BrokenModelError:
                continue
    return sorted(found, key=lambda manifest: manifest.trained_at)


def manifest_of(models_dir: Path, version: str) -> Manifest:
    """A version's manifest. Raises BrokenModelError where it is missing or not understood."""
    _check_name(version)
    path = models_dir / VERSIONS / version / MANIFEST
    try:
        stored = json.loads(path.read_bytes())
        if stored["format"] != FORMAT:
            raise BrokenModelError(
                f"{path} has format {stored['format']}, this program reads {FORMAT}: "
                "train again with `cartwright train`"
            )
        manifest = Manifest(**{**stored, "sources": tuple(stored["sources"])})
    except FileNotFoundError:
        raise BrokenModelError(
            f"there is no model version {version} in {models_dir}: see `cartwright models list`"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenModelError(
            f"{path} is not a manifest ({error}): choose another version with "
            "`cartwright models rollback`"
        ) from error
    if manifest.version != version:
        raise BrokenModelError(f"{path} belongs to version {manifest.version}, not {version}")
    return manifest


def read(
    models_dir: Path, version: str, *, only: Collection[str] | None = None
) -> tuple[Manifest, dict[str, Arrays]]:
    """A version's manifest and parts, each file checked first; `only` some where they are named.

    Raises BrokenModelError for a file that is missing, cut short, altered or foreign.
    """
    manifest = manifest_of(models_dir, version)
    folder = models_dir / VERSIONS / version
    parts = {}
    for name, digest in manifest.files.items():
        if only is not None and name.removesuffix(".npz") not in only:
            continue
        path = folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BrokenModelError(
                f"{path} cannot be read ({error.strerror}): {_ADVICE}"
            ) from error
        if sha256(content).hexdigest() != digest:
            raise BrokenModelError(
                f"{path} is cut short or not the file of this version: {_ADVICE}"
            )
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                parts[name.removesuffix(".npz")] = dict(arrays)
        except (ValueError, BadZipFile) as error:
            raise BrokenModelError(f"{path} holds no arrays ({error}): {_ADVICE}") from error
    return manifest, parts


_ADVICE = "go back with `cartwright models rollback` or train again with `cartwright train`"


def rollback(models_dir: Path, version: str | None = None) -> str:
    """Put `version` in force, or the newest accepted one older than the current; returns it.

    Raises NoModelError where there is none to go back to.
    """
    if version is None:
        known = manifests(models_dir)
        now = current(models_dir)
        at = next((m.trained_at for m in known if m.version == now), None)
        older = [m for m in known if m.accepted and (at is None or m.trained_at < at)]
        if not older:
            raise NoModelError(f"there is no accepted version before {now} to go back to")
        version = older[-1].version
    switch(models_dir, version)
    return version


def _check_name(version: str) -> None:
    if not _NAME.fullmatch(version):
        raise ValueError(f"{version!r} is not a version name: letters, digits, dots and dashes")


def _sweep(versions: Path) -> None:
    """Remove what a training killed more than a day ago left behind."""
    for folder in [*versions.glob(".new-*"), *versions.glob(".old-*")]:
        if time.time() - folder.stat().st_mtime > 86_400:
            shutil.rmtree(folder, ignore_errors=True)


def _prune(models_dir: Path) -> None:
    """Keep the newest KEEP versions and the one in force; a version goes in one step, as it came.

    So whoever is killed here leaves no version that is listed and lacks files. Those of another
    format count and go like all others: `manifests` lists them no more, but they take up disk.
    """
    now = current(models_dir)
    versions = models_dir / VERSIONS
    for version in _by_age(versions)[:-KEEP]:
        if version != now:
            old = versions / f".old-{new_id()}"
            with suppress(FileNotFoundError):
                (versions / version).rename(old)
            shutil.rmtree(old, ignore_errors=True)


def _by_age(versions: Path) -> list[str]:
    """The versions whose manifest, of any format, says when they were trained, oldest first."""
    found = []
    for path in versions.glob(f"[!.]*/{MANIFEST}"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append((str(json.loads(path.read_bytes())["trained_at"]), path.parent.name))
    return [version for _, version in sorted(found)]
