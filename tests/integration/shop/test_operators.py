"""The pages for the shop's own people: theirs alone, and the same as `cartwright nudges`."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select, update

from core.clock import SimulatedClock
from core.identity import Identity
from core.rate import Rate
from core.settings import Settings
from db.engine import SessionFactory, read_session
from db.models import Cart, Channel, Nudge, NudgeState, Person
from nudges.brought import what_it_brought
from nudges.by_hand import dismiss, send_now
from nudges.compose import Nudging, compose
from nudges.explain import explain
from nudges.heartbeat import activate
from nudges.measure import measure
from nudges.operators import OperatorWords, masked
from nudges.policy import SHIPPED
from nudges.preview import preview
from services.suggest import SuggestionService
from tests.integration.nudges.shoppers import leave_cart, person
from tests.integration.shop.conftest import HOSTILE, Browser
from tests.integration.shop.left import JACKET, every_row
from tests.smtp import MailSink, mail_sink
from web.app import create_app
from web.identity import sign
from web.operators.access import COOKIE

SECRET = "a-secret-of-the-shops-own-people"
ADDRESS = "ann@example.org"
PAGES = (
    "/operators",
    "/operators/not-due",
    "/operators/statistics",
    "/operators/carts?cart={cart}",
    "/operators/carts/{cart}",
    "/operators/carts/{cart}/preview",
    "/operators/carts/{cart}/preview/html",
)
DOINGS = ("send_now", "dismiss", "test_send")


@pytest.fixture
def mails() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def settings(settings: Settings, mails: MailSink, tmp_path: Path) -> Settings:
    """The shipped policy, without decisions made at random."""
    policy = tmp_path / "policy.toml"
    shipped = SHIPPED.read_text(encoding="utf-8")
    policy.write_text(shipped.replace("exploration = 0.05", "exploration = 0"), encoding="utf-8")
    return settings.model_copy(
        update={
            "operator_secret": SECRET,
            "smtp_url": f"smtp://127.0.0.1:{mails.port}",
            "nudge_policy": policy,
        }
    )


@pytest.fixture
def nudging(sessions: SessionFactory, settings: Settings, clock: SimulatedClock) -> Nudging:
    """What the command works with on the same shop."""
    return compose(settings, sessions=sessions, clock=clock)


@pytest.fixture
def cart(sessions: SessionFactory, clock: SimulatedClock, nudging: Nudging, catalogue: None) -> str:
    """A cart with two jackets, left 31 minutes ago by Ann, who agreed to mails."""
    nudging.sweeper().run()
    clock.advance(timedelta(hours=1))
    with sessions.begin() as session:
        person(session, "ann", now=clock.now())
        leave_cart(session, "ann", at=clock.now(), items=(JACKET,))
    clock.advance(timedelta(minutes=31))
    with read_session(sessions) as session:
        return session.scalars(select(Cart.id)).one()


@pytest.fixture
def operator(browser: Browser) -> Browser:
    """A browser on which somebody of the shop has signed in."""
    answer = browser.post("/operators/sign-in", secret=SECRET)
    assert answer.url.path == "/operators"
    assert answer.status_code == 200
    return browser


def said(answer: Response) -> str:
    """What a button answered."""
    found = re.search(r'<p class="note" role="status">(.*?)</p>', answer.text, re.DOTALL)
    assert found, answer.text
    return unescape(found[1])


def texts(answer: Response) -> str:
    """What the page says, without its markup."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


# Who may.


def test_without_a_secret_there_are_no_such_pages(
    settings: Settings, clock: SimulatedClock, cart: str
) -> None:
    none = settings.model_copy(update={"operator_secret": None})
    with TestClient(create_app(none, clock=clock)) as client:
        for page in PAGES:
            assert client.get(page.format(cart=cart)).status_code == 404
        for doing in DOINGS:
            answer = client.post(f"/operators/carts/{cart}", data={"do": doing})
            assert answer.status_code == 404
        assert client.post("/operators/sign-in", data={"secret": ""}).status_code == 404
        assert client.post("/operators/sign-in", data={"secret": "None"}).status_code == 404


