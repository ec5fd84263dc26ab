"""E-mail by SMTP: an HTML and a plain text part, and the headers for unsubscribing (RFC 8058)."""

import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.headerregistry import Address as MailAddress
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

import structlog

from core.settings import Settings
from db.models import Channel as ChannelName
from db.models import LinkPurpose
from nudges.channels.protocol import Outcome, OutcomeKind, one_by_one
from nudges.message import Message

TIMEOUT_SECONDS = 20
_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
# RFC 3463, 7505: no such mailbox, it has moved, its domain takes no mail, it is disabled.
_GONE = {b"5.1.1", b"5.1.6", b"5.1.10", b"5.2.1"}
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)

log = structlog.get_logger()


class _OneLine(UnstructuredHeader, BaseHeader):
    """A value in angle brackets, on one line however long.

    The library puts what does not fit on 78 characters into encoded words (RFC 2047), which is for
    text: no mail program looks for an address in them. 998 are allowed (RFC 5322 2.1.1).
    """

    def fold(self, *, policy: Policy) -> str:
        """The header as it goes out."""
        return f"{self.name}: {self}{policy.linesep}"


def _policy() -> Policy:
    registry = HeaderRegistry()
    for name in ("List-Unsubscribe", "Message-ID"):
        registry.map_to_type(name, _OneLine)
    return SMTP.clone(header_factory=registry)


_POLICY = _policy()


class EmailChannel:
    """Hands mails to one SMTP server over a connection that is kept while it is used."""

    name = ChannelName.EMAIL
    at_once = 10
    confirms = False

    def __init__(self, settings: Settings) -> None:
        url = urlsplit(settings.smtp_url or "")
        if url.scheme not in _DEFAULT_PORTS or not url.hostname:
            raise ValueError("CARTWRIGHT_SMTP_URL must be smtp[s]://USER:PASSWORD@HOST:PORT")
        self._tls = url.scheme == "smtps"
        self._host = url.hostname
        self._port = url.port or _DEFAULT_PORTS[url.scheme]
        self._user = unquote(url.username) if url.username else None
        self._password = unquote(url.password or "")
        if not settings.mail_from.isascii():
            raise ValueError("CARTWRIGHT_MAIL_FROM must be an ASCII address")
        self._from = settings.mail_from
        self._shop = settings.shop_name
        self._server: smtplib.SMTP | None = None

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:
        """Hand the mails over one by one; a broken connection is opened anew for the next group."""
        outcomes = one_by_one(messages, lambda message: self._deliver(message, now))
        self.close()
        return outcomes

    def close(self) -> None:
        """Say goodbye to the server."""
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (smtplib.SMTPException, OSError):
                server.close()

    def compose(self, message: Message, *, now: datetime) -> EmailMessage:
        """The mail as it goes out. Its Message-ID is the nudge's, so it is always the same one."""
        mail = EmailMessage(policy=_POLICY)
        local, _, domain = self._from.rpartition("@")
        mail["From"] = MailAddress(self._shop, username=local, domain=domain)
        mail["To"] = message.address.address
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = self.message_id(message)
        unsubscribe = message.links[LinkPurpose.UNSUBSCRIBE]
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        if message.html is None:
            raise ValueError("an e-mail needs its HTML part")
        mail.add_alternative(message.html, subtype="html")
        # Setting the content takes all Content-* headers away.
        mail["Content-Language"] = message.language
        return mail

    def message_id(self, message: Message) -> str:
        """The nudge's id at the sender's domain."""
        return f"<{message.nudge_id}@{self._from.rpartition('@')[2]}>"

    def _deliver(self, message: Message, now: datetime) -> Outcome:
        if not message.address.address.isascii():
            return Outcome(OutcomeKind.PERMANENT, "the address is not ASCII", suppress=True)
        try:
            mail = self.compose(message, now=now).as_bytes()
        except Exception as error:  # noqa: BLE001 the library's are of many kinds
            # Before the dialogue begins, which one of them would end half way.
            return Outcome(OutcomeKind.PERMANENT, f"no valid mail: {type(error).__name__}")
        try:
            server = self._connection()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            why = f"no connection: {type(error).__name__}"
            return Outcome(OutcomeKind.TEMPORARY, why, server_wide=True)
        outcome = self._hand_over(server, mail, message)
        if outcome.kind is not OutcomeKind.ACCEPTED:
            self._reset(outcome)
        return outcome

    def _hand_over(self, server: smtplib.SMTP, mail: bytes, message: Message) -> Outcome:
        """The SMTP dialogue, step by step, to know at which one it ended (RFC 5321 3.3).

        Until the final dot the server has not taken the mail. A connection that breaks after it,
        before the reply, leaves open whether it has.
        """
        data_sent = False
        try:
            code, reply = server.mail(self._from)
            if code != 250:
                return _sender_refused(code, reply)
            code, reply = server.rcpt(message.address.address)
            if code not in (250, 251):
                return _recipient_refused(code, reply)
            code, reply = server.docmd("DATA")
            if code != 354:
                return _refused(code, reply)
            data_sent = True
            server.send(_LEADING_DOT.sub(b"..", mail) + b".\r\n")
            code, reply = server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            kind = OutcomeKind.UNKNOWN if data_sent else OutcomeKind.TEMPORARY
            why = f"the connection broke: {type(error).__name__}"
            return Outcome(kind, why, server_wide=True)
        if code == 250:
            return Outcome(OutcomeKind.ACCEPTED, message_id=self.message_id(message))
        return _refused(code, reply)

    def _connection(self) -> smtplib.SMTP:
        if self._server is not None:
            return self._server
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self._tls:
            server = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        self._server = server
        server.ehlo()
        if not self._tls and (self._user or server.has_extn("starttls")):
            server.starttls(context=context)
            server.ehlo()
        if self._user:
            server.login(self._user, self._password)
        return server

    def _reset(self, outcome: Outcome) -> None:
        """Make the connection fit for the next mail, or let it go."""
        server = self._server
        if server is None:
            return
        try:
            if outcome.kind is OutcomeKind.UNKNOWN or server.docmd("RSET")[0] != 250:
                self.close()
        except (smtplib.SMTPException, OSError):
            self.close()


