"""The characters of closed answers, which of them each kind of answer is made of, and how each sounds."""

from __future__ import annotations

from asr.engine import AnswerKind
from asr.syllables.names import NAMES

DIGITS = "零一二三四五六七八九幺"
_NUMBER = DIGITS + "两十百千万"

OF_KIND: dict[AnswerKind, str] = {
    "number": _NUMBER + "点",
    "amount": _NUMBER + "点元块钱毛",
    "month": _NUMBER + "月年份",
    "date": _NUMBER + "月号日年",
    "yes_no": "对是好不嗯行的没有要可以用错",
}

_SAID = (
    "零ling 一yi 二er 三san 四si 五wu 六liu 七qi 八ba 九jiu 幺yao 两liang 十shi 百bai 千qian 万wan 点dian "
    "元yuan 块kuai 钱qian 毛mao 月yue 号hao 日ri 年nian 份fen "
    "对dui 是shi 好hao 不bu 嗯en 行xing 的de 没mei 有you 要yao 可ke 以yi 用yong 错cuo "
    "了le 应ying 该gai 我wo 说shuo 码ma 位wei 数shu 后hou 最zui 面mian 末mo 尾wei 前qian 开kai 头tou 中zhong 间jian "
    "第di 个ge 双shuang 洞dong 拐guai 勾gou"
)
CLASS_OF = {said[0]: NAMES.index(said[1:]) + 1 for said in _SAID.split()}
"""The class of each character's syllable, as `asr.syllables` numbers them."""


def arabic(syllables: str) -> str:
    """Digits said one by one as `0`-`9`: 幺三八 is 138. Anything else stays."""
    return syllables.translate(_ARABIC)


_ARABIC = str.maketrans("零一二三四五六七八九幺", "01234567891")