def tokens(settings: Settings, clock: SimulatedClock) -> dict[str, str]:
    """Cookies that prove nothing."""
    soon = int((clock.now() + timedelta(hours=1)).timestamp())
    claims = {"aud": "cartwright-operators", "exp": soon}
    shopper = Identity("v-ann", "ann")
    return {
        "nothing": "",
        "nonsense": "x.y.z",
        "a shopper's": sign(shopper, settings=settings, now=clock.now()),
        "signed with the shop's secret": jwt.encode(claims, settings.secret, algorithm="HS256"),
        "signed with the operators' secret": jwt.encode(claims, SECRET * 2, algorithm="HS256"),
        "signed by nobody": jwt.encode(claims, "", algorithm="none"),
    }


def test_without_a_valid_cookie_every_page_asks_and_no_button_does_a_thing(
    browser: Browser,
    sessions: SessionFactory,
    settings: Settings,
    clock: SimulatedClock,
    mails: MailSink,
    cart: str,
) -> None:
    before = every_row(sessions)
    for token in tokens(settings, clock).values():
        browser.client.cookies.clear()
        if token:
            browser.client.cookies.set(COOKIE, token)
        for page in PAGES:
            answer = browser.get(page.format(cart=cart))
            assert answer.status_code == 401
            assert "operators&#39; secret" in answer.text
            assert cart not in answer.text.replace(f'name="back" value="{answer.url.path}"', "")
        for doing in DOINGS:
            form = {"do": doing, "to": "me@shop.example"}
            assert browser.post(f"/operators/carts/{cart}", **form).status_code == 401
    assert every_row(sessions) == before
    assert mails.arrived == []


def test_a_wrong_secret_is_refused(browser: Browser) -> None:
    for wrong in ("", SECRET.upper(), SECRET[:-1], f"{SECRET} ", "x" * 200):
        answer = browser.post("/operators/sign-in", secret=wrong)
        assert answer.status_code == 401
        assert "That is not the secret." in answer.text
        assert COOKIE not in browser.client.cookies


def test_a_session_ends_by_itself_after_a_working_day(
    operator: Browser, clock: SimulatedClock
) -> None:
    token = operator.client.cookies[COOKIE]
    clock.advance(timedelta(hours=7, minutes=59))
    assert operator.get("/operators").status_code == 200
    clock.advance(timedelta(minutes=1))
    operator.client.cookies.set(COOKIE, token)
    assert operator.get("/operators").status_code == 401


def test_with_a_new_secret_everybody_signs_in_anew(
    operator: Browser, settings: Settings, clock: SimulatedClock
) -> None:
    token = operator.client.cookies[COOKIE]
    changed = settings.model_copy(update={"operator_secret": f"{SECRET}-2"})
    with TestClient(create_app(changed, clock=clock)) as client:
        client.cookies.set(COOKIE, token)
        assert client.get("/operators").status_code == 401


def test_signing_out_takes_the_cookie_away(operator: Browser) -> None:
    assert operator.post("/operators/sign-out").status_code == 401
    assert operator.get("/operators").status_code == 401


def test_the_cookie_goes_to_these_pages_alone_and_to_no_script(browser: Browser) -> None:
    form = {"secret": SECRET}
    answer = browser.client.post("/operators/sign-in", data=form, follow_redirects=False)
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/operators", "max-age=28800"} <= attributes


