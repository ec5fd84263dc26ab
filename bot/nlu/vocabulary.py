"""The catalogue's words, as the matcher needs them: from the web process, kept on disk."""

import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 60.0
# Until the first answer: the web process may start after the bot.
RETRY_SECONDS = 2.0
TIMEOUT_SECONDS = 5.0
LARGEST_BYTES = 50_000_000

Terms = dict[str, Any]


class CatalogueTerms:
    """Keeps `terms` up to date in a background thread, starting from the last good copy on disk."""

    def __init__(self, *, url: str, copy: Path, changed: Callable[[Terms], None]) -> None:
        self._url = url
        self._copy = copy
        self._changed = changed
        self._etag: str | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Hand over the copy on disk, if there is one, and begin to ask for newer terms."""
        kept = self._read_copy()
        if kept is not None:
            self._changed(kept["terms"])
            self._etag = kept["etag"]
        threading.Thread(target=self._run, name="catalogue-terms", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def _run(self) -> None:
        answered = False
        while not self._stopped.is_set():
            answered = self.refresh() or answered
            self._stopped.wait(REFRESH_SECONDS if answered else RETRY_SECONDS)

    def refresh(self) -> bool:
        """Ask once; whether the web process answered."""
        request = urllib.request.Request(self._url)  # noqa: S310 the address is a setting
        if self._etag:
            request.add_header("If-None-Match", self._etag)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                terms = json.loads(answer.read(LARGEST_BYTES))
                etag = answer.headers.get("ETag")
            self._changed(terms)
        except urllib.error.HTTPError as error:
            if error.code == 304:
                return True
            logger.warning("The catalogue's terms were refused: HTTP %s", error.code)
            return False
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.info("The catalogue's terms could not be read yet: %s", type(error).__name__)
            return False
        self._etag = etag
        self._write_copy(terms)
        return True

    def _read_copy(self) -> dict[str, Any] | None:
        try:
            kept = json.loads(self._copy.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return kept if isinstance(kept, dict) and {"etag", "terms"} <= set(kept) else None

    def _write_copy(self, terms: Terms) -> None:
        self._copy.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._copy.with_suffix(".new")
        fresh.write_text(json.dumps({"etag": self._etag, "terms": terms}), encoding="utf-8")
        fresh.replace(self._copy)
