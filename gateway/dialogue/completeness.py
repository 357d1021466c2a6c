"""Whether what a caller has said so far is a whole answer: how long to wait for more of it.

A menu phrase that leaves no doubt needs no long silence behind it, a telephone number of which seven digits are there
needs a very long one. This looks at words alone; the silence is counted elsewhere.
"""

from __future__ import annotations

import re
from enum import Enum

from asr.text import parse_digits, parse_yes_no, strip_punctuation
from gateway.dialogue.actions import Heard
from gateway.dialogue.reading import Reader
from gateway.dialogue.slots import SlotType
from gateway.dialogue.state import Reading

SURE_SCORE = 0.8
"""From this score on a phrase is a whole answer; from lower ones on it is one when nothing else comes."""

_TRAILING = re.compile(
    r"(?:[嗯呃唔]|那个|这个|就是说?|然后|还有|因为|所以|但是|不过|而且|比如说?|我想要?|我要|帮我|给我|请问|想问一?下|麻烦你?"
    r"|的话|怎么说呢?|等一?下|稍等|[把给和跟在从])$"
)
"""What nobody ends with: a hesitation, or a word that something must follow."""
_OPENING = re.compile(r"(?:[嗯呃额唔啊哦]|喂|你好|您好|请问|那个|这个|就是|我|想|要|问|一下)+")
"""An utterance of nothing but these has not begun yet."""
_NUMBERS: frozenset[SlotType] = frozenset({"digits", "phone", "id_card"})
_MOBILE = re.compile(r"1[3-9]\d{9}")
_ID_CARD_DIGITS = 18
_MISHEARD = 5
_WHOLE: dict[SlotType, str] = {"date": "日号天", "month": "月份", "amount": "元钱分"}
"""The last character of a value that can't go on: 五十块 may yet become 五十块五."""


class Completeness(Enum):
    """What has been said so far, as an answer to the present question."""

    COMPLETE = "complete"
    UNSURE = "unsure"
    INCOMPLETE = "incomplete"


def completeness(
    heard: Heard, reader: Reader, pending: Reading | None, slot: SlotType | None, most_digits: int
) -> Completeness:
    """Total for any text.

    Args:
        heard: what was said so far.
        reader: reads answers to the present question.
        pending: what a yes would settle.
        slot: the type that is asked for; None at a menu.
        most_digits: the longest number that is an answer.
    """
    words = strip_punctuation(heard.text)
    if not words or _OPENING.fullmatch(words):
        return Completeness.INCOMPLETE
    reading = reader.confirmation(heard, pending) if pending else reader.read(heard)
    if isinstance(reading, bool):  # after a no, what is right may follow
        return Completeness.COMPLETE if reading else Completeness.UNSURE
    if slot in _NUMBERS and not _is_command(reading):
        return _of_a_number(heard.text, slot, reading, most_digits)
    if _TRAILING.search(words) and not (reading and reading.phrase == words):
        return Completeness.INCOMPLETE
    if reading is None or not reading.sure:
        return Completeness.UNSURE
    if not reading.is_value:
        return Completeness.COMPLETE if reading.score >= SURE_SCORE else Completeness.UNSURE
    if slot == "yes_no":
        return Completeness.COMPLETE if parse_yes_no(heard.text) else Completeness.UNSURE
    whole = slot is not None and words[-1] in _WHOLE.get(slot, "")
    return Completeness.COMPLETE if whole else Completeness.UNSURE


def _is_command(reading: Reading | None) -> bool:
    return reading is not None and not reading.is_value and reading.score >= SURE_SCORE


def _of_a_number(text: str, slot: SlotType | None, reading: Reading | None, most_digits: int) -> Completeness:
    words, digits = strip_punctuation(text), parse_digits(text) or ""
    if reading is None or not reading.is_value:
        # A few syllables that aren't digits are digits that were misheard; many are something else.
        return Completeness.INCOMPLETE if digits or len(words) <= _MISHEARD else Completeness.UNSURE
    longest = _ID_CARD_DIGITS if slot == "id_card" else most_digits
    whole = len(digits) >= longest or (slot == "phone" and _MOBILE.fullmatch(digits))
    return Completeness.COMPLETE if whole else Completeness.UNSURE
