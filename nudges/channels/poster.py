"""Posts to a company's server over a connection that is kept while it is used."""

from typing import Any

import httpx

from nudges.channels.protocol import Outcome, OutcomeKind

TIMEOUT_SECONDS = 20


class Poster:
    """What a channel's server answered, or what it means that it did not; follows no redirect."""

    def __init__(self) -> None:
        self._client: httpx.Client | None = None

    def post(self, url: str, **request: Any) -> httpx.Response | Outcome:
        """The answer. Without a connection nothing has arrived; cut off later, it may have."""
        if self._client is None:
            self._client = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)
        try:
            return self._client.post(url, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            why = f"no connection: {type(error).__name__}"
            return Outcome(OutcomeKind.TEMPORARY, why, server_wide=True)
        except httpx.HTTPError as error:
            self.close()
            why = f"no answer: {type(error).__name__}"
            return Outcome(OutcomeKind.UNKNOWN, why, server_wide=True)

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
