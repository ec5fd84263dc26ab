"""The ids of a scenario's people and visitors: the same for the same seed, and no pattern."""

import numpy as np

from demo.visits import Visits
from demo.world import Scenario

ROBOTS = 10


def person_ids(scenario: Scenario) -> list[str]:
    """An id for each shopper, used where the shopper is a person."""
    return _ids(scenario, 6, scenario.shoppers)


def visitor_ids(scenario: Scenario, visits: Visits) -> list[str]:
    """An id for each visitor."""
    return _ids(scenario, 7, len(visits.visitor_shopper))


def robot_ids(scenario: Scenario) -> list[str]:
    """An id for each robot among the visitors."""
    return _ids(scenario, 5, ROBOTS)


def shopper_rows(scenario: Scenario, visits: Visits) -> dict[str, int]:
    """The row of each shopper by the id that events name: the person's, else the visitor's."""
    people, visitors = person_ids(scenario), visitor_ids(scenario, visits)
    rows = {
        visitors[visitor]: int(shopper)
        for visitor, shopper in enumerate(visits.visitor_shopper)
        if not visits.is_person[shopper]
    }
    rows.update({people[row]: int(row) for row in np.flatnonzero(visits.is_person)})
    return rows


def _ids(scenario: Scenario, purpose: int, count: int) -> list[str]:
    return [
        row.tobytes().hex() for row in scenario.rng(purpose).integers(0, 256, (count, 16), "u1")
    ]
