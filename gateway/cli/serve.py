"""voice-gateway serve: takes calls from the telephone and from browsers until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext, suppress
from pathlib import Path
from typing import Annotated, Literal, Protocol

import typer

from gateway.analytics.report import Thresholds
from gateway.analytics.report.metrics import Metrics, Sources
from gateway.app import Gateway, settle
from gateway.cli.console_beside import ConsoleBeside
from gateway.errors import SettingsError, StoreError
from gateway.privacy import setup_logging
from gateway.reload import LiveHotline
from gateway.scraping import MetricsSite
from gateway.service import Service, hotlines_wanted
from gateway.settings import CONFIG_VARIABLE, Settings, load_settings
from gateway.store import letters
from gateway.upkeep import FigureWatch, Upkeep, jobs_of

log = logging.getLogger(__name__)

CONFIG_HERE = Path("gateway.toml")


def serve(
    config: Annotated[
        Path | None,
        typer.Option(help=f"Settings; else ${CONFIG_VARIABLE}, else ./{CONFIG_HERE}.", metavar="FILE"),
    ] = None,
    flow: Annotated[
        str | None, typer.Option(help="The hotline that answers; setting `hotline`.", metavar="NAME")
    ] = None,
    console: Annotated[bool, typer.Option("--console", help="Serve the console too, in a process of its own.")] = False,
) -> None:
    """Take calls until SIGTERM or Ctrl-C: then no new ones, and running ones may finish; a second signal ends them.

    Exit status 0, or 1 when something of the calls could not be kept.
    """
    settings = read_settings(config)
    if flow is not None:
        settings = settings.model_copy(update={"hotline": flow})
    setup_logging("INFO")
    allow_open_files()
    hotlines = {name: LiveHotline.open(settings, name) for name in hotlines_wanted(settings)}
    beside = ConsoleBeside(config, settings.data_dir) if console else nullcontext()
    lost = asyncio.run(_serve(settings, hotlines, beside))
    if lost is not None:
        typer.echo(f"voice-gateway: {lost}", err=True)
        raise typer.Exit(1)


def allow_open_files() -> None:
    """Let this process have as many files open as it may: three for each call, where shells and services often begin
    with 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems name no number, and take none
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def read_settings(config: Path | None) -> Settings:
    """What is set for a service. Raises SettingsError, also when nothing listens."""
    here = CONFIG_HERE if CONFIG_HERE.is_file() and not os.environ.get(CONFIG_VARIABLE) else None
    file = config or here
    settings = load_settings(file)
    if not settings.sip.listen and not settings.webrtc.listen:
        named = file or os.environ.get(CONFIG_VARIABLE)
        raise SettingsError(
            "no address to listen on, so nobody could call",
            where=f"{named}: sip.listen, webrtc.listen" if named else "sip.listen, webrtc.listen",
            remedy=f'write `[sip]` and below it `listen = ["sip+udp://127.0.0.1:5060"]` into {named or CONFIG_HERE}, '
            'or `[webrtc]` and `listen = ["http://127.0.0.1:8080"]`',
        )
    return settings


class Transport(Protocol):
    """A way that calls come in by."""

    @property
    def addresses(self) -> Sequence[str]:
        """Where it listens."""

    async def start(self) -> None:
        """Listen. Raises TransportError; nothing listens then."""

    def withdraw(self) -> None:
        """No more calls are wanted; idempotent."""

    async def stop(self) -> None:
        """End what is left of the calls, and let go of everything; bounded."""


class _Orders:
    """The signals that stop a service: the first one drains it, the second ends everything."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.stop = asyncio.Event()

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._given, number)

    def _given(self, number: signal.Signals) -> None:
        log.warning("%s: %s", number.name, "ending every call now" if self.stop.is_set() else "stopping")
        if self.stop.is_set():
            self._service.end_calls()
        self.stop.set()


async def _serve(
    settings: Settings, hotlines: dict[str, LiveHotline], beside: AbstractAsyncContextManager[object]
) -> StoreError | None:
    """Answer calls until told to stop. Returns what of the calls could not be kept, if anything.

    Raises:
        VoiceGatewayError: the engine or the store can't be opened, or an address can't be had.
    """
    metrics = Metrics() if settings.metrics.listen else None
    gateway = Gateway.open(settings, next(iter(hotlines.values())), settings.data_dir, listener=metrics)
    settle()
    try:
        async with beside:
            await _answer_calls(gateway, settings, hotlines, metrics)
    except BaseException:
        with suppress(StoreError):
            await gateway.close()
        raise
    try:
        await gateway.close()
    except StoreError as error:
        return error
    return None


def _sources(gateway: Gateway, service: Service, watch: FigureWatch) -> Sources:
    """What a scrape asks for."""

    def documents(state: Literal["waiting", "dead"]) -> Mapping[str, int]:
        with gateway.records.store.session() as session:
            return letters.standing(session, state)

    return Sources(
        refused=lambda: {reason.value: count for reason, count in service.refused.items()},
        load_step=lambda: int(gateway.load_step),
        outbox_waiting=lambda: documents("waiting"),
        outbox_dead=lambda: documents("dead"),
        alerts=lambda: list(watch.standing),
    )


def _transports(settings: Settings, service: Service, hotlines: dict[str, LiveHotline]) -> list[Transport]:
    """The ways that calls come in by, as far as they are set."""
    transports: list[Transport] = []
    if settings.sip.listen:
        from gateway.transport.sip.endpoint import SipTransport

        transports.append(SipTransport(settings.sip, service))
    if settings.webrtc.listen:
        from gateway.transport.webrtc.endpoint import WebrtcTransport

        answering = hotlines[settings.webrtc.hotline or settings.hotline]
        transports.append(WebrtcTransport(settings.webrtc, service, answering.current.flow.flow.title))
    return transports


async def _answer_calls(
    gateway: Gateway, settings: Settings, hotlines: dict[str, LiveHotline], metrics: Metrics | None
) -> None:
    """What is opened first is closed last."""
    service = Service(gateway, hotlines, settings)
    watch = FigureWatch(gateway.records.store, Thresholds.load(settings.analytics.rules))
    upkeep = Upkeep(jobs_of(settings, gateway.records.store, watch, service.refusals))
    transports = _transports(settings, service, hotlines)
    orders = _Orders(service)
    orders.listen()
    async with AsyncExitStack() as closing:
        closing.push_async_callback(service.close)
        gateway.records.start()
        upkeep.start()
        closing.push_async_callback(upkeep.stop)
        if metrics is not None and settings.metrics.listen is not None:
            metrics.ask(_sources(gateway, service, watch))
            site = MetricsSite(settings.metrics.listen, metrics.text)
            await site.start()
            closing.push_async_callback(site.stop)
            log.info("figures at %s", site.address)
        for transport in transports:
            await transport.start()
            closing.push_async_callback(transport.stop)
        service.follow()
        addresses = [address for transport in transports for address in transport.addresses]
        for address in addresses:
            log.info("listening on %s", address)
        with suppress(OSError):  # nobody reads it
            typer.echo(f"ready: {' '.join(addresses)}")
        await orders.stop.wait()
        for transport in transports:
            transport.withdraw()  # or registrars would send calls that are refused
        await service.drain(settings.drain_limit_s)
    log.info("stopped: %d calls taken, %d refused", service.taken, service.refused.total())
