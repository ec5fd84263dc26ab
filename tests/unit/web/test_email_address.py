"""An e-mail address that the shop tells of is one that a mail can be sent to."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.api.people import email_address


@given(text=st.emails() | st.from_regex(r"[!-~]{1,20}@[!-~]{1,20}", fullmatch=True) | st.text())
def test_whatever_is_taken_is_one_address_in_a_mails_header(text: str) -> None:
    try:
        taken = email_address(text)
    except ValueError:
        return
    mail = EmailMessage(policy=SMTP)
    mail["To"] = taken
    (found,) = mail["To"].addresses
    assert found.addr_spec == taken
    assert mail.as_bytes().split(b"\r\n")[0] == f"To: {taken}".encode("ascii")


@pytest.mark.parametrize(
    "text", ["zoe@example.org", "o'hara+tag@mail.shop.example", "a.b@xn--bcher-kva.example"]
)
def test_plain_addresses_are_taken_as_they_are(text: str) -> None:
    assert email_address(text) == text


def test_the_domain_is_kept_in_small_letters() -> None:
    assert email_address("Zoe@Example.ORG") == "Zoe@example.org"
