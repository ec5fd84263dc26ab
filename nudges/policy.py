"""The policy file: when, how often and with what shoppers are reminded. Checked when it is read."""

import re
import tomllib
from datetime import datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from db.models import Channel
from nudges.wording import wordings

SHIPPED = Path(__file__).parent / "policy.toml"
ASKED = "asked"
HOLD_OUT = "hold_out"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]
Treatment = Annotated[str, Field(pattern=r"^(reminder|free_delivery|percent_([1-9]|[1-9]\d))$")]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class PolicyError(Exception):
    """The policy file cannot be used; the message names the key and what is wrong with it."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(_Table):
    """One reminder of an abandonment, due some time after the cart's last activity."""

    name: Name
    after_minutes: int = Field(ge=1)
    channels: tuple[Channel, ...] = Field(default=(Channel.EMAIL,), min_length=1)
    treatments: tuple[Treatment, ...] = ("reminder",)

    @property
    def after(self) -> timedelta:
        """Time from the cart's last activity."""
        return timedelta(minutes=self.after_minutes)

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, value: str) -> str:
        if value == ASKED:
            raise ValueError(f"{ASKED!r} is the name of reminders that shoppers ask for")
        return value

    @field_validator("channels", "treatments")
    @classmethod
    def _named_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names the same twice")
        return value


class ChannelCaps(_Table):
    """Messages in any 7 days on one channel."""

    email: Count = 2
    chat: Count = 3
    telegram: Count = 2
    web_push: Count = 2


class Caps(_Table):
    """How often a shopper is written to at most."""

    gap_hours: Count = 16
    per_cart: Count = 3
    per_day: Count = 1
    per_week: Count = 3
    per_month: Count = 6
    channel_per_week: ChannelCaps = ChannelCaps()

    def in_a_week(self, channel: Channel) -> int:
        """The channel's own cap."""
        return int(getattr(self.channel_per_week, channel.value))


class QuietHours(_Table):
    """When nobody is written to, by the recipient's clock."""

    begin: time = time(21)
    end: time = time(8)

    @field_validator("begin", "end")
    @classmethod
    def _local(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("is the recipient's local time and names no zone")
        return value


class Gates(_Table):
    """What is looked at again right before anything is sent."""

    idle_minutes: Count = 30
    payment_minutes: Count = 60
    rest_after_order_hours: Count = 72
    max_price_rise_percent: Count = 10
    min_value: Count = 500


class Exclude(_Table):
    """Whose carts are left out."""

    email_domains: tuple[str, ...] = ()

    @field_validator("email_domains")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().lstrip("@") for domain in value)


class HoldOut(_Table):
    """Shoppers who are never written to, for measuring."""

    share: float = Field(default=0.1, ge=0, le=0.5)


class Incentives(_Table):
    """What coupons may cost, and how long they last."""

    daily_budget: Count = 20000
    max_discount: Count = 1500
    min_value: Count = 3000
    valid_days: int = Field(default=3, ge=1)
    rest_days: Count = 30
    margin_percent: int = Field(default=35, ge=0, le=100)
    sure_from: Share = 0.5
    message_cost: Count = 5
    exploration: Share = 0.05


class Delivery(_Table):
    """How messages go out."""

    per_minute: int = Field(default=1000, ge=1)
    attempts: int = Field(default=5, ge=1)
    backoff_minutes: int = Field(default=5, ge=1)
    lease_minutes: int = Field(default=10, ge=1)
    link_days: int = Field(default=30, ge=1)

    @property
    def lease(self) -> timedelta:
        """How long a claim is good without a word of its process."""
        return timedelta(minutes=self.lease_minutes)


class Arm(_Table):
    """One arm of an experiment."""

    name: Name
    share: Share
    value: str | int


class Experiment(_Table):
    """Shoppers split for good over arms that differ in one thing."""

    name: Name
    stage: Name
    varies: Literal["wording", "timing", "treatment"]
    arms: tuple[Arm, ...] = Field(min_length=2)

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, value: str) -> str:
        if value == HOLD_OUT:
            raise ValueError(f"{HOLD_OUT!r} is the hold-out's name")
        return value

    @model_validator(mode="after")
    def _arms_add_up(self) -> Self:
        if len({arm.name for arm in self.arms}) < len(self.arms):
            raise ValueError("two arms have the same name")
        if abs(sum(arm.share for arm in self.arms) - 1) > 1e-9:
            raise ValueError("the arms' shares must add up to 1")
        wanted = int if self.varies == "timing" else str
        if not all(isinstance(arm.value, wanted) for arm in self.arms):
            what = "minutes" if wanted is int else "names"
            raise ValueError(f"the arms' values must be {what} where {self.varies} varies")
        return self


