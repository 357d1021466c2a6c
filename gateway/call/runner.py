"""The asyncio edge of a call: ticks its session by the clock and moves frames between leg, session and recorder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from gateway.call.ending import DRAIN_FORCED
from gateway.call.session import CallSession
from gateway.events import CallEnded
from gateway.media.frames import FRAME_MS
from gateway.media.recorder import StereoRecorder
from gateway.tasks import TaskOwner
from gateway.transport.leg import Leg

log = logging.getLogger(__name__)

TOLD_EVERY_TICKS = 50
CALL_ENDED = "call_ended"
"""What the caller's side is told of a call that simply came to its end."""


@dataclass(slots=True)
class CallOrders:
    """What others want of a running call; looked at with every tick."""

    goodbye: bool = False
    """Say goodbye and hang up."""
    end_as: str | None = None
    """End at once, with this `reason` on its record."""

    @property
    def why(self) -> str:
        """What the caller's side is told when the call ends."""
        return self.end_as or (DRAIN_FORCED if self.goodbye else CALL_ENDED)


async def run_call(
    session: CallSession,
    leg: Leg,
    recorder: StereoRecorder,
    owner: TaskOwner,
    *,
    max_call_ms: float,
    orders: CallOrders | None = None,
    late: Callable[[float], None] = lambda _ms: None,
) -> CallEnded:
    """Run one call to its end, which always comes: `max_call_ms` after the answer at the latest.

    The n-th tick belongs to the n-th 20 ms of the call, whenever it is run; a late loop catches up. An error of ours
    ends this call as `failed` and is logged; the caller of this function and the other calls go on. Once a second
    `late` is told by how many ms a tick is run after its time: a machine that can't keep up shows it there.
    """
    orders = orders or CallOrders()
    clock = owner.clock
    start_ms = owner.started_ms
    tick = 0
    try:
        await clock.sleep_until(start_ms)
        session.start()
        while session.ended is None:
            now_ms = float(tick * FRAME_MS)
            if now_ms >= max_call_ms:
                session.end("failed", "max_call_time")
                break
            if orders.end_as is not None:
                session.end("failed", orders.end_as)
                break
            if tick % TOLD_EVERY_TICKS == 0:
                late(clock.now_ms() - start_ms - now_ms)
            if orders.goodbye:
                session.farewell()
            came_in = leg.receive(now_ms, session.state)
            was_over = session.over
            frame = session.tick(now_ms, came_in)
            if not was_over:  # from then on only the words of what was said last are waited for
                leg.send(frame)
                recorder.write(tick, came_in.frame, frame)
            if (queue := session.take_transfer()) is not None:
                leg.transfer(queue)
            if session.over:
                leg.hang_up(orders.why)
            tick += 1
            await clock.sleep_until(start_ms + tick * FRAME_MS)
    except Exception as error:
        log.exception("call ended by an error of ours")
        session.end("failed", f"internal_error:{type(error).__name__}")
    finally:
        session.end("failed", "cancelled")
        leg.hang_up(_what_is_told(session.result, orders))
        await owner.close()
        await asyncio.to_thread(recorder.close)
    return session.result


def _what_is_told(ended: CallEnded, orders: CallOrders) -> str:
    """Why the call ended, for the caller's side: the reason of one that failed, without what lies behind it."""
    if ended.disposition == "failed" and not orders.goodbye:
        return ended.reason.partition(":")[0]
    return orders.why
