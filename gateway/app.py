"""The composition root: settings -> objects, in the order in which they fail most cheaply, closed in reverse."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from asr.engine import Engine
from asr.registry import load_engine
from asr.vad.detector import SpeechDetector
from gateway.bus import fan_out
from gateway.call.account import Account
from gateway.call.lookups import HttpLookups, LookupProvider, SampleLookups
from gateway.call.runner import run_call
from gateway.call.session import CallSession
from gateway.call.work import CallWork
from gateway.clock import Clock, VirtualClock
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import find_flow, load_flow
from gateway.dialogue.machine import Dialogue
from gateway.errors import PromptError, SettingsError, StoreError, VoiceGatewayError
from gateway.events import CallEnded, CallStarted, Emit
from gateway.media.recorder import StereoRecorder
from gateway.privacy import mask
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.inventory import Inventory, voice_dir
from gateway.prompts.player import Player
from gateway.settings import Settings
from gateway.speech.listener import Listener
from gateway.speech.workers import RecognitionPool
from gateway.store import Store, StoreWriter
from gateway.tasks import TaskOwner
from gateway.transport.leg import Leg

log = logging.getLogger(__name__)

NAMED = 5
"""How many unrecorded sentences an error names."""


@dataclass(frozen=True, slots=True)
class Hotline:
    """One flow with everything it says and asks; read-only and shared by its calls."""

    flow: CompiledFlow
    prompts: PromptCatalog
    lookups: LookupProvider

    @classmethod
    def load(cls, settings: Settings, name: str) -> Hotline:
        """Read the hotline's folder.

        Raises:
            FlowError: an unknown flow, or the mistakes in its file.
            PromptError: a sentence without a recording, or a recording that is missing or bad.
            SettingsError: bad sample customers or look-up URL.
        """
        path = find_flow(name, settings.flows_dir)
        flow = CompiledFlow(load_flow(path))
        if unrecorded := list(Inventory(flow.flow, path.parent).missing().values()):
            raise PromptError(
                f"{len(unrecorded)} sentences are not recorded: {'、'.join(unrecorded[:NAMED])}",
                where=str(path),
                remedy=f"see `voice-gateway prompts missing {name}`",
            )
        prompts = PromptCatalog.load(path.parent, voice_dir(path.parent))
        return cls(flow, prompts, _lookups(settings, path.parent))

    def warm(self) -> None:
        """Build what calls would otherwise build at first use, seconds of work: matchers, and prompts at each pace.

        A call on real time can't wait for it in the middle of a conversation.
        """
        self.flow.warm()
        for mode in self.flow.flow.modes.values():
            self.prompts.prepare(mode.pace)

    def check_caller(self, number: str) -> None:
        """Raises SettingsError for a number that the sample back end, if it is in use, doesn't have."""
        if isinstance(self.lookups, SampleLookups) and not self.lookups.known(number):
            raise SettingsError(
                "not a sample customer",
                where=f"--from {mask(number)}",
                remedy=f"use one of {', '.join(self.lookups.numbers)}",
            )


def _lookups(settings: Settings, flow_dir: Path) -> LookupProvider:
    if settings.lookup_url is None:
        return SampleLookups(flow_dir / "customers.yaml")
    token = settings.lookup_token.get_secret_value() if settings.lookup_token else None
    return HttpLookups(settings.lookup_url, token=token)


def local_now() -> dt.datetime:
    """The moment by the machine's clock and time zone."""
    return dt.datetime.now().astimezone()


def open_engine(settings: Settings) -> Engine:
    """The recogniser that the settings name, loaded.

    Raises:
        SpeechError: an unknown engine, or its model is missing or damaged.
    """
    return load_engine(settings.engine, threads=settings.engine_threads)


class Gateway:
    """A hotline ready to take calls: engine loaded, store open. Close it, or use it in an `async with`.

    Args:
        now: the time of day that calls go by, aware.
    """

    def __init__(
        self,
        settings: Settings,
        hotline: Hotline,
        engine: Engine,
        store: Store,
        *,
        now: Callable[[], dt.datetime] = local_now,
    ) -> None:
        self.hotline = hotline
        self._now = now
        self._settings = settings
        self._store = store
        self._engine = engine
        self._pool = RecognitionPool(engine, settings.recognitions_at_once)
        self._writer = StoreWriter(store)
        self._loss: VoiceGatewayError | None = None
        self._closing = AsyncExitStack()
        for close in (store.close, self._stop_recognising, self._writer.close):
            self._closing.push_async_callback(asyncio.to_thread, close)

    @classmethod
    def open(cls, settings: Settings, hotline: Hotline, directory: Path) -> Gateway:
        """Load the engine, then open the store in `directory`.

        Raises:
            SpeechError: an unknown engine, or its model is missing or damaged.
            StoreError: the store can't be opened, or another process has it.
        """
        engine = open_engine(settings)
        try:
            store = Store.open(directory)
        except BaseException:
            engine.close()
            raise
        return cls(settings, hotline, engine, store)

    async def take(self, leg: Leg, clock: Clock, tell: Emit) -> CallEnded:
        """Answer a call and run it to its end; every event goes to the store and to `tell`.

        Raises:
            RecordingError: the recording can't be begun; then the call is not answered.
        """
        now = self._now()
        call_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"

        emit = fan_out(self._writer.emit, tell)
        recorder = StereoRecorder(self._store.recordings / f"{call_id}.wav", patient=isinstance(clock, VirtualClock))
        owner = TaskOwner(clock)
        work = CallWork(owner, self._pool, self.hotline.lookups, self._settings.recognition_limit_ms)
        account = Account(call_id, recorder.path, emit)
        session = CallSession(
            account,
            Dialogue(self.hotline.flow, {"number": leg.info.caller_number}, self._now),
            Listener(SpeechDetector()),
            Player(self.hotline.prompts),
            work,
        )
        emit(self._started(call_id, leg, now))
        ended = await run_call(session, leg, clock, recorder, owner, max_call_ms=self._settings.max_call_s * 1000)
        self._loss = self._loss or recorder.error or account.loss
        return ended

    def _started(self, call_id: str, leg: Leg, now: dt.datetime) -> CallStarted:
        flow = self.hotline.flow.flow
        return CallStarted(
            call_id=call_id,
            at_ms=0.0,
            caller_number=leg.info.caller_number,
            called_number=leg.info.called_number,
            transport=leg.info.transport,
            flow=flow.flow,
            flow_version=f"{flow.version}+{flow.digest[:12]}",
            mode="standard",
            started_at=now.isoformat(timespec="milliseconds"),
        )

    def _stop_recognising(self) -> None:
        if self._pool.close():
            self._engine.close()
        else:
            log.error("a recognition doesn't end: its engine is left as it is")

    async def close(self) -> None:
        """Stop recognising, write what waits, let go of the store; idempotent.

        Raises:
            StoreError: something of the calls could not be kept (they went on all the same).
        """
        await self._closing.aclose()
        lost = [str(error) for error in (self._loss, self._writer.error) if error]
        if lost:
            raise StoreError("; ".join(lost))

    async def __aenter__(self) -> Gateway:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.close()
        except VoiceGatewayError:
            if error is None:
                raise
