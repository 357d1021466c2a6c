"""The hotline's mouth: prompts in, one 20 ms frame out for each tick. No clock, no thread, no socket."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gateway.dialogue.actions import BargeIn, Say
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SILENCE, Frame, Pcm, ms_to_samples, samples_to_ms
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.clips import FADE_MS, fade
from gateway.prompts.render import SENTENCE_PAUSE_MS, RenderedPrompt, render


class PromptStart(NamedTuple):
    """The first frame of a prompt is the one that came with this."""

    node: str
    text: str


class PromptEnd(NamedTuple):
    """The last frame of a prompt is the one that came with this."""

    node: str
    played_ms: float
    cut: bool
    """`flush` ended it, not its own last word."""


class Spoken(NamedTuple):
    """What one tick gives: a frame for the line, and which prompt it begins or ends."""

    frame: Frame
    started: PromptStart | None
    ended: PromptEnd | None
    barge_in: BargeIn
    """What may cut the prompt that is being spoken; the last one's when nothing is."""


@dataclass(slots=True)
class _Playing:
    say: Say
    prompt: RenderedPrompt
    at: int = 0
    """The next sample to play."""
    since: int = 0
    """Where this playing of it began: later than 0 when it goes on after a false stop."""
    wait_frames: int = 0
    """Frames of silence still to come before it."""

    @property
    def played_ms(self) -> float:
        return samples_to_ms(min(self.at, len(self.prompt.pcm)) - self.since)


class Player:
    """Speaks one prompt after another, with a sentence's pause between.

    `flush` cuts everything; `resume` takes that back, as long as nothing new was given to `play`.
    """

    def __init__(self, catalog: PromptCatalog) -> None:
        self._catalog = catalog
        self._queue: deque[_Playing] = deque()
        self._cut: tuple[_Playing, ...] = ()
        self._last: Spoken | None = None
        self._barge_in = BargeIn.OFF

    @property
    def playing(self) -> bool:
        """Whether the next frame belongs to a prompt, to the pause between two, or to the fade of one that was cut."""
        return bool(self._queue) or self._last is not None

    @property
    def barge_in(self) -> BargeIn:
        """What may cut the prompt that is spoken next; the last one's when nothing is."""
        return self._queue[0].say.barge_in if self._queue else self._barge_in

    @property
    def played_ms(self) -> float:
        """How much of the current prompt has gone out; 0 when there is none."""
        return self._queue[0].played_ms if self._queue else 0.0

    @property
    def left_ms(self) -> float:
        """How much is still to be said; 0 when nothing is."""
        return sum(samples_to_ms(max(0, len(playing.prompt.pcm) - playing.at)) for playing in self._queue)

    def play(self, say: Say) -> None:
        """Speak it after what is being spoken. What was cut before can't be resumed any more.

        Raises:
            PromptError: something in it was never recorded.
        """
        self._queue.append(_Playing(say, render(say, self._catalog)))
        self._cut = ()

    def flush(self) -> None:
        """Cut: the next frame fades to silence within `FADE_MS`, and what waits behind is not spoken."""
        if not self._queue:
            return
        current = self._queue[0]
        if current.at > current.since:
            frame = SILENCE.copy()
            tail = current.prompt.pcm[current.at : current.at + ms_to_samples(FADE_MS)]
            frame[: len(tail)] = fade(tail, start=False)
            current.at += len(tail)
            end = PromptEnd(current.say.node, current.played_ms, cut=True)
            self._last = Spoken(frame, None, end, current.say.barge_in)
        self._cut = tuple(self._queue)
        self._queue.clear()

    def resume(self) -> None:
        """Go on after a false stop, from the beginning of the clause that was cut; nothing when nothing was cut."""
        if not self._cut:
            return
        current = self._cut[0]
        current.at = current.since = max((start for start in current.prompt.starts if start <= current.at), default=0)
        self._queue.extend(self._cut)
        self._cut = ()

    def tick(self) -> Spoken:
        """The next 20 ms; silence when there is nothing to say. A prompt never begins and ends in the same tick."""
        if self._last:
            last, self._last = self._last, None
            return last
        if not self._queue:
            return Spoken(SILENCE, None, None, self._barge_in)
        current = self._queue[0]
        self._barge_in = current.say.barge_in
        if current.wait_frames:
            current.wait_frames -= 1
            return Spoken(SILENCE, None, None, self._barge_in)
        begins = current.at == current.since
        frame = _frame(current.prompt.pcm, current.at)
        current.at += FRAME_SAMPLES
        started = PromptStart(current.say.node, current.prompt.text) if begins else None
        ended = None
        if current.at >= len(current.prompt.pcm) and not begins:
            ended = PromptEnd(current.say.node, current.played_ms, cut=False)
            self._next()
        return Spoken(frame, started, ended, self._barge_in)

    def _next(self) -> None:
        finished = self._queue.popleft()
        if self._queue:
            self._queue[0].wait_frames = round(SENTENCE_PAUSE_MS / finished.say.pace / FRAME_MS)


def _frame(pcm: Pcm, at: int) -> Frame:
    chunk = pcm[at : at + FRAME_SAMPLES]
    return chunk if len(chunk) == FRAME_SAMPLES else np.pad(chunk, (0, FRAME_SAMPLES - len(chunk)))
