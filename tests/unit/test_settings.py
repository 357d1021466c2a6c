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
        ("maximum_calls = 10\n", ("maximum_calls", "known settings", "max_calls")),
        ("max_calls = 0\n", ("max_calls", "1")),
        (
            '[sip]\nlisten = ["sip+udp://localhost:5060"]\n',
            ("sip.listen.0", "'sip+udp://localhost:5060' is no address"),
        ),
        ("[sip]\nport = 5060\n", ("sip.port", "known settings", "listen")),
        ('[[sip.trunks]]\nname = "north"\n', ("sip.trunks.0", "addresses or a username")),
        ('[[sip.trunks]]\nname = "a"\naddress = "x"\n', ("sip.trunks.0.address", "correct its name")),
        ("max_call_s = \n", ("TOML", "line 1")),
        ('engine_threads = "many"\n', ("engine_threads", "integer")),
        ('[engines.far]\nkind = "remot"\n', ("engines.far", "'remot'", "'remote'")),
        ('[engines.far]\nkind = "remote"\nurl = "http://x"\n', ("engines.far.url", "wss?")),
        ('[engines.far]\nkind = "vosk"\nmodel = "x"\nfoo = 1\n', ("engines.far.foo", "correct its name")),
        ('[engines.Far]\nkind = "whisper"\n', ("engines.Far", "pattern")),
        ('[engines.safe]\nkind = "fallback"\nof = ["far"]\n', ("engines.safe.of", "at least 2")),
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


def test_a_file_that_is_given_beats_the_one_that_the_environment_names(config: Path, tmp_path: Path) -> None:
    config.write_text("max_calls = 7\n", encoding="utf-8")
    given = tmp_path / "given.toml"
    given.write_text("max_calls = 8\n", encoding="utf-8")
    assert load_settings(given).max_calls == 8
    assert load_settings().max_calls == 7
    with pytest.raises(SettingsError, match=r"absent\.toml: there is no such file"):
        load_settings(tmp_path / "absent.toml")


def test_a_variable_reaches_into_a_table_and_leaves_the_rest_of_it(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("[sip]\nrtp_timeout_s = 5\nhold_timeout_s = 6\n", encoding="utf-8")
    monkeypatch.setenv("VOICE_GATEWAY_SIP__RTP_TIMEOUT_S", "9")
    monkeypatch.setenv("VOICE_GATEWAY_SIP__LISTEN", '["sip+udp://127.0.0.1:0"]')
    sip = load_settings().sip
    assert (sip.rtp_timeout_s, sip.hold_timeout_s, sip.listen) == (9, 6, ("sip+udp://127.0.0.1:0",))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("VOICE_GATEWAY_SIP__RTP_TIMEOUT_S", "0", "VOICE_GATEWAY_SIP__RTP_TIMEOUT_S"),
        ("VOICE_GATEWAY_SIP", '{"listen": ["x"]}', "VOICE_GATEWAY_SIP"),
        ("VOICE_GATEWAY_SIP__LISTEN", "sip+udp://127.0.0.1:5060", "write lists and tables as JSON"),
    ],
)
def test_a_bad_variable_of_a_table_is_named(name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=told):
        load_settings()


def test_a_file_that_is_no_text_is_one_clear_error(config: Path) -> None:
    config.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings()


def test_a_trunks_password_is_masked_when_printed(config: Path) -> None:
    config.write_text('[[sip.trunks]]\nname = "a"\nusername = "u"\npassword = "s3cret"\n', encoding="utf-8")
    assert "s3cret" not in repr(load_settings())


def test_the_example_for_production_can_be_read_and_reaches_no_further_than_this_machine() -> None:
    settings = load_settings(Path(__file__).parents[2] / "deploy" / "gateway.toml")
    assert settings.sip.listen
    assert {address.host for address in settings.sip.addresses} == {"127.0.0.1"}
    assert all(network.startswith(("127.", "::1")) for network in settings.sip.allow)
    assert settings.sip.trunks == ()
    defaults = type(settings)()
    changed = {name for name in type(settings).model_fields if getattr(settings, name) != getattr(defaults, name)}
    assert changed <= {"sip", "flows_dir"}, "it shows the defaults"
