"""One recording, heard: its sides told apart, its speech put into words, its conversation built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal

from asr.audio import check_not_clipped
from asr.engine import SAMPLE_RATE_HZ, Engine, Pcm
from gateway.analytics.conversation import Conversation
from gateway.analytics.recordings.conversation import Said, conversation_of
from gateway.analytics.recordings.crosstalk import without_crosstalk
from gateway.analytics.recordings.hearing import Heard, hear
from gateway.analytics.recordings.roles import agent_of, agent_score
from gateway.analytics.recordings.sides import Sides
from gateway.analytics.recordings.sound import Sound, is_silent, peak, read_sound
from gateway.analytics.recordings.speakers import tell_apart, voice_print
from gateway.analytics.recordings.speech import QUICK_PAUSE_MS, Piece, joined, pieces_of
from gateway.errors import AudioFileError
from gateway.speech.voice import measure_voice

Oddity = Literal["no_speech", "one_side_silent", "sides_unsure", "sides_swapped", "clipped"]
"""What is odd about a recording that was analysed all the same:

- `no_speech`: nobody says anything that could be recognised;
- `one_side_silent`: a stereo file, and one of its channels has no speech;
- `sides_unsure`: two voices in one channel, and nothing tells which is the agent's: all is taken for the customer's;
- `sides_swapped`: in a stereo file the customer's channel talks like an agent, and the other doesn't;
- `clipped`: it is driven into its rails, and recognised the worse for it.
"""

_SWAPPED_BY = 6.0
"""Tell-tale phrases; see `gateway.analytics.recordings.roles`."""
_MINUTE = 60 * SAMPLE_RATE_HZ
ONE_PHRASE_MS = 4000.0
"""A mono recording with no more speech than this is one answer at a menu, and is heard with the hints, as far as that
is sure: 34 and 37 telephone samples of such had 20.2 and 10.9 % CER without, and 13.8 and 9.8 % with them. In
conversations hints do harm, as nearly everything there is something else (23 short turns: 14 and 19 %)."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was heard in a file."""

    conversation: Conversation
    rate_hz: int
    channels: int
    """As the file has them."""
    speech_ms: float
    """Of all channels together."""
    warnings: tuple[Oddity, ...] = field(default=())


class Listener:
    """Hears recordings with one engine, which it doesn't close.

    Args:
        engine: the recogniser.
        sides: who is where.
        hints: what callers ask for; see `ONE_PHRASE_MS`.
    """

    def __init__(self, engine: Engine, sides: Sides | None = None, hints: tuple[str, ...] = ()) -> None:
        self._engine = engine
        self._hints = hints
        self._sides = Sides() if sides is None else sides

    def listen(self, path: Path, name: str) -> Recording:
        """Hear one file, from beginning to end.

        Args:
            path: the file.
            name: the conversation's id.

        Raises:
            AudioFileError: it can't be heard; see `read_sound`.
            Exception: whatever the engine raises.
        """
        sound = read_sound(path)
        warnings: list[Oddity] = []
        said = self._stereo(sound, warnings) if len(sound.channels) == 2 else self._mono(sound, warnings)
        if not said:
            warnings = ["no_speech"]
        if any(not is_silent(channel) and _is_clipped(channel) for channel in sound.channels):
            warnings.append("clipped")
        return Recording(
            conversation=conversation_of(name, said, sound.duration_ms),
            rate_hz=sound.rate_hz,
            channels=sound.file_channels,
            speech_ms=sum(one.heard.piece.end_ms - one.heard.piece.begin_ms for one in said),
            warnings=tuple(warnings),
        )

    def _stereo(self, sound: Sound, warnings: list[Oddity]) -> list[Said]:
        sides = (self._sides.left, self._sides.right)
        left, right = sound.channels
        heard = [
            [] if is_silent(pcm) else self._hear(without_crosstalk(pieces_of(pcm, channel), other))
            for channel, (pcm, other) in enumerate(((left, right), (right, left)))
        ]
        if sum(map(bool, heard)) == 1:
            warnings.append("one_side_silent")
        if all(heard) and set(sides) == {"customer", "agent"}:
            scores = dict(zip(sides, (agent_score(_texts(side)) for side in heard), strict=True))
            if scores["customer"] - scores["agent"] >= _SWAPPED_BY:
                warnings.append("sides_swapped")
        return [Said(side, one) for side, channel in zip(sides, heard, strict=True) for one in channel]

    def _mono(self, sound: Sound, warnings: list[Oddity]) -> list[Said]:
        pcm, told = sound.channels[0], self._sides.mono
        if told is not None:
            return [Said(told, one) for one in self._hear(pieces_of(pcm))]
        pieces = pieces_of(pcm, pause_ms=QUICK_PAUSE_MS)
        hints = self._hints if _is_one_phrase(pieces) else ()
        voices = [measure_voice(piece.pcm) for piece in pieces]
        prints = [
            voice_print(piece.pcm, voice.pitch_hz if voice else None)
            for piece, voice in zip(pieces, voices, strict=True)
        ]
        labels = tell_apart(prints)
        # Each voice's own, in runs that the other doesn't answer: those are joined, and none across an answer.
        sides: list[list[Heard]] = [[] for _ in range(max(labels, default=0) + 1)]
        for label, run in groupby(zip(labels, pieces, strict=True), key=lambda one: one[0]):
            sides[label] += self._hear(joined([piece for _, piece in run], pcm), hints)
        agent = agent_of([_texts(side) for side in sides])
        if agent is None and all(sides) and len(sides) > 1:
            warnings.append("sides_unsure")
        return [
            Said("agent" if side == agent else "customer", one) for side, heard in enumerate(sides) for one in heard
        ]

    def _hear(self, pieces: Sequence[Piece], hints: tuple[str, ...] = ()) -> list[Heard]:
        return list(hear(self._engine, pieces, hints))


def _is_one_phrase(pieces: Sequence[Piece]) -> bool:
    return sum(piece.end_ms - piece.begin_ms for piece in pieces) <= ONE_PHRASE_MS


def _texts(heard: Sequence[Heard]) -> list[str]:
    return [one.text for one in heard]


def _is_clipped(pcm: Pcm) -> bool:
    """Some minute of it is, among those as loud as the loudest."""
    minutes = [pcm[start : start + _MINUTE] for start in range(0, len(pcm), _MINUTE)]
    loudest = 0.95 * peak(pcm)
    try:
        for minute in minutes:
            if peak(minute) >= loudest:
                check_not_clipped(minute, "")
    except AudioFileError:
        return True
    return False
