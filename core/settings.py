"""The settings of every process, typed, read from the environment only.

Each is described in docs/settings.md; a test fails when one is missing there.
"""

import re
from datetime import time
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.locales import locale_key, zone_key
from core.rate import Rate

DEMO_SHOP_NAME = "Fernhill"
DEMO_OPERATOR_SECRET = "demo-operator"  # noqa: S105 refused outside demo mode
DEMO_SECRET = "demo-secret-for-a-shop-on-this-machine-only"  # noqa: S105 refused outside demo mode

PUSH_SERVICES = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.notify.windows.com",
    "*.push.apple.com",
)
"""Those of Chromium's relatives, Firefox, Edge and Safari."""
_PUSH_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")


def _rate(value: Any) -> Any:
    return Rate.parse(value) if isinstance(value, str) else value


type RateSetting = Annotated[Rate, NoDecode, BeforeValidator(_rate)]
type Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """Every setting with its default; the environment variable has the name of the field."""

    model_config = SettingsConfigDict(env_prefix="CARTWRIGHT_", frozen=True, extra="ignore")

    demo: bool = Field(default=True, description="Run the demo shop: sign-in without a password.")
    database_url: str = Field(
        default="sqlite:///var/cartwright.db",
        validation_alias="DATABASE_URL",
        description="Where everything is kept; sqlite:///PATH or postgresql://USER@HOST/NAME.",
    )
    redis_url: str | None = Field(
        default=None,
        validation_alias="REDIS_URL",
        description="Where several processes share locks and rates; each its own when unset.",
    )
    secret: str = Field(
        default=DEMO_SECRET,
        description="Signs identity tokens; at least 32 characters, a demo one only in demo mode.",
    )
    operator_secret: str | None = Field(
        default_factory=lambda given: DEMO_OPERATOR_SECRET if given["demo"] else None,
        description="Opens the pages for the shop's own people; without it there are none.",
    )
    web_host: str = Field(default="127.0.0.1", description="Address the web process listens on.")
    web_port: int = Field(default=8000, description="Port the web process listens on.")
    web_workers: int = Field(
        default=1,
        ge=1,
        description="Processes that share the web port; each holds the model of its own.",
    )
    bot_port: int = Field(default=5005, description="Port the bot listens on.")
    actions_port: int = Field(default=5055, description="Port the action server listens on.")
    web_url: str = Field(
        default_factory=lambda given: f"http://localhost:{given['web_port']}",
        description="Public address of the web process.",
    )
    chat_url: str = Field(
        default_factory=lambda given: f"http://localhost:{given['bot_port']}",
        description="Public address of the bot's chat socket.",
    )
    allowed_origins: tuple[str, ...] = Field(
        default_factory=lambda given: (
            f"http://localhost:{given['web_port']}",
            f"http://127.0.0.1:{given['web_port']}",
        ),
        description="Web origins that may call the API and the chat (a JSON list).",
    )
    rate_per_client: RateSetting = Field(
        default=Rate(600, "minute"), description="Requests that one shopper's token may make."
    )
    rate_per_address: RateSetting = Field(
        default=Rate(6000, "minute"), description="Requests that one address may make."
    )
    rate_of_tokens: RateSetting = Field(
        default=Rate(120, "minute"),
        description="New visitors, sign-ins and sign-outs that one address may ask for.",
    )
    unlimited_networks: tuple[Network, ...] = Field(
        default=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="Networks of the shop's own servers, which no rate holds back (a JSON list).",
    )
    trusted_proxies: tuple[Network, ...] = Field(
        default=(),
        description="Proxies whose X-Forwarded-For is believed (a JSON list of networks).",
    )
    shop_name: str = Field(
        default_factory=lambda given: DEMO_SHOP_NAME if given["demo"] else "Our shop",
        description="The shop's name as shoppers read it.",
    )
    currency: str = Field(default="EUR", description="ISO 4217 currency that prices are shown in.")
    locale: str = Field(default="en", description="Language and number format for shoppers.")
    time_zone: str = Field(
        default="Europe/Berlin", description="The shop's IANA zone: what 'last week' means."
    )
    delivery_fee: int = Field(
        default=490, ge=0, description="What delivery costs, in minor units of the currency."
    )
    free_delivery_from: int = Field(
        default=5000,
        ge=0,
        description="Cart value from which delivery is free, in minor units of the currency.",
    )
    models_dir: Path = Field(
        default=Path("var/models"), description="Folder of the recommender's model registry."
    )
    train_at: time | None = Field(
        default=None,
        description="Time of day to train again, HH:MM in the shop's zone; unset: never.",
    )
    min_people: int = Field(
        default=5, ge=1, description="No reason or rule is shown that fewer people support."
    )
    spark_master: str = Field(
        default="local[*]",
        description="Where `cartwright mine --engine spark` computes; local is this machine.",
    )
    token_hours: int = Field(
        default=24 * 30, ge=1, description="How long an identity token stays valid, in hours."
    )
    nudge_policy: Path | None = Field(
        default=None,
        description="Policy file for left carts; the shipped nudges/policy.toml when unset.",
    )
    mail_port: int = Field(default=1025, description="Port of the demo's mail catcher.")
    mails_dir: Path = Field(
        default=Path("var/mails"), description="Folder of the mails that the demo caught."
    )
    smtp_url: str | None = Field(
        default_factory=lambda given: (
            f"smtp://127.0.0.1:{given['mail_port']}" if given["demo"] else None
        ),
        description="Mail server for reminders, smtp[s]://USER:PASSWORD@HOST:PORT; outside the "
        "demo there are no mails without it.",
    )
    mail_from: str = Field(
        default="reminders@shop.localhost", description="Sender address of reminders."
    )
    postal_address: str = Field(
        default="1 Demo Lane, Fernhill",
        description="The shop's postal address, which every reminder names.",
    )
    telegram_token: str | None = Field(
        default=None, description="The Telegram bot's token; without it there is no Telegram."
    )
    telegram_bot: str | None = Field(
        default=None, description="The Telegram bot's user name, without @."
    )
    telegram_url: str = Field(
        default="https://api.telegram.org", description="Server that speaks the Bot API."
    )
    push_key: str | None = Field(
        default=None,
        description="Private key for notifications in browsers; without it there are none.",
    )
    push_contact: str | None = Field(
        default=None, description="Whom push services may turn to: mailto:ADDRESS or https://…"
    )
    push_hosts: tuple[str, ...] = Field(
        default=PUSH_SERVICES,
        description="Push services that browsers may name, all others are refused (a JSON list).",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def catches_mail(self) -> bool:
        """Whether mails go to the demo's own mail catcher."""
        return self.demo and self.smtp_url == f"smtp://127.0.0.1:{self.mail_port}"

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        return zone_key(value)

    @field_validator("locale")
    @classmethod
    def _locale_exists(cls, value: str) -> str:
        locale_key(value)
        return value

    @field_validator("train_at")
    @classmethod
    def _in_the_shops_zone(cls, value: time | None) -> time | None:
        if value is not None and value.tzinfo is not None:
            raise ValueError("is a time of day in the shop's zone and names no other")
        return value

    @model_validator(mode="after")
    def _mails_are_the_shops_own(self) -> Self:
        if self.demo or self.smtp_url is None:
            return self
        for name in ("mail_from", "postal_address"):
            if name not in self.model_fields_set:
                raise ValueError(
                    f"CARTWRIGHT_{name.upper()} must be set where CARTWRIGHT_SMTP_URL is: "
                    "every reminder names the shop that sends it"
                )
        if not self.web_url.startswith("https://"):
            raise ValueError(
                "CARTWRIGHT_WEB_URL must begin with https:// where CARTWRIGHT_SMTP_URL is set: "
                "mail programs unsubscribe by one click over https only (RFC 8058)"
            )
        return self

    @model_validator(mode="after")
    def _telegram_is_whole(self) -> Self:
        if bool(self.telegram_token) != bool(self.telegram_bot):
            raise ValueError(
                "set CARTWRIGHT_TELEGRAM_TOKEN and CARTWRIGHT_TELEGRAM_BOT, or neither"
            )
        return self

    @model_validator(mode="after")
    def _push_is_whole(self) -> Self:
        if bool(self.push_key) != bool(self.push_contact):
            raise ValueError("set CARTWRIGHT_PUSH_KEY and CARTWRIGHT_PUSH_CONTACT, or neither")
        if self.push_key and not _PUSH_KEY.fullmatch(self.push_key):
            raise ValueError(
                "CARTWRIGHT_PUSH_KEY must be 32 bytes in base64url: "
                "`cartwright nudges new-push-key` makes one"
            )
        if self.push_contact and not self.push_contact.startswith(("mailto:", "https://")):
            raise ValueError("CARTWRIGHT_PUSH_CONTACT must begin with mailto: or https://")
        return self

    @model_validator(mode="after")
    def _secret_is_safe(self) -> Self:
        if len(self.secret) < 32:
            raise ValueError("CARTWRIGHT_SECRET must have at least 32 characters")
        if not self.demo and self.secret == DEMO_SECRET:
            raise ValueError(
                "CARTWRIGHT_SECRET is the demo secret: set one of your own, "
                "or CARTWRIGHT_DEMO=true for the demo shop"
            )
        return self

    @field_validator("operator_secret")
    @classmethod
    def _empty_opens_nothing(cls, value: str | None) -> str | None:
        return value or None

    @model_validator(mode="after")
    def _operator_secret_is_safe(self) -> Self:
        if self.demo or self.operator_secret is None:
            return self
        if self.operator_secret == DEMO_OPERATOR_SECRET or len(self.operator_secret) < 16:
            raise ValueError(
                "CARTWRIGHT_OPERATOR_SECRET must have at least 16 characters, and not be the demo's"
            )
        return self


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
