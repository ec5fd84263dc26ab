"""Notifications of a browser, handed to its push service (RFC 8030)."""

import json
import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import structlog

from core.settings import Settings
from db.models import Channel as ChannelName
from db.models import LinkPurpose
from nudges.channels.poster import Poster
from nudges.channels.protocol import Outcome, OutcomeKind, one_by_one
from nudges.channels.push_encryption import LARGEST_TEXT, BrowserKeys, ShopKey, encrypt
from nudges.message import Message

_PAUSE = timedelta(minutes=1)
_PLAIN = re.compile(r"https://[a-z0-9.:-]+/[!#-\[\]-~]*")

log = structlog.get_logger()


class PushChannel:
    """Sends encrypted messages to the browsers that shoppers subscribed.

    A push service keeps one message a nudge (its Topic) for a browser, and the browser shows one
    notification a nudge (its tag), so none is seen twice.
    """

    name = ChannelName.WEB_PUSH
    at_once = 10
    confirms = True

    def __init__(self, settings: Settings) -> None:
        if not settings.push_key or not settings.push_contact:
            raise ValueError("web push needs CARTWRIGHT_PUSH_KEY and CARTWRIGHT_PUSH_CONTACT")
        self._key = ShopKey.read(settings.push_key)
        self._contact = settings.push_contact
        self._hosts = settings.push_hosts
        self._poster = Poster()

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:
        """Send the messages one by one."""
        return one_by_one(messages, lambda message: self._deliver(message, now))

    def close(self) -> None:
        """Let go of connections."""
        self._poster.close()

    def _deliver(self, message: Message, now: datetime) -> Outcome:
        if not is_push_service(message.address.address, self._hosts):
            why = "a push service that is not allowed"
            return Outcome(OutcomeKind.PERMANENT, why, suppress=True)
        details = message.address.details
        try:
            keys = BrowserKeys.read(details.get("p256dh", ""), details.get("auth", ""))
        except ValueError:
            return Outcome(OutcomeKind.PERMANENT, "no keys to encrypt for", suppress=True)
        try:
            body = encrypt(payload_of(message), keys)
        except ValueError as error:
            return Outcome(OutcomeKind.PERMANENT, str(error))
        origin = origin_of(message.address.address)
        headers = {
            "Authorization": self._key.authorization(origin, contact=self._contact, now=now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_seconds_kept(message, now)),
            "Topic": message.nudge_id,
            "Urgency": "normal",
        }
        answer = self._poster.post(message.address.address, content=body, headers=headers)
        if isinstance(answer, Outcome):
            return answer
        return outcome_of(answer, message.nudge_id, now=now)


def outcome_of(answer: httpx.Response, nudge_id: str, *, now: datetime) -> Outcome:
    """What a push service's answer says; its text may name the subscription, so it is not kept."""
    code = answer.status_code
    detail = f"push service {code}"
    if answer.is_success:
        return Outcome(OutcomeKind.ACCEPTED, message_id=nudge_id)
    if code in (404, 410):
        return Outcome(OutcomeKind.PERMANENT, detail, suppress=True)
    if code == 429 or code >= 500:
        asked = _retry_after(answer, now)
        pause = asked or (_PAUSE if code == 429 else None)
        return Outcome(
            OutcomeKind.TEMPORARY, detail, retry_after=pause, server_wide=pause is not None
        )
    if code in (401, 403):
        log.error("a push service refuses the shop's key: see CARTWRIGHT_PUSH_KEY", status=code)
        return Outcome(OutcomeKind.TEMPORARY, detail)
    return Outcome(OutcomeKind.PERMANENT, detail)


def payload_of(message: Message) -> bytes:
    """What the service worker reads; a text that is too long for a push message ends early."""
    values = {
        "id": message.nudge_id,
        "lang": message.language,
        "title": message.subject,
        "text": message.text.strip(),
        "buttons": [{"title": title, "url": url} for title, url in message.buttons],
        "shown": message.links[LinkPurpose.SHOWN],
    }
    text = message.text.strip()
    while len(payload := _json(values)) > LARGEST_TEXT and text:
        # A character takes up to four bytes, so a turn cuts no more than it must.
        text = text[: -max(1, (len(payload) - LARGEST_TEXT) // 4)]
        values["text"] = f"{text.rstrip()}…"
    return payload


def is_push_service(endpoint: str, hosts: Collection[str]) -> bool:
    """Whether the address is one that the shop may be made to call: https, at an allowed host.

    The address comes from a browser, so it is read by the client that will call it, and one that
    could be read in two ways is none. An allowed host is a name, `*.name` for those below it, and
    may end in a port.
    """
    if _PLAIN.fullmatch(endpoint) is None:
        return False
    try:
        url = httpx.URL(endpoint)
    except httpx.InvalidURL:
        return False
    if url.scheme != "https" or url.userinfo or not url.host:
        return False
    host = url.host if url.port is None else f"{url.host}:{url.port}"
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts)


def origin_of(endpoint: str) -> str:
    """The push service's origin, which a VAPID token is good for."""
    url = httpx.URL(endpoint)
    return f"{url.scheme}://{url.netloc.decode()}"


def _seconds_kept(message: Message, now: datetime) -> int:
    """How long it may wait for its browser; one that is not there now never gets it at 0."""
    if message.expires_at is None:
        return 0
    return max(0, int((message.expires_at - now).total_seconds()))


def _json(values: object) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _retry_after(answer: httpx.Response, now: datetime) -> timedelta | None:
    """The pause that is asked for, in seconds or until a date (RFC 9110, 10.2.3)."""
    asked = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", asked):
        return timedelta(seconds=int(asked))
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(until - now, timedelta(0)) if until.tzinfo else None
