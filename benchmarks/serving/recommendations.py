"""How long GET /recommendations takes over loopback, one request after the other."""

from random import Random
from time import perf_counter

import httpx

from benchmarks.serving.latency import Latency, summed_up
from benchmarks.serving.shopping import bearer, look_around, new_visitor, product_ids

VISITORS = 25
WARM_UP = 50


def measure_recommendations(url: str, *, requests: int, seed: int = 1) -> Latency:
    """Ask as visitors with a history for the start page, product pages and the cart in turn.

    Raises httpx.HTTPError where the shop does not answer.
    """
    random = Random(seed)  # noqa: S311 a benchmark's choice, no secret
    with httpx.Client(base_url=url, timeout=10) as client:
        products = product_ids(client)
        tokens = [new_visitor(client) for _ in range(VISITORS)]
        for token in tokens:
            look_around(client, token, products, random)
        took = []
        for number in range(WARM_UP + requests):
            surface = ("home", "product", "cart")[number % 3]
            query: dict[str, str | int] = {"surface": surface, "k": 8}
            if surface == "product":
                query["product"] = random.choice(products)
            started = perf_counter()
            answer = client.get(
                "/recommendations", params=query, headers=bearer(random.choice(tokens))
            )
            duration = perf_counter() - started
            answer.raise_for_status()
            if number >= WARM_UP:
                took.append(duration)
    return summed_up(took)
