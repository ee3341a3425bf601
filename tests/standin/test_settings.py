from __future__ import annotations

from pathlib import Path

import pytest

from standin.keys import Credentials
from standin.settings import EXAMPLE_CREDENTIALS, parse_settings

KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}


def test_every_option_has_a_default_that_serves() -> None:
    settings = parse_settings([], {})
    assert (settings.host, settings.port, settings.tls) == ("127.0.0.1", 0, False)
    assert settings.credentials == EXAMPLE_CREDENTIALS
    assert settings.seconds > 0


def test_the_options_are_read() -> None:
    settings = parse_settings(
        ["--quota=300", "--latency-ms=20", "--faults=throttle=0.1", "--record=out", "--max-requests=5"], {}
    )
    assert settings.quota[0].rate == 300
    assert settings.latency == 0.02
    assert settings.faults == {"throttle": 0.1}
    assert (settings.record, settings.max_requests) == (Path("out"), 5)


def test_the_keys_come_from_the_environment() -> None:
    assert parse_settings([], KEYS).credentials == Credentials("AKID", "secret", "token")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_loopback_is_listened_on(host: str) -> None:
    assert parse_settings(["--host", host], {}).host == host


@pytest.mark.parametrize(
    "arguments",
    [["--host=0.0.0.0"], ["--host=example.com"], ["--quota=x"], ["--faults=x=1"], ["--unknown"], ["--key=x"]],
)
def test_wrong_usage_exits_with_2_and_says_why(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parse_settings(arguments, {})
    assert left.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_the_help_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_settings(["--help"], {})
    assert "PutEvents" in capsys.readouterr().out
