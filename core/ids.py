"""Ids: new ones that nobody can guess, and what those that a shop chooses may look like."""

import secrets


def new_id() -> str:
    """128 random bits as 32 lower-case hexadecimal characters."""
    return secrets.token_hex(16)


PUBLIC_ID = r"[A-Za-z0-9_.-]{1,32}"
"""The pattern of visitors' and people's ids, which a shop may choose itself."""