def test_over_https_the_cookie_is_secure(settings: Settings, clock: SimulatedClock) -> None:
    safe = settings.model_copy(update={"web_url": "https://shop.example"})
    with TestClient(create_app(safe, clock=clock)) as client:
        form = {"secret": SECRET}
        answer = client.post("/operators/sign-in", data=form, follow_redirects=False)
        assert "; secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/operators\\evil", "/account", "x:y"]
)
def test_signing_in_leads_to_these_pages_alone(browser: Browser, back: str) -> None:
    form = {"secret": SECRET, "back": back}
    answer = browser.client.post("/operators/sign-in", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/operators"


def test_signing_in_goes_on_to_the_page_that_was_asked_for(browser: Browser, cart: str) -> None:
    page = browser.get(f"/operators/carts/{cart}").text
    back = re.search(r'name="back" value="([^"]*)"', page)
    assert back
    answer = browser.post("/operators/sign-in", secret=SECRET, back=unescape(back[1]))
    assert answer.url.path == f"/operators/carts/{cart}"


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_form_of_another_site_does_nothing(
    operator: Browser, sessions: SessionFactory, mails: MailSink, cart: str, origin: str
) -> None:
    before = every_row(sessions)
    paths = [(f"/operators/carts/{cart}", {"do": doing, "to": "a@b.c"}) for doing in DOINGS]
    paths += [("/operators/sign-in", {"secret": SECRET}), ("/operators/sign-out", {})]
    for path, form in paths:
        answer = operator.client.post(path, data=form, headers={"Origin": origin})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert every_row(sessions) == before
    assert mails.arrived == []


def test_guessing_the_secret_is_slowed_down(settings: Settings, clock: SimulatedClock) -> None:
    slow = settings.model_copy(update={"rate_of_tokens": Rate(3, "minute")})
    app = create_app(slow, clock=clock)
    with TestClient(app, client=("203.0.113.7", 50_000)) as client:
        statuses = [
            client.post("/operators/sign-in", data={"secret": f"guess-{n}"}).status_code
            for n in range(5)
        ]
        assert statuses == [401, 401, 401, 429, 429]
        assert client.post("/operators/sign-in", data={"secret": SECRET}).status_code == 429


def test_the_pages_let_no_inline_script_run_and_are_kept_nowhere(
    operator: Browser, cart: str
) -> None:
    for page in PAGES[:-1]:
        answer = operator.get(page.format(cart=cart))
        assert answer.status_code == 200
        policy = dict(
            part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
        )
        assert policy["script-src"] == "'self'"
        assert "<script" not in answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-robots-tag"] == "noindex"
    frame = operator.get(PAGES[-1].format(cart=cart))
    assert frame.headers["content-security-policy"].startswith("sandbox ")


def test_an_empty_secret_opens_nothing() -> None:
    assert Settings.model_validate({"operator_secret": ""}).operator_secret is None


def test_the_demos_secret_is_refused_outside_the_demo() -> None:
    outside = {"demo": False, "secret": "s" * 40}
    assert Settings.model_validate(outside).operator_secret is None
    for secret in ("demo-operator", "short"):
        with pytest.raises(ValueError, match="CARTWRIGHT_OPERATOR_SECRET"):
            Settings.model_validate(outside | {"operator_secret": secret})


# What they tell.


def test_a_carts_page_tells_what_the_command_tells(
    operator: Browser, nudging: Nudging, clock: SimulatedClock, sessions: SessionFactory, cart: str
) -> None:
    clock.advance(timedelta(hours=1))
    nudging.sweeper().run()
    with read_session(sessions) as session:
        story = explain(session, nudging, cart, now=clock.now())
    assert story
    assert story.episodes
    page = texts(operator.get(f"/operators/carts/{cart}"))
    for text in (*story.about, *story.following):
        assert text in page
    for episode in story.episodes:
        assert episode.heading in page
        for sentence in episode.sentences:
            assert f"{sentence.at} {sentence.text}" in page


def test_a_carts_page_shows_what_is_in_it(operator: Browser, cart: str) -> None:
    page = texts(operator.get(f"/operators/carts/{cart}"))
    assert "2 × Rain jacket (black, M) €238.00" in page
    assert f"Shopper {masked(ADDRESS)}" in page


def test_a_carts_page_says_how_likely_it_is_left_while_the_visit_goes_on(
    operator: Browser, cart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "The visit goes on: left as it is with a chance of 71 %."
    assert sentence not in texts(operator.get(f"/operators/carts/{cart}"))
    monkeypatch.setattr(SuggestionService, "leaving", lambda *_, **__: 0.7149)
    assert sentence in texts(operator.get(f"/operators/carts/{cart}"))


def test_a_cart_is_found_by_its_id(operator: Browser, cart: str) -> None:
    assert cart in operator.get(f"/operators/carts?cart=%20{cart}").text
    for unknown in ("nothing", "0" * 32, "%3Cscript%3E"):
        answer = operator.get(f"/operators/carts?cart={unknown}")
        assert answer.status_code == 404
        assert "There is no cart with this id." in answer.text


def test_carts_that_nothing_fell_due_for_are_listed_until_it_does(
    operator: Browser, nudging: Nudging, clock: SimulatedClock, cart: str
) -> None:
    assert f"/operators/carts/{cart}" in operator.get("/operators/not-due").text
    assert cart not in operator.get("/operators").text
    clock.advance(timedelta(hours=1))
    nudging.sweeper().run()
    assert cart not in operator.get("/operators/not-due").text
    assert f"/operators/carts/{cart}" in operator.get("/operators").text


@pytest.fixture
def listed(sessions: SessionFactory, clock: SimulatedClock, cart: str) -> None:
    """120 stages that fell due at one moment: 40 sent, 40 stopped for want of consent, 40 asked."""
    kinds: list[dict[str, Any]] = [
        {
            "stage": "first",
            "state": NudgeState.SENT,
            "channel": Channel.EMAIL,
            "treatment": "reminder",
            "sent_at": clock.now(),
        },
        {"stage": "second", "state": NudgeState.STOPPED, "gate": "no_consent"},
        {"stage": "asked", "state": NudgeState.WAITING, "gate": "quiet", "next_at": clock.now()},
    ]
    with sessions.begin() as session:
        session.add_all(
            Nudge(
                id=f"{n:032x}",
                cart_id=cart,
                visitor_id="v-ann",
                person_id="ann",
                episode=clock.now() - timedelta(minutes=n),
                created_at=clock.now(),
                policy_version="test",
                attempts=0,
                **kinds[n % 3],
            )
            for n in range(120)
        )


def rows_of(answer: Response) -> list[str]:
    body = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [texts(Response(200, text=row)) for row in body.split("<tr>")[1:]]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("stage=first", " first sent a reminder, by e-mail "),
        ("state=stopped", "the shopper agreed to none of this stage's channels"),
        ("gate=quiet", "it is night where the shopper is"),
        ("stage=second&state=stopped&gate=no_consent", " second stopped "),
    ],
)
def test_the_list_is_filtered(operator: Browser, query: str, shown: str) -> None:
    rows = rows_of(operator.get(f"/operators?{query}"))
    assert len(rows) == 40
    assert all(shown in row for row in rows)


