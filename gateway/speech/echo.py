"""The prompt's own echo, taken out of what comes in: a telephone's hybrid sends back what we play, late and fainter.

Of what was played lately, one delay is looked for by generalised cross-correlation with phase transform (Knapp and
Carter 1976), and a short filter around it is fitted by least squares (Levinson's recursion). It is taken only when it
makes sound smaller that it was not fitted on: a line without echo doesn't pass that test, and a caller who speaks at
the same time can't be mistaken for echo, since no filter turns the prompt into their words.

PSTN hybrids (ITU-T G.168) are linear and ring for less than 10 ms, behind a delay that stays; a loudspeaker telephone
without echo control rings longer, and only part of it is taken out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.linalg import LinAlgError, solve_toeplitz

from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame, ms_to_samples

LONGEST_DELAY_MS = 400
WINDOW_MS = 600
"""What a filter is fitted to."""
PROOF_MS = 100
"""And the sound after it that it must make smaller."""
TAPS = 160
"""10 ms."""
LEAD = 32
"""Taps before the delay that was found: the peak isn't the beginning."""
SEARCH_EVERY_MS = 100
REFINE_EVERY_MS = 300
KEEN_SEARCHES = 10
"""After so many in vain, in one prompt, it is looked for as rarely as it is followed."""
QUIET_DBFS = -56.0
"""Over a prompt the ears take nothing fainter than -52 dBFS for speech, and so no echo that is."""
PROVEN = 0.5
"""A first filter must leave at most so much of the energy it wasn't fitted on. On lines without echo, with somebody
speaking over prompts, 1885 filters left 0.93 at the first percentile, and 0.53 at the least."""
BETTER = 0.95
"""And one that follows another, so much of what that one leaves."""
WORSE = 1.1
"""A filter that adds energy has lost its delay, as when a jitter buffer slips."""
EXPLAINED = 0.8
"""What was played explains 0.93 or more of an echo (153 windows), and at most 0.65 of an unrelated voice (1885)."""
FADE_DB = 2.0
"""A line rings on for longer than the filter: so much fainter with each frame."""
_FULL_SCALE = 32768.0
_WINDOW = ms_to_samples(WINDOW_MS)
_PROOF = ms_to_samples(PROOF_MS)
_LONGEST = ms_to_samples(LONGEST_DELAY_MS)
_SEARCH_SIZE = fft.next_fast_len(_WINDOW + _LONGEST + TAPS, real=True)
_FIT_SIZE = fft.next_fast_len(_WINDOW + TAPS, real=True)
_BAND_HZ = (300, 3400)

