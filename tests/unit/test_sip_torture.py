"""The messages of RFC 4475, each sent as it is to the whole signalling: how it is answered, and what it leaves."""

from __future__ import annotations

import pytest

from tests.support.rfc4475 import CASES, DROPPED
from tests.support.sip import Caller, Exchange, until_over

pytestmark = pytest.mark.unit


def sent_to(exchange: Exchange, message: bytes) -> int:
    """The final status it is answered with, or DROPPED."""
    exchange.receive(message)
    statuses = [getattr(one, "status_code", 0) for one in exchange.wire.new()]
    return max(statuses, default=DROPPED)


@pytest.mark.parametrize("name", CASES)
def test_each_is_answered_as_the_rfc_wants_or_allows(name: str) -> None:
    assert sent_to(Exchange(), CASES[name].message) == CASES[name].done


@pytest.mark.parametrize("name", CASES)
def test_after_each_a_probe_is_answered_and_in_the_end_nothing_is_left(name: str) -> None:
    exchange = Exchange()
    sent_to(exchange, CASES[name].message)
    caller = Caller(exchange)
    assert caller.send(caller.build("OPTIONS", dialog=False)) == ["200 OPTIONS"]
    until_over(exchange)
    assert exchange.left() == []


def test_all_of_them_at_once_leave_nothing_either() -> None:
    exchange = Exchange()
    for case in CASES.values():
        exchange.receive(case.message)
        exchange.timers.advance(50)
    caller = Caller(exchange)
    exchange.wire.new()
    assert caller.send(caller.build("OPTIONS", dialog=False)) == ["200 OPTIONS"]
    until_over(exchange)
    assert exchange.left() == []


def test_the_420_names_what_is_not_supported() -> None:
    exchange = Exchange()
    sent_to(exchange, CASES["bext01"].message)
    assert exchange.wire.last("420 OPTIONS").headers.get("unsupported") == [
        "nothingsupportsthis",
        "nothingsupportsthiseither",
    ]
