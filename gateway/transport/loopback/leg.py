"""A caller made of a script, on a leg without a network.

How the scripted caller behaves, in ticks of 20 ms:

- **Speak** begins when the hotline has been listening for 300 ms. After an answer (speech or keys) the caller first
  sees the hotline react, that is stop listening, so the silence in which an utterance is still being judged isn't
  taken for the next question. A `Wait` in between lifts that: `138.wav wait:1.5 0013.wav` is one number with a pause,
  `words.wav wait:0.5 dtmf:#` a message that is ended by its key.
- **Speak over** begins when a prompt has been on the line for 1.0 s from the moment the step's turn came. If the prompt
  is shorter than that, it begins like any other speech.
- **Press** starts when the hotline has been speaking or listening for 500 ms, one key every 200 ms. After an answer it
  waits for the reaction too.
- **Wait** counts from the moment its turn comes. **HangUp** hangs up at once.
- When the script is through, the caller hears out what comes and hangs up when the hotline has listened for 500 ms.
- A caller whose turn doesn't come for two minutes hangs up, so no script keeps a call alive for ever.

The line is never digitally silent: it carries noise at -70 dBFS, the same every time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from gateway.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame, Pcm, to_frames
from gateway.transport.leg import CALLER_HUNG_UP, HandOver, HotlineState, LegInfo, LegInput
from gateway.transport.loopback.script import HangUp, Press, Speak, Step, Wait

ANSWER_AFTER_MS = 300
TALK_OVER_AFTER_MS = 1000
PRESS_AFTER_MS = 500
KEY_EVERY_MS = 200
HANG_UP_AFTER_MS = 500
PATIENCE_MS = 120_000
NOISE_DBFS = -70.0
TAKEN = HandOver(ok=True)


class LoopbackLeg:
    """A `Leg` whose far end follows a script. Pure: all its time comes from the ticks.

    Args:
        script: what the caller does.
        info: who calls whom.
        handing_over: how every transfer goes, told by the next `receive`; None: never told, as no network may do.
    """

    def __init__(self, script: Sequence[Step], info: LegInfo, *, handing_over: HandOver | None = TAKEN) -> None:
        self._info = info
        self._handing_over = handing_over
        self._handed_over: HandOver | None = None
        self._steps = deque(script)
        self._saying: deque[Frame] = deque()
        self._pressing: deque[str] = deque()
        self._next_key_ms = 0.0
        self._hotline = _Observed()
        self._turn_came_ms: float | None = None
        self._ended = False
        self._reason = CALLER_HUNG_UP
        self._noise = _line_noise()
        self._noise_at = 0

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def line(self) -> None:
        """There is no network."""

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        """The caller's next 20 ms."""
        self._hotline.watch(now_ms, state)
        if not self._ended:
            self._act(now_ms)
        keys = self._press(now_ms)
        handed_over, self._handed_over = self._handed_over, None
        return LegInput(self._sound(), keys, hung_up=self._ended, reason=self._reason, handed_over=handed_over)

    def send(self, frame: Frame) -> None:
        """The scripted caller follows the hotline's state and not its sound; nothing is kept."""
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, not {frame.shape}")

    def transfer(self, queue: str) -> None:  # noqa: ARG002 - whatever the queue, its people do as they were told
        """Ask for a human."""
        self._handed_over = None if self._ended else self._handing_over

    def hang_up(self, reason: str) -> None:  # noqa: ARG002 - nobody at the far end who could read it
        """End the call from the hotline's side; idempotent."""
        self._end()

    def _act(self, now_ms: float) -> None:
        if self._saying or self._pressing:
            return
        if self._turn_came_ms is None:
            self._turn_came_ms = now_ms
        waited_ms = now_ms - self._turn_came_ms
        if not self._steps:
            if self._hotline.listening_ms(now_ms) >= HANG_UP_AFTER_MS or waited_ms >= PATIENCE_MS:
                self._end()
            return
        if self._begin(self._steps[0], now_ms, waited_ms):
            self._steps.popleft()
            self._turn_came_ms = None
        elif waited_ms >= PATIENCE_MS and not isinstance(self._steps[0], Wait):
            self._end()

    def _begin(self, step: Step, now_ms: float, waited_ms: float) -> bool:
        """Begin the step if its moment has come."""
        match step:
            case Speak(pcm=pcm, over=over):
                may_answer = self._hotline.listening_ms(now_ms) >= ANSWER_AFTER_MS
                over_ms = min(waited_ms, self._hotline.speaking_ms(now_ms))
                if not may_answer and not (over and over_ms >= TALK_OVER_AFTER_MS):
                    return False
                self._saying.extend(to_frames(pcm))
            case Press(keys=keys):
                heard_ms = max(self._hotline.speaking_ms(now_ms), self._hotline.listening_ms(now_ms))
                if not self._hotline.reacted or heard_ms < PRESS_AFTER_MS:
                    return False
                self._pressing.extend(keys)
            case Wait(duration_ms=duration_ms):
                if waited_ms < duration_ms:
                    return False
                self._hotline.reacted = True
                return True
            case HangUp(reason=reason):
                self._reason = reason
                self._end()
        return True

    def _press(self, now_ms: float) -> tuple[str, ...]:
        if not self._pressing or now_ms < self._next_key_ms:
            return ()
        self._next_key_ms = now_ms + KEY_EVERY_MS
        key = self._pressing.popleft()
        if not self._pressing:
            self._hotline.expect_reaction()
        return (key,)

    def _sound(self) -> Frame:
        start = self._noise_at
        self._noise_at = (start + FRAME_SAMPLES) % len(self._noise)
        noise = self._noise[start : start + FRAME_SAMPLES]
        if not self._saying:
            return noise
        frame = self._saying.popleft()
        if not self._saying:
            self._hotline.expect_reaction()
        mixed: Frame = np.clip(frame.astype(np.int32) + noise, -32768, 32767).astype(np.int16)
        return mixed

    def _end(self) -> None:
        self._ended = True
        self._saying.clear()
        self._pressing.clear()


class _Observed:
    """What the caller notices of the hotline: how long it has been speaking or listening, and whether it reacted."""

    def __init__(self) -> None:
        self.reacted = True
        self._speaking_since: float | None = None
        self._listening_since: float | None = None

    def watch(self, now_ms: float, state: HotlineState) -> None:
        self._speaking_since = _since(self._speaking_since, state.speaking, now_ms)
        self._listening_since = _since(self._listening_since, state.listening, now_ms)
        self.reacted = self.reacted or not state.listening

    def expect_reaction(self) -> None:
        self.reacted = False

    def speaking_ms(self, now_ms: float) -> float:
        return 0.0 if self._speaking_since is None else now_ms - self._speaking_since

    def listening_ms(self, now_ms: float) -> float:
        """0 as long as the last answer has not been reacted to."""
        return 0.0 if self._listening_since is None or not self.reacted else now_ms - self._listening_since


def _since(before: float | None, holds: bool, now_ms: float) -> float | None:
    if not holds:
        return None
    return now_ms if before is None else before


def _line_noise() -> Pcm:
    """A second of white noise; deterministic, so that a call sounds the same every time."""
    rms = 32768 * 10 ** (NOISE_DBFS / 20)
    noise = np.random.default_rng(0).normal(0.0, rms, SAMPLE_RATE_HZ).round().astype(np.int16)
    noise.flags.writeable = False
    return noise
