"""One simulated past of a small scenario, for all tests here."""

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import pytest

from core.money import Money
from db.pricing import DeliveryRule
from demo.catalogue import load_catalogue
from demo.past import Past, build_past
from demo.simulate import Steps, simulate
from demo.visits import Visits, plan_visits
from demo.world import (
    DemoShopper,
    Scenario,
    Tastes,
    World,
    build_world,
    draw_tastes,
    load_shoppers,
)

NOW = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
DELIVERY = DeliveryRule(fee=Money("EUR", 490), free_from=Money("EUR", 5000))


@dataclass(frozen=True)
class Simulated:
    """Everything that follows from a scenario."""

    scenario: Scenario
    world: World
    demo: list[DemoShopper]
    tastes: Tastes
    visits: Visits
    steps: Steps
    past: Past

    @property
    def shopping(self) -> pl.DataFrame:
        """The steps as the recommender's event frame has them, robots left out."""
        actions = {
            "view_item": "view",
            "add_to_cart": "add",
            "remove_from_cart": "remove",
            "purchase": "purchase",
        }
        visitors = self.past.visitors.filter(~pl.col("is_robot")).select(
            pl.col("id").alias("visitor_id"), pl.coalesce("person_id", "id").alias("shopper")
        )
        return (
            self.past.events.join(visitors, on="visitor_id", maintain_order="left")
            .filter(pl.col("name").is_in(list(actions)))
            .select(
                "shopper",
                pl.col("session_id").alias("session"),
                pl.col("product_id").alias("product"),
                pl.col("name").replace_strict(actions).alias("action"),
                "at",
            )
        )


def simulated(scenario: Scenario) -> Simulated:
    """Simulate a scenario."""
    world = build_world(scenario, load_catalogue())
    demo = load_shoppers(scenario.now)
    tastes, visits = draw_tastes(scenario, world, demo), plan_visits(scenario, demo)
    steps = simulate(scenario, world, tastes, visits)
    past = build_past(scenario, world, tastes, demo, visits, steps, delivery=DELIVERY)
    return Simulated(scenario, world, demo, tastes, visits, steps, past)


@pytest.fixture(scope="session")
def small() -> Simulated:
    """1,200 shoppers over 60 days."""
    return simulated(Scenario(NOW, seed=7, shoppers=1200, days=60))
