"""What is wrong with a hotline's recordings: everything that a caller would notice, and what is there for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from gateway.media.frames import Pcm
from gateway.prompts.clips import LEVEL_DBFS, active_level_dbfs
from gateway.prompts.inventory import Inventory, Listed
from gateway.prompts.loudness import loudness_lufs
from gateway.prompts.recordings import is_stale
from gateway.prompts.takes import Fault, read_take

LEVEL_TOLERANCE_DB = 1.5
"""How far the active level may be from `LEVEL_DBFS` after conditioning."""
LOUDNESS_TOLERANCE_LU = 3.0
"""How far the loudness may be from the middle of all recordings: it tells boomy from bright at the same level."""

_RECORD = "录好后用 prompts add 导入，或用 prompts build 合成"
_AGAIN = "请重录，再用 prompts add 导入"
_SYNTHESISE_AGAIN = "删掉这个文件，再用 prompts build 重新合成"
_SYNTHESISE_GONE = "用 prompts build 重新合成"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in Chinese."""

    rule: str
    """missing, gone, unreadable, too_long, silent, clipped, cut_off, level, loudness, stale, unused or unlisted."""
    file: str
    text: str
    """What it says or should say; empty when nobody knows."""
    what: str
    fix: str
    serious: bool = True
    """A caller would notice."""


def check(inventory: Inventory) -> list[Finding]:
    """All findings, the serious ones first.

    Raises:
        PromptError: a table that can't be read.
    """
    listed = inventory.listed()
    names = {one.path for one in listed}
    findings: list[Finding] = []
    for name, (folder, text) in inventory.needed().items():
        if (path := folder.path(name)) not in names:
            findings.append(Finding("missing", str(path), text, "还没有录音", _RECORD))
    clips: list[tuple[Listed, Pcm]] = []
    for one in listed:
        take = read_take(one.path)
        if isinstance(take, Fault):
            findings.append(_faulty(one, take))
        else:
            clips.append((one, take.clip()))
            findings += [_faulty(one, flaw) for flaw in take.flaws()]
    findings += _uneven(clips)
    findings += _outdated(inventory)
    return findings


def _faulty(one: Listed, fault: Fault) -> Finding:
    what, _ = fault.value
    return _bad(one, fault.name.lower(), what)


def _bad(one: Listed, rule: str, what: str) -> Finding:
    synthesise = _SYNTHESISE_AGAIN if one.path.exists() else _SYNTHESISE_GONE
    return Finding(rule, str(one.path), one.row.text, what, synthesise if one.row.made else _AGAIN)


def _uneven(clips: list[tuple[Listed, Pcm]]) -> Iterator[Finding]:
    loudness = [loudness_lufs(clip) for _, clip in clips]
    middle = median(loudness) if loudness else 0.0
    for (one, clip), lufs in zip(clips, loudness, strict=True):
        level = active_level_dbfs(clip) - LEVEL_DBFS
        if abs(level) > LEVEL_TOLERANCE_DB:
            yield _bad(one, "level", f"响度校正以后仍{_by(level)} {abs(level):.1f} dB，多半是个别地方太响")
        elif abs(lufs - middle) > LOUDNESS_TOLERANCE_LU:
            yield _bad(one, "loudness", f"听起来比其他录音{_by(lufs - middle)} {abs(lufs - middle):.1f} LU")


def _by(difference: float) -> str:
    return "响" if difference > 0 else "轻"


def _outdated(inventory: Inventory) -> Iterator[Finding]:
    unused = inventory.unused()
    for one in inventory.listed():
        if one not in unused and is_stale(one.row):
            what = "合成以后，表里的文字或读法改过"
            yield Finding("stale", str(one.path), one.row.text, what, "用 prompts build 重新合成")
    for one in unused:
        fix = f"不再需要就删掉文件和 {one.folder.table.name} 里的这一行"
        yield Finding("unused", str(one.path), one.row.text, "没有哪句提示语用到它", fix, serious=False)
    for path in inventory.unlisted():
        yield Finding("unlisted", str(path), "", "文件在，表里没有，不会用到", "删掉它", serious=False)
