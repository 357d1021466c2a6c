"""The syllables of closed answers, and which of them each kind of answer is made of."""

from __future__ import annotations

from asr.engine import AnswerKind

SYLLABLES = "零一二三四五六七八九幺两十百千万点元块钱毛月号日年份对是好不嗯行的没有要可以用错"
"""What the head tells apart, in its order: class 0 is no syllable, k is `SYLLABLES[k - 1]`, the last any other."""

DIGITS = "零一二三四五六七八九幺"
_NUMBER = DIGITS + "两十百千万"

OF_KIND: dict[AnswerKind, str] = {
    "digits": DIGITS,
    "phone": DIGITS,
    "id_card": DIGITS,
    "number": _NUMBER + "点",
    "amount": _NUMBER + "点元块钱毛",
    "month": _NUMBER + "月年份",
    "date": _NUMBER + "月号日年",
    "yes_no": "对是好不嗯行的没有要可以用错",
}


def arabic(syllables: str) -> str:
    """Digits said one by one as `0`-`9`: 幺三八 is 138. Anything else stays."""
    return syllables.translate(_ARABIC)


_ARABIC = str.maketrans("零一二三四五六七八九幺", "01234567891")
