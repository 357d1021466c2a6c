"""What a try comes to, when the next one is, and when a sink is left alone: all without a clock of its own."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError

from gateway.delivery.config import DeliveryConfig
from gateway.delivery.signature import content_digest, secret_bytes, signature
from gateway.delivery.tries import (
    LONGEST_PAUSE_S,
    LONGEST_RETRY_AFTER_S,
    OK,
    REFUSALS,
    TRIPS_AT,
    Breaker,
    Outcome,
    Patience,
    Verdict,
    settled,
)
from gateway.store.outbox import DEAD, DELIVERED, LONGEST_WAIT, WAITING, Parcel

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
PATIENCE = Patience(at_once=4, max_attempts=10)
FAILED = Outcome(Verdict.FAILED, "answered 503")
REFUSED = Outcome(Verdict.REFUSED, "answered 401")


def parcel(attempts: int = 0) -> Parcel:
    return Parcel(id=1, call_id="c1", topic="call", key="c1/call", body={}, attempts=attempts)


def always(share: float):
    return lambda: share


def test_waits_double_up_to_a_limit_and_chance_halves_them_at_most() -> None:
    longest = [PATIENCE.wait_s(attempts, always(1.0)) for attempts in range(1, 13)]
    assert longest[:4] == [1.0, 2.0, 4.0, 8.0]
    assert longest[-1] == 900.0
    assert [PATIENCE.wait_s(attempts, always(0.0)) for attempts in range(1, 13)] == [wait / 2 for wait in longest]
    assert PATIENCE.wait_s(10_000, always(1.0)) == 900.0


def test_what_arrived_is_delivered() -> None:
    result = settled(parcel(attempts=3), OK, PATIENCE, NOW, always(1.0))
    assert (result.state, result.attempts, result.error) == (DELIVERED, 3, "")


def test_what_failed_waits_until_it_is_given_up() -> None:
    result = settled(parcel(attempts=2), FAILED, PATIENCE, NOW, always(1.0))
    assert (result.state, result.attempts, result.next_at) == (WAITING, 3, NOW + timedelta(seconds=4))
    assert settled(parcel(attempts=8), FAILED, PATIENCE, NOW, always(1.0)).state == WAITING
    assert settled(parcel(attempts=9), FAILED, PATIENCE, NOW, always(1.0)).state == DEAD
    assert settled(parcel(attempts=9_999), FAILED, Patience(), NOW, always(1.0)).state == WAITING


def test_what_is_refused_is_given_up_after_a_few_tries_and_what_is_hopeless_at_once() -> None:
    assert settled(parcel(attempts=REFUSALS - 2), REFUSED, PATIENCE, NOW, always(1.0)).state == WAITING
    assert settled(parcel(attempts=REFUSALS - 1), REFUSED, PATIENCE, NOW, always(1.0)).state == DEAD
    hopeless = settled(parcel(), Outcome(Verdict.HOPELESS, "answered 410"), PATIENCE, NOW, always(1.0))
    assert (hopeless.state, hopeless.attempts, hopeless.error) == (DEAD, 1, "answered 410")


@pytest.mark.parametrize(("wish_s", "wait_s"), [(0.0, 1.0), (30.0, 30.0), (1e9, LONGEST_RETRY_AFTER_S), (None, 1.0)])
def test_a_receiver_may_ask_for_more_patience_but_not_for_ever(wish_s: float | None, wait_s: float) -> None:
    outcome = Outcome(Verdict.FAILED, "answered 429", wish_s)
    next_at = settled(parcel(), outcome, PATIENCE, NOW, always(1.0)).next_at
    assert next_at == NOW + timedelta(seconds=wait_s)
    assert next_at - NOW < LONGEST_WAIT


def test_a_sink_is_left_alone_once_several_documents_failed_in_a_row() -> None:
    breaker = Breaker(PATIENCE, always(1.0))
    for number in range(TRIPS_AT):
        assert (breaker.tripped, breaker.slots(0.0)) == (False, 4)
        breaker.note(f"k{number}", FAILED, 0.0)
    assert breaker.tripped
    assert (breaker.slots(0.0), breaker.pause_s(0.0)) == (0, 1.0)
    assert breaker.slots(1.0) == 1  # one, to see how it is
    breaker.note("k0", FAILED, 1.0)
    assert breaker.pause_s(1.0) == 2.0
    for _ in range(20):
        breaker.note("k0", FAILED, 100.0)
    assert breaker.pause_s(100.0) == LONGEST_PAUSE_S
    breaker.note("k1", OK, 200.0)
    assert (breaker.tripped, breaker.slots(200.0)) == (False, 4)


def test_one_document_that_fails_for_ever_stops_no_other() -> None:
    breaker = Breaker(PATIENCE, always(1.0))
    for _ in range(50):
        breaker.note("poison", FAILED, 0.0)
    assert breaker.slots(0.0) == 4


def test_a_document_that_is_no_good_says_that_the_sink_is_there() -> None:
    breaker = Breaker(PATIENCE, always(1.0))
    for number in range(TRIPS_AT):
        breaker.note(f"k{number}", REFUSED, 0.0)
    assert breaker.tripped
    breaker.note("k9", Outcome(Verdict.HOPELESS), 5.0)
    assert not breaker.tripped


def test_a_wish_for_patience_holds_for_the_whole_sink() -> None:
    breaker = Breaker(PATIENCE, always(1.0))
    breaker.note("k", Outcome(Verdict.FAILED, "answered 429", 30.0), 0.0)
    assert (breaker.slots(29.0), breaker.slots(30.0)) == (0, 4)


# ------------------------------------------------------------------------------------------------------------ signature


def test_a_signature_is_that_of_the_published_scheme() -> None:
    """The example of the specification of Standard Webhooks."""
    key = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_digest_is_that_of_the_rfc() -> None:
    """The example of RFC 9530, appendix D."""
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


@pytest.mark.parametrize("secret", ["short", "whsec_", "whsec_AAAA", "whsec_no base64 at all, none", "", "\ud800" * 20])
def test_a_secret_that_could_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="openssl"):
        secret_bytes(secret)


# ------------------------------------------------------------------------------------------------------------- settings

CRM = '[sinks.crm]\nkind = "webhook"\nurl = "https://crm.example/hook"\nsecret = "sixteen characters"\n'


def test_settings_are_read_and_their_secrets_are_not_shown() -> None:
    text = (
        f'caller_number = "hashed"\nnumber_key = "another sixteen."\n{CRM}headers = {{Authorization = "Bearer x1"}}\n'
    )
    text += '[sinks.archive]\nkind = "files"\ndirectory = "out"\ntopics = ["call"]\n'
    config = DeliveryConfig.model_validate(tomllib.loads(text))
    assert config.topics == {"call", "event"}
    assert config.sinks["archive"].topics == ("call",)
    assert config.sinks["crm"].headers["Authorization"] == SecretStr("Bearer x1")
    for secret in ("sixteen", "Bearer"):
        assert secret not in repr(config)
    assert not DeliveryConfig().topics


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CRM.replace("https://crm", "ftp://crm"), "not the address of a receiver"),
        (CRM.replace("https://crm", "https://me:pw@crm"), "use headers instead"),
        (CRM.replace("sixteen characters", "short"), "openssl"),
        (CRM + "retries = 3\n", "Extra inputs"),
        (CRM + 'topics = ["calls"]\n', "'call' or 'event'"),
        (CRM + "topics = []\n", "at least 1"),
        (CRM + "timeout_s = 0\n", "0.1"),
        (CRM + "first_retry_s = 5\nlongest_retry_s = 1\n", "shorter than first_retry_s"),
        (CRM + 'headers = {Webhook-Id = "x"}\n', "is set by the gateway"),
        (CRM + 'headers = {"a b" = "x"}\n', "is no header"),
        (CRM + 'headers = {Token = "中"}\n', "ASCII"),
        (CRM + 'headers = {Token = "a\\nb"}\n', "more than a line"),
        (CRM.replace("sinks.crm", "sinks.CRM"), "pattern"),
        (CRM.replace('kind = "webhook"', 'kind = "web"'), "'webhook'"),
        ('caller_number = "hashed"\n', "needs number_key"),
        ("keep_days = -1\n", "greater than or equal to 0"),
    ],
)
def test_a_bad_setting_is_refused_and_said_why(text: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DeliveryConfig.model_validate(tomllib.loads(text))
    assert words in str(caught.value)
    assert "sixteen characters" not in str(caught.value)
