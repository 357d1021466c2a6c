"""The switchboard: decides which calls come in and who answers, runs each on its own, and ends them all in the end.

The end, as it was thought out for rolling updates: nobody new is let in, running calls may finish up to a limit, the
rest are told goodbye, and what is left after that is ended. A second order to stop ends everything at once. Whichever
way, each call's record is written and says why.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway import events
from gateway.app import Gateway
from gateway.bus import fan_out
from gateway.call.ending import DRAIN_FORCED
from gateway.call.runner import CALL_ENDED, CallOrders
from gateway.clock import Clock, GridClock
from gateway.errors import VoiceGatewayError
from gateway.events import Emit
from gateway.hotline import Hotline
from gateway.reload import LiveHotline
from gateway.settings import Settings
from gateway.speech.load import Step
from gateway.store.refusals import RefusalCounter
from gateway.transport.config import BROWSER
from gateway.transport.leg import Leg, LegInfo
from gateway.transport.switchboard import Place, Refusal

log = logging.getLogger(__name__)

FAREWELL_S = 10.0
"""How long a goodbye may take."""
ENDING_S = 15.0
"""How long a call that is ended may take to write its record and its recording: above the recorder's own limit."""
SHUTDOWN = "shutdown"
"""The `reason` of a call that was ended at once."""
CALL_FAILED = "failed"
"""What the caller's side is told of a call that could not be begun."""
ANY_NUMBER = "*"

Hotlines = Mapping[str, LiveHotline | Hotline]
"""By name; those that are live are followed."""


def hotlines_wanted(settings: Settings) -> list[str]:
    """The names of the hotlines that calls may be for, each once."""
    sip = settings.sip
    named = [*sip.numbers.values(), *(trunk.hotline for trunk in sip.trunks if trunk.hotline)]
    default = [] if sip.numbers else [settings.hotline]
    browsers = [_without_number(settings)] if settings.webrtc.listen else []
    return list(dict.fromkeys([*default, *browsers, *named]))


def _without_number(settings: Settings) -> str:
    """The hotline for a browser that names no number."""
    return settings.webrtc.hotline or settings.hotline


@dataclass(slots=True)
class _Call:
    """One call that is running."""

    leg: Leg
    tell: Emit
    orders: CallOrders = field(default_factory=CallOrders)


