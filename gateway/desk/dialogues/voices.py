"""The callers' lines as sound: the recording that a dialogue names, else what a synthesiser says, kept."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from asr.audio import read_speech
from gateway.desk.dialogues.load import TestDialogue
from gateway.desk.dialogues.model import Step
from gateway.errors import PromptError
from gateway.media.frames import Pcm, ms_to_samples
from gateway.prompts.recordings import spelled
from gateway.prompts.synthesis import SET_IT, Progress, synthesise

MESSAGE = "你好，我姓王，麻烦你们给我回个电话，谢谢。"
"""Said, over and over, where a dialogue only tells how long a message is."""
YES = "对，是的。"
"""Said to a confirmation that a dialogue doesn't expect."""
_BREATH_MS = 500


class Voices:
    """Says what callers say.

    Args:
        synthesiser: a command line as `gateway.prompts.synthesis` runs it; None: there are only recordings.
        cache: folder of what it has said.
    """

    def __init__(self, synthesiser: str | None, cache: Path) -> None:
        self._command = synthesiser
        self._cache = cache

    def prepare(self, dialogues: Sequence[TestDialogue], progress: Progress | None = None) -> None:
        """Look at the recordings, and have everything said that is to be said and isn't kept yet.

        Raises:
            PromptError: there is no synthesiser and something has no recording, or it fails.
            AudioFileError: a recording can't be heard.
        """
        for dialogue in dialogues:
            for step in dialogue.case.steps:
                if step.audio is not None:
                    self.sound(dialogue, step)
        wanted = {text: None for dialogue in dialogues for text in _texts(dialogue)}
        if self._command:
            wanted[YES] = None
        missing = {self._name(text): text for text in wanted if not self._file(text).exists()}
        if not missing:
            return
        if not self._command:
            raise PromptError(
                f"来电者的话有 {len(missing)} 句没有录音，如“{next(iter(missing.values()))}”",
                where="VOICE_GATEWAY_SYNTHESISER",
                remedy=f"{SET_IT}，或在步骤里写 `audio`",
            )
        self._cache.mkdir(parents=True, exist_ok=True)
        lines = {name: " ".join(spelled(text).split()) for name, text in missing.items()}
        with tempfile.TemporaryDirectory(prefix="making-", dir=self._cache) as folder:
            synthesise(self._command, lines, Path(folder), progress=progress)
            for name, text in missing.items():
                made = Path(folder) / f"{name}.wav"
                read_speech(made)  # what can't be heard is not kept
                made.replace(self._file(text))

    def sound(self, dialogue: TestDialogue, step: Step) -> Pcm:
        """What the caller says at this step; what `prepare` has seen can be said."""
        if step.audio is not None:
            return read_speech(dialogue.source.file.parent / step.audio)
        if step.records is not None:
            return _as_long(read_speech(self._file(MESSAGE)), ms_to_samples(step.records))
        return read_speech(self._file(step.speech or ""))

    @property
    def yes(self) -> Pcm | None:
        """A yes; None without a synthesiser."""
        return read_speech(self._file(YES)) if self._command else None

    def _file(self, text: str) -> Path:
        return self._cache / f"{self._name(text)}.wav"

    def _name(self, text: str) -> str:
        return hashlib.sha256(f"{self._command}\0{spelled(text)}".encode()).hexdigest()[:24]


def _texts(dialogue: TestDialogue) -> Iterator[str]:
    for step in dialogue.case.steps:
        if step.records is not None:
            yield MESSAGE
        elif step.speech is not None and step.audio is None:
            yield step.speech


def _as_long(pcm: Pcm, samples: int) -> Pcm:
    said = np.concatenate([pcm, np.zeros(ms_to_samples(_BREATH_MS), np.int16)])
    repeated: Pcm = np.resize(said, max(samples, 1))
    return repeated
