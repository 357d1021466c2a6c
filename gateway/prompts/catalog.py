"""What has been recorded: `NAME<tab>TEXT` tables with one FLAC file for each name.

A hotline's own sentences are in `<flow>/prompts.tsv` and `<flow>/audio/`; the fragments of numbers and dates
are shared by all hotlines of one voice, in `<voice>/fragments.tsv` beside their files. A text is found whatever its
punctuation and spaces, and 按1 is the same as 按一. A third column may say how a synthesiser was made to speak it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from asr.text import strip_punctuation
from gateway.dialogue.actions import Piece, Text, Tone, Value
from gateway.errors import PromptError
from gateway.media.frames import Pcm
from gateway.prompts import sayas
from gateway.prompts.clips import read_recording, stretch

COLUMNS = ("name", "text", "spelled")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_CLAUSE = re.compile(r"[^，。！？；：、,.!?;:…\s]+")


def normalize(text: str) -> str:
    """The form under which a text is found."""
    return strip_punctuation(text).translate(_DIGITS)


def clauses(text: str) -> list[str]:
    """What stands between punctuation marks: the unit that is recorded."""
    return [clause for clause in _CLAUSE.findall(text) if normalize(clause)]


@dataclass(frozen=True, slots=True)
class Folder:
    """One table and the folder with its recordings."""

    table: Path
    audio: Path

    def path(self, name: str) -> Path:
        """Where the recording of that name is."""
        return self.audio / f"{name}.flac"

    def read(self) -> dict[str, tuple[str, str]]:
        """Name -> (text, spelled). An absent table is an empty one.

        Raises:
            PromptError: with the line, for a table that is not UTF-8 or a line that is not NAME<tab>TEXT, or repeats.
        """
        if not self.table.exists():
            return {}
        try:
            lines = self.table.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise PromptError("not UTF-8", where=str(self.table), remedy="save it as UTF-8") from error
        rows: dict[str, tuple[str, str]] = {}
        for number, row in enumerate(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
            if number == 1 or not row:
                continue
            where = f"{self.table}:{number}"
            if not 2 <= len(row) <= len(COLUMNS) or not re.fullmatch(r"[\w-]+", row[0]) or not normalize(row[1]):
                raise PromptError("not a NAME<tab>TEXT line", where=where, remedy="write one name and one text a line")
            if row[0] in rows:
                raise PromptError(f"'{row[0]}' is there twice", where=where, remedy="delete one of the two lines")
            rows[row[0]] = (row[1], row[2] if len(row) > len(COLUMNS) - 1 else "")
        return rows


def flow_folder(flow_dir: Path) -> Folder:
    """The hotline's own sentences."""
    return Folder(flow_dir / "prompts.tsv", flow_dir / "audio")


def voice_folder(voice_dir: Path) -> Folder:
    """A voice's fragments of values."""
    return Folder(voice_dir / "fragments.tsv", voice_dir)


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
            for name, (text, _) in folder.read().items():
                clips[text] = read_recording(folder.path(name))
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
            raise PromptError(f"nothing recorded says '{text}'", remedy="see `voice-gateway prompts missing`")
        if pace == 1:
            return self._clips[key]
        if (key, pace) not in self._stretched:
            self._stretched[key, pace] = stretch(self._clips[key], pace)
        return self._stretched[key, pace]

    def prepare(self, pace: float) -> None:
        """Stretch every recording to `pace`: a second or two of work for a thread, before the first such call."""
        for key in self._clips:
            self.clip(key, pace)

    def missing(self, pieces: Iterable[Piece | str]) -> list[str]:
        """The texts, clauses and characters of values among `pieces` that nothing recorded says, once each."""
        wanted: list[str] = []
        for piece in pieces:
            match piece:
                case str() | Text():
                    text = piece if isinstance(piece, str) else piece.text
                    wanted += [] if text in self else clauses(text)
                case Value(kind="text"):
                    wanted.append(str(piece.value))
                case Value():
                    wanted += "".join(sayas.words(piece))
                case Tone():
                    pass
        return list(dict.fromkeys(text for text in wanted if text not in self))
