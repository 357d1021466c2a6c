"""What a caller says they do not want: 我不是要投诉我要查话费."""

from __future__ import annotations

import re

_NEGATED = re.compile(
    r"(?<![要还么])"  # 要不转人工吧 proposes, 还不转人工 and 怎么不转人工 demand
    r"(?:不是|不要|不想|不用|不需要|不必|不打算|别|甭|不)"
    r"(?:我|你|您|们|是|想|要|来|去|给|帮|再|说|把|跟)*$"
)
_NOT = "不"


def negation_start(chars: str, phrase_start: int) -> int | None:
    """Where the negation begins that ends right before a phrase.

    Args:
        chars: the utterance without punctuation.
        phrase_start: where in it the phrase begins.

    Returns:
        An index into `chars`; None when the phrase is not negated. 能不能, 是不是 and their like ask and negate nothing.
    """
    found = _NEGATED.search(chars[:phrase_start])
    if found is None:
        return None
    start = found.start()
    asks = chars[start] == _NOT and 0 < start < len(chars) - 1 and chars[start - 1] == chars[start + 1]
    return None if asks else start