@pytest.mark.usefixtures("listed")
def test_a_filter_that_nothing_matches_says_so(operator: Browser) -> None:
    page = operator.get("/operators?stage=first&gate=quiet").text
    assert "Nothing fell due that matches." in page


@pytest.mark.usefixtures("listed")
def test_older_ones_follow_without_a_gap_or_a_repeat(operator: Browser) -> None:
    for query in ("", "state=stopped"):
        path, rows = f"/operators?{query}", []
        while path:
            answer = operator.get(path)
            rows += rows_of(answer)
            more = re.search(r'href="(/operators\?[^"]*older_than=[^"]*)"', answer.text)
            path = unescape(more[1]) if more else ""
        assert len(rows) == len(set(rows)) == (120 if not query else 40)


def test_addresses_are_masked_on_every_page_and_stand_in_no_address_or_log(
    operator: Browser,
    nudging: Nudging,
    clock: SimulatedClock,
    cart: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages: list[Response] = [operator.get(page.format(cart=cart)) for page in PAGES]
    pages.append(operator.post(f"/operators/carts/{cart}", do="test_send", to="eve@shop.example"))
    pages.append(operator.post(f"/operators/carts/{cart}", do="send_now"))
    pages += [operator.get(page.format(cart=cart)) for page in PAGES]
    assert any(masked(ADDRESS) in page.text for page in pages)
    for page in pages:
        assert ADDRESS not in page.text
        assert "@" not in str(page.url)
    out = "".join(capsys.readouterr())
    for name in (ADDRESS, "eve@shop.example", SECRET):
        assert name not in out


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (ADDRESS, "a…@e….org"),
        ("x@localhost", "x…@l…"),
        ("zoë.müller@mail.münchen.example", "z…@m….example"),
        ("nothing", ""),
        ("@example.org", ""),
        (None, ""),
    ],
)
def test_of_an_address_its_first_letters_are_shown(address: str | None, shown: str) -> None:
    assert masked(address) == shown


