"""How an address is known by that must not be kept itself."""

from hashlib import sha256

from db.models import Channel


def address_digest(channel: Channel, address: str) -> str:
    """Under what a suppressed address is kept: case and spaces around it do not matter."""
    return sha256(f"{channel.value}\0{address.strip().lower()}".encode()).hexdigest()
