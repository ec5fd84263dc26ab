"""The settings that language understanding reads from the environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[2]
# Currencies without a minor unit (ISO 4217); all others that shops here use have two digits.
_WHOLE = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF"})


@dataclass(frozen=True)
class Settings:
    """Where the catalogue's words come from and how amounts and days are read."""

    terms_url: str
    terms_copy: Path
    zone: ZoneInfo
    minor_digits: int

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment; the defaults are the demo shop's."""
        port = os.environ.get("CARTWRIGHT_WEB_PORT", "8000")
        base = os.environ.get("CARTWRIGHT_WEB_INTERNAL_URL", f"http://127.0.0.1:{port}")
        var = Path(os.environ.get("CARTWRIGHT_BOT_VAR", str(ROOT / "var")))
        return cls(
            terms_url=f"{base.rstrip('/')}/catalogue/terms",
            terms_copy=var / "catalogue-terms.json",
            zone=ZoneInfo(os.environ.get("CARTWRIGHT_TIME_ZONE", "Europe/Berlin")),
            minor_digits=0 if os.environ.get("CARTWRIGHT_CURRENCY", "EUR") in _WHOLE else 2,
        )
