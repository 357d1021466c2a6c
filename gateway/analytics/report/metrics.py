"""The live figures in Prometheus' words: a listener of calls' events, and the text that a scraper reads.

Labels are names of the configuration and of closed sets; never a number, a word of a caller, or an id of a call.
Exposition format: Prometheus text format 0.0.4, by `prometheus_client`.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway import events

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LATENCY_S = (0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
_RECOGNISE_S = (0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_SCORES = (1, 2, 3, 4, 5)
_CALL_S = (10, 20, 30, 60, 90, 120, 180, 300, 600, 1200, 1800)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_UNKNOWN = "unknown"
"""The hotline of a call whose beginning was not told, and whatever isn't shaped like a name."""
_REMEMBERED = 5000
"""Calls that have ended and whose hotline is still known: what is found in them may be told later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is no event, asked for at each scrape; each must answer at once, from any thread."""

    refused: Callable[[], Mapping[str, int]] | None = None
    """Calls that were not taken, by reason, since the process began."""
    load_step: Callable[[], int] | None = None
    """`gateway.speech.load.Step`: 0 (normal) to 4 (full)."""
    outbox_waiting: Callable[[], Mapping[str, int]] | None = None
    """Documents on their way, by sink."""
    outbox_dead: Callable[[], Mapping[str, int]] | None = None
    """Documents given up, by sink."""
    alerts: Callable[[], Iterable[tuple[str, str]]] | None = None
    """Figures that have crossed their line now: the alert's name and the hotline, empty for all together."""


class Metrics:
    """Counts what calls tell: an `Emit`, from any thread; never blocks, never raises for an event."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._hotlines: dict[str, str] = {}
        """Of the calls that are up, by id."""
        self._ended_lately: OrderedDict[str, str] = OrderedDict()
        self._define()

    def _define(self) -> None:
        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"voice_gateway_{name}", what, labels, registry=self.registry)

        def histogram(name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"voice_gateway_{name}", what, ("hotline",), buckets=buckets, registry=self.registry)

        self._started = counter("calls_started", "Calls that were answered.", "hotline", "transport")
        self._ended = counter("calls", "Calls that have ended.", "hotline", "disposition")
        self._running = Gauge("voice_gateway_calls_running", "Calls that are up.", ("hotline",), registry=self.registry)
        self._length = histogram("call_seconds", "Length of calls.", _CALL_S)
        self._turns = counter("turns", "Answers of callers.", "hotline", "kind", "outcome")
        self._latency = histogram("turn_latency_seconds", "From the end of an answer to the reply.", _LATENCY_S)
        self._recognise = histogram("recognise_seconds", "Time spent recognising an utterance.", _RECOGNISE_S)
        self._transfers = counter("transfers", "Humans that were asked for.", "hotline")
        self._transfer_failures = counter("transfer_failures", "Humans that could not be reached.", "hotline")
        self._flags = counter("flags", "Flags as they are raised, and again when more severe.", "flag", "severity")
        self._routes = counter("call_routes", "Calls by what was wanted.", "hotline", "route")
        self._tickets = counter("tickets", "Work orders that flows opened.", "hotline")
        self._lookups = counter("lookups", "Look-ups of the business back end.", "hotline", "result")
        self._scores = histogram("survey_score", "How content callers say they are, 1 to 5.", _SCORES)

    def ask(self, sources: Sources) -> None:
        """Tell with each scrape what these say as well; once."""
        self.registry.register(_Asked(sources))

    def __call__(self, event: events.Event) -> None:
        """Take one event of any call."""
        with self._lock:
            hotline = self._hotlines.get(event.call_id) or self._ended_lately.get(event.call_id, _UNKNOWN)
        match event:
            case events.CallStarted():
                self._begin(event)
            case events.CallEnded():
                self._end(event, hotline)
            case events.TurnFinished():
                self._turn(event.turn, hotline)
            case events.UtteranceHeard():
                self._recognise.labels(hotline).observe(event.recognise_ms / 1000)
            case events.TransferRequested():
                self._transfers.labels(hotline).inc()
            case events.TransferFailed():
                self._transfer_failures.labels(hotline).inc()
            case events.FlagRaised():
                self._flags.labels(_label(event.flag.flag), event.flag.severity).inc()
            case events.CallAnalyzed():
                self._routes.labels(hotline, _label(event.findings.route.route)).inc()
            case events.TicketOpened():
                self._tickets.labels(hotline).inc()
            case events.LookupFinished():
                self._lookups.labels(hotline, "ok" if event.ok else "failed").inc()
            case events.SurveyAnswered():
                self._scores.labels(hotline).observe(event.score)

    def text(self) -> bytes:
        """What a scraper reads, as `CONTENT_TYPE`."""
        return generate_latest(self.registry)

    def _begin(self, event: events.CallStarted) -> None:
        hotline = _label(event.flow)
        with self._lock:
            self._hotlines[event.call_id] = hotline
        self._started.labels(hotline, _label(event.transport)).inc()
        self._running.labels(hotline).inc()

    def _end(self, event: events.CallEnded, hotline: str) -> None:
        with self._lock:
            was_up = self._hotlines.pop(event.call_id, None) is not None
            self._ended_lately[event.call_id] = hotline
            if len(self._ended_lately) > _REMEMBERED:
                self._ended_lately.popitem(last=False)
        if was_up:
            self._running.labels(hotline).dec()
        self._ended.labels(hotline, event.disposition).inc()
        self._length.labels(hotline).observe(event.duration_ms / 1000)

    def _turn(self, turn: events.Turn, hotline: str) -> None:
        self._turns.labels(hotline, turn.kind, turn.outcome).inc()
        if turn.turn_latency_ms is not None:
            self._latency.labels(hotline).observe(turn.turn_latency_ms / 1000)


class _Asked(Collector):
    """What the sources say at the moment of a scrape."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """One family for each source there is."""
        sources = self._sources
        if sources.refused is not None:
            refused = CounterMetricFamily("voice_gateway_refused", "Calls that were not taken.", labels=["reason"])
            for reason, count in sources.refused().items():
                refused.add_metric([_label(reason)], count)
            yield refused
        if sources.load_step is not None:
            yield GaugeMetricFamily("voice_gateway_load_step", "0 normal to 4 full.", value=sources.load_step())
        for state, asked in (("waiting", sources.outbox_waiting), ("dead", sources.outbox_dead)):
            if asked is not None:
                family = GaugeMetricFamily(f"voice_gateway_outbox_{state}", f"Documents {state}.", labels=["sink"])
                for sink, count in asked().items():
                    family.add_metric([_label(sink)], count)
                yield family
        if sources.alerts is not None:
            crossed = GaugeMetricFamily(
                "voice_gateway_alert", "Figures that have crossed their line.", labels=["alert", "hotline"]
            )
            for alert, hotline in sources.alerts():
                crossed.add_metric([_label(alert), _label(hotline) if hotline else ""], 1)
            yield crossed


def _label(name: str) -> str:
    """A name of the configuration; anything else (a number, a word) is `unknown`."""
    return name if _NAME.fullmatch(name) else _UNKNOWN
