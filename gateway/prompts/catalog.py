"""What can be said: the recordings of one hotline, found by what they say."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import PromptError
from gateway.media.frames import Pcm
from gateway.prompts.clips import stretch
from gateway.prompts.tables import flow_folder, normalize, voice_folder
from gateway.prompts.takes import read_recording


class PromptCatalog:
    """All recordings of one hotline, decoded. Read-only but for the cache of stretched clips; shared by all calls."""

    def __init__(self, clips: dict[str, Pcm]) -> None:
        """`clips`: text -> conditioned recording."""
        self._clips = {normalize(text): clip for text, clip in clips.items()}
        self._stretched: dict[tuple[str, float], Pcm] = {}

    @classmethod
    def load(cls, flow_dir: Path, voice_dir: Path) -> PromptCatalog:
        """Read both tables and every recording in them.

        Raises:
            PromptError: a bad table, or a listed recording that is missing or can't be used.
        """
        clips: dict[str, Pcm] = {}
        for folder in (voice_folder(voice_dir), flow_folder(flow_dir)):
            clips |= {row.text: read_recording(folder.path(name)) for name, row in folder.read().items()}
        return cls(clips)

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and normalize(text) in self._clips

    def clip(self, text: str, pace: float = 1.0) -> Pcm:
        """The recording of `text` at that pace. The first use of a pace stretches, some 5 ms each; see `prepare`.

        Raises:
            PromptError: nothing recorded says it, or the pace is out of range.
        """
        key = normalize(text)
        if key not in self._clips:
            raise PromptError(f"没有录音能说“{text}”", remedy="请看 `voice-gateway prompts missing`")
        if pace == 1:
            return self._clips[key]
        if (key, pace) not in self._stretched:
            self._stretched[key, pace] = stretch(self._clips[key], pace)
        return self._stretched[key, pace]

    def prepare(self, pace: float) -> None:
        """Stretch every recording to `pace`: a second or two of work for a thread, before the first such call."""
        for key in self._clips:
            self.clip(key, pace)
