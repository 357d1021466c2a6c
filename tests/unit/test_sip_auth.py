"""Who may call: digests that are right, wrong, too old or used before, addresses, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from aiosipua import SipRequest
from aiosipua.auth import SipDigestAuth, build_credentials
from aiosipua.headers import parse_auth, stringify_auth

from gateway.transport.sip import auth
from gateway.transport.sip.auth import NONCE_LIFE_S, Admitted, Challenged, DoorKeeper, Forbidden, Verdict
from gateway.transport.sip.config import SipConfig

pytestmark = pytest.mark.unit

STRANGER = "198.51.100.9"
URI = "sip:10086@192.0.2.1"
PBX = {"name": "pbx", "username": "pbx", "password": "secret"}
SHOP = {"name": "shop", "username": "商店", "password": "pa:ss"}


class Door:
    """A door keeper with a clock, and a caller who knows how to answer."""

    def __init__(self, *trunks: dict[str, Any], allow: tuple[str, ...] = (), realm: str = "voice-gateway") -> None:
        self.now_s = 1_000_000.0
        config = SipConfig.model_validate({"trunks": trunks, "allow": allow, "realm": realm})
        self.keeper = DoorKeeper(config, lambda: self.now_s)

    def knock(self, *authorizations: str, source: str = STRANGER, method: str = "INVITE") -> Verdict:
        """Try to call."""
        request = SipRequest(method=method, uri=URI)
        for value in authorizations:
            request.headers.append("Authorization", value)
        return self.keeper.decide(request, source)

    def challenge(self, algorithm: str = "MD5", source: str = STRANGER) -> str:
        """What is asked of a caller."""
        verdict = self.knock(source=source)
        assert isinstance(verdict, Challenged)
        return next(one for one in verdict.challenges if f"algorithm={algorithm}," in one)


def proof(challenge: str, user: str = "pbx", password: str = PBX["password"], **other: Any) -> str:
    """The answer to a challenge, of a `method`, used for the `count`th time, some of it replaced."""
    method, count = other.pop("method", "INVITE"), other.pop("count", 1)
    credentials = build_credentials(
        SipDigestAuth(user, password), parse_auth(challenge), method, URI, nonce_count=count
    )
    assert credentials is not None
    credentials.params |= other
    return stringify_auth(credentials)


def trunk_of(verdict: Verdict) -> str | None:
    """Of whom was let in; empty for an address that is allowed; None for others."""
    if not isinstance(verdict, Admitted):
        return None
    return verdict.trunk.name if verdict.trunk else ""


# -------------------------------------------------------------------------------------------------------------- digests


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_right_password_opens(algorithm: str) -> None:
    door = Door(PBX, SHOP)
    assert trunk_of(door.knock(proof(door.challenge(algorithm)))) == "pbx"
    assert trunk_of(door.knock(proof(door.challenge(algorithm), "商店", "pa:ss"))) == "shop"


def test_both_algorithms_are_offered_the_common_one_first() -> None:
    verdict = Door(PBX).knock()
    assert isinstance(verdict, Challenged)
    asked = [parse_auth(one) for one in verdict.challenges]
    assert [one.params["algorithm"] for one in asked] == ["MD5", "SHA-256"]
    assert {(one.scheme, one.params["realm"], one.params["qop"]) for one in asked} == {
        ("Digest", "voice-gateway", "auth")
    }
    assert "stale" not in asked[0].params


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "guess"},
        {"user": "nobody"},
        {"user": ""},
        {"method": "REGISTER"},
        {"realm": "elsewhere"},
        {"uri": "sip:other@192.0.2.1"},
        {"response": "0" * 32},
        {"response": ""},
        {"qop": "auth-int"},
        {"qop": ""},
        {"algorithm": "MD5-sess"},
        {"algorithm": "SHA-256"},
        {"nc": "00000002"},
        {"cnonce": "other"},
    ],
)
def test_anything_wrong_is_asked_again_and_not_called_stale(wrong: dict[str, str]) -> None:
    door = Door(PBX)
    verdict = door.knock(proof(door.challenge(), **wrong))
    assert isinstance(verdict, Challenged)
    assert "stale" not in verdict.challenges[0]


@pytest.mark.parametrize(
    "value", ["", "Digest", "Basic cGJ4OnNlY3JldA==", 'Digest realm="voice-gateway"', "NoOneKnows x=1"]
)
def test_what_is_no_proof_is_asked_again(value: str) -> None:
    assert isinstance(Door(PBX).knock(value), Challenged)


def test_a_proof_for_another_realm_beside_the_right_one_does_no_harm() -> None:
    door = Door(PBX)
    challenge = door.challenge()
    other = proof(challenge.replace("voice-gateway", "elsewhere"))
    assert trunk_of(door.knock(other, proof(challenge))) == "pbx"


def test_a_proof_is_good_once_for_each_count() -> None:
    door = Door(PBX)
    challenge = door.challenge()
    first = proof(challenge)
    assert trunk_of(door.knock(first)) == "pbx"
    again = door.knock(first)
    assert isinstance(again, Challenged)
    assert "stale=true" in again.challenges[0]
    assert trunk_of(door.knock(proof(challenge, count=5))) == "pbx"
    assert trunk_of(door.knock(proof(challenge, count=4))) is None
    assert trunk_of(door.knock(proof(challenge, count=6))) == "pbx"


def test_an_old_nonce_is_called_stale() -> None:
    door = Door(PBX)
    challenge = door.challenge()
    door.now_s += NONCE_LIFE_S
    assert trunk_of(door.knock(proof(challenge))) == "pbx"
    door.now_s += 1
    verdict = door.knock(proof(challenge, count=2))
    assert isinstance(verdict, Challenged)
    assert "stale=true" in verdict.challenges[0]
    assert trunk_of(door.knock(proof(verdict.challenges[0]))) == "pbx"


@pytest.mark.parametrize(
    "nonce", ["", "x", ".", "f4240.", "f4240.00112233445566778899", "f" * 4000 + ".0011223344556677", "-1.0", "嗯.嗯"]
)
def test_a_nonce_that_we_did_not_give_is_no_good_with_the_right_password(nonce: str) -> None:
    door = Door(PBX)
    made_up = f'Digest realm="voice-gateway", nonce="{nonce or " "}", algorithm=MD5, qop="auth"'
    assert isinstance(door.knock(proof(made_up)), Challenged)


@pytest.mark.parametrize("count", ["", "x", "0", "-1", "00000000"])
def test_a_count_that_is_none_is_no_good(count: str) -> None:
    door = Door(PBX)
    nonce = parse_auth(door.challenge()).params["nonce"]
    assert not door.keeper._digest._fresh(nonce, count)
    assert door.keeper._digest._fresh(nonce, "00000001")


def test_another_gateways_nonce_is_no_good() -> None:
    assert isinstance(Door(PBX).knock(proof(Door(PBX).challenge())), Challenged)


def test_what_is_remembered_of_nonces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "MAX_NONCES", 3)
    door = Door(PBX)
    for _ in range(5):
        door.knock(proof(door.challenge()))
    assert len(door.keeper._digest._used) == 3


# ------------------------------------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("source", "trunk"),
    [
        ("192.0.2.7", "carrier"),
        ("::ffff:192.0.2.7", "carrier"),  # an IPv4 caller on an IPv6 socket
        ("2001:db8::7", "carrier"),
        ("203.0.113.5", ""),
        ("fe80::1%eth0", ""),
        (STRANGER, None),
        ("::1", None),
        ("127.0.0.1", None),
    ],
)
def test_addresses_open_what_the_settings_say_and_nothing_else(source: str, trunk: str | None) -> None:
    carrier = {"name": "carrier", "addresses": ("192.0.2.0/24", "2001:db8::/32")}
    door = Door(carrier, allow=("203.0.113.0/24", "fe80::/10"))
    verdict = door.knock(source=source)
    assert trunk_of(verdict) == trunk
    assert isinstance(verdict, Forbidden) is (trunk is None)
    assert door.keeper.knows(source) is (trunk is not None)


def test_by_default_nobody_beyond_this_machine_is_known() -> None:
    keeper = DoorKeeper(SipConfig())
    assert keeper.knows("127.0.0.1")
    assert keeper.knows("::ffff:127.0.0.1")
    assert not keeper.knows(STRANGER)


def test_a_trunk_with_an_address_and_a_password_needs_both() -> None:
    both = PBX | {"addresses": ("192.0.2.0/24",)}
    door = Door(both)
    assert isinstance(door.knock(), Forbidden)
    challenge = door.challenge(source="192.0.2.7")
    assert isinstance(door.knock(proof(challenge)), Forbidden)
    assert trunk_of(door.knock(proof(challenge), source="192.0.2.7")) == "pbx"


def test_at_one_trunks_address_another_trunks_password_is_no_good() -> None:
    door = Door(PBX | {"addresses": ("192.0.2.0/24",)}, SHOP)
    challenge = door.challenge(source="192.0.2.7")
    assert isinstance(door.knock(proof(challenge, "商店", "pa:ss"), source="192.0.2.7"), Challenged)
    assert trunk_of(door.knock(proof(door.challenge(), "商店", "pa:ss"))) == "shop"


def test_an_allowed_address_needs_no_password_although_there_are_trunks_with_one() -> None:
    door = Door(PBX, allow=("203.0.113.0/24",))
    assert trunk_of(door.knock(source="203.0.113.5")) == ""
    assert door.keeper.knows(STRANGER)  # it may try
