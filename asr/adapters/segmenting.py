"""An offline engine made streaming: partial results at pauses, and long audio recognised piece by piece.

A short utterance (`CUT_FROM_S`) is never cut: what `finish` returns is what the engine makes of the whole. Longer audio
is cut in its pauses, so a three-minute message is heard in pieces of about ten seconds while it comes, and when it ends
only the last piece is left to do.

What that costs: each partial result hears the current piece once more from its start. An utterance of one breath is
heard once, in the pause behind it, and `finish` takes that over; at worst, with a pause in every second, ten seconds
are heard for 55. `accept` does that work itself and takes as long: it belongs on a worker thread.

Measured with the embedded engine on two messages of 171 and 175 s (27 and 28 sentences of recorded read speech, pauses
of 0.3 to 0.9 s): heard whole, 7.3 and 8.1 s of CPU when the message has ended, 40 and 42 % CER. In 18 pieces each, in a
hurry: 5.9 and 5.6 s in all and 0.3 s in the end, 34 and 36 %. With partial results: 17 and 20 s, nothing in the end,
26 and 31 %; no `accept` took more than 0.6 s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from asr.engine import SAMPLE_RATE_HZ, Capabilities, ClosedAnswer, Engine, Pcm, Stream, Transcript, transcribe
from asr.errors import SpeechError
from asr.vad.detector import SpeechDetector
from asr.windows import FRAME_SAMPLES, cut_windows

PAUSE_MS = 240
"""Shorter gaps are inside of words and between digits. An endpoint needs 500 ms: the text should be there before."""
PARTIAL_EVERY_MS = 2000
"""Of speech without a pause: nobody waits longer for a first word to appear."""
CUT_FROM_S = 8.0
"""A piece may end in a pause from here on. Phrases and numbers are shorter, and are heard better whole."""
CUT_PAUSE_MS = 400
LONGEST_S = 20.0
"""A piece is cut here at the latest, in the quietest place of its second half."""

_FRAMES_A_SECOND = SAMPLE_RATE_HZ // FRAME_SAMPLES
_FRAME_MS = 1000 // _FRAMES_A_SECOND


class _Verdict(Protocol):
    @property
    def speech(self) -> bool: ...


class Detector(Protocol):
    """Tells speech from the rest, in steps of 20 ms."""

    def accept(self, frame: Pcm) -> _Verdict:
        """Judge the next 320 samples."""


class SegmentingEngine:
    """An engine that gives partial results on top of one that gives none. `stream` may be called from any thread.

    Args:
        engine: it is closed with this one. One that streams by itself is left to do so.
        detector: makes the ear of one utterance.
    """

    def __init__(self, engine: Engine, *, detector: Callable[[], Detector] = SpeechDetector) -> None:
        self._engine = engine
        self._detector = detector

    @property
    def name(self) -> str:
        """That of the engine within."""
        return self._engine.name

    @property
    def capabilities(self) -> Capabilities:
        """Those of the engine within, and partial results."""
        return replace(self._engine.capabilities, streaming=True)

    def stream(self, hints: Sequence[str] = (), *, answer: ClosedAnswer | None = None, quick: bool = False) -> Stream:
        """Open a stream. In a hurry (`quick`) it gives no partial results: they are the work that can be spared."""
        if self._engine.capabilities.streaming:
            return self._engine.stream(hints, answer=answer, quick=quick)
        told = tuple(hints)

        def recognise(pcm: Pcm) -> Transcript:
            return transcribe(self._engine, pcm, told, answer=answer, quick=quick)

        # The parts of one number belong together, however slowly it is dictated.
        return SegmentingStream(recognise, self._detector(), partials=not quick, whole=answer is not None)

    def close(self) -> None:
        self._engine.close()


class SegmentingStream:
    """One utterance or message; see `asr.engine.Stream`.

    Args:
        recognise: what is said in a piece.
        detector: tells where the pauses are.
        partials: whether to recognise before the end of a piece.
        whole: cut only where a piece would get longer than `LONGEST_S`.
    """

    def __init__(
        self, recognise: Callable[[Pcm], Transcript], detector: Detector, *, partials: bool = True, whole: bool = False
    ) -> None:
        self._recognise = recognise
        self._detector = detector
        self._partials = partials
        self._whole = whole
        self._rest = np.zeros(0, np.int16)
        self._piece: list[Pcm] = []
        self._speech_frames = 0
        """Of the current piece."""
        self._quiet_frames = 0
        """Since the last speech."""
        self._unheard_frames = 0
        """Of speech since the last recognition of the piece."""
        self._so_far: Transcript | None = None
        """The current piece as it was last recognised ..."""
        self._settled = False
        """... in a pause, and nothing was said since."""
        self._samples = 0
        self._spent_ms = 0.0
        self._heard: list[Transcript] = []
        self._partial = ""
        self._transcript: Transcript | None = None

    def accept(self, pcm: Pcm) -> str | None:
        """Take more audio; return the partial text when it changed. Recognises at pauses, and takes as long as that.

        Raises:
            SpeechError: the stream has finished.
            Exception: whatever the engine raises.
        """
        if self._transcript is not None:
            raise SpeechError("this utterance is over", where="segmenting", remedy="open a new stream")
        self._samples += len(pcm)
        audio = np.concatenate([self._rest, pcm])
        whole = len(audio) // FRAME_SAMPLES * FRAME_SAMPLES
        for start in range(0, whole, FRAME_SAMPLES):
            self._take(audio[start : start + FRAME_SAMPLES])
        self._rest = audio[whole:]
        partial = _joined([*self._heard, *([self._so_far] if self._so_far else [])])
        if not self._partials or partial == self._partial:
            return None
        self._partial = partial
        return partial

    def finish(self) -> Transcript:
        """What was heard in all pieces. Asked again, the same.

        Raises:
            Exception: whatever the engine raises.
        """
        if self._transcript is None:
            if len(self._rest):
                self._piece.append(self._rest)
            if not self._heard or self._speech_frames:
                self._close()
            audio_ms = self._samples * 1000 // SAMPLE_RATE_HZ
            self._transcript = replace(_summed_up(self._heard), audio_ms=audio_ms, compute_ms=self._spent_ms)
        return self._transcript

    def _take(self, frame: Pcm) -> None:
        speech = self._detector.accept(frame).speech
        self._piece.append(frame)
        self._speech_frames += speech
        self._unheard_frames += speech
        self._settled = self._settled and not speech
        self._quiet_frames = 0 if speech else self._quiet_frames + 1
        frames = len(self._piece)
        if frames >= LONGEST_S * _FRAMES_A_SECOND:
            self._cut()
        elif self._may_end() and frames >= CUT_FROM_S * _FRAMES_A_SECOND and not self._whole:
            self._close()
        elif self._partials and self._wants_partial():
            self._hear()

    def _may_end(self) -> bool:
        return self._speech_frames > 0 and self._quiet_frames * _FRAME_MS >= CUT_PAUSE_MS

    def _wants_partial(self) -> bool:
        pausing = self._speech_frames > 0 and self._quiet_frames * _FRAME_MS == PAUSE_MS
        return pausing or self._unheard_frames * _FRAME_MS >= PARTIAL_EVERY_MS

    def _hear(self) -> Transcript:
        self._so_far = self._recognised(np.concatenate(self._piece) if self._piece else np.zeros(0, np.int16))
        self._unheard_frames = 0
        self._settled = self._quiet_frames * _FRAME_MS >= PAUSE_MS
        return self._so_far

    def _recognised(self, piece: Pcm) -> Transcript:
        heard = self._recognise(piece)
        self._spent_ms += heard.compute_ms
        return heard

    def _close(self) -> None:
        """End the piece where it is. What was heard in the pause holds if nothing was said since."""
        self._heard.append(self._so_far if self._settled and self._so_far else self._hear())
        self._forget()

    def _cut(self) -> None:
        """End the piece in its quietest place; what lies behind it begins the next one."""
        audio = np.concatenate(self._piece)
        if self._speech_frames:
            first, *others = cut_windows(audio, LONGEST_S - 1.0, LONGEST_S / 2)
            self._heard.append(self._recognised(first))
            behind = np.concatenate(others)
        else:
            behind = audio[-FRAME_SAMPLES * _FRAMES_A_SECOND :]  # a second, for the beginning of what may come
        speech = min(self._speech_frames, len(behind) // FRAME_SAMPLES)
        self._forget()
        # The cut falls anywhere in a frame; the first piece of the next is what is left of it.
        head = len(behind) % FRAME_SAMPLES
        self._piece = [
            *([behind[:head]] if head else []),
            *(behind[start : start + FRAME_SAMPLES] for start in range(head, len(behind), FRAME_SAMPLES)),
        ]
        self._speech_frames = self._unheard_frames = speech

    def _forget(self) -> None:
        self._piece = []
        self._speech_frames = self._unheard_frames = 0
        self._so_far, self._settled = None, False


def _joined(pieces: Sequence[Transcript]) -> str:
    """Their texts, with a comma between pieces that end without punctuation: there was a pause."""
    joined = ""
    for text in filter(None, (piece.text for piece in pieces)):
        comma = "，" if joined and joined[-1].isalnum() else ""
        joined += comma + text
    return joined


def _summed_up(pieces: Sequence[Transcript]) -> Transcript:
    kept = [piece for piece in pieces if piece.text]
    if len(pieces) == 1 or not kept:
        return pieces[0]
    weights = [max(1, piece.audio_ms) for piece in kept]
    confidence = sum(piece.confidence * weight for piece, weight in zip(kept, weights, strict=True)) / sum(weights)
    return Transcript(_joined(kept), confidence)
