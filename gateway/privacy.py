"""Numbers that belong to a person never reach a log: telephone numbers, ID cards, bank cards.

Masked are, in figures (also full-width) and as they are said (幺三八…):
- every run of eleven digits or more, whatever it is: first three and last four stay, `138****8000`;
- a mobile number written or said in groups, `138 0013 8000`; a landline with its area code;
- an ID card or a bank card in groups, `110101 19900101 123X`, `6222 0200 1234 5678`.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import TextIO

_DIGIT = "0-9０-９零〇○洞一幺二两三四五六七拐八九勾"
_D = f"[{_DIGIT}]"
_GAP = r"[\s\-‐‑‒–—_·.,，、()（）]{0,2}"
_ONE_GAP = r"[\s\-‐‑‒–—_·.]"
_ALONE = f"(?<!{_D})", f"(?!{_D})"
_NUMBERS = re.compile(
    "|".join(
        (
            f"{_D}{{11,}}[XxＸｘ]?",
            # a mobile number in groups
            f"{_ALONE[0]}[1１一幺]{_GAP}[3-9３-９三四五六七拐八九勾](?:{_GAP}{_D}){{9}}{_ALONE[1]}",
            # a landline: area code, then seven or eight digits
            f"{_ALONE[0]}[(（]?[0０零〇]{_D}{{2,3}}[)）]?{_ONE_GAP}?{_D}{{3,4}}{_ONE_GAP}?{_D}{{4}}{_ALONE[1]}",
            # an ID card: place, day of birth, order and check digit
            f"{_ALONE[0]}{_D}{{6}}{_ONE_GAP}?{_D}{{4}}{_ONE_GAP}?{_D}{{4}}{_ONE_GAP}?{_D}{{3}}[{_DIGIT}XxＸｘ]{_ALONE[1]}",
            # a bank card: fours, 16 to 19 digits
            f"{_ALONE[0]}(?:{_D}{{4}}{_ONE_GAP}){{3}}{_D}{{4}}(?:{_ONE_GAP}?{_D}{{1,3}})?{_ALONE[1]}",
        )
    )
)
_COUNTRY = re.compile(r"(?:00|００)?(?:86|８６)$")
_DIGIT_OR_X = re.compile(f"[{_DIGIT}XxＸｘ]")
_SEEN_FIRST, _SEEN_LAST = 3, 4


def mask(text: str) -> str:
    """`text` with the middle of every personal number replaced by stars; everything else as it was."""
    return _NUMBERS.sub(_mask_one, text)


def personal_numbers(text: str) -> list[str]:
    """The digits of every number that `mask` would hide, in their order; for comparing, never for showing."""
    return ["".join(_DIGIT_OR_X.findall(found[0])) for found in _NUMBERS.finditer(text)]


def _mask_one(found: re.Match[str]) -> str:
    digits = _DIGIT_OR_X.findall(found[0])
    country = _COUNTRY.match("".join(digits[:-11]))
    first = _SEEN_FIRST + (country.end() if country else 0)
    hidden = len(digits) - first - _SEEN_LAST
    return "".join(digits[:first]) + "*" * hidden + "".join(digits[-_SEEN_LAST:])


class MaskingFilter(logging.Filter):
    """Masks the finished message of a record, its exception and its stack; put it on handlers, not on loggers."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001  # arguments are anybody's objects; a log line must not end a call
            message = f"{record.msg!r} (logged with arguments that don't fit)"
        record.msg, record.args = mask(message), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        record.exc_info = None  # else a handler would render it anew, unmasked
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        return True


def setup_logging(level: int | str = logging.WARNING, stream: TextIO | None = None) -> None:
    """Log to `stream` (stderr), masked; a second call replaces the first. Raises ValueError for an unknown level."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(MaskingFilter())
    logging.basicConfig(
        level=level, handlers=[handler], format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for chatty in ("aioice", "aiortc", "alembic", "connected_components", "httpcore", "httpx", "rust-sugiyama"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("aiosipua").setLevel(logging.ERROR)  # it warns of each odd message, and anybody can send those
