"""The shop's questions and answers, from TOML or a table, into the FAQ."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import FaqEntry
from ingest.feed import key, required, text
from ingest.shape import shape_of
from ingest.source import ImportRefusedError, Source
from ingest.tables import Reject, read_delimited
from ingest.values import slug


@dataclass(frozen=True, slots=True)
class FaqOutcome:
    """What became of the entries: rows_read = added + changed + unchanged + rejects."""

    added: int
    changed: int
    unchanged: int
    rejects: list[Reject]

    @property
    def rows_read(self) -> int:
        """All entries of the file."""
        return self.added + self.changed + self.unchanged + len(self.rejects)


def read_faq(source: Source) -> tuple[list[tuple[int, dict[str, Any]]], list[Reject]]:
    """The entries, numbered from 1, of a table with question and answer or TOML [[faq]] tables.

    Raises ImportRefusedError where the file is neither.
    """
    if shape_of(source).has(frozenset({"question", "answer"})):
        table = read_delimited(source)
        rows = [
            (row.pop("row"), {name.lower(): value for name, value in row.items()})
            for row in table.frame.iter_rows(named=True)
        ]
        return rows, table.rejects
    with source.text() as stream:
        content = stream.read()
    try:
        entries = tomllib.loads(content).get("faq")
    except tomllib.TOMLDecodeError:
        entries = None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ImportRefusedError(
            f"{source.path} is no FAQ: expected a table with the columns question and answer "
            "(topic and id if you like), or TOML with one [[faq]] an entry"
        )
    return list(enumerate(entries, start=1)), []


def store_faq(
    session: Session,
    rows: list[tuple[int, dict[str, Any]]],
    rejects: list[Reject],
    *,
    now: datetime,
) -> FaqOutcome:
    """Add new entries and change those whose text changed, by id (made from the question)."""
    known = {entry.id: entry for entry in session.scalars(select(FaqEntry))}
    added = changed = unchanged = 0
    rejects = list(rejects)
    for number, row in rows:
        try:
            entry = _entry(row, now)
        except ValueError as error:
            rejects.append(Reject(number, str(error), row))
            continue
        before = known.get(entry.id)
        if before is None:
            known[entry.id] = entry
            session.add(entry)
            added += 1
        elif _words(before) == _words(entry):
            unchanged += 1
        else:
            before.topic, before.question, before.answer = _words(entry)
            before.updated_at = now
            changed += 1
    return FaqOutcome(added, changed, unchanged, sorted(rejects, key=lambda r: r.row))


def _words(entry: FaqEntry) -> tuple[str, str, str]:
    return entry.topic, entry.question, entry.answer


def _entry(row: dict[str, Any], now: datetime) -> FaqEntry:
    question = required(row, "question")
    if len(question) > 300:
        raise ValueError("question is longer than 300 characters")
    return FaqEntry(
        id=key(row, "id") if text(row, "id") else slug(question)[:64] or key(row, "id"),
        topic=(text(row, "topic") or "general")[:60],
        question=question,
        answer=required(row, "answer"),
        updated_at=now,
    )