def test_hostile_names_stay_text(operator: Browser, sessions: SessionFactory, cart: str) -> None:
    with sessions.begin() as session:
        session.execute(update(Person).where(Person.id == "ann").values(name=HOSTILE))
    for page in PAGES:
        assert "<script>alert" not in operator.get(page.format(cart=cart)).text
    for query in ("stage", "gate", "state"):
        page = operator.get(f'/operators?{query}="><script>alert(1)</script>').text
        assert "<script" not in page


# What the buttons do.


def test_send_now_sends_as_the_command_does(
    operator: Browser, mails: MailSink, sessions: SessionFactory, cart: str
) -> None:
    assert said(operator.post(f"/operators/carts/{cart}", do="send_now")) == "Sent by e-mail."
    assert len(mails.arrived) == 1
    assert b"To: " + ADDRESS.encode() in mails.arrived[0]
    with read_session(sessions) as session:
        assert session.scalars(select(Nudge.state)).all() == [NudgeState.SENT]


def test_send_now_names_the_gate_as_the_command_does(
    operator: Browser, mails: MailSink, nudging: Nudging, sessions: SessionFactory, cart: str
) -> None:
    operator.post(f"/operators/carts/{cart}", do="send_now")
    before = every_row(sessions)
    answer = operator.post(f"/operators/carts/{cart}", do="send_now")
    assert said(answer) == send_now(nudging, cart)
    assert said(answer).startswith("Not sent")
    assert len(mails.arrived) == 1
    assert every_row(sessions) == before


def test_dismiss_does_what_the_command_does(
    operator: Browser, mails: MailSink, nudging: Nudging, clock: SimulatedClock, cart: str
) -> None:
    answer = operator.post(f"/operators/carts/{cart}", do="dismiss")
    assert said(answer) == dismiss(nudging, cart)
    assert 'value="dismiss"' not in answer.text
    assert 'value="send_now"' not in answer.text
    for _ in range(60):
        clock.advance(timedelta(hours=1))
        nudging.sweeper().run()
    assert mails.arrived == []


def test_a_preview_is_the_commands_mail_and_stores_nothing(
    operator: Browser, mails: MailSink, sessions: SessionFactory, cart: str
) -> None:
    before = every_row(sessions)
    choice = "stage=second&treatment=percent_5"
    page = operator.get(f"/operators/carts/{cart}/preview?{choice}")
    html = operator.get(f"/operators/carts/{cart}/preview/html?{choice}").text
    assert f'src="/operators/carts/{cart}/preview/html?{choice.replace("&", "&amp;")}"' in page.text
    for text in (page.text, html):
        assert "Hello Ann" in text
        assert "5 % off" in text
        assert "PREVIEW" in text
    assert every_row(sessions) == before
    assert mails.arrived == []


@pytest.mark.parametrize("channel", [one for one in Channel if one is not Channel.EMAIL])
def test_another_channels_preview_is_the_commands_too(
    operator: Browser,
    nudging: Nudging,
    sessions: SessionFactory,
    clock: SimulatedClock,
    cart: str,
    channel: Channel,
) -> None:
    with read_session(sessions) as session:
        message = preview(session, nudging, cart, stage=None, channel=channel, now=clock.now())
    page = texts(operator.get(f"/operators/carts/{cart}/preview?channel={channel}"))
    assert " ".join(message.said.split()) in page
    for title, _ in message.buttons:
        assert title in page


@pytest.mark.parametrize("choice", ["stage=third", "treatment=percent_90", "channel=pigeon"])
def test_what_there_is_not_is_named(operator: Browser, cart: str, choice: str) -> None:
    answer = operator.get(f"/operators/carts/{cart}/preview?{choice}")
    assert re.match("The policy has no |There is no channel ", said(answer))