Samples = NDArray[np.float32]
"""Sound in -1..1 at 16 kHz, shape (n,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """How the line turns what was played into an echo: `delay` samples late, through these taps."""

    delay: int
    taps: Samples

    def echo(self, played: Samples, length: int) -> Samples:
        """The echo in the latest `length` samples; `played` ends where they end, or earlier by up to `delay`."""
        end = len(played) - self.delay
        return np.convolve(played[end - length - TAPS + 1 : end], self.taps, "valid").astype(np.float32)


class EchoCanceller:
    """What one call's line sends back of what was played. Pure: `clean`, then `played`, once per 20 ms.

    Costs nothing while nothing is played. Not thread-safe.
    """

    def __init__(self) -> None:
        self._played = np.zeros(_SEARCH_SIZE + FRAME_SAMPLES, np.float32)
        self._came = np.zeros(_WINDOW, np.float32)
        self._told = True
        self._audible_ms = 0.0
        self._since_fit_ms = 0.0
        self._searches = 0
        self._path: Path | None = None
        self.level_dbfs = -120.0
        """Of the echo taken out of the latest frame, or of what may still ring of those before."""

    @property
    def active(self) -> bool:
        """What was played may be coming back now."""
        return self._audible_ms > 0

    @property
    def delay_ms(self) -> float | None:
        """How late the echo begins, counted in frames of the call; None while no echo is known."""
        return None if self._path is None else self._path.delay * 1000 / SAMPLE_RATE_HZ

    def played(self, frame: Frame) -> None:
        """What goes out in the frame that was `clean`ed last, silence too; a call that is told nothing has no echo."""
        self._push_played(frame)
        self._told = True

    def clean(self, frame: Frame) -> Frame:
        """The next frame that came in, without the echo in it: int16 at 16 kHz, shape (320,)."""
        if not self._told:
            self._push_played(None)
        self._told = False
        self._audible_ms = max(0.0, self._audible_ms - FRAME_MS)
        fading_dbfs = self.level_dbfs - FADE_DB
        self.level_dbfs = -120.0
        if not self.active:
            return frame
        came = (frame / _FULL_SCALE).astype(np.float32)
        _push(self._came, came)
        self._learn()
        if self._path is None:
            return frame
        echo = self._path.echo(self._with_now(), FRAME_SAMPLES)
        self.level_dbfs = max(_level_dbfs(echo), fading_dbfs)
        rest: Frame = np.clip(np.rint((came - echo) * _FULL_SCALE), -32768, 32767).astype(np.int16)
        return rest

    def explains(self, length_ms: float) -> bool:
        """Whether the latest `length_ms` (up to `WINDOW_MS`) that came in are mostly an echo. About 2 ms of work.

        It may find the echo by that, so that later frames are cleaned of it.
        """
        if not self.active:
            return False
        length = min(ms_to_samples(length_ms), _WINDOW)
        found = self._find(0)
        if found is None:
            return False
        came = self._came[-length:]
        rest = came - found.echo(self._with_now(), _WINDOW)[-length:]
        if _energy(rest) > (1 - EXPLAINED) * _energy(came):
            return False
        self._path = found
        return True

    def _push_played(self, frame: Frame | None) -> None:
        _push(self._played, np.zeros(FRAME_SAMPLES, np.float32) if frame is None else frame / _FULL_SCALE)
        if frame is not None and frame.any():
            if not self.active:
                self._came[:] = 0
                self._since_fit_ms = 0.0
                self._searches = 0
            self._audible_ms = LONGEST_DELAY_MS + FRAME_MS

    def _with_now(self) -> Samples:
        """What was played until the end of the latest frame that came in; what goes out in it may not be told yet."""
        if self._told:
            return self._played
        return np.concatenate([self._played[FRAME_SAMPLES:], np.zeros(FRAME_SAMPLES, np.float32)])

    def _learn(self) -> None:
        """Look for an echo from time to time, or follow the one that is known."""
        self._since_fit_ms += FRAME_MS
        keen = self._path is None and self._searches < KEEN_SEARCHES
        if self._since_fit_ms < (SEARCH_EVERY_MS if keen else REFINE_EVERY_MS):
            return
        self._since_fit_ms = 0.0
        proof = self._came[-_PROOF:]
        if _level_dbfs(proof) < QUIET_DBFS:
            return
        played = self._with_now()
        left = _energy(proof)
        if self._path is not None:
            before = left
            left = _energy(proof - self._path.echo(played, _PROOF))
            if left > WORSE * before:
                self._path, left = None, before
        self._searches += self._path is None
        found = self._find(_PROOF)
        if found is None:
            return
        if _energy(proof - found.echo(played, _PROOF)) < (PROVEN if self._path is None else BETTER) * left:
            self._path = found

    def _find(self, spare: int) -> Path | None:
        """The path that fits the window best, leaving out its latest `spare` samples; None when nothing fits."""
        played = self._with_now()
        came = self._came.copy()
        if spare:
            came[-spare:] = 0
        delay = self._delay(played, came) if self._path is None else self._path.delay
        if delay is None:
            return None
        end = len(played) - delay
        heard = played[end - _WINDOW : end].copy()
        if spare:
            heard[-spare:] = 0
        spectrum = fft.rfft(heard, _FIT_SIZE)
        power = fft.irfft(np.abs(spectrum) ** 2, _FIT_SIZE)[:TAPS]
        cross = fft.irfft(fft.rfft(came, _FIT_SIZE) * np.conj(spectrum), _FIT_SIZE)[:TAPS]
        if power[0] <= 0:
            return None
        power[0] *= 1.001
        try:
            taps = solve_toeplitz(power.astype(np.float64), cross.astype(np.float64))
        except LinAlgError:
            return None
        return Path(delay, taps.astype(np.float32))

    @staticmethod
    def _delay(played: Samples, came: Samples) -> int | None:
        """Where the echo begins, by the peak of the whitened cross-correlation."""
        late = np.zeros(_SEARCH_SIZE, np.float32)
        late[-_WINDOW:] = came
        cross = fft.rfft(late) * np.conj(fft.rfft(played[-_SEARCH_SIZE:], _SEARCH_SIZE))
        hz = np.arange(len(cross)) * (SAMPLE_RATE_HZ / _SEARCH_SIZE)
        cross[(hz < _BAND_HZ[0]) | (hz > _BAND_HZ[1])] = 0
        sizes = np.abs(cross)
        largest = float(sizes.max())
        if largest <= 0:
            return None
        peaks = np.abs(fft.irfft(cross / (sizes + 1e-3 * largest), _SEARCH_SIZE))
        return max(0, int(np.argmax(peaks[:_LONGEST])) - LEAD)


def _push(ring: Samples, sound: NDArray[np.floating]) -> None:
    """The ring's oldest samples leave, these come in."""
    ring[: -len(sound)] = ring[len(sound) :]
    ring[-len(sound) :] = sound


def _energy(sound: Samples) -> float:
    return float(np.dot(sound, sound))


def _level_dbfs(sound: Samples) -> float:
    return 10 * float(np.log10(max(_energy(sound) / len(sound), 1e-12)))
