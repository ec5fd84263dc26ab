"""Ids that nobody can guess."""

import secrets


def new_id() -> str:
    """128 random bits as 32 lower-case hexadecimal characters."""
    return secrets.token_hex(16)