def _sender_refused(code: int, reply: bytes) -> Outcome:
    """The sender is the shop's and the same in every mail: no shopper's address is the trouble."""
    detail = f"the sender: {_detail(code, reply)}"
    if code >= 500:
        log.error("the mail server refuses the sender: see CARTWRIGHT_MAIL_FROM", status=code)
    return Outcome(OutcomeKind.TEMPORARY, detail, server_wide=True)


def _recipient_refused(code: int, reply: bytes) -> Outcome:
    """Only a server that says so means that the mailbox is gone.

    550 and 553 alone also stand for mails that it does not relay, or does not want.
    """
    outcome = _refused(code, reply)
    gone = outcome.kind is OutcomeKind.PERMANENT and _status(reply) in _GONE
    return replace(outcome, suppress=gone)


def _refused(code: int, reply: bytes) -> Outcome:
    """4xx is for now, 5xx for good; with 421 the server closes (RFC 5321 4.2.1, 4.2.2)."""
    kind = OutcomeKind.TEMPORARY if 400 <= code < 500 else OutcomeKind.PERMANENT
    return Outcome(kind, _detail(code, reply), server_wide=code == 421)


def _detail(code: int, reply: bytes) -> str:
    """The numbers alone: a reply's text may name the address."""
    return f"SMTP {code} {_status(reply).decode()}".rstrip()


def _status(reply: bytes) -> bytes:
    """The enhanced status code (RFC 2034) that a reply begins with, if it does."""
    found = re.match(rb"[245]\.\d{1,3}\.\d{1,3}(?!\S)", reply)
    return found[0] if found else b""
