"""What a caller says they do not want: 我不是要投诉我要查话费."""

from __future__ import annotations

import re

_NEGATED = re.compile(
    r"(?<![要好还么可])"  # 要不转人工吧 proposes, 还不转人工 and 怎么不转人工 demand
    r"(?:不是|不要|不想|不用|不需要|不必|不打算|别|甭|没有|没|不)"
    r"(?:我|你|您|们|是|想|要|来|去|给|帮|再|说|打算|打电话|把|跟)*$"
)
_A_NOT_A = re.compile(
    r"(?:是不是|能不能|要不要|可不可以|会不会|有没有|想不想|行不行|好不好|用不用)[我你您给帮来去要想把跟]*$"
)


def negation_start(before: str) -> int | None:
    """Where the negation begins that ends the text `before` a phrase; None when the phrase is not negated."""
    if _A_NOT_A.search(before):
        return None
    found = _NEGATED.search(before)
    return found.start() if found else None
