"""What has been recorded: `NAME<tab>TEXT` tables with one FLAC file for each name.

A hotline's own sentences are in `<flow>/prompts.tsv` and `<flow>/audio/`; the fragments of numbers and dates
are shared by all hotlines of one voice, in `<voice>/fragments.tsv` beside their files. A text is found whatever its
punctuation and spaces, and 按1 is the same as 按一. Two more columns may follow: how a synthesiser is to speak the text
where its usual way isn't right, and what a synthesiser made the recording from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from asr.text import strip_punctuation
from gateway.errors import PromptError, refused

_COLUMNS = ("name", "text", "spelled", "made")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_CLAUSE = re.compile(r"[^，。！？；：、,.!?;:…\s]+")


def normalize(text: str) -> str:
    """The form under which a text is found."""
    return strip_punctuation(text).translate(_DIGITS)


def clauses(text: str) -> list[str]:
    """What stands between punctuation marks: the unit that is recorded."""
    return [clause for clause in _CLAUSE.findall(text) if normalize(clause)]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, without the name."""

    text: str
    spelled: str = ""
    """What a designer has a synthesiser say instead of the usual spelling."""
    made: str = ""
    """Empty for a person's recording; for a synthesiser's the `recordings.made_from` of what it was given to speak."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One table and the folder with its recordings."""

    table: Path
    audio: Path

    def path(self, name: str) -> Path:
        """Where the recording of that name is."""
        return self.audio / f"{name}.flac"

    def read(self) -> dict[str, Row]:
        """The rows by name. An absent table is an empty one.

        Raises:
            PromptError: with the line, for a table that can't be read or a line that is not NAME<tab>TEXT, or repeats.
        """
        if not self.table.exists():
            return {}
        try:
            lines = self.table.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise PromptError("不是 UTF-8", where=str(self.table), remedy="请存成 UTF-8") from error
        except OSError as error:
            raise PromptError(f"读不了：{refused(error)}", where=str(self.table), remedy="请检查这个文件") from error
        if lines and lines[0].split("\t")[:2] != ["name", "text"]:  # sorted, or cut: a row would be lost
            remedy = f"请以 `{'<tab>'.join(_COLUMNS)}` 开头"
            raise PromptError("没有标题行", where=f"{self.table}:1", remedy=remedy)
        rows: dict[str, Row] = {}
        for number, line in enumerate(lines, 1):
            if number == 1 or not line:
                continue
            row = line.split("\t")
            where = f"{self.table}:{number}"
            if not 2 <= len(row) <= len(_COLUMNS) or not re.fullmatch(r"[\w-]+", row[0]) or not normalize(row[1]):
                raise PromptError("这一行不是“名字、制表符、要读的话”", where=where, remedy="请一行写一个名字和一句话")
            if row[0] in rows:
                raise PromptError(f"`{row[0]}` 写了两次", where=where, remedy="请删掉一行")
            rows[row[0]] = Row(*row[1:])
        return rows


def table_text(rows: Mapping[str, Row]) -> str:
    """The table's file, in the order of the names."""
    lines = ["\t".join((name, *astuple(rows[name]))).rstrip("\t") for name in sorted(rows)]
    return "\n".join(["\t".join(_COLUMNS), *lines]) + "\n"


def flow_folder(flow_dir: Path) -> Folder:
    """The hotline's own sentences."""
    return Folder(flow_dir / "prompts.tsv", flow_dir / "audio")


def voice_folder(voice_dir: Path) -> Folder:
    """A voice's fragments of values."""
    return Folder(voice_dir / "fragments.tsv", voice_dir)
