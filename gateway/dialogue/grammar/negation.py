"""What a caller says they do not want: 我不是要投诉我要查话费."""

from __future__ import annotations

import re

_NOTS = r"(?<![要还么])(?P<not>不是|不要|不想|不用|不需要|不必|不打算|没说|没想|没打算|别(?!的)|甭|不)"
"""要不转人工吧 proposes, 还不转人工 and 怎么不转人工 demand."""
_LIGHT = r"(?:我|你|您|们|是|想|要|来|去|给|帮|再|说|把|跟)*"
_BEFORE = re.compile(_NOTS + _LIGHT + "$")
_INSIDE = re.compile("[我你您们也就都]*" + _NOTS)
_NOT = "不"


def begins_with_no(phrase: str) -> bool:
    """Whether a phrase of the flow is itself a refusal: 不要宽带了, 我不想用了."""
    return _INSIDE.match(phrase) is not None


def negation_start(chars: str, phrase: str, phrase_start: int) -> int | None:
    """Where the negation begins that a phrase stands under.

    Args:
        chars: the utterance without punctuation.
        phrase: the phrase as the flow has it.
        phrase_start: where in `chars` it begins. 我要投诉 begins before the negation in 我不要投诉.

    Returns:
        An index into `chars`; None when the phrase is not negated. 能不能 and its like ask and negate nothing.
    """
    found = _BEFORE.search(chars[:phrase_start])
    if found is None and not begins_with_no(phrase):
        found = _INSIDE.match(chars, phrase_start)
    if found is None:
        return None
    start = found.start("not")
    asks = chars[start] == _NOT and 0 < start < len(chars) - 1 and chars[start - 1] == chars[start + 1]
    return None if asks else start
