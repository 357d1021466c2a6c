"""The telephone and its troubles: what is left of a recording behind a line that is noisy, echoes or loses packets.

Every file goes the same way: 300 to 3400 Hz, brought to an active speech level of -26 dBov (ITU-T P.56, the nominal
level of telephone tests), the trouble added, 8 kHz A-law (G.711), packets of 20 ms. The trouble of a file is seeded by
its name: the same in every run, for every engine, and at every ratio the same noise, only louder.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from asr.bench import sounds
from asr.bench.sounds import Audio
from asr.engine import SAMPLE_RATE_HZ, Pcm
from asr.errors import SpeechError

SPEECH_DBOV = -26.0
FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
"""A packet: 20 ms."""
ECHO_DELAY_MS = (60, 250)
"""How late a hybrid's echo comes over a packet network; drawn anew for each file."""
_COLOURS = {"pink": 1.0, "car": 1.8}

CLEAN = "clean"
ECHO = "echo"
LOSS = "loss"
NOISES = ("pink", "car", "babble", "music")
UNITS = {**dict.fromkeys((*NOISES, ECHO), "db"), LOSS: "pct"}
_USUAL: Mapping[str, tuple[float, ...]] = {
    **dict.fromkeys(NOISES, (20.0, 15.0, 10.0, 5.0)),
    ECHO: (25.0, 18.0, 12.0),
    LOSS: (1.0, 3.0, 5.0),
}
_NAME = re.compile(r"([a-z]+)-(-?\d+(?:\.\d+)?)(db|pct)")

Conceal = Callable[[Sequence[Pcm | None]], Pcm]
"""Makes sound of packets in order, each shape (320,) at 16 kHz, None where one was lost."""


class ConditionError(SpeechError):
    """A condition that isn't one, or that can't be made of what there is."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One state of the line."""

    kind: str
    """`clean`, one of `NOISES`, `echo` or `loss`."""
    amount: float = 0.0
    """Of a noise, its ratio to the active speech level (SNR), dB; of an echo, how far it lies below the prompt, dB; of
    loss, lost packets in percent."""

    @property
    def name(self) -> str:
        """As it is written on the command line: `clean`, `babble-5db`, `echo-12db`, `loss-3pct`."""
        return self.kind if self.kind == CLEAN else f"{self.kind}-{self.amount:g}{UNITS[self.kind]}"


def usual_conditions() -> tuple[Condition, ...]:
    """What is measured when nobody says: clean, pink noise, babble, music, echo and loss, each at all its amounts."""
    kinds = [kind for kind in UNITS if kind != "car"]
    return (Condition(CLEAN), *(Condition(kind, amount) for kind in kinds for amount in _USUAL[kind]))


def conditions_of(names: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions that are named, each once: `babble-5db` is one, `babble` all usual ones of that kind.

    Raises:
        ConditionError: a name that is none.
    """
    return tuple(dict.fromkeys(condition for name in names for condition in _named(name.strip().lower())))


def _named(name: str) -> Sequence[Condition]:
    if name == CLEAN:
        return (Condition(CLEAN),)
    if name in _USUAL:
        return [Condition(name, amount) for amount in _USUAL[name]]
    found = _NAME.fullmatch(name)
    if found is None or UNITS.get(found[1]) != found[3] or not _possible(found[1], float(found[2])):
        raise ConditionError(
            "there is no such condition",
            where=repr(name),
            remedy=f"write {CLEAN}, {', '.join(UNITS)}, or one with its amount: babble-5db, echo-12db, loss-3pct",
        )
    return (Condition(found[1], float(found[2])),)


def _possible(kind: str, amount: float) -> bool:
    return 0 <= amount <= 100 if kind == LOSS else -20 <= amount <= 60


def silent_gaps(packets: Sequence[Pcm | None]) -> Pcm:
    """The plainest concealment: nothing where a packet was lost."""
    gap = np.zeros(FRAME_SAMPLES, np.int16)
    return np.concatenate([gap if packet is None else packet for packet in packets])


class Telephone:
    """Puts recordings through the line. Pure: the same file and condition give the same samples.

    Args:
        voices: by file, what babble is made of; int16 at 16 kHz.
        prompts: what echoes: the hotline's own voice.
        conceal: what the receiver does about lost packets.
    """

    def __init__(self, voices: Mapping[str, Pcm], prompts: Sequence[Pcm] = (), conceal: Conceal = silent_gaps) -> None:
        self._voices = {name: sounds.to_audio(pcm) for name, pcm in voices.items()}
        self._prompts = [sounds.to_audio(pcm) for pcm in prompts if pcm.any()]
        self._conceal = conceal

    def through(self, pcm: Pcm, condition: Condition, file: str) -> Pcm:
        """What arrives of `pcm` (int16, 16 kHz, shape (n,)), shape (m,) with m the next whole number of packets.

        Args:
            file: names the recording: it seeds the trouble, and never babbles behind itself.

        Raises:
            ConditionError: babble without another voice, echo without a prompt.
        """
        if not len(pcm):
            return pcm
        speech = sounds.telephone_band(sounds.to_audio(pcm))
        speech = sounds.at_level(speech, SPEECH_DBOV, of=sounds.active_level_db(speech))
        rng = np.random.default_rng(zlib.crc32(f"{condition.kind}:{file}".encode()))
        if condition.kind in NOISES:
            noise = sounds.telephone_band(self._noise(condition.kind, len(speech), file, rng))
            speech = speech + sounds.at_level(noise, SPEECH_DBOV - condition.amount, of=sounds.rms_db(noise))
        elif condition.kind == ECHO:
            speech = speech + self._echo(len(speech), condition.amount, rng)
        packets = _packets(sounds.to_pcm(sounds.through_a_law(speech)))
        if condition.kind != LOSS:
            return np.concatenate(packets)
        lost = rng.random(len(packets)) < condition.amount / 100
        return self._conceal([None if gone else packet for packet, gone in zip(packets, lost, strict=True)])

    def _noise(self, kind: str, length: int, file: str, rng: np.random.Generator) -> Audio:
        if kind in _COLOURS:
            return sounds.coloured(length, _COLOURS[kind], rng)
        if kind == "music":
            return sounds.music(length, rng)
        others = [voice for name, voice in self._voices.items() if name != file]
        if not others:
            raise ConditionError(
                "babble is made of the other files, and there are none", where=file, remedy="add files to the manifest"
            )
        return sounds.babble(length, others, rng)

    def _echo(self, length: int, below_db: float, rng: np.random.Generator) -> Audio:
        """A prompt, as loud as the hotline plays it, from the beginning on: the caller speaks over it."""
        if not self._prompts:
            raise ConditionError(
                "an echo needs a prompt, and there is none", where=ECHO, remedy="name a flow that has recordings"
            )
        delay = int(rng.integers(*ECHO_DELAY_MS)) * SAMPLE_RATE_HZ // 1000
        prompt = np.resize(self._prompts[int(rng.integers(len(self._prompts)))], length)
        late = np.concatenate([np.zeros(delay), prompt])[:length]
        return sounds.telephone_band(late) * 10 ** (-below_db / 20)


def _packets(pcm: Pcm) -> list[Pcm]:
    padded = np.concatenate([pcm, np.zeros(-len(pcm) % FRAME_SAMPLES, np.int16)])
    return list(padded.reshape(-1, FRAME_SAMPLES))
