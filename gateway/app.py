"""The composition root: settings -> objects, in the order in which they fail most cheaply, closed in reverse."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import logging
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from asr.engine import Engine
from asr.text import to_simplified
from asr.vad.detector import SpeechDetector
from gateway.analytics.analyser import Analyser
from gateway.call.account import Account
from gateway.call.context import Context, Contexts
from gateway.call.runner import CallOrders, run_call
from gateway.call.session import CallSession
from gateway.call.work import CallWork
from gateway.clock import Clock, VirtualClock
from gateway.dialogue.machine import Dialogue
from gateway.dialogue.state import STANDARD
from gateway.engines import Engines, open_engines
from gateway.errors import RecordingError, StoreError, VoiceGatewayError
from gateway.events import CallEnded, CallStarted, Emit
from gateway.hotline import Hotline
from gateway.media.recorder import StereoRecorder
from gateway.prompts.player import Player
from gateway.records import Records, open_records
from gateway.reload import LiveHotline
from gateway.settings import Settings
from gateway.speech.listener import Listener
from gateway.speech.load import Step
from gateway.speech.workers import RecognitionPool
from gateway.tasks import TaskOwner
from gateway.transport.leg import Leg, LegInfo

log = logging.getLogger(__name__)


SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep the interpreter when another waits for it. The thread that sends every call's sound must
have it within a fraction of 20 ms; Python's own 5 ms, with recognition and the event loop before it, would be heard."""


