"""What designers and quality inspectors are told of their files has to be Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable

_QUOTED = re.compile(r"`[^`]*`")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ENGLISH = re.compile(r"[A-Za-z][A-Za-z']*(?:[ ,;:.]+[A-Za-z][A-Za-z']*){2,}")


def not_chinese(told: Iterable[str]) -> list[str]:
    """Those without a Chinese character, and those with three English words on end that aren't quoted from a file."""
    return [one for one in told if not _CHINESE.search(one) or _ENGLISH.search(_QUOTED.sub("", one))]
