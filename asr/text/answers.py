"""Yes or no, as people say it: 对对就是这个, 嗯行, 不是是一三九, 没有没有."""

from __future__ import annotations

import re

from asr.text.script import strip_punctuation, to_simplified

# What a recogniser writes for 是的, 不是, 对, 嗯 when they stand alone or first.
_MISHEARD = (
    (re.compile(r"^(?:是[滴地得等]|[四似事思式市试时适][的等]|去的$)"), "是的"),
    (re.compile(r"^(?:[补部布步][是四似事]|不[适事时式])等?"), "不是"),
    (re.compile(r"^[队堆兑]+$"), "对"),
    (re.compile(r"恩"), "嗯"),
    (re.compile(r"^部[对队]|^不[队堆]"), "不对"),
    (re.compile(r"^[步布部]用"), "不用"),
)
# Polite words, doubt about oneself, and conjunctions whose second character looks like an answer.
_NOISE = re.compile(
    r"不好意思|对不起|不客气|不用谢|没关系|谢谢你?您?|好像|对了(?=.)|要不(?!要)"
    r"|可是|但是|还是|要是|只是|于是|总是|或者是|[啊呀哦噢呢哈唉诶哎呃额喂]|(?<![就是])[那这]个"
)
_NOT_AN_ANSWER = re.compile(
    r"不知道|不清楚|不确定|不记得|不明白|不懂|没听清|没听懂|听不|随便|无所谓|没想好|考虑"
    r"|(?<!不)(?:是不是|对不对|行不行|要不要|好不好|可不可以|能不能|(?<!没)有没有|需不需要)|吗$"
    r"|不是不(?!是)|没有不(?!对|是)|并非不|不得不|不能不"
)
_QUESTION = re.compile(r"什么|怎么|多少|为何|哪|几|谁")

_NO_PROBLEM = re.compile(r"没错|不错|没问题|没有(?:什么)?(?:问题|错|不对)|没(?:有)?说错|不会错|没毛病")
_NO = re.compile(
    r"没(?:有)?\w{0,2}好|不(?:太|怎么|大|是很|是太)(?:好|行|对|可以)|不是|不对|不要|不用|不需要|不必|不行|不可以|不同意|不办|不想|不买|不换|不确认|不正确|没有|错了|算了|拒绝"
    r"|(?<![要认定的对以想])取消|不(?:了|好|成|能|可)吧?$|^(?:不+|没了?|错误?|否|别|no|nope)$|^不不|^不我|^别(?![的人])"
)
_YES_FIRST = re.compile(
    r"(?:嗯|好的?)*(?:对(?![面方话于待着])|行(?![李业程])|好(?![多久几看吃玩人听用大歹处])|是的|是$|是是|是本人|是这|是我|是它"
    r"|正确|(?:确认|确定)(?!一下)|可以|同意|当然|ok|yes|就是|就这(?!些)|就要)"
)
_YES_WHOLE = re.compile(
    r"(?:那|就|我|都|嗯)*(?:要|需要|想要|想|有|中|成|能|是|办|办理|愿意|肯定|必须|嗯)+(?:的|吧|了|呗|嘛)*"
)
_YES_LAST = re.compile(r"(?:是的|对|可以|行|好的?|同意|确认)(?:的|吧|了|呗|嘛)*$")
_CHANGED_MIND = re.compile(r"(?<!不)(?:是的|对的?)$")


def parse_yes_no(text: str) -> bool | None:
    """True for a yes, False for a no, None for neither, for both, and for a question back.

    Any refusal outweighs an agreement before it (`好的不用了` is no), and what follows a no is a correction
    (`不是，是一三九` is no). Double negation (`不是不要`) is None: better ask again. Never raises.
    """
    spoken = strip_punctuation(to_simplified(text).lower())
    for pattern, meant in _MISHEARD:
        spoken = pattern.sub(meant, spoken)
    spoken = _NOISE.sub("", spoken)
    if _NOT_AN_ANSWER.search(spoken):
        return None
    spoken = _NO_PROBLEM.sub("对", spoken)
    if refused := _NO.search(spoken):
        return None if _CHANGED_MIND.search(spoken, refused.end()) else False
    if _YES_FIRST.match(spoken) or _YES_WHOLE.fullmatch(spoken):
        return True
    if _QUESTION.search(spoken):
        return None
    return True if _YES_LAST.search(spoken) else None
