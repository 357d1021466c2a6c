"""The table `[sip]`: what is taken, and what each mistake is told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.transport.sip.config import ListenAddress, SipConfig

pytestmark = pytest.mark.unit

TRUNK = {"name": "carrier", "addresses": ["192.0.2.0/24"]}
REGISTRATION = {"address": "sip:10086@pbx.example.com", "registrar": "192.0.2.50:5060"}


def problem(**given: Any) -> str:
    """What is said about a mistake."""
    with pytest.raises(ValidationError) as caught:
        SipConfig.model_validate(given)
    return str(caught.value.errors()[0]["msg"])


def test_nothing_listens_and_nobody_beyond_this_machine_may_call_unless_it_is_said() -> None:
    config = SipConfig()
    assert (config.listen, config.allow, config.trunks) == ((), ("127.0.0.0/8", "::1/128"), ())
    assert config.port_range == range(20_000, 22_000)
    assert config.codecs[0] == "PCMA"


def test_addresses_are_read() -> None:
    config = SipConfig(listen=("sip+udp://127.0.0.1:5060", "sip+tcp://[::1]:0"), advertised_address="voice.example.com")
    assert config.addresses == (
        ListenAddress(transport="udp", host="127.0.0.1", port=5060),
        ListenAddress(transport="tcp", host="::1", port=0),
    )


def test_passwords_are_masked_when_they_are_shown() -> None:
    trunk = {"name": "pbx", "username": "pbx", "password": "s3cret"}
    config = SipConfig.model_validate({"trunks": [trunk], "registrations": [REGISTRATION | trunk_user("s3cret")]})
    assert "s3cret" not in repr(config) + config.model_dump_json()


def trunk_user(password: str) -> dict[str, str]:
    """Who we are at a registrar."""
    return {"username": "10086", "password": password}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"listen": ["127.0.0.1:5060"]}, "is no address; write sip+udp://127.0.0.1:5060"),
        ({"listen": ["sip+udp://localhost:5060"]}, "is no address; write"),
        ({"listen": ["sip+udp://127.0.0.1"]}, "is no address; write"),
        ({"listen": ["sip+udp://127.0.0.1:70000"]}, "is no address; write"),
        ({"listen": ["sip+ws://127.0.0.1:5060"]}, "is no address; write"),
        ({"listen": ["sip+udp://127.0.0.999:5060"]}, "is no IP address; names are not looked up here"),
        ({"listen": ["sip+udp://0.0.0.0:5060"]}, "needs advertised_address"),
        ({"listen": ["sip+udp://[::]:5060"]}, "needs advertised_address"),
        ({"listen": ["sip+udp://[::]:5060"], "advertised_address": "203.0.113.5"}, "needs advertised_address"),
        ({"listen": ["sip+tls://127.0.0.1:5061"]}, "needs tls_certificate and tls_key"),
        ({"listen": ["sip+tls://127.0.0.1:5061"], "tls_key": "k.pem"}, "needs tls_certificate and tls_key"),
        ({"advertised_address": "not a host"}, "neither an IP address nor a host name"),
        ({"advertised_address": "a\r\nX: y"}, "neither an IP address nor a host name"),
        ({"allow": ["example.com"]}, "is no address or network; write 192.0.2.10 or 192.0.2.0/24"),
        ({"allow": ["192.0.2.1/24"]}, "is no address or network; write"),
        ({"trunks": [{"name": "a"}]}, "needs addresses or a username, or anybody could call on it"),
        ({"trunks": [{"name": "a", "username": "u"}]}, "needs both username and password, or neither"),
        ({"trunks": [TRUNK | {"password": "p"}]}, "needs both username and password, or neither"),
        ({"trunks": [TRUNK, TRUNK]}, "two trunks have the same name"),
        ({"trunks": [TRUNK | {"name": "browser"}]}, "that is the line of calls from browsers"),
        ({"trunks": [TRUNK | {"max_calls": 0}]}, "greater than or equal to 1"),
        ({"trunks": [TRUNK | {"colour": "red"}]}, "Extra inputs are not permitted"),
        ({"registrations": [REGISTRATION | {"address": "10086"}]}, "is no SIP address; write sip:agents@192.0.2.20"),
        ({"registrations": [REGISTRATION | {"registrar": "pbx.example.com:5060"}]}, "no address with a port"),
        ({"registrations": [REGISTRATION | {"username": "u"}]}, "needs both username and password, or neither"),
        ({"registrations": [REGISTRATION | {"registrar": "192.0.2.50:99999"}]}, "no address with a port"),
        ({"registrations": [REGISTRATION | {"registrar": "192.0.2.999:5060"}]}, "is no IP address"),
        ({"realm": ""}, "at least 1 character"),
        ({"realm": 'a"b'}, "should match pattern"),
        ({"realm": "a\r\nb"}, "should match pattern"),
        ({"rtp_ports": "20000"}, "is no range of ports"),
        ({"rtp_ports": "20000-20000"}, "is no range of ports between 1024 and 65535"),
        ({"rtp_ports": "1000-2000"}, "is no range of ports"),
        ({"rtp_ports": "60000-70000"}, "is no range of ports"),
        ({"rtp_ports": "21000-20000"}, "is no range of ports"),
        ({"min_se_s": 2000}, "min_se_s may not be longer than session_expires_s"),
        ({"session_expires_s": 60}, "greater than or equal to 90"),
        ({"codecs": []}, "at least 1 item"),
        ({"codecs": ["G729"]}, "Input should be"),
        ({"codecs": ["PCMA", "PCMA"]}, "twice"),
        ({"ptime_ms": 15}, "Input should be"),
        ({"srtp": "maybe"}, "Input should be"),
        ({"queues": {"general": "agents"}}, "is no SIP address; write sip:agents@192.0.2.20"),
        ({"queues": {"general": "sip:a@b\r\nX: y"}}, "is no SIP address"),
        ({"queues": {"general": "sip:a@b?Replaces=x"}}, "is no SIP address"),
        ({"answer_after_ms": -1}, "greater than or equal to 0"),
        ({"calls_per_second": 0}, "greater than 0"),
        ({"hold_timeout": 5}, "Extra inputs are not permitted"),
    ],
)
def test_each_mistake_is_told(given: dict[str, Any], said: str) -> None:
    assert said in problem(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"queues": {"general": "sip:agents@192.0.2.20;transport=tcp", "*": "sips:[2001:db8::1]:5061"}},
        {"allow": ["192.0.2.10", "2001:db8::/32"]},
        {"listen": ["sip+udp://0.0.0.0:5060"], "advertised_address": "203.0.113.5"},
        {"listen": ["sip+tls://127.0.0.1:5061"], "tls_certificate": "c.pem", "tls_key": "k.pem"},
        {"trunks": [TRUNK, {"name": "pbx", "username": "u", "password": "p"}]},
        {"registrations": [REGISTRATION | {"registrar": "[2001:db8::1]:5060"} | trunk_user("p")]},
        {"rtp_ports": "20001-20003"},
    ],
)
def test_what_is_right_is_taken(given: dict[str, Any]) -> None:
    assert SipConfig.model_validate(given)


def test_an_advertised_address_is_for_the_addresses_of_its_family_and_a_name_for_all() -> None:
    by_address = SipConfig(advertised_address="203.0.113.5")
    by_name = SipConfig(advertised_address="voice.example.com")
    assert (by_address.advertised("0.0.0.0"), by_address.advertised("::1")) == ("203.0.113.5", None)  # noqa: S104
    assert by_name.advertised("::") == by_name.advertised("192.0.2.1") == "voice.example.com"
