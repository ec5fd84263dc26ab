"""How much one shopper and one address may ask of the web process; above it the answer is 429.

The generic cell rate algorithm (ITU-T I.371, annex A): of a key only the time is kept at which all
it has used is paid back. A rate of 600/minute lets 600 requests through at once and then one every
100 ms. A request costs one, and one more for every KiB of its body, so that a batch of events is
no way round.
"""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import ceil
from typing import Protocol

import structlog
from fastapi import Request
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.types import ASGIApp, Receive, Scope, Send

from core.clock import EPOCH, Clock
from core.rate import Rate
from core.settings import Settings
from web.identity import valid_identity
from web.limits import MAX_BODY
from web.problems import Problem, answer

log = structlog.get_logger()

MOST_KEYS = 200_000
"""Keys that the memory holds, about 40 MB; beyond it the longest unused is forgotten."""
REDIS_SECONDS = 0.25
REDIS_PAUSE = timedelta(seconds=10)
"""After Redis has failed, so long rates are counted in this process alone."""
_TOKENS = frozenset(
    {
        "/visitors",
        "/sign-in",
        "/sign-out",
        "/account/sign-in",
        "/account/sign-out",
        "/operators/sign-in",
    }
)
# Files and pictures, which browsers and proxies keep, and what watches the process.
_FREE = ("/static/", "/shop/", "/pictures/", "/widget.js", "/push-worker.js", "/health")
_FORWARDED = frozenset({b"x-forwarded-for", b"forwarded"})
_KIB = 1024


class RateStore(Protocol):
    """Counts what keys use."""

    async def take(self, key: str, rate: Rate, cost: int, *, now: datetime) -> timedelta:
        """Use up `cost` of the key's rate, and zero; or nothing, and how long to wait for it.

        A cost above all that the rate has counts as all of it.
        """
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class MemoryStore:
    """Counts in this process; for one event loop."""

    def __init__(self) -> None:
        self._paid_back: OrderedDict[str, int] = OrderedDict()

    async def take(self, key: str, rate: Rate, cost: int, *, now: datetime) -> timedelta:
        """As RateStore says."""
        at, price, period = _microseconds(rate, cost, now)
        due = max(self._paid_back.get(key, at), at) + price
        if due - at > period:
            return timedelta(microseconds=due - at - period)
        self._paid_back[key] = due
        self._paid_back.move_to_end(key)
        if len(self._paid_back) > MOST_KEYS:
            self._paid_back.popitem(last=False)
        return timedelta()

    async def close(self) -> None:
        """Nothing to give back."""


class RedisStore:
    """Counts in Redis, for all processes that share it."""

    # Lua writes large numbers in scientific notation unless told otherwise.
    _TAKE = """
        local at, price, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), at) + price
        if due - at > period then return string.format('%.0f', due - at - period) end
        local keep = math.ceil((due - at) / 1000)
        redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', keep)
        return '0'
    """

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        )
        self._take = self._redis.register_script(self._TAKE)

    async def take(self, key: str, rate: Rate, cost: int, *, now: datetime) -> timedelta:
        """As RateStore says; raises RedisError where Redis does not answer."""
        numbers = _microseconds(rate, cost, now)
        return timedelta(microseconds=int(await self._take([f"cartwright:rate:{key}"], numbers)))

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()


class SharedStore:
    """Counts in Redis, and in this process while Redis does not answer: a shop must go on."""

    def __init__(self, url: str) -> None:
        self._redis = RedisStore(url)
        self._memory = MemoryStore()
        self._redis_from: datetime | None = None

    async def take(self, key: str, rate: Rate, cost: int, *, now: datetime) -> timedelta:
        """As RateStore says."""
        if self._redis_from is None or now >= self._redis_from:
            try:
                return await self._redis.take(key, rate, cost, now=now)
            except RedisError as error:
                self._redis_from = now + REDIS_PAUSE
                log.error("rates_not_shared", error=str(error))
        return await self._memory.take(key, rate, cost, now=now)

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.close()


def rate_store(settings: Settings) -> RateStore:
    """The store that the settings ask for."""
    return SharedStore(settings.redis_url) if settings.redis_url else MemoryStore()


class RateLimit:
    """The ASGI layer that refuses what is too much."""

    def __init__(self, app: ASGIApp, *, store: RateStore, settings: Settings, clock: Clock) -> None:
        self._app = app
        self._store = store
        self._settings = settings
        self._clock = clock
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on where it is not too much."""
        if scope["type"] != "http" or scope["path"].startswith(_FREE) or self._is_own(scope):
            await self._app(scope, receive, send)
            return
        now, cost = self._clock.now(), _cost(scope)
        request = Request(scope, receive)
        for key, rate, whose in self._rates(request):
            wait = await self._store.take(key, rate, cost, now=now)
            if wait:
                response = answer(request, _too_many(rate, whose, wait))
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        """Whether a server of the shop asks for itself, not a proxy for somebody."""
        address = _address(scope)
        is_own = any(address in network for network in self._settings.unlimited_networks)
        if is_own and not self._settings.trusted_proxies and _is_forwarded(scope):
            if not self._warned:
                self._warned = True
                log.warning(
                    "forwarded_address_ignored",
                    proxy=str(address),
                    help="all shoppers count as one: name the proxy in CARTWRIGHT_TRUSTED_PROXIES",
                )
            return False
        return is_own

    def _rates(self, request: Request) -> Iterator[tuple[str, Rate, str]]:
        settings, network = self._settings, _network(_address(request.scope))
        identity = _identity(request)
        if identity is not None:
            yield f"client:{identity}", settings.rate_per_client, "one shopper"
        if request.method == "POST" and request.url.path in _TOKENS:
            yield f"tokens:{network}", settings.rate_of_tokens, "new tokens for one address"
        yield f"address:{network}", settings.rate_per_address, "one address"


def _identity(request: Request) -> str | None:
    try:
        identity = valid_identity(request)
    except Problem:
        # A foreign page's write with the shopper's cookie: the route refuses it.
        return None
    return identity.conversation_id if identity else None


def _address(scope: Scope) -> IPv4Address | IPv6Address:
    """Who asks; a peer without an address, on a socket of this machine, counts as this machine."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return IPv4Address("127.0.0.1")
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _network(address: IPv4Address | IPv6Address) -> str:
    """What one customer of a provider has: an address, of IPv6 a /64 network."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Address(int(address) >> 64 << 64))


def _is_forwarded(scope: Scope) -> bool:
    return any(name in _FORWARDED for name, _ in scope["headers"])


def _cost(scope: Scope) -> int:
    """One, and one for every KiB of the body; one of unknown length counts as the largest."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return 1 + MAX_BODY // _KIB
    declared = headers.get(b"content-length", b"0")
    return 1 + int(declared[:20]) // _KIB if declared.isdigit() else 1


def _microseconds(rate: Rate, cost: int, now: datetime) -> tuple[int, int, int]:
    """The time, what the cost takes to be paid back, and the rate's period."""
    each = rate.seconds * 1_000_000 // rate.count
    at = (now - EPOCH) // timedelta(microseconds=1)
    return at, min(cost, rate.count) * each, rate.count * each


def _too_many(rate: Rate, whose: str, wait: timedelta) -> Problem:
    seconds = ceil(wait.total_seconds())
    return Problem(
        429,
        f"Too many requests: {rate} for {whose}, each KiB of a body counting as one more. "
        f"Try again in {seconds} s.",
        headers={"Retry-After": str(seconds)},
    )
