"""One script for everything that is compared: simplified, half-width, with or without punctuation."""

from __future__ import annotations

import functools
import unicodedata
from typing import Protocol

_HALF_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0xFFE5: 0xA5}
for _kept in "，？！：；（）":  # the punctuation of Chinese sentences is itself, not a wide form of ASCII
    del _HALF_WIDTH[ord(_kept)]


class _Converter(Protocol):
    def convert(self, string: str) -> str: ...


@functools.cache
def _converter() -> _Converter:
    from opencc import OpenCC

    converter: _Converter = OpenCC("t2s")
    return converter


def to_simplified(text: str) -> str:
    """Turn traditional characters into simplified ones, and full-width letters, digits and signs into half-width.

    Chinese sentence punctuation is kept. Text that is already simplified comes back unchanged. Total: any string works.
    """
    half = text.translate(_HALF_WIDTH)
    return half if half.isascii() else _converter().convert(half)


def strip_punctuation(text: str) -> str:
    """Keep letters, characters, marks and numbers; drop punctuation, signs, symbols, white space and controls."""
    return "".join(char for char in text if unicodedata.category(char)[0] in "LMN")


def compact(text: str) -> str:
    """Simplified, lower case, and of punctuation only what belongs to a number: `3.5`, `-2`, `50%`, `¥3`."""
    simplified = to_simplified(text).lower()
    kept = []
    for index, char in enumerate(simplified):
        if unicodedata.category(char)[0] in "LMN" or char == "○" or _belongs_to_number(simplified, index):
            kept.append(char)
    return "".join(kept)


def _belongs_to_number(text: str, index: int) -> bool:
    before = text[index - 1] if index else ""
    after = text[index + 1] if index + 1 < len(text) else ""
    match text[index]:
        case ".":
            return _is_ascii_digit(before) and _is_ascii_digit(after)
        case "-":
            return _is_ascii_digit(after) and not before.isalnum()
        case "%":
            return _is_ascii_digit(before)
        case "¥":
            return _is_ascii_digit(after)
    return False


def _is_ascii_digit(char: str) -> bool:
    return char.isascii() and char.isdigit()
