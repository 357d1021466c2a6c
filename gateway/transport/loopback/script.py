"""What a scripted caller does, step by step, and how a person writes it on a command line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asr.audio import read_speech
from gateway.errors import ScriptError
from gateway.media.frames import Pcm
from gateway.privacy import mask
from gateway.transport.leg import CALLER_HUNG_UP

KEYPAD = "0123456789*#"
MAX_WAIT_S = 600.0
STEP_KINDS = "an audio file, over:FILE, dtmf:KEYS, wait:SECONDS or hangup"


@dataclass(frozen=True, slots=True)
class Speak:
    """Say something: once the hotline listens, or `over` its prompt."""

    pcm: Pcm
    over: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, one after another."""

    keys: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a while."""

    duration_ms: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up at once; with another reason the line is lost instead."""

    reason: str = CALLER_HUNG_UP


Step = Speak | Press | Wait | HangUp


def parse_steps(words: Sequence[str]) -> tuple[Step, ...]:
    """Read a caller script, sound included, so that a bad step is found before the call begins.

    Raises:
        ScriptError: a step that is none, or has an argument that can't be; it says which step and what to write.
        AudioFileError: a sound file that can't be heard.
    """
    return tuple(_parse(number, word) for number, word in enumerate(words, start=1))


def _parse(number: int, word: str) -> Step:
    where = f"step {number} ({mask(word)})"
    if word == "hangup":
        return HangUp()
    kind, colon, argument = word.partition(":")
    if colon and kind == "over":
        return Speak(_read(where, argument), over=True)
    if colon and kind == "dtmf":
        return Press(_keys(where, argument))
    if colon and kind == "wait":
        return Wait(_seconds(where, argument) * 1000)
    if colon and kind.isalpha() and not Path(word).exists():
        raise ScriptError(f"there is no step of the kind `{kind}:`", where=where, remedy=f"write {STEP_KINDS}")
    return Speak(_read(where, word))


def _read(where: str, name: str) -> Pcm:
    if not name:
        raise ScriptError("the name of the audio file is missing", where=where, remedy=f"write {STEP_KINDS}")
    return read_speech(Path(name))


def _keys(where: str, argument: str) -> str:
    if not argument or any(key not in KEYPAD for key in argument):
        raise ScriptError("not keys of a telephone", where=where, remedy="use 0 to 9, * and #, as in dtmf:12#")
    return argument


def _seconds(where: str, argument: str) -> float:
    try:
        seconds = float(argument)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MAX_WAIT_S:
        raise ScriptError(
            "not a time to wait",
            where=where,
            remedy=f"give seconds, above 0 and up to {MAX_WAIT_S:.0f}, as in wait:1.5",
        )
    return seconds
