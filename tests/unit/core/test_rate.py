import pytest

from core.rate import Rate
from core.settings import Settings


@pytest.mark.parametrize(
    ("text", "rate"),
    [("600/minute", Rate(600, "minute")), (" 5 / second ", Rate(5, "second"))],
)
def test_a_rate_is_a_number_and_a_unit(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize("text", ["", "600", "0/minute", "-1/minute", "6.5/minute", "5/week", "5/"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="as in 600/minute"):
        Rate.parse(text)


def test_rates_and_networks_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTWRIGHT_RATE_PER_CLIENT", "7/hour")
    monkeypatch.setenv("CARTWRIGHT_TRUSTED_PROXIES", '["10.0.0.0/8"]')
    settings = Settings()
    assert settings.rate_per_client == Rate(7, "hour")
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8"]


def test_a_wrong_rate_stops_the_process_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTWRIGHT_RATE_PER_CLIENT", "many")
    with pytest.raises(ValueError, match="'many' is no rate"):
        Settings()
