"""Kinds of text that clients send, checked alike wherever they come in."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def printable(value: str) -> str:
    """The text; ValueError where it holds control characters, which no database need see."""
    if _CONTROL.search(value):
        raise ValueError("must have no control characters")
    return value


type Key = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(printable)]
"""The id of a product, a variant, an event or an order."""

type PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""An id that this server made."""

type PromotionCode = Annotated[
    str, StringConstraints(min_length=1, max_length=40), AfterValidator(printable)
]
