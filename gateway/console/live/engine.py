"""How the engine is, as a gateway tells Prometheus: how far recognition is behind, and what waits to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from prometheus_client.parser import text_string_to_metric_families

ANSWERS_WITHIN_S = 2.0
MOST_BYTES = 2_000_000
STEPS = ("正常", "只在说完后识别", "识别从简", "不再识别，请来电者按键", "满载，不接新电话")
"""What each step of `gateway.speech.load.Step` gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """One answer. What a gateway doesn't tell is None, or empty."""

    error: str = ""
    """Why there is no answer, in Chinese."""
    load_step: int | None = None
    """0 (normal) to 4 (full)."""
    running: int | None = None
    """Calls that are up."""
    recognise_s: float | None = None
    """The mean time that an utterance took, of those since the answer before; of all at the first."""
    recognised: int | None = None
    """How many those were."""
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Documents on their way, by sink."""
    dead: Mapping[str, int] = field(default_factory=dict)
    """Documents that were given up, by sink."""


class Engine:
    """Asks one gateway.

    Args:
        url: of its metrics: http://127.0.0.1:9464/metrics.
        transport: how it is asked, for tests.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport
        self._before = (0.0, 0.0)
        """Seconds and utterances that the last answer told."""

    async def ask(self) -> EngineState:
        """How it is now; never raises."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                text = await self._fetch()
            return self._state(text)
        except (httpx.HTTPError, TimeoutError):
            return EngineState(error="网关没有应答")
        except (ValueError, OSError):
            return EngineState(error="网关的应答读不懂")

    async def _fetch(self) -> str:
        body = bytearray()
        async with (
            httpx.AsyncClient(timeout=ANSWERS_WITHIN_S, transport=self._transport, trust_env=False) as client,
            client.stream("GET", self._url) as answer,
        ):
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise ValueError("too long")
        return body.decode()

    def _state(self, text: str) -> EngineState:
        totals: dict[str, float] = {}
        by_sink: dict[str, dict[str, int]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                name = sample.name.removeprefix("voice_gateway_")
                totals[name] = totals.get(name, 0.0) + sample.value
                if "sink" in sample.labels:
                    by_sink.setdefault(name, {})[sample.labels["sink"]] = int(sample.value)
        if not totals:
            raise ValueError("no metrics")
        seconds, count = self._since_before(totals)
        step, running = totals.get("load_step"), totals.get("calls_running")
        return EngineState(
            load_step=None if step is None else int(step),
            running=None if running is None else int(running),
            recognise_s=seconds / count if count else None,
            recognised=int(count),
            waiting=by_sink.get("outbox_waiting", {}),
            dead=by_sink.get("outbox_dead", {}),
        )

    def _since_before(self, totals: Mapping[str, float]) -> tuple[float, float]:
        now = totals.get("recognise_seconds_sum", 0.0), totals.get("recognise_seconds_count", 0.0)
        before = self._before if now[1] >= self._before[1] else (0.0, 0.0)  # smaller: the gateway began anew
        self._before = now
        return now[0] - before[0], now[1] - before[1]
