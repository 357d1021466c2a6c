"""How well an engine hears: character error rate over a manifest of audio files with their texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from asr.errors import ManifestError
from asr.text import normalize_for_scoring

_COLUMNS = ("file", "text")
_OPTION = "option"
REFUSED = "none"
"""The `option` of a sentence that belongs to no option."""


@dataclass(frozen=True, slots=True)
class CharacterErrors:
    """Edits between a reference and what was heard, counted in normalised characters."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference_length: int = 0
    """Characters of the normalised reference."""

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per reference character, 0.0 and up (more than 1.0 is possible); 1.0 for words heard in silence."""
        if not self.reference_length:
            return float(self.errors > 0)
        return self.errors / self.reference_length

    def __add__(self, other: CharacterErrors) -> CharacterErrors:
        return CharacterErrors(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference_length + other.reference_length,
        )


def corpus_errors(files: Iterable[CharacterErrors]) -> CharacterErrors:
    """All files as one: errors summed and lengths summed, so long files weigh more than short ones."""
    return sum(files, CharacterErrors())


def character_error_rate(reference: str, hypothesis: str) -> CharacterErrors:
    """The fewest edits (Levenshtein) that turn the normalised reference into the normalised hypothesis.

    Both go through `normalize_for_scoring` first: punctuation, script and the spelling of numbers don't count.
    """
    expected, heard = normalize_for_scoring(reference), normalize_for_scoring(hypothesis)
    # A cell is (edits, substitutions, deletions, insertions); ties go to the substitution.
    row = [(column, 0, 0, column) for column in range(len(heard) + 1)]
    for index, wanted in enumerate(expected, start=1):
        above, row = row, [(index, 0, index, 0)]
        for column, char in enumerate(heard, start=1):
            edits, subs, dels, ins = above[column - 1]
            if char == wanted:
                row.append((edits, subs, dels, ins))
                continue
            best = (edits + 1, subs + 1, dels, ins)
            edits, subs, dels, ins = above[column]
            if edits + 1 < best[0]:
                best = (edits + 1, subs, dels + 1, ins)
            edits, subs, dels, ins = row[column - 1]
            if edits + 1 < best[0]:
                best = (edits + 1, subs, dels, ins + 1)
            row.append(best)
    _, substitutions, deletions, insertions = row[-1]
    return CharacterErrors(substitutions, deletions, insertions, len(expected))


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One line of a manifest."""

    file: str
    """The path as it is written in the manifest."""
    path: Path
    """Where the audio is; it existed when the manifest was read."""
    text: str
    """What is said in it."""
    option: str | None = None
    """The menu option that it asks for, `REFUSED` when it must get none; None when the manifest doesn't say."""


def read_manifest(path: Path) -> list[ManifestEntry]:
    """Read a TSV with a header that has the columns `file` (relative to the manifest) and `text`; others are ignored.

    A column `option` may be there too, empty where nothing is known: the menu option that the sentence asks for, or
    `none` when it must be refused.

    UTF-8, with or without a byte order mark; empty lines are passed over and files may be listed twice.

    Raises:
        ManifestError: one for all bad lines, each named as file:line.
    """
    lines, problems = _decoded(path, _content(path))
    columns = _header(path, lines, problems)
    entries = []
    for number, line in lines[1:]:
        try:
            entries.append(_entry(path.parent, line.split("\t"), columns))
        except ValueError as error:
            problems.append((number, str(error)))
    if problems:
        raise _refusal(path, problems)
    if not entries:
        raise ManifestError("the manifest lists no files", where=str(path), remedy="add one line for each audio file")
    return entries


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ManifestError(
            f"the manifest cannot be read ({reason})", where=str(path), remedy="give the path of a readable TSV file"
        ) from error


def _decoded(path: Path, content: bytes) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The lines that are text, with their numbers, and the ones that are not."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise ManifestError("the manifest is empty", where=str(path), remedy="begin with a header line: file<tab>text")
    lines, problems = [], []
    for number, raw in enumerate(content.split(b"\n"), start=1):
        try:
            line = raw.rstrip(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append((number, f"byte {error.start + 1} is not UTF-8"))
            continue
        if "\0" in line:
            problems.append((number, "holds a NUL byte, so this is not a text file"))
        elif line.strip():
            lines.append((number, line))
    return lines, problems


def _header(path: Path, lines: list[tuple[int, str]], problems: list[tuple[int, str]]) -> dict[str, int]:
    if problems and (not lines or problems[0][0] < lines[0][0]):
        raise _refusal(path, problems[:1])
    number, header = lines[0]
    names = [name.strip() for name in header.split("\t")]
    wrong = [name for name in _COLUMNS if names.count(name) != 1]
    if names.count(_OPTION) > 1:
        raise _refusal(path, [(number, f"the header must not name the column `{_OPTION}` more than once")])
    if wrong:
        described = " and ".join(f"`{name}`" for name in wrong)
        raise _refusal(path, [(number, f"the header must name the columns {described} exactly once, parted by tabs")])
    return {name: names.index(name) for name in (*_COLUMNS, _OPTION) if name in names} | {"": len(names)}


def _entry(folder: Path, fields: list[str], columns: dict[str, int]) -> ManifestEntry:
    if len(fields) > columns[""]:
        raise ValueError(f"has {len(fields)} columns, the header has {columns['']}")
    values = {name: fields[at].strip() for name, at in columns.items() if name and at < len(fields)}
    file, text = values.get("file"), values.get("text")
    if file is None or text is None:
        raise ValueError(f"has no column `{'file' if file is None else 'text'}`")
    if not file:
        raise ValueError("`file` is empty")
    if not normalize_for_scoring(text):
        raise ValueError("`text` has nothing to compare with")
    audio = folder / file
    try:
        exists = audio.is_file()
    except OSError:  # a name that no file system takes
        exists = False
    if not exists:
        raise ValueError(f"no audio file at {audio}")
    return ManifestEntry(file, audio, text, values.get(_OPTION) or None)


def _refusal(path: Path, problems: list[tuple[int, str]]) -> ManifestError:
    listed = sorted(problems)
    count = "1 bad line" if len(listed) == 1 else f"{len(listed)} bad lines"
    details = "".join(f"\n  {path}:{number}: {problem}" for number, problem in listed)
    return ManifestError(
        f"{count} in the manifest{details}", where=str(path), remedy="correct these lines and run again"
    )
