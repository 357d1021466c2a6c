"""A listener on a timeline: who speaks, presses and plays when, written down; what was heard, read off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.dialogue.actions import BargeIn, Listen, Record
from gateway.media.frames import FRAME_MS
from gateway.speech.bargein import BargeInJudge
from gateway.speech.events import ListenEvent, Paused
from gateway.speech.listener import Listener
from tests.support.sound import ScriptedDetector, marked_frame

Span = tuple[float, float]
E = TypeVar("E")


@dataclass
class Timeline:
    """All times in ms; spans are from, to. Frame n is full of the number n."""

    speech: Sequence[Span] = ()
    keys: Mapping[float, str] = field(default_factory=dict)
    prompt: Span | None = None
    barge_in: BargeIn = BargeIn.SPEECH
    quiet: bool = False
    """Speech as faint as a line's echo."""
    faded: Sequence[Span] = ()
    """Speech to the detector, 30 dB below the rest."""
    backchannel: bool = False
    """The first 300 ms of what is said may be a back-channel."""
    cuttable: bool = True
    """The prompt stops when it is told to."""
    detector: ScriptedDetector = field(default_factory=ScriptedDetector)
    now_ms: float = 0

    def __post_init__(self) -> None:
        self.listener = Listener(self.detector, BargeInJudge(lambda _: self.backchannel))
        self.heard: list[ListenEvent] = []
        self._cut = False

    def run(self, until_ms: float, question: Listen | Record | None = None) -> Timeline:
        """Open the question, if any, and tick on."""
        if question is not None:
            self.listener.arm(question, self.now_ms)
        while self.now_ms < until_ms:
            self._tick()
            self.now_ms += FRAME_MS
        return self

    def all(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.heard if isinstance(event, kind)]

    def names(self) -> list[str]:
        """What happened, in order; pauses aside."""
        return [type(event).__name__ for event in self.heard if not isinstance(event, Paused)]

    def _tick(self) -> None:
        faded = any(start <= self.now_ms < end for start, end in self.faded)
        loud = any(start <= self.now_ms < end for start, end in self.speech)
        self.detector.speech = faded or loud
        self.detector.level_dbfs = -55.0 if self.quiet or faded else -20.0 if loud else -75.0
        playing = self.prompt is not None and self.prompt[0] <= self.now_ms < self.prompt[1] and not self._cut
        self.listener.prompt(playing, self.barge_in)
        keys = tuple(self.keys.get(self.now_ms, ""))
        events = self.listener.tick(self.now_ms, marked_frame(int(self.now_ms // FRAME_MS)), keys)
        self._cut = self._cut or (self.cuttable and any(type(event).__name__ == "BargeIn" for event in events))
        self.heard.extend(events)
