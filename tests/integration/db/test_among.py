"""`among` is IN with one parameter, however many values there are."""

import pytest
from sqlalchemy import select

from db.among import among
from db.engine import SessionFactory
from db.models import Category


@pytest.fixture(autouse=True)
def categories(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        session.add_all(Category(id=key, title=key) for key in ("a", "b", "q\"uo'te", "ü"))


def found(sessions: SessionFactory, values: list[str]) -> set[str]:
    with sessions() as session:
        return set(session.scalars(select(Category.id).where(among(Category.id, values))))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a"], {"a"}),
        (["b", "a", "a", "nobody"], {"a", "b"}),
        (["q\"uo'te", "ü"], {"q\"uo'te", "ü"}),
        ([], set()),
    ],
)
def test_it_finds_the_rows_with_one_of_the_values(
    sessions: SessionFactory, values: list[str], expected: set[str]
) -> None:
    assert found(sessions, values) == expected


def test_it_takes_more_values_than_a_statement_may_have_parameters(
    sessions: SessionFactory,
) -> None:
    assert found(sessions, [*map(str, range(100_000)), "b"]) == {"b"}


def test_two_conditions_keep_their_own_values(sessions: SessionFactory) -> None:
    both = select(Category.id).where(among(Category.id, ["a", "b"]), among(Category.id, ["b"]))
    with sessions() as session:
        assert session.scalars(both).all() == ["b"]
        neither = among(Category.id, ["a"]) | ~among(Category.id, ["a", "b", "ü"])
        assert set(session.scalars(select(Category.id).where(neither))) == {"a", "q\"uo'te"}