def settle() -> None:
    """Before the first call of a process that only serves: share the interpreter finely between its threads, load what
    is loaded at first use, and have the garbage collector pass over everything that is there. Looking through it all
    held every call for 97 to 142 ms, now and then; what one call leaves behind is small.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    to_simplified("測試")
    gc.collect()
    gc.freeze()


class Gateway:
    """A hotline ready to take calls: engine loaded, store open. Close it, or use it in an `async with`.

    Args:
        engine: hears the answers to all questions that name no other.
        records: what is kept of its calls; closed with the gateway, as the engines are.
        named: those that questions may name. They are closed with the gateway.
        now: the time of day that calls go by, aware; the settings' when left out.
    """

    def __init__(
        self,
        settings: Settings,
        hotline: Hotline | LiveHotline,
        engine: Engine,
        records: Records,
        *,
        named: Mapping[str, Engine] | None = None,
        now: Callable[[], dt.datetime] | None = None,
    ) -> None:
        self._hotline = hotline
        self._now = now or settings.now
        self._settings = settings
        self._records = records
        self._engines = Engines(engine, named or {})
        self._pool = RecognitionPool(
            engine, settings.recognitions_at_once, others=named, late_limit_ms=settings.late_limit_ms
        )
        self._loss: VoiceGatewayError | None = None
        self._contexts = Contexts(settings.resume_within_s * 1000)
        self._closing = AsyncExitStack()
        self._closing.push_async_callback(asyncio.to_thread, self._stop_recognising)
        self._closing.push_async_callback(records.close)

    @property
    def records(self) -> Records:
        """What is kept of its calls."""
        return self._records

    @property
    def has_room(self) -> bool:
        """The disk has room to keep another call."""
        return self._records.has_room

    @property
    def load_step(self) -> Step:
        """What recognition has given up for now, to keep up with all calls."""
        return self._pool.step

    @property
    def hotline(self) -> Hotline:
        """What a call that comes now gets, and keeps."""
        return self._hotline.current if isinstance(self._hotline, LiveHotline) else self._hotline

    @classmethod
    def open(
        cls, settings: Settings, hotline: Hotline | LiveHotline, directory: Path, listener: Emit | None = None
    ) -> Gateway:
        """Load the engines, then open the store in `directory`.

        Args:
            listener: is told everything of all calls, on any thread; must not block.

        Raises:
            SpeechError: an unknown engine, or its model is missing or damaged.
            SettingsError: an engine falls back on one that isn't set.
            RulesError: a rule file of the analyses has mistakes.
            DeliveryError: a place that results are sent to can't be used.
            StoreError: the store can't be opened, or another process has it.
        """
        analyser = Analyser(settings.analytics.rules, settings.now) if settings.analytics.enabled else None
        engines = open_engines(settings)
        try:
            records = open_records(settings, directory, analyser, listener)
        except BaseException:
            engines.close()
            raise
        return cls(settings, hotline, engines.default, records, named=engines.named)

    async def take(
        self,
        leg: Leg,
        clock: Clock,
        tell: Emit,
        *,
        hotline: Hotline | None = None,
        orders: CallOrders | None = None,
    ) -> CallEnded:
        """Answer a call and run it to its end; every event goes to the store and to `tell`.

        A call that `resumes` one whose line was lost goes on where that stood, if it is remembered, was for the same
        version of the hotline and came from the same number; else it begins anew.

        Args:
            clock: one for all calls that may resume each other.
            hotline: who answers; the gateway's own when left out. Hotlines share its engine and its store.
            orders: what others may want of the call while it runs.

        Raises:
            RecordingError: the recording can't be begun; then the call is not answered.
        """
        now, hotline = self._now(), hotline or self.hotline
        call_id = f"{now:%Y%m%dT%H%M%S}-c{secrets.token_hex(4)}"  # the letter: no digits that look like a telephone's

        recording = self._records.recording_of(call_id)
        try:
            recorder = StereoRecorder(recording, patient=isinstance(clock, VirtualClock))
        except RecordingError as error:
            self._loss = self._loss or error
            raise
        owner = TaskOwner(clock)
        lookups = self._records.lookups(hotline.lookups, call_id, self._now)
        work = CallWork(owner, self._pool, lookups, self._settings.recognition_limit_ms)
        lost = self._resumed(leg.info, hotline, clock)
        started = _started(call_id, hotline, leg, now, resumes=lost.call_id if lost else "")
        with self._records.of_call(call_id, tell) as emit:
            account = Account(call_id, recorder.path, emit, lambda: leg.line)
            if lost is not None:
                account.record.before = lost.told
            known = {"number": leg.info.caller_number}
            session = CallSession(
                account,
                Dialogue(hotline.flow, known, self._now, lost.state if lost else None),
                Listener(SpeechDetector()),
                Player(hotline.prompts),
                work,
            )
            emit(started)
            with self._remembering(leg.info.key, clock, lambda: _context(started, session, account), session.give_up):
                ended = await self._run(session, leg, recorder, owner, orders)
            await self._records.settled()
        self._loss = self._loss or recorder.error or account.loss
        return ended

    async def _run(
        self, session: CallSession, leg: Leg, recorder: StereoRecorder, owner: TaskOwner, orders: CallOrders | None
    ) -> CallEnded:
        limit_ms = self._settings.max_call_s * 1000
        return await run_call(
            session, leg, recorder, owner, max_call_ms=limit_ms, orders=orders, late=self._pool.ticks_late
        )

    def _resumed(self, info: LegInfo, hotline: Hotline, clock: Clock) -> Context | None:
        """What a call goes on with."""
        lost = self._contexts.take(info.resumes, clock.now_ms())
        fits = lost and lost.suits(hotline.flow.flow.flow, hotline.version, info.caller_number)
        return lost if fits else None

    @contextmanager
    def _remembering(
        self, key: str, clock: Clock, context: Callable[[], Context | None], give_up: Callable[[], None]
    ) -> Iterator[None]:
        """While a call runs, and for a while afterwards, its caller can call again and go on with its `context`."""

        def given_up() -> Context | None:
            give_up()
            return context()

        self._contexts.begin(key, given_up)
        try:
            yield
        finally:
            self._contexts.end(key, context(), clock.now_ms())

    def _stop_recognising(self) -> None:
        if self._pool.close():
            self._engines.close()
        else:
            log.error("a recognition doesn't end: its engine is left as it is")

    async def close(self) -> None:
        """Stop recognising, write what waits, let go of the store; idempotent.

        Raises:
            StoreError: something of the calls could not be kept (they went on all the same).
        """
        await self._closing.aclose()
        lost = [str(error) for error in (self._loss, self._records.error) if error]
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


def _context(started: CallStarted, session: CallSession, account: Account) -> Context | None:
    """What is left of a call for its caller to go on with; None unless its line was lost where that can be done."""
    if session.lost_at is None:
        return None
    return Context(
        started.call_id,
        started.flow,
        started.flow_version,
        started.caller_number,
        session.lost_at,
        account.record.told(),
    )


def _started(call_id: str, hotline: Hotline, leg: Leg, now: dt.datetime, *, resumes: str) -> CallStarted:
    return CallStarted(
        call_id=call_id,
        at_ms=0.0,
        caller_number=leg.info.caller_number,
        called_number=leg.info.called_number,
        transport=leg.info.transport,
        trunk=leg.info.trunk,
        flow=hotline.flow.flow.flow,
        flow_version=hotline.version,
        mode=STANDARD,
        started_at=now.isoformat(timespec="milliseconds"),
        resumes=resumes,
    )
