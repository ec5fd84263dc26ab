"""What every store of rates keeps to: in this process's memory and in a real Redis."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from secrets import token_hex

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.rate import Rate
from web.rates import MemoryStore, RateStore, RedisStore, SharedStore

REDIS = os.environ.get("CARTWRIGHT_TEST_REDIS", "redis://127.0.0.1:6379/0")
NOBODY = "redis://127.0.0.1:1/0"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RATE = Rate(6, "minute")
NONE = timedelta()

type Make = Callable[[], RateStore]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.service)])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return MemoryStore
    try:
        with redis.Redis.from_url(REDIS) as probe:
            probe.ping()
    except redis.RedisError as error:
        pytest.skip(f"no Redis at {REDIS}: {error}")
    return lambda: RedisStore(REDIS)


def run[T](make: Make, use: Callable[[RateStore], Awaitable[T]]) -> T:
    async def main() -> T:
        store = make()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(main())


def test_all_of_a_period_may_come_at_once_and_then_one_at_a_time(make: Make) -> None:
    key = token_hex(8)

    async def use(store: RateStore) -> None:
        for _ in range(6):
            assert await store.take(key, RATE, 1, now=NOW) == NONE
        assert await store.take(key, RATE, 1, now=NOW) == timedelta(seconds=10)
        at = NOW + timedelta(seconds=10)
        assert await store.take(key, RATE, 1, now=at) == NONE
        assert await store.take(key, RATE, 1, now=at) == timedelta(seconds=10)

    run(make, use)


def test_keys_do_not_count_for_each_other(make: Make) -> None:
    async def use(store: RateStore) -> None:
        assert await store.take(token_hex(8), RATE, 6, now=NOW) == NONE
        assert await store.take(token_hex(8), RATE, 6, now=NOW) == NONE

    run(make, use)


def test_a_cost_above_the_rate_takes_all_of_it_once(make: Make) -> None:
    key = token_hex(8)

    async def use(store: RateStore) -> None:
        assert await store.take(key, RATE, 1000, now=NOW) == NONE
        assert await store.take(key, RATE, 1000, now=NOW) == timedelta(minutes=1)

    run(make, use)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    count=st.integers(1, 50),
    requests=st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 60)), max_size=30),
)
def test_what_is_used_leaks_away_evenly(
    make: Make, count: int, requests: list[tuple[int, int]]
) -> None:
    """Against a bucket kept by hand, filled by costs and leaking `count` a minute."""
    key, rate = token_hex(8), Rate(count, "minute")
    each = 60_000_000 // count

    async def use(store: RateStore) -> None:
        now, level = NOW, 0
        for milliseconds, cost in requests:
            now += timedelta(milliseconds=milliseconds)
            level = max(0, level - milliseconds * 1000)
            filled = level + min(cost, count) * each
            fits = filled <= count * each
            wait = await store.take(key, rate, cost, now=now)
            assert wait == timedelta(microseconds=0 if fits else filled - count * each)
            level = filled if fits else level

    run(make, use)


def test_while_redis_does_not_answer_each_process_counts_for_itself() -> None:
    async def use(store: RateStore) -> None:
        assert await store.take("somebody", RATE, 6, now=NOW) == NONE
        assert await store.take("somebody", RATE, 1, now=NOW) > NONE

    run(lambda: SharedStore(NOBODY), use)


@pytest.mark.service
def test_processes_that_share_redis_count_together(make: Make) -> None:
    key = token_hex(8)

    async def first(store: RateStore) -> None:
        assert await store.take(key, RATE, 6, now=NOW) == NONE

    async def second(store: RateStore) -> timedelta:
        return await store.take(key, RATE, 1, now=NOW)

    run(make, first)
    is_shared = make is not MemoryStore
    assert (run(make, second) > NONE) is is_shared
