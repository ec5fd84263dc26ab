"""The tokens of links: 256 random bits each, of which only the SHA-256 is stored."""

from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe

from db.models import Channel, LinkPurpose

_BYTES = 32
_IN_EVERY_MESSAGE = (LinkPurpose.RECOVER, LinkPurpose.UNSUBSCRIBE, LinkPurpose.PREFERENCES)


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


def tokens_for(channel: Channel) -> dict[LinkPurpose, NewToken]:
    """A message's tokens; with that of a notification its browser tells that it was shown."""
    shown = (LinkPurpose.SHOWN,) if channel is Channel.WEB_PUSH else ()
    return {purpose: new_token(purpose) for purpose in (*_IN_EVERY_MESSAGE, *shown)}


def random_token() -> str:
    """256 random bits, as a link can carry them."""
    return token_urlsafe(_BYTES)


def digest_of(plain: str) -> str:
    """The SHA-256 of a token, hexadecimal."""
    return sha256(plain.encode()).hexdigest()
