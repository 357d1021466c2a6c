"""The `sherpa` engine: the models of sherpa-onnx (next-gen Kaldi, FunASR, WeNet, NeMo) that hear Mandarin, on the CPU.

A folder holds one model as sherpa-onnx's releases unpack it; which kind it is, its files tell (`sherpa_files`). Models
that stream are heard while the caller speaks, with partials; the others at the end. Transducers take the phrases that a
question expects as hotwords, other kinds have nothing like that in sherpa-onnx and say so (`Capabilities.hints`).

sherpa-onnx lets several threads share a recogniser as long as each has its own streams, and releases the GIL while it
decodes; so nothing is locked here. A model decodes on the thread that asks when `threads` is 1; with more, ONNX Runtime
keeps threads that spin while they wait: on 2 cores the small test model took 0.81 s of CPU instead of 0.32 s, and was
slower. Several utterances in one batch (`decode_streams`) are no gain either: 2.3 ms of CPU for a second of speech in
batches of eight, 2.05 ms one by one.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asr.engine import SAMPLE_RATE_HZ, Capabilities, ClosedAnswer, OfflineStream, Pcm, Stream, Transcript
from asr.engines.sherpa_files import REMEDY, Found, find_model
from asr.engines.sherpa_kinds import options_of
from asr.engines.sherpa_stream import OnlineStream, as_floats, border, hotwords_of, is_silent, transcript_of
from asr.errors import ModelError, SpeechError

_MOST_HINTS = 200
_SHORTEST_SAMPLES = SAMPLE_RATE_HZ * 3 // 10
"""Shorter audio is followed by silence to this length: a network that joins 7 or 9 feature frames to one of its own has
none of less than 90 ms, and says so by an error of ONNX Runtime."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class SherpaEngine:
    """A model of sherpa-onnx. `stream` may be called from any thread, and each stream be used by one thread at a time.

    Args:
        model: the folder of a model.
        threads: CPU threads that one utterance may use; no more than the machine has.
        kind: what model it is, one of `asr.engines.sherpa_kinds.KINDS`; default: what its files say.

    Raises:
        ModelError: there is no such folder, files are missing, damaged or contradictory, or nobody knows the kind.
    """

    name = "sherpa"

    def __init__(self, *, model: Path, threads: int = 1, kind: str | None = None) -> None:
        found = find_model(model, kind)
        self._recognizer: Any = _load(found, max(1, min(threads, os.cpu_count() or 1)))
        self._symbols = found.symbols
        self._hotwords = found.kind.hotwords and any(map(_CHINESE.fullmatch, found.symbols))
        self.kind = found.kind.name
        self.capabilities = Capabilities(streaming=found.kind.streaming, hints=self._hotwords, word_times=False)

    def stream(
        self,
        hints: Sequence[str] = (),
        *,
        answer: ClosedAnswer | None = None,  # noqa: ARG002
        quick: bool = False,  # noqa: ARG002
    ) -> Stream:
        hotwords = hotwords_of(hints[:_MOST_HINTS], self._symbols.__contains__) if self._hotwords else ""
        if self.capabilities.streaming:
            return OnlineStream(self._opened(), hotwords)
        return OfflineStream(lambda pcm: self._recognise(pcm, hotwords))

    def close(self) -> None:
        """Let go of the model; streams of a streaming model that are still open keep it until they end."""
        self._recognizer = None

    def _opened(self) -> Any:  # noqa: ANN401 - one of two classes of sherpa-onnx with little in common
        if self._recognizer is None:
            raise SpeechError("the engine is closed", where=self.name, remedy="load it again")
        return self._recognizer

    def _recognise(self, pcm: Pcm, hotwords: str) -> Transcript:
        """What is said in int16 samples at 16 kHz, of any length. Blocking."""
        recognizer = self._opened()
        if is_silent(pcm):
            return transcript_of("", (), len(pcm), 0.0)
        began = time.perf_counter()
        padded = np.pad(pcm, (0, max(0, _SHORTEST_SAMPLES - len(pcm))))
        with border():
            stream = recognizer.create_stream(hotwords) if hotwords else recognizer.create_stream()
            stream.accept_waveform(SAMPLE_RATE_HZ, as_floats(padded))
            recognizer.decode_stream(stream)
            result = stream.result
        return transcript_of(result.text, result.ys_log_probs, len(pcm), time.perf_counter() - began)


def _load(found: Found, threads: int) -> Any:  # noqa: ANN401 - see SherpaEngine._opened
    options = options_of(found.kind, found.files, found.model_type)
    try:
        return found.kind.load(tokens=str(found.tokens), num_threads=threads, provider="cpu", **options)
    except Exception as error:  # library border: ONNX Runtime's errors come as RuntimeError, sherpa's as several
        raise ModelError(
            f"sherpa-onnx cannot load this {found.kind.name} model ({error})",
            where=str(found.tokens.parent),
            remedy=REMEDY,
        ) from error