class Service:
    """The switchboard of one process: implements `gateway.transport.switchboard.Switchboard`.

    Args:
        gateway: runs the calls; closed by whoever opened it.
        hotlines: those of `hotlines_wanted`.
        settings: who may call whom, and how many at once.
        clock: the time that all calls go by.

    Raises:
        KeyError: a hotline is missing.
    """

    def __init__(self, gateway: Gateway, hotlines: Hotlines, settings: Settings, clock: Clock | None = None) -> None:
        self._gateway = gateway
        self._hotlines = {name: hotlines[name] for name in hotlines_wanted(settings)}
        self._settings = settings
        self._clock = clock or GridClock()
        self._trunks = {trunk.name: trunk for trunk in settings.sip.trunks}
        self._limits = {trunk.name: trunk.max_calls for trunk in settings.sip.trunks if trunk.max_calls is not None}
        self._limits[BROWSER] = settings.webrtc.max_calls
        self._held: Counter[str] = Counter()
        """Places by trunk, from admission to the end of the call."""
        self._running: dict[asyncio.Task[None], _Call] = {}
        self._following: list[asyncio.Task[None]] = []
        self._draining = self._closed = False
        self._changed = asyncio.Event()
        self.refused: Counter[Refusal] = Counter()
        """Calls that were not taken, by reason."""
        self.refusals = RefusalCounter(gateway.records.store)
        """The same, for the store; whoever made the service has it written."""
        self.taken = 0
        """Calls that were answered."""

    # ------------------------------------------------------------------------------------------------- the transports'

    @property
    def accepting(self) -> bool:
        """New calls are welcome."""
        full = self.calls >= self._settings.max_calls or self._gateway.load_step >= Step.FULL
        return not self._draining and not full and self._gateway.has_room

    @property
    def calls(self) -> int:
        """Calls that have a place now, ringing ones included."""
        return self._held.total()

    def admit(self, info: LegInfo) -> Place | Refusal:
        """A place for a call, or why there is none."""
        answer = self._admit(info)
        if isinstance(answer, Refusal):
            self.refused[answer] += 1
            self.refusals.count(self._settings.now(), self._answering(info) or "", answer.value)
            log.warning("call refused: %s, trunk %s", answer.value, info.trunk or "-")
        return answer

    def _admit(self, info: LegInfo) -> Place | Refusal:
        if self._draining:
            return Refusal.DRAINING
        name = self._answering(info)
        if name is None:
            return Refusal.UNKNOWN_NUMBER
        limit = self._limits.get(info.trunk)
        replaced = self._is_running(info.resumes)  # it will be given up for this one
        if limit is not None and self._held[info.trunk] - replaced >= limit:
            return Refusal.BUSY
        if self.calls - replaced >= self._settings.max_calls:
            return Refusal.FULL
        if self._gateway.load_step >= Step.FULL:
            return Refusal.FULL
        if not self._gateway.has_room:  # answered, it would have to be hung up at once
            log.error("a call was refused: there is no room on the disk to record it")
            return Refusal.FULL
        self._held[info.trunk] += 1
        return _Place(self, name, info.trunk)

    def _is_running(self, key: str) -> bool:
        """The call that its caller knows by `key`: they may be back before we have noticed that they were gone."""
        return bool(key) and any(call.leg.info.key == key for call in self._running.values())

    def _answering(self, info: LegInfo) -> str | None:
        """The hotline that a call is for: its trunk's, else its number's, else any number's; None when nobody's."""
        if info.trunk == BROWSER and not info.called_number:
            return _without_number(self._settings)
        trunk = self._trunks.get(info.trunk)
        numbers = self._settings.sip.numbers
        if trunk and trunk.hotline:
            return trunk.hotline
        if not numbers:
            return self._settings.hotline
        return numbers.get(info.called_number) or numbers.get(ANY_NUMBER)

    def begin(self, name: str, trunk: str, leg: Leg, watch: Emit | None = None) -> None:
        """Run an answered call in a task of its own; what goes wrong with it goes wrong with nobody else."""
        if self._closed:
            leg.hang_up(SHUTDOWN)
            self.let_go(trunk)
            return
        self.taken += 1
        call = _Call(leg, fan_out(_log_call, watch) if watch else _log_call)
        task = asyncio.create_task(self._run(name, call), name=f"call on {trunk or leg.info.transport}")
        self._running[task] = call
        task.add_done_callback(lambda done: self._ended(done, trunk))

    def let_go(self, trunk: str) -> None:
        """A place is free again."""
        self._held[trunk] -= 1
        if not self._held[trunk]:
            del self._held[trunk]
        self._changed.set()

    async def _run(self, name: str, call: _Call) -> None:
        answering = self._hotlines[name]
        hotline = answering.current if isinstance(answering, LiveHotline) else answering
        await self._gateway.take(call.leg, self._clock, call.tell, hotline=hotline, orders=call.orders)

    def _ended(self, task: asyncio.Task[None], trunk: str) -> None:
        call = self._running.pop(task)
        error = None if task.cancelled() else task.exception()
        call.leg.hang_up(CALL_FAILED if error else CALL_ENDED)  # idempotent; the task may have ended before it could
        if isinstance(error, VoiceGatewayError):
            log.error("call could not be taken: %s", error)
        elif error is not None:
            log.error("call ended by an error of ours", exc_info=error)
        self.let_go(trunk)

    # ---------------------------------------------------------------------------------------------------- the process's

    def follow(self) -> None:
        """From now on new calls get the latest version of each hotline without mistakes."""
        live = [hotline for hotline in self._hotlines.values() if isinstance(hotline, LiveHotline)]
        self._following += [asyncio.create_task(hotline.follow()) for hotline in live]

    async def drain(self, limit_s: float) -> None:
        """Let nobody in any more; return when no call is left, in bounded time.

        Running calls go on for `limit_s`, then each is told goodbye, and what is left 10 s later is ended. Answered
        before, but not yet taken: such calls count as running.
        """
        self._draining = True
        log.warning("draining: %d calls are running", self.calls)
        if await self._emptied(limit_s):
            return
        log.warning("draining: %d calls are told goodbye", self.calls)
        for call in self._running.values():
            call.orders.goodbye = True
        if not await self._emptied(FAREWELL_S):
            self.end_calls(DRAIN_FORCED)
            await self._emptied(ENDING_S)

    def end_calls(self, reason: str = SHUTDOWN) -> None:
        """End every call at once, and take none any more; `reason` is on their records."""
        self._draining = self._closed = True
        self._changed.set()
        for call in self._running.values():
            call.orders.end_as = call.orders.end_as or reason

    async def close(self) -> None:
        """End what is left: calls, and the following of hotlines. Bounded; idempotent."""
        self.end_calls()
        if not await self._emptied(ENDING_S):
            log.error("%d calls don't end", len(self._running))
        tasks = [*self._running, *self._following]
        self._following.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _emptied(self, within_s: float) -> bool:
        """Wait until no call is left, at most so long; places nobody took don't count once calls are being ended."""
        over = asyncio.create_task(self._clock.sleep_until(self._clock.now_ms() + within_s * 1000))
        try:
            while (self._running if self._closed else self.calls) and not over.done():
                self._changed.clear()
                changed = asyncio.create_task(self._changed.wait())
                await asyncio.wait({over, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                await asyncio.gather(changed, return_exceptions=True)
        finally:
            over.cancel()
            await asyncio.gather(over, return_exceptions=True)
        return not (self._running if self._closed else self.calls)


class _Place:
    """Implements `Place`; what is called after the first call does nothing."""

    def __init__(self, service: Service, hotline: str, trunk: str) -> None:
        self._service = service
        self._hotline = hotline
        self._trunk = trunk
        self._used = False

    def take(self, leg: Leg, watch: Emit | None = None) -> None:
        if self._use():
            self._service.begin(self._hotline, self._trunk, leg, watch)

    def release(self) -> None:
        if self._use():
            self._service.let_go(self._trunk)

    def _use(self) -> bool:
        used, self._used = self._used, True
        if used:
            log.error("a transport used a place twice")
        return not used


def _log_call(event: events.Event) -> None:
    """One line when a call begins and one when it ends; no numbers, no words."""
    if isinstance(event, events.CallStarted):
        log.info("call %s began: %s, trunk %s, %s", event.call_id, event.flow, event.trunk or "-", event.transport)
    elif isinstance(event, events.CallEnded):
        duration_s = event.duration_ms / 1000
        log.info("call %s ended: %s, %s, %.1f s", event.call_id, event.disposition, event.reason, duration_s)
