"""Settings: read once, masked when printed, and a bad value names the setting and its source."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import CONFIG_VARIABLE, load_settings

pytestmark = pytest.mark.unit


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "gateway.toml"
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    return path


def test_the_environment_beats_the_file_and_the_file_the_defaults(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('engine_threads = 3\nmax_call_s = 60\nlookup_url = "http://127.0.0.1:9/"\n', encoding="utf-8")
    monkeypatch.setenv("VOICE_GATEWAY_MAX_CALL_S", "90")
    settings = load_settings()
    assert (settings.engine_threads, settings.max_call_s, settings.recognitions_at_once) == (3, 90, 2)


def test_a_secret_is_masked_when_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_GATEWAY_LOOKUP_TOKEN", "s3cret-token")
    settings = load_settings()
    assert "s3cret" not in repr(settings)
    assert settings.lookup_token is not None
    assert settings.lookup_token.get_secret_value() == "s3cret-token"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("max_call_s = 1\n", ("max_call_s", "10")),
        ("max_calls = 10\n", ("max_calls", "known settings", "max_call_s")),
        ("max_call_s = \n", ("TOML", "line 1")),
        ('engine_threads = "many"\n', ("engine_threads", "integer")),
    ],
)
def test_a_bad_file_is_one_clear_error(config: Path, content: str, words: tuple[str, ...]) -> None:
    config.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    assert str(config) in message
    for word in words:
        assert word in message


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_GATEWAY_ENGINE_THREADS", "0")
    with pytest.raises(SettingsError, match="VOICE_GATEWAY_ENGINE_THREADS"):
        load_settings()


def test_a_missing_file_is_named(config: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings()


def test_the_hotline_has_its_own_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().now().utcoffset() == dt.timedelta(hours=8)
    monkeypatch.setenv("VOICE_GATEWAY_TIMEZONE", "Asia/Kathmandu")
    assert load_settings().now().utcoffset() == dt.timedelta(hours=5, minutes=45)
    monkeypatch.setenv("VOICE_GATEWAY_TIMEZONE", "Asia/Shangai")
    with pytest.raises(SettingsError, match="no time zone; write an IANA name") as error:
        load_settings()
    assert "VOICE_GATEWAY_TIMEZONE" in str(error.value)
