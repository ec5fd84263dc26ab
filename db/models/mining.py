"""What was mined from the shop's events: runs, their patterns and rules, with an end date."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PublicId, RowNumber


class MiningRun(Base):
    """One run of `cartwright mine --store`; when it has expired its rules are no longer used."""

    __tablename__ = "mining_runs"

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    what: Mapped[str] = mapped_column(String(32), doc="sequences or itemsets.")
    mined_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    people: Mapped[int] = mapped_column(doc="Whose histories were mined.")
    min_people: Mapped[int] = mapped_column(doc="Fewest people behind a pattern.")
    complete: Mapped[bool] = mapped_column(doc="False where the run was stopped early.")
    options: Mapped[dict[str, Any]] = mapped_column(doc="What was asked for.")


class MinedPattern(Base):
    """A sequence or itemset: elements in order, each a list of product ids."""

    __tablename__ = "mined_patterns"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    run_id: Mapped[str] = mapped_column(
        ForeignKey("mining_runs.id", ondelete="CASCADE"), index=True
    )
    elements: Mapped[list[list[str]]]
    people: Mapped[int] = mapped_column(doc="Distinct people who did it.")


class MinedRule(Base):
    """Who has the antecedent has, or goes on to, the consequent."""

    __tablename__ = "mined_rules"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    run_id: Mapped[str] = mapped_column(
        ForeignKey("mining_runs.id", ondelete="CASCADE"), index=True
    )
    antecedent: Mapped[list[list[str]]]
    consequent: Mapped[list[list[str]]]
    people: Mapped[int] = mapped_column(doc="Distinct people with the whole rule.")
    antecedent_people: Mapped[int]
    consequent_people: Mapped[int]
    p_value: Mapped[float] = mapped_column(doc="Of so many by luck, corrected for all rules tried.")
