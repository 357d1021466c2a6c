"""What Whisper's encoder gets: log-mel features of the speech alone, and silence behind it."""

from __future__ import annotations

from collections.abc import Sequence

import ctranslate2
import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from asr.denoise.mask import Mel
from asr.engine import Pcm
from asr.windows import FRAME_SAMPLES, frame_levels_dbfs

SILENCE_FRAMES = 600
"""6 s of silence are encoded behind the speech. Whisper learned on 30 s: with less than 2 s of it, it loops, and the
CER falls as far as 6 s (100 telephone utterances: 13.6 % with 4 s, 12.1 % with 6 s; at 15 dB 18.2 and 17.8 %)."""
SILENCE_FRAMES_WITHOUT_HINTS = 1200
"""Of free speech more is lost by too little silence: 58 recordings of real speech at 8 kHz, 1300 characters, have 679
errors with 6 s behind it and 628 with 12 s (one beam); all of the 30 s gives 627, for twice the work of encoding."""
_MOST_FRAMES = 3000

_FULL_SCALE = 32768.0
_TAIL_SAMPLES = 400
"""One analysis window, so that the last sound fades into the silence."""

_ENCODED_FRAME_SAMPLES = 320
_ENCODED_TAIL_FRAMES = 10
"""200 ms of the silence behind the speech, in which the last syllable is finished."""

_SILENCE_DBFS = -60.0
_QUIET_DB = 40.0
"""What lies this far below the loudest 20 ms, before and after the speech, is not encoded ..."""
_MARGIN_FRAMES = 15
"""... but for 300 ms: first and last syllables are soft."""


def span_of_sound(pcm: Pcm) -> slice:
    """Where the audio is without the quiet before and after what is loud in it; empty when all is below -60 dBFS."""
    levels = frame_levels_dbfs(pcm)
    if not len(levels) or levels.max() < _SILENCE_DBFS:
        return slice(0, 0)
    loud = np.flatnonzero(levels >= levels.max() - _QUIET_DB)
    first = max(0, int(loud[0]) - _MARGIN_FRAMES)
    return slice(first * FRAME_SAMPLES, (int(loud[-1]) + 1 + _MARGIN_FRAMES) * FRAME_SAMPLES)


class Features:
    """Computes features. Stateless: one serves all threads."""

    def __init__(self) -> None:
        self._extract = FeatureExtractor()

    def __call__(self, pcm: Pcm) -> Mel:
        """Of int16 samples at 16 kHz, nothing behind them."""
        tail = np.zeros(_TAIL_SAMPLES, np.float32)
        extracted = self._extract(np.concatenate([pcm.astype(np.float32) / _FULL_SCALE, tail]), padding=0)
        return np.asarray(extracted, np.float32)


def warped(speech: Mel, bands: int) -> Mel:
    """The spectrum so many bands higher, as of a mouth that is shorter; the outermost bands say what they said."""
    return speech[np.clip(np.arange(len(speech)) - bands, 0, len(speech) - 1)]


def with_silence(speech: Sequence[Mel], silence_frames: int = SILENCE_FRAMES) -> ctranslate2.StorageView:
    """Utterances of the same length as the model takes them, with so much silence behind each, 30 s at most."""
    frames = speech[0].shape[1]
    frames += min(silence_frames, _MOST_FRAMES - frames)
    padded = np.empty((len(speech), len(speech[0]), frames // 2 * 2), np.float32)  # the encoder halves the frame rate
    for row, mel in zip(padded, speech, strict=True):
        # Whisper's features reach 80 dB below the loudest; silence lies at that floor, so it needs no computing.
        row[:] = mel.max() - 2.0
        row[:, : mel.shape[1]] = mel[:, : row.shape[1]]
    return ctranslate2.StorageView.from_array(padded)


def without_silence(encoded: ctranslate2.StorageView, pcm: Pcm) -> NDArray[np.float32]:
    """Encodings of some audio without most of the silence behind it, shape (utterances, frames, 512)."""
    whole: NDArray[np.float32] = np.array(encoded)
    return whole[:, : len(pcm) // _ENCODED_FRAME_SAMPLES + _ENCODED_TAIL_FRAMES]
