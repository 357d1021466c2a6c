"""What calls tell becomes what Prometheus reads; read back by its own parser."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway import events
from gateway.analytics.report.metrics import Metrics, Sources
from gateway.findings import CallFindings, CallMood, Flag, Route
from tests.support.stored import CALLER, StoredCall

pytestmark = pytest.mark.unit


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Name and label values, in the order of the labels' names -> value."""
    families = text_string_to_metric_families(metrics.text().decode())
    found = [one for family in families for one in family.samples if not one.name.endswith("_created")]
    return {
        (one.name.removeprefix("voice_gateway_"), *(one.labels[name] for name in sorted(one.labels))): one.value
        for one in found
    }


def tell(metrics: Metrics, *calls: StoredCall) -> None:
    for call in calls:
        for event in call.events:
            metrics(event)


def test_calls_are_up_until_they_end():
    metrics, call = Metrics(), StoredCall("a")
    tell(metrics, call, StoredCall("b"))
    assert samples(metrics)["calls_running", "small"] == 2
    metrics(call.says("查话费", matched="balance").ends("completed", "completed").events[-1])
    found = samples(metrics)
    assert found["calls_running", "small"] == 1
    assert found["calls_started_total", "small", "loopback"] == 2
    assert found["calls_total", "completed", "small"] == 1
    assert found["call_seconds_sum", "small"] == pytest.approx(2.72)


def test_turns_their_latency_and_transfers_are_counted():
    metrics = Metrics()
    tell(metrics, StoredCall("a").says("查话费", matched="balance").says("哦").silent())
    metrics(events.TransferRequested(call_id="a", at_ms=1.0, queue="q", handed_over={"number": CALLER}))
    metrics(events.TransferFailed(call_id="a", at_ms=2.0, queue="q", reason="486"))
    metrics(
        events.UtteranceHeard(
            call_id="a", at_ms=1.0, text="查话费", confidence=0.9, rejected=None, start_ms=0, end_ms=1, recognise_ms=250
        )
    )
    found = samples(metrics)
    assert found["turns_total", "small", "speech", "accept"] == 1
    assert found["turns_total", "small", "speech", "no_match"] == 1
    assert found["turns_total", "small", "silence", "no_input"] == 1
    assert found["turn_latency_seconds_count", "small"] == 2
    assert found["turn_latency_seconds_bucket", "small", "0.8"] == 0
    assert found["turn_latency_seconds_bucket", "small", "1.0"] == 2
    assert found["recognise_seconds_sum", "small"] == 0.25
    assert (found["transfers_total", "small"], found["transfer_failures_total", "small"]) == (1, 1)


def test_what_is_found_after_the_end_still_counts_for_its_hotline():
    metrics = Metrics()
    tell(metrics, StoredCall("a").ends())
    flag = Flag(flag="regulator", title="监管", severity="high", at_ms=0.0)
    metrics(events.FlagRaised(call_id="a", at_ms=0.0, flag=flag))
    route = Route(route="roaming", probability=0.9, skill_group="roaming")
    mood = CallMood(polarity="neutral", anger=0, at_end="neutral", trend="steady")
    findings = CallFindings(route=route, mood=mood, flags=(flag,), turns=())
    metrics(events.CallAnalyzed(call_id="a", at_ms=0.0, findings=findings))
    found = samples(metrics)
    assert found["flags_total", "regulator", "high"] == 1
    assert found["call_routes_total", "small", "roaming"] == 1


def test_what_is_no_event_is_asked_for_at_each_scrape():
    refused, waiting = {"busy": 2, "full": 1}, {"webhook": 3}
    sources = Sources(
        refused=lambda: refused, load_step=lambda: 2, outbox_waiting=lambda: waiting, outbox_dead=lambda: {"file": 1}
    )
    metrics = Metrics()
    metrics.ask(sources)
    found = samples(metrics)
    assert (found["refused_total", "busy"], found["load_step",], found["outbox_waiting", "webhook"]) == (2, 2, 3)
    assert found["outbox_dead", "file"] == 1
    refused["busy"] = 5
    assert samples(metrics)["refused_total", "busy"] == 5


def test_labels_hold_no_numbers_and_no_words():
    """Not even where a flow or a flag is called so."""
    metrics = Metrics()
    tell(metrics, StoredCall("13812345678").says("我的号码是13812345678").fills("number", "13812345678").ends())
    flag = Flag(flag="要投诉你们", title="投诉", severity="low", at_ms=0.0)
    metrics(events.FlagRaised(call_id="13812345678", at_ms=0.0, flag=flag))
    text = metrics.text().decode()
    assert text.isascii()
    assert not re.search(r"\d{8,}", re.sub(r"(?m)^\S+_created.*$", "", text))
    assert samples(metrics)["flags_total", "unknown", "low"] == 1


def test_an_event_of_a_call_whose_beginning_was_not_told_is_of_an_unknown_hotline():
    metrics = Metrics()
    tell(metrics, StoredCall("a").ends())
    other = Metrics()
    other(StoredCall("a").ends().events[-1])
    assert samples(other)["calls_total", "abandoned", "unknown"] == 1
    assert ("calls_running", "unknown") not in samples(other)
