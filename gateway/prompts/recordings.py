"""From texts to recordings: the name a text is recorded under, how a synthesiser is to read it, taking files in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import soundfile
from pypinyin import lazy_pinyin

from gateway.errors import PromptError, refused
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm
from gateway.prompts.tables import Folder, Row, normalize, table_text
from gateway.prompts.takes import Fault, read_take

_SPELLING = str.maketrans({**dict(zip("0123456789", "零一二三四五六七八九", strict=True)), "G": "记"})
_NAME_SYLLABLES = 5
_RECORD = "请照 `prompts missing` 的每一行录一个 `名字.wav`"


def recording_name(text: str) -> str:
    """A file name that says what is in it and belongs to this text alone: `cha_hua_fei-1f3a`."""
    key = normalize(text)
    syllables = "_".join(lazy_pinyin(key[:_NAME_SYLLABLES])).lower()
    return f"{syllables}-{hashlib.sha256(key.encode()).hexdigest()[:4]}"


def spelled(text: str) -> str:
    """The text as a synthesiser that only knows Chinese syllables must get it: digits in characters, G as 记."""
    return text.translate(_SPELLING)


def made_from(spelling: str) -> str:
    """The mark in a table of what a synthesiser was given to speak, so that a change of it is noticed."""
    return hashlib.sha256(spelling.encode()).hexdigest()[:8]


def is_stale(row: Row) -> bool:
    """Whether a synthesiser's recording says something else than its row by now. A person's never is."""
    return bool(row.made) and row.made != made_from(row.spelled or spelled(row.text))


def add_recordings(source: Path, wanted: Mapping[str, tuple[Folder, str]], *, synthetic: bool) -> list[str]:
    """Take `source`/NAME.wav into the folders they belong to, trimmed and levelled, as FLAC; all of them or none.

    Args:
        source: folder with the WAV files.
        wanted: name -> the folder it goes to and the text it says.
        synthetic: a synthesiser spoke them, from the spellings, which the tables are to note. What a person recorded
            must not be clipped or cut off either.

    Returns:
        The names, in alphabetical order.

    Raises:
        PromptError: no such folder, no WAV in it, a name that says no wanted text, a file that can't be used, or a
            folder that can't be written.
    """
    paths = sorted(source.glob("*.wav"))
    if not paths:
        raise PromptError("这里没有 WAV 文件", where=str(source), remedy=_RECORD)
    if strangers := [path.name for path in paths if path.stem not in wanted]:
        raise PromptError(
            f"这条热线没有哪句话叫这些名字：{'、'.join(strangers)}",
            where=str(source),
            remedy="请用 `prompts missing` 列出的名字",
        )
    clips = {path.stem: _take_in(path, strict=not synthetic) for path in paths}
    drafts: dict[Path, Path] = {}
    try:
        for folder in dict.fromkeys(wanted[name][0] for name in clips):
            mine = {name: (wanted[name][1], clip) for name, clip in clips.items() if wanted[name][0] == folder}
            _draft(folder, mine, drafts, synthetic=synthetic)
        # the tables were drafted after their recordings and come last here too: a crash leaves the old tables true
        for final in sorted(drafts, key=lambda path: path.suffix != ".flac"):
            drafts[final].replace(final)
    except (OSError, soundfile.SoundFileError) as error:
        reason = refused(error) if isinstance(error, OSError) else "音频写不出来"
        raise PromptError(f"写不进去：{reason}", where=str(folder.audio), remedy="请检查磁盘和权限") from error
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink()
    return list(clips)


def _take_in(path: Path, *, strict: bool) -> Pcm:
    take = read_take(path)
    if isinstance(take, Fault):
        raise take.error(str(path))
    if strict and (flaws := take.flaws()):
        raise flaws[0].error(str(path))
    return take.clip()


def _draft(
    folder: Folder, recordings: Mapping[str, tuple[str, Pcm]], drafts: dict[Path, Path], *, synthetic: bool
) -> None:
    """Write the files and the table of one folder beside their places, noting in `drafts` which is for which."""
    folder.audio.mkdir(parents=True, exist_ok=True)
    table = folder.read()
    for name, (text, clip) in recordings.items():
        final = folder.path(name)
        drafts[final] = draft = final.with_suffix(".tmp")
        soundfile.write(draft, clip, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0)
        own_spelling = table[name].spelled if name in table else ""
        table[name] = Row(text, own_spelling, made_from(own_spelling or spelled(text)) if synthetic else "")
    drafts[folder.table] = draft = folder.table.with_suffix(".tmp")
    draft.write_text(table_text(table), encoding="utf-8")
