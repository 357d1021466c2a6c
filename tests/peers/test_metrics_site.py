"""A scraper reads the live figures over HTTP."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from gateway.analytics.report.metrics import CONTENT_TYPE, Metrics, Sources
from gateway.errors import TransportError
from gateway.scraping import MetricsSite
from tests.support.stored import StoredCall

pytestmark = pytest.mark.peers


def test_the_figures_of_calls_and_of_the_service_are_there() -> None:
    metrics = Metrics()
    metrics.ask(Sources(load_step=lambda: 2, alerts=lambda: [("failure_high", "")]))
    for event in StoredCall("c").says("查话费").ends().events:
        metrics(event)

    async def scrape() -> httpx.Response:
        site = MetricsSite("127.0.0.1:0", metrics.text)
        await site.start()
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(site.address)
            assert (await client.get(site.address.replace("/metrics", "/other"))).status_code == 404
        await site.stop()
        await site.stop()
        assert site.address == ""
        return answer

    answer = asyncio.run(scrape())
    assert answer.headers["content-type"] == CONTENT_TYPE
    lines = answer.text.splitlines()
    assert 'voice_gateway_calls_total{disposition="abandoned",hotline="small"} 1.0' in lines
    assert "voice_gateway_load_step 2.0" in lines
    assert 'voice_gateway_alert{alert="failure_high",hotline=""} 1.0' in lines


def test_an_address_that_is_taken_is_told_with_the_setting() -> None:
    async def twice() -> None:
        first = MetricsSite("127.0.0.1:0", bytes)
        await first.start()
        taken = first.address.removeprefix("http://").removesuffix("/metrics")
        try:
            await MetricsSite(taken, bytes).start()
        finally:
            await first.stop()

    with pytest.raises(TransportError, match=r"metrics\.listen: 127\.0\.0\.1"):
        asyncio.run(twice())