def test_a_test_goes_to_the_colleague_and_stores_nothing(
    operator: Browser, mails: MailSink, sessions: SessionFactory, cart: str
) -> None:
    before = every_row(sessions)
    form = {"do": "test_send", "to": "eve@shop.example", "treatment": "percent_5"}
    answer = operator.post(f"/operators/carts/{cart}", **form)
    assert said(answer).startswith("Sent to eve@shop.example as <")
    (mail,) = mails.arrived
    assert b"To: eve@shop.example" in mail
    assert b"[Test]" in mail
    assert ADDRESS.encode() not in mail
    assert every_row(sessions) == before


@pytest.mark.parametrize("to", ["", "eve", "@", "eve@"])
def test_a_test_without_an_address_is_asked_for_one(
    operator: Browser, mails: MailSink, cart: str, to: str
) -> None:
    answer = operator.post(f"/operators/carts/{cart}", do="test_send", to=to)
    assert said(answer).startswith("Not sent: ")
    assert mails.arrived == []


def test_a_test_that_the_mail_server_refuses_is_told(
    operator: Browser, mails: MailSink, cart: str
) -> None:
    mails.replies["RCPT"] = "550 no such user"
    answer = operator.post(f"/operators/carts/{cart}", do="test_send", to="eve@shop.example")
    assert said(answer) == "Not sent: SMTP 550. See CARTWRIGHT_SMTP_URL."


def test_a_button_on_a_cart_that_does_not_exist_is_a_missing_page(operator: Browser) -> None:
    for doing in DOINGS:
        answer = operator.post(f"/operators/carts/{'0' * 32}", do=doing, to="eve@shop.example")
        assert answer.status_code == 404


@pytest.mark.parametrize("form", [{}, {"do": "everything"}])
def test_a_button_that_there_is_not_does_nothing(
    operator: Browser, sessions: SessionFactory, cart: str, form: dict[str, str]
) -> None:
    before = every_row(sessions)
    assert operator.post(f"/operators/carts/{cart}", **form).status_code == 422
    assert every_row(sessions) == before


# The statistics.


@pytest.mark.usefixtures("listed")
def test_the_statistics_are_the_commands(
    operator: Browser, nudging: Nudging, sessions: SessionFactory, clock: SimulatedClock, cart: str
) -> None:
    clock.advance(timedelta(hours=1))
    nudging.sweeper().run()
    since, percent = clock.now() - timedelta(days=7), nudging.policy.incentives.margin_percent
    with read_session(sessions) as session:
        found = measure(
            session, since=since, until=clock.now(), currency="EUR", margin_percent=percent
        )
    words = OperatorWords.of(nudging.settings)
    page = texts(operator.get("/operators/statistics?days=7"))
    columns = words.tables["columns"]
    total = asdict(found.total)
    assert " ".join(f"{text} {total[name]:,}" for name, text in columns.items()) in page
    for name, shown in (("stage", str), ("channel", words.channel), ("treatment", words.treatment)):
        assert found.funnels[name]
        for value, funnel in found.funnels[name].items():
            numbers = asdict(funnel)
            told = " ".join(f"{numbers[column]:,}" for column in columns)
            assert f"{shown(value)} {told}" in page
    assert found.gates
    for gate, number in found.gates.items():
        assert f"{gate} {number} {words.gate(gate)}" in page
    for one in what_it_brought(found, words, currency="EUR"):
        assert f"{one.heading} {' '.join(one.sentences)}" in page
    assert "Not enough data yet: " in page


def test_the_statistics_tell_whether_the_scheduler_lives(
    operator: Browser, nudging: Nudging, clock: SimulatedClock
) -> None:
    def told() -> str:
        return texts(operator.get("/operators/statistics"))

    assert "The scheduler has never run" in told()
    nudging.sweeper().run()
    assert "The scheduler is at work" in told()
    clock.advance(timedelta(minutes=6))
    assert "The scheduler has been silent since" in told()
    with nudging.sessions.begin() as session:
        activate(session, now=clock.now(), first=False)
    assert "none of its rounds has ended well since" in told()
