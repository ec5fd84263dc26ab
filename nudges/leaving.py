"""How likely carts were left, as the recommender in force saw it when their visits ended."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from db.reads.training import last_steps
from nudges.facts import Facts
from nudges.policy import ASKED
from recommender.leaving import LeavingHead, LeftCart
from recommender.protocol import NoModelError
from recommender.registry import BrokenModelError, current
from recommender.sequences import WINDOW

MOST_STEPS = 2 * WINDOW
"""Of each shopper: a window, and as much again that may have been done since the visit."""


class LeavingScores:
    """Follows the recommender's version in force; without one, nothing is known of any cart."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._version: str | None = None
        self._head: LeavingHead | None = None
        self._refused: str | None = None

    def refresh(self) -> None:
        """Take up the version in force; where it cannot be trusted, the one before goes on.

        Reads files, so it is not for the middle of a transaction.
        """
        try:
            version = current(self._models_dir)
            if version != self._version:
                self._version = version
                self._head = LeavingHead.load(self._models_dir, version)
        except NoModelError:
            self._version = self._head = None
        except BrokenModelError as error:
            if str(error) != self._refused:
                structlog.get_logger().error("model_refused", error=str(error))
                self._refused = str(error)

    def told(self, facts: Sequence[Facts], session: Session) -> list[Facts]:
        """The facts with what the head taken up last says of how likely each cart was left."""
        head = self._head
        carts = {
            one.cart_id: LeftCart(
                one.last_activity_at, list(dict.fromkeys(line.product_id for line in one.lines))
            )
            for one in facts
            if one.stage != ASKED
        }
        if head is None or not carts:
            return list(facts)
        chances = head.chances(last_steps(session, carts, most=MOST_STEPS), carts)
        return [
            replace(one, leaving=chances.get(one.cart_id)) if one.cart_id in carts else one
            for one in facts
        ]
