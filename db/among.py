"""`column IN (many values)` as one parameter, so that its text is the same however many they are.

With a parameter for each value the statement of a page of five hundred is long enough for driver
and database to spend more on reading it than on the answer.
"""

from collections.abc import Iterable
from typing import Any, Self

import orjson
from sqlalchemy import Boolean, ColumnElement, Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine


class _Texts(TypeDecorator[list[str]]):
    """A list of texts: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        postgresql = dialect.name == "postgresql"
        return dialect.type_descriptor(ARRAY(Text()) if postgresql else Text())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else orjson.dumps(value or []).decode()


class _Among(FunctionElement[bool]):
    inherit_cache = True
    name = "among"
    type = Boolean()

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002 as in its base
        """Itself: a comparison needs no `= 1`, with which SQLite would use no index."""
        return self


def among(column: ColumnElement[Any] | Any, values: Iterable[str]) -> ColumnElement[bool]:
    """The condition that the text column has one of the values; never true where there are none."""
    return _Among(column, bindparam("values", list(values), type_=_Texts(), unique=True))


@compiles(_Among, "postgresql")
def _postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **options)} = ANY({compiler.process(values, **options)})"


@compiles(_Among, "sqlite")
def _sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    texts = f"SELECT value FROM json_each({compiler.process(values, **options)})"  # noqa: S608 a bound parameter
    return f"{compiler.process(column, **options)} IN ({texts})"
