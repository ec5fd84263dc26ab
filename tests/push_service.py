"""A push service (RFC 8030) over TLS, and its browsers, which read their messages."""

import hmac
import json
import os
import ssl
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from nudges.push import Subscription
from tests.http_server import Reply, http_server
from tests.smtp import CUT, SILENT

CURVE = ec.SECP256R1()


def b64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(encoding, form)


@dataclass(frozen=True)
class Browser:
    """One that subscribed: its secrets, and reading what arrives (RFC 8291, 3.4, RFC 8188, 2)."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(CURVE)
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    def read(self, body: bytes) -> bytes:
        salt, record_size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert length == 65
        assert len(record) <= record_size
        shared = self.private.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender)
        )
        info = b"WebPush: info\0" + point_of(self.private) + sender + b"\x01"
        seed = sha256(sha256(self.auth, shared), info)
        mixed = sha256(salt, seed)
        key = sha256(mixed, b"Content-Encoding: aes128gcm\0\x01")[:16]
        nonce = sha256(mixed, b"Content-Encoding: nonce\0\x01")[:12]
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert padded[-1:] == b"\x02", "the last record ends so"
        return padded[:-1]


def sha256(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


@dataclass
class PushService:
    """What it took, and what it answers in place of taking it."""

    port: int = 0
    reply: Reply | None = None
    away: bool = False
    key: str = ""
    browsers: dict[str, Browser] = field(default_factory=dict)
    taken: list[dict[str, Any]] = field(default_factory=list)
    topics: dict[str, dict[str, Any]] = field(default_factory=dict)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def subscribe(self) -> Subscription:
        """What a new browser's PushManager.subscribe() gives."""
        browser, path = Browser(), f"/push/{b64(os.urandom(24))}"
        self.browsers[path] = browser
        endpoint = f"https://{self.host}{path}"
        return Subscription(endpoint, b64(point_of(browser.private)), b64(browser.auth))

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.headers.append(headers)
        if path not in self.browsers:
            return 404, {}, b""
        if problem := self._problem(headers, body):
            return 400, {}, problem.encode()
        if self.reply in (None, CUT, SILENT):
            message = json.loads(self.browsers[path].read(body))
            self.taken.append(message)
            self.topics[headers["topic"]] = message
        if self.reply is not None:
            return self.reply
        return 201, {"Location": f"https://{self.host}/m/{b64(os.urandom(24))}"}, b""

    def _problem(self, headers: Mapping[str, str], body: bytes) -> str:
        if headers["content-encoding"] != "aes128gcm" or len(body) > 4096:
            return "the body"
        if not headers["ttl"].isdigit() or headers["urgency"] != "normal":
            return "the headers"
        if not 1 <= len(unb64(headers["topic"])) <= 24:
            return "the topic"
        scheme, _, rest = headers["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        if scheme != "vapid" or parts["k"] != self.key:
            return "the key"
        public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(parts["k"]))
        # Whether it has expired depends on the test's clock.
        claims = jwt.decode(
            parts["t"],
            public,
            ["ES256"],
            audience=f"https://{self.host}",
            options={"verify_exp": False},
        )
        return "" if claims["sub"].startswith("mailto:") else "the contact"


@contextmanager
def push_service(folder: Path, *, key: str) -> Iterator[PushService]:
    """It listens until the block ends; its certificate is trusted as long."""
    service = PushService(key=key)
    certificate = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def while_away(socket: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
        return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR if service.away else None

    context.sni_callback = while_away  # type: ignore[assignment]
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(certificate)
    try:
        with http_server(service.answer, tls=context) as port:
            service.port = port
            yield service
    finally:
        if before is None:
            del os.environ["SSL_CERT_FILE"]
        else:
            os.environ["SSL_CERT_FILE"] = before


def make_certificate(folder: Path) -> Path:
    """A file with a key and its own certificate for this machine."""
    key = ec.generate_private_key(CURVE)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "push service of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "push-service.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
