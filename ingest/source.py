"""A file to import, read as it is: compressed or not, its encoding checked, never half."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO, cast

_HEAD_BYTES = 64 * 1024
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class ImportRefusedError(Exception):
    """The file cannot be imported; the text says what was found and what to do about it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file, and the encoding of its text."""

    path: Path
    encoding: str = "utf-8-sig"

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise ImportRefusedError(f"{self.path}: there is no such file")
        if self.path.stat().st_size == 0:
            raise ImportRefusedError(f"{self.path} is empty")
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ImportRefusedError(
                f"unknown encoding {self.encoding!r}: use a name such as utf-8, cp1252 or utf-16"
            ) from None

    def digest(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def binary(self) -> Iterator[IO[bytes]]:
        """The content, decompressed where the file is gzip, whatever its name.

        Raises ImportRefusedError where the compressed data is damaged or cut short.
        """
        with self.path.open("rb") as probe:
            compressed = probe.read(2) == b"\x1f\x8b"
        try:
            if compressed:
                with gzip.open(self.path) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            else:
                with self.path.open("rb") as file:
                    yield file
        except EOFError:
            raise ImportRefusedError(
                f"{self.path} is a gzip file that was cut short: copy it again (nothing was stored)"
            ) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ImportRefusedError(f"{self.path} is a damaged gzip file: {error}") from None

    @contextmanager
    def text(self) -> Iterator[IO[str]]:
        """The content as text, line ends untouched.

        Raises ImportRefusedError where the bytes are not in the source's encoding.
        """
        with self.binary() as raw:
            wrapped = TextIOWrapper(
                cast("BufferedReader", raw), encoding=self.encoding, newline="", errors="strict"
            )
            try:
                yield wrapped
            except UnicodeError as error:
                raise ImportRefusedError(self._wrong_encoding(error)) from None

    def head(self) -> bytes:
        """The first 64 KiB of the content.

        Raises ImportRefusedError where there is none, or where it is UTF-16 and not named so.
        """
        with self.binary() as raw:
            start = raw.read(_HEAD_BYTES)
        if not start.strip():
            raise ImportRefusedError(f"{self.path} is empty")
        if start.startswith(_UTF16_MARKS) and not self.encoding.lower().startswith("utf-16"):
            raise ImportRefusedError(f"{self.path} is UTF-16 text: name it with --encoding utf-16")
        return start

    def _wrong_encoding(self, error: UnicodeError) -> str:
        where = ""
        if isinstance(error, UnicodeDecodeError):
            where = f" (byte 0x{error.object[error.start]:02x}: {error.reason})"
        shown = "UTF-8" if self.encoding.startswith("utf-8") else self.encoding
        return (
            f"{self.path} is not {shown} text{where}: name its encoding, "
            "such as --encoding cp1252 (nothing was stored)"
        )
