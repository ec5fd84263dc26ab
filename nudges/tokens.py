"""The tokens of links: 256 random bits each, of which only the SHA-256 is stored."""

from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe

from db.models import LinkPurpose

_BYTES = 32
PURPOSES = tuple(LinkPurpose)


@dataclass(frozen=True, slots=True, repr=False)
class NewToken:
    """A token as its link carries it; its repr shows nothing, so that no log can."""

    purpose: LinkPurpose
    plain: str

    @property
    def digest(self) -> str:
        """What is stored."""
        return digest_of(self.plain)

    def link(self, web_url: str) -> str:
        """The whole address."""
        return f"{web_url.rstrip('/')}/n/{self.purpose.value}/{self.plain}"


def new_token(purpose: LinkPurpose) -> NewToken:
    """A token that nobody can guess."""
    return NewToken(purpose, random_token())


def random_token() -> str:
    """256 random bits, as a link can carry them."""
    return token_urlsafe(_BYTES)


def digest_of(plain: str) -> str:
    """The SHA-256 of a token, hexadecimal."""
    return sha256(plain.encode()).hexdigest()
