"""From texts to recordings: the name a text is recorded under, how a synthesiser is to read it, taking files in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import soundfile
from pypinyin import lazy_pinyin

from gateway.errors import PromptError
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm
from gateway.prompts.catalog import COLUMNS, Folder, normalize
from gateway.prompts.clips import read_recording

_SPELLING = str.maketrans({**dict(zip("0123456789", "零一二三四五六七八九", strict=True)), "G": "记"})
_NAME_SYLLABLES = 5


def recording_name(text: str) -> str:
    """A file name that says what is in it and belongs to this text alone: `cha_hua_fei-1f3a`."""
    key = normalize(text)
    syllables = "_".join(lazy_pinyin(key[:_NAME_SYLLABLES])).lower()
    return f"{syllables}-{hashlib.sha256(key.encode()).hexdigest()[:4]}"


def spelled(text: str) -> str:
    """The text as a synthesiser that only knows Chinese syllables must get it: digits in characters, G as 记."""
    return text.translate(_SPELLING)


def add_recordings(source: Path, wanted: Mapping[str, tuple[Folder, str]], *, synthetic: bool) -> list[str]:
    """Take `source`/NAME.wav into the folders they belong to, trimmed and levelled, as FLAC; all of them or none.

    Args:
        source: folder with the WAV files.
        wanted: name -> the folder it goes to and the text it says.
        synthetic: they were spoken from `spelled` texts, which the table is to note.

    Returns:
        The names, in alphabetical order.

    Raises:
        PromptError: no such folder, no WAV in it, a name that says no wanted text, a file that can't be used, or a
            folder that can't be written.
    """
    paths = sorted(source.glob("*.wav"))
    if not paths:
        raise PromptError("no WAV files there", where=str(source), remedy="record NAME.wav for each line of `missing`")
    if strangers := [path.name for path in paths if path.stem not in wanted]:
        raise PromptError(
            f"no prompt of this hotline has these names: {', '.join(strangers)}",
            where=str(source),
            remedy="name each file as `prompts missing` prints it",
        )
    clips = {path.stem: read_recording(path) for path in paths}
    for folder in dict.fromkeys(wanted[name][0] for name in clips):
        mine = {name: (wanted[name][1], clip) for name, clip in clips.items() if wanted[name][0] == folder}
        try:
            _store(folder, mine, synthetic=synthetic)
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"can't be written: {reason}"
            raise PromptError(message, where=str(folder.audio), remedy="check the disk") from error
    return list(clips)


def _store(folder: Folder, recordings: Mapping[str, tuple[str, Pcm]], *, synthetic: bool) -> None:
    """Write the files beside their places, then rename them, the table last: a crash leaves the old table true."""
    folder.audio.mkdir(parents=True, exist_ok=True)
    table = folder.read()
    drafts: list[tuple[Path, Path]] = []
    for name, (text, clip) in recordings.items():
        draft = folder.path(name).with_suffix(".tmp")
        soundfile.write(draft, clip, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0)
        drafts.append((draft, folder.path(name)))
        how = spelled(text) if synthetic else ""
        table[name] = (text, how if how != text else "")
    for draft, final in drafts:
        draft.replace(final)
    draft = folder.table.with_suffix(".tmp")
    draft.write_text(_table(table.items()), encoding="utf-8")
    draft.replace(folder.table)


def _table(rows: Iterable[tuple[str, tuple[str, str]]]) -> str:
    lines = ["\t".join((name, text, how)).rstrip("\t") for name, (text, how) in sorted(rows)]
    return "\n".join(["\t".join(COLUMNS), *lines]) + "\n"
