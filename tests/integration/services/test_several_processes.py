"""Several web processes are one shop: each knows what another took in, and all change models."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from benchmarks.serving.made_up import Shop, make_shop, publish
from benchmarks.serving.volume import serving
from core.identity import Identity, issue_token
from core.settings import DEMO_SECRET
from recommender.bundle import Bundle
from recommender.registry import current, read

pytestmark = pytest.mark.slow

CONNECTIONS = 16
"""Open at once, so that each of the processes has accepted some of them."""
TAKEN_UP_SECONDS = 120


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("several"), items=1000)


@pytest.fixture(scope="module")
def url(shop: Shop) -> Iterator[str]:
    with serving(shop, workers=2) as (port, _):
        yield f"http://127.0.0.1:{port}"


def of(shop: Shop, visitor: int) -> dict[str, str]:
    now = datetime.now(UTC)
    identity, hour = Identity(shop.visitors[visitor]), timedelta(hours=1)
    token = issue_token(identity, secret=DEMO_SECRET, now=now, lifetime=hour)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def ask(url: str, shop: Shop) -> Iterator[list[Callable[[int], httpx.Response]]]:
    """Asks for a visitor, over one connection each."""
    clients = [httpx.Client(base_url=url, timeout=60) for _ in range(CONNECTIONS)]
    yield [
        lambda visitor, client=client: client.get(  # type: ignore[misc]
            "/recommendations/ids", params={"k": 8}, headers=of(shop, visitor)
        )
        for client in clients
    ]
    for client in clients:
        client.close()


def suggested(answer: httpx.Response) -> list[str]:
    return [one["product_id"] for one in answer.raise_for_status().json()["recommendations"]]


def test_what_one_process_takes_in_the_next_answer_of_any_knows(
    url: str, shop: Shop, ask: list[Callable[[int], httpx.Response]]
) -> None:
    for visitor in range(10):
        first = {suggested(one(visitor))[0] for one in ask}
        assert len(first) == 1
        event = {"name": "add_to_cart", "event_id": f"e-{visitor}-added",
                 "params": {"items": [{"item_id": (product := first.pop())}]}}  # fmt: skip
        told = httpx.post(f"{url}/events", json=event, headers=of(shop, visitor), timeout=60)
        told.raise_for_status()
        assert all(product not in suggested(one(visitor)) for one in ask)


def test_all_processes_take_up_a_new_model_and_no_request_fails(
    shop: Shop, ask: list[Callable[[int], httpx.Response]]
) -> None:
    over = threading.Event()
    answers: list[list[httpx.Response]] = [[] for _ in ask]

    def go_on(one: Callable[[int], httpx.Response], own: list[httpx.Response]) -> None:
        while not over.is_set():
            own.append(one(len(own) % len(shop.visitors)))

    threads = [threading.Thread(target=go_on, args=pair) for pair in zip(ask, answers, strict=True)]
    for thread in threads:
        thread.start()
    try:
        limit = monotonic() + TAKEN_UP_SECONDS
        while monotonic() < limit and not all(answers):
            sleep(0.1)
        publish(shop.models_dir, loaded(shop.models_dir), "second")
        limit = monotonic() + TAKEN_UP_SECONDS
        while monotonic() < limit and not all(own and version(own[-1]) == "second"
                                              for own in answers):  # fmt: skip
            sleep(0.2)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    seen = [one for own in answers for one in own]
    assert {one.status_code for one in seen} == {200}
    assert all(len(suggested(one)) == 8 for one in seen)
    assert all(version(own[0]) == "bench" and version(own[-1]) == "second" for own in answers)


def version(answer: httpx.Response) -> str:
    said: str = answer.json()["model_version"]
    return said


def loaded(models_dir: Path) -> Bundle:
    manifest, parts = read(models_dir, current(models_dir))
    return Bundle.from_parts(parts, sources=manifest.sources, catalogue=manifest.catalogue)
