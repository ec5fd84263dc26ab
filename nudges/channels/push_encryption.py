"""What a push service must not read, and who speaks to it.

Messages are encrypted for one browser (RFC 8291, with the content coding aes128gcm of RFC 8188),
and the shop proves that they are its own by a signed token (RFC 8292, VAPID).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import urandom
from typing import Self

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LARGEST_BODY = 4096
"""Bytes that every push service takes (RFC 8030, 7.2)."""
_CURVE = ec.SECP256R1()
_SALT, _POINT, _TAG = 16, 65, 16
_HEADER = _SALT + 4 + 1 + _POINT
LARGEST_TEXT = LARGEST_BODY - _HEADER - _TAG - 1
"""Bytes of a message before it is encrypted."""
_LAST_RECORD = b"\x02"
_TOKEN_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class BrowserKeys:
    """A push subscription's keys: the browser's public point, 65 bytes, and a secret of 16."""

    point: bytes
    auth: bytes

    @classmethod
    def read(cls, p256dh: str, auth: str) -> Self:
        """From their base64url, as the Push API gives them. Raises ValueError."""
        keys = cls(from_base64url(p256dh), from_base64url(auth))
        if len(keys.auth) != _SALT:
            raise ValueError("the subscription's auth must be 16 bytes")
        _public(keys.point)
        return keys


def encrypt(
    plain: bytes,
    keys: BrowserKeys,
    *,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push message, one record (RFC 8291, 3.4); only the browser can read it.

    `sender` and `salt` are new for each message; only tests give them. Raises ValueError where the
    text is too long or the browser's point is not on the curve.
    """
    if len(plain) > LARGEST_TEXT:
        raise ValueError(f"a push message holds at most {LARGEST_TEXT} bytes")
    sender = sender or ec.generate_private_key(_CURVE)
    salt = salt or urandom(_SALT)
    own_point = _point(sender.public_key())
    shared = sender.exchange(ec.ECDH(), _public(keys.point))
    seed = _derive(shared, keys.auth, b"WebPush: info\0" + keys.point + own_point, 32)
    key = _derive(seed, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(seed, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + LARGEST_BODY.to_bytes(4) + bytes([_POINT]) + own_point
    return header + AESGCM(key).encrypt(nonce, plain + _LAST_RECORD, None)


class ShopKey:
    """The key pair by which push services know the shop; browsers subscribe for its public part."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @classmethod
    def new(cls) -> Self:
        """A fresh one."""
        return cls(ec.generate_private_key(_CURVE))

    @classmethod
    def read(cls, text: str) -> Self:
        """From the base64url of its 32 private bytes. Raises ValueError."""
        number = from_base64url(text)
        if len(number) != 32:
            raise ValueError("the key must be 32 bytes in base64url")
        return cls(ec.derive_private_key(int.from_bytes(number), _CURVE))

    @property
    def private_text(self) -> str:
        """The base64url that `read` takes; a secret."""
        return to_base64url(self._private.private_numbers().private_value.to_bytes(32))

    @property
    def public_text(self) -> str:
        """The public point in base64url: an `applicationServerKey` of the Push API."""
        return to_base64url(_point(self._private.public_key()))

    def authorization(self, origin: str, *, contact: str, now: datetime) -> str:
        """The Authorization header for a push service at that origin (RFC 8292, 3)."""
        claims = {"aud": origin, "exp": now + _TOKEN_LIFETIME, "sub": contact}
        token = jwt.encode(claims, self._private, "ES256")
        return f"vapid t={token}, k={self.public_text}"


def to_base64url(value: bytes) -> str:
    """Without padding."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """With padding or without. Raises ValueError."""
    bare = text.rstrip("=")
    found = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    if to_base64url(found) != bare:
        raise ValueError("this is not base64url")
    return found


def _public(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
