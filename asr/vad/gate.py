"""webrtcvad on 20 ms frames: quick, cheap and easily fooled. It says when listening closer is worth the work."""

from __future__ import annotations

import webrtcvad

from asr.engine import SAMPLE_RATE_HZ, Pcm


class Gate:
    """The first look at each frame of one call.

    Args:
        aggressiveness: webrtcvad's mode: 0 lets nearly everything through, 3 the least.
    """

    def __init__(self, aggressiveness: int = 2) -> None:
        self._mode = aggressiveness
        self.reset()

    def is_speech(self, frame: Pcm) -> bool:
        """Whether 20 ms (320 int16 samples at 16 kHz) may be speech."""
        return bool(self._vad.is_speech(frame.tobytes(), SAMPLE_RATE_HZ))

    def reset(self) -> None:
        """Forget the level of the noise heard so far."""
        self._vad = webrtcvad.Vad(self._mode)
