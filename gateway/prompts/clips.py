"""The sound of one recording: trimmed, levelled, stretched, made louder; and tones. Pure functions on `Pcm`."""

from __future__ import annotations

import av
import av.filter
import numpy as np
from numpy.typing import NDArray

from gateway.errors import PromptError
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm, ms_to_samples

MARGIN_MS = 10
"""What stays before the first and after the last sound of a clip."""
FADE_MS = 5
"""Length of the ramps at both ends of a clip; it lies inside the margin."""
LEVEL_DBFS = -20.0
"""Active level of every clip, so that sentences and numbers join without a step in loudness."""

_FULL_SCALE = 32767
_PEAK = 10 ** (-1.5 / 20) * _FULL_SCALE
_KNEE = 0.8 * _FULL_SCALE
_WINDOW = ms_to_samples(5)
_AUDIBLE_DB = -40.0
_ACTIVE_DB = -25.0
_CLOSE_DB = 0.5


def condition(pcm: Pcm) -> Pcm:
    """Trim to `MARGIN_MS` around the sound, level to `LEVEL_DBFS`, fade both ends; doing it twice changes nothing."""
    trimmed = _trim(pcm)
    wanted_db = LEVEL_DBFS - active_level_dbfs(trimmed)
    if len(trimmed) == len(pcm) and abs(wanted_db) < _CLOSE_DB and not (trimmed[0] or trimmed[-1]):
        return pcm
    return fade(soft_limit(trimmed.astype(np.float64) * 10 ** (wanted_db / 20), peak=_PEAK).astype(np.int16))


def _trim(pcm: Pcm) -> Pcm:
    """From `MARGIN_MS` before the first audible window to as long after the last, padded with silence.

    A recording that begins or ends in the middle of a sound is ramped there, so as not to click.
    """
    padding = np.zeros(ms_to_samples(MARGIN_MS), np.int16)
    whole = np.concatenate([padding, fade(pcm), np.zeros(-len(pcm) % _WINDOW, np.int16), padding])
    power = np.mean(whole.astype(np.float64).reshape(-1, _WINDOW) ** 2, axis=1)
    audible = np.flatnonzero(power > power.max() * 10 ** (_AUDIBLE_DB / 10))
    first, last = int(audible[0]) * _WINDOW, (int(audible[-1]) + 1) * _WINDOW
    return whole[first - len(padding) : last + len(padding)]


def active_level_dbfs(pcm: Pcm | NDArray[np.float64]) -> float:
    """Level of the speech without its pauses: over the 5 ms windows within 25 dB of the loudest."""
    power = np.mean(pcm[: len(pcm) // _WINDOW * _WINDOW].astype(np.float64).reshape(-1, _WINDOW) ** 2, axis=1)
    active = power[power > power.max() * 10 ** (_ACTIVE_DB / 10)]
    return float(10 * np.log10(active.mean() / _FULL_SCALE**2))


def fade(pcm: Pcm, *, start: bool = True, end: bool = True) -> Pcm:
    """Ramp the first and the last `FADE_MS` from and to zero, so that nothing clicks where it is joined."""
    faded = pcm.astype(np.float64)
    ramp = np.sin(np.linspace(0, np.pi / 2, min(ms_to_samples(FADE_MS), len(pcm)))) ** 2
    if start:
        faded[: len(ramp)] *= ramp
    if end and len(ramp):
        faded[-len(ramp) :] *= ramp[::-1]
    return faded.astype(np.int16)


def tone(hz: float, duration_ms: float) -> Pcm:
    """A sine at `LEVEL_DBFS`, with ramped ends."""
    at_s = np.arange(ms_to_samples(duration_ms)) / SAMPLE_RATE_HZ
    peak = np.sqrt(2) * 10 ** (LEVEL_DBFS / 20) * _FULL_SCALE
    return fade((peak * np.sin(2 * np.pi * hz * at_s)).astype(np.int16))


def soft_limit(samples: NDArray[np.float64], peak: float = _FULL_SCALE) -> NDArray[np.float64]:
    """Bend what rises above 80 % of full scale so that nothing passes `peak`; the rest stays as it is."""
    size = np.abs(samples)
    room = peak - _KNEE
    bent = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.sign(samples) * bent, samples)


def amplify(pcm: Pcm, gain_db: float) -> Pcm:
    """Louder or softer by `gain_db`, peaks bent and never clipped."""
    if not gain_db:
        return pcm
    return soft_limit(pcm.astype(np.float64) * 10 ** (gain_db / 20)).astype(np.int16)


def stretch(pcm: Pcm, pace: float) -> Pcm:
    """Speak at `pace` times the speed (0.5 to 2) in the same pitch; len(pcm) / pace samples, faded.

    Raises:
        PromptError: the pace is out of range.
    """
    if not 0.5 <= pace <= 2:
        raise PromptError(f"提示语不能用 {pace} 倍的语速说", remedy="请用 0.5 到 2")
    if pace == 1:
        return pcm
    length = round(len(pcm) / pace)
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE_HZ, format="s16", layout="mono")
    tempo, sink = graph.add("atempo", f"{pace}"), graph.add("abuffersink")
    source.link_to(tempo)
    tempo.link_to(sink)
    graph.configure()
    # the filter keeps back up to a window of its input, so it gets silence to hold on to
    padded = np.concatenate([pcm, np.zeros(SAMPLE_RATE_HZ // 4, np.int16)])
    frame = av.AudioFrame.from_ndarray(padded[np.newaxis], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE_HZ
    graph.push(frame)
    graph.push(None)
    return fade(_drain(graph)[:length])


def _drain(graph: av.filter.Graph) -> Pcm:
    parts: list[Pcm] = []
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return np.concatenate(parts)
        if isinstance(frame, av.AudioFrame):
            parts.append(frame.to_ndarray()[0].astype(np.int16))