class Policy(_Table):
    """The whole policy; `version` names its content."""

    active_from: AwareDatetime | None = None
    max_age_days: int = Field(default=14, ge=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    caps: Caps = Caps()
    quiet_hours: QuietHours = QuietHours()
    gates: Gates = Gates()
    exclude: Exclude = Exclude()
    hold_out: HoldOut = HoldOut()
    incentives: Incentives = Incentives()
    delivery: Delivery = Delivery()
    experiments: tuple[Experiment, ...] = ()

    @property
    def version(self) -> str:
        """Sixteen hexadecimal digits that change when anything in the policy does."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def max_age(self) -> timedelta:
        """Since the last activity."""
        return timedelta(days=self.max_age_days)

    @property
    def purchases_count(self) -> timedelta:
        """For how long what was bought in another order counts as bought of a cart."""
        return 2 * self.max_age

    def stage(self, name: str) -> Stage | None:
        """The stage of that name."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        return None

    @field_validator("active_from", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError("stages: two have the same name")
        delays = [stage.after_minutes for stage in self.stages]
        if sorted(set(delays)) != delays:
            raise ValueError("stages: each must be later than the one before")
        if timedelta(minutes=delays[-1]) >= self.max_age:
            raise ValueError("stages: the last one falls due only after max_age_days")
        if len({one.name for one in self.experiments}) < len(self.experiments):
            raise ValueError("experiments: two have the same name")
        for one in self.experiments:
            if one.stage not in names:
                raise ValueError(f"experiments: {one.name} names the unknown stage {one.stage!r}")
            self._check_arms(one, self.stages[names.index(one.stage)])
        return self

    def _check_arms(self, experiment: Experiment, stage: Stage) -> None:
        following = next_stage(self, stage)
        for arm in experiment.arms:
            where = f"experiments: {experiment.name}: arm {arm.name}"
            if experiment.varies == "treatment" and arm.value not in stage.treatments:
                raise ValueError(f"{where} offers what stage {stage.name} does not: {arm.value!r}")
            if experiment.varies == "wording" and arm.value not in wordings():
                known = ", ".join(sorted(wordings()))
                raise ValueError(f"{where} names the unknown wording {arm.value!r}: it is {known}")
            if experiment.varies == "timing":
                after = timedelta(minutes=int(arm.value))
                over = following.after if following else self.max_age
                if not stage.after <= after < over:
                    raise ValueError(f"{where} comes before its stage is due or after it is over")


def load_policy(path: Path = SHIPPED) -> Policy:
    """Read a policy file.

    Raises PolicyError naming the file, the key and what is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}") from error
    return parse_policy(text, source=str(path))


def parse_policy(text: str, *, source: str) -> Policy:
    """A policy from its text; `source` is named in errors. Raises PolicyError."""
    try:
        return Policy.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{source} is no TOML: {error}") from error
    except ValidationError as error:
        problems = "\n".join(f"  {_problem(found)}" for found in error.errors())
        raise PolicyError(f"{source} cannot be used:\n{problems}") from error


def undocumented_keys(text: str) -> list[str]:
    """The keys of a policy file's text that no comment with a meaning and a default precedes.

    Within an array of tables the first table documents the others.
    """
    found: list[str] = []
    documented: set[str] = set()
    table, comment = "", []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.lstrip("# "))
            continue
        if header := re.fullmatch(r"\[+([\w.]+)\]+", stripped):
            table = header[1] + "."
        elif key := re.match(r"(\w+)\s*=", stripped):
            name = table + key[1]
            if _explains(comment):
                documented.add(name)
            elif name not in documented:
                found.append(name)
        comment = []
    return found


def _explains(comment: list[str]) -> bool:
    meaning = [line for line in comment if line and not line.startswith("Default:")]
    return bool(meaning) and comment[-1].startswith("Default: ")


def _problem(found: Any) -> str:
    key = "".join(
        f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in found["loc"]
    ).lstrip(".")
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        message = "there is no such key"
    return f"{key}: {message}" if key else message


def next_stage(policy: Policy, stage: Stage) -> Stage | None:
    """The stage after this one, None after the last."""
    position = policy.stages.index(stage) + 1
    return policy.stages[position] if position < len(policy.stages) else None


def superseded_at(policy: Policy, stage: Stage, episode: datetime) -> datetime:
    """When the stage is over for an abandonment: the next one is due, or the cart too old."""
    following = next_stage(policy, stage)
    return episode + (following.after if following else policy.max_age)
