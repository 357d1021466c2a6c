"""What is said and not meant: 我不是要销户, 转网就不用了, 没打算投诉工信部, 听说别人销户了.

Wider than `gateway.dialogue.grammar.negation`, which looks at what stands right before a menu's phrase: between
没打算 and 工信部 there may be 真的去投诉. What only asks (会不会转网) or demands (怎么还不转人工) negates nothing, nor
does a rhetorical question (这不是骗子是什么), nor what the hotline refuses (不给销户).
"""

from __future__ import annotations

import re

from gateway.analytics.flags.heard import Heard

_REACH = 16
"""Characters before something that a negation is looked for in."""
_NOT = (
    r"(?:"
    r"(?<![要还么再得道岂可])不(?:是|要|想|用|需要?|必|打算|准备|愿意?|考虑|至于|会|肯|算|建议|希望|(?![给让准能可得就都]))"
    r"|(?<![还么有])没(?:有|说|想|打算|要|准备|必要|考虑|提)?过?(?!法|办)"
    r"|(?<![特区分个性级类识])别(?![人的家])|甭|并非|无需|无意|用不着|犯不着|犯不上|何必|免得|省得|谁说|哪有|才不"
    r")"
)
_LIGHT = (
    r"(?:我们?|你们?|您|他们?|咱们?|自己|是|真的?|真正|想|要|来|去|给|帮|再|说过?|提|讲|谈|聊|把|跟|向|到|往|找|打|打给|打电话"
    r"|为了|因为|由于|准备|打算|考虑|办理?|申请|投诉|举报|反映|告|告到|联系|上|请|雇|用|动不动|现在|马上|立刻|今天|非|非要|一定"
    r"|就|都|也|这么|那么|什么|老是?|总是?|有|过|叫|让|当|那个|这个|一个|个|几|号码|号|卡|必要|意思|威胁|拿|闹|觉得|认为|任何)*"
)
_BEFORE = re.compile(f"(?P<not>{_NOT}){_LIGHT}$")
_AFTER = re.compile(
    r"(?:的?(?:事情?|话|手续)|什么的|那[就倒]|就|我|我们|暂时|先|倒|倒是|也|还是|其实|真的?)*"
    r"(?:(?:不用|不必|用不着|犯不着)(?=了|吧|$)(?!了?[你您他她它这那移联电])|不办|没必要|没打算|没想|没说|没考虑|不考虑(?![你您])|不至于|犯不上|免了|(?:以后|改天|下次|回头)再(?:说|办|弄)|不是我的?意思"
    r"|(?:没|不)(?:答应|同意)|没理|没这?那?个?意思|(?<=就)算了|(?<=事)算了|(?<=事儿)算了)"
)
_ASKS_AFTER = re.compile(r".{0,4}(?:是什么|是啥|还是什么|吗|嘛$|么$|呢$|吧$)")
_RHETORICAL = re.compile(r"^(?:不是|不会是?|没有?|没说过?|没让|没叫)$")
_REPORT = re.compile(
    r"(?:别人|人家|有人|朋友|同事|邻居|亲戚|同学|网友|闺蜜|隔壁|楼上|楼下|听说|据说|新闻|报道|网上(?:说|有人|看到)|他们|她们|别的公司)"
    r"(?:[们里上说讲是在去要想有也都又已经刚才昨天前上个月让叫建议劝我你们就为了因他她它办理投诉过能可以会该怎么]){0,10}$"
)


def negated(heard: Heard, chars: str, start: int, end: int) -> bool:
    """Whether `chars[start:end]` is said not to be so.

    Args:
        heard: whose clauses bound what belongs together.
        chars: its characters, put right.
    """
    before = chars[max(heard.clause(start), start - _REACH) : start]
    found = _BEFORE.search(before)
    if found is not None and not _asks(before + chars[start:end], found.start()):
        after = chars[end : heard.clause_end(start)]
        if not (_RHETORICAL.match(found["not"]) and _ASKS_AFTER.match(after)):
            return True
    return _AFTER.match(chars[end : end + _REACH]) is not None


def reported(heard: Heard, chars: str, start: int) -> bool:
    """Whether it is told of others: 我朋友转网了, 听说有人销户."""
    return _REPORT.search(chars[max(heard.clause(start), start - _REACH) : start]) is not None


def _asks(chars: str, at: int) -> bool:
    """会不会, 能不能, 有没有: the character before the negation follows it again."""
    return 0 < at < len(chars) - 1 and chars[at] in "不没" and chars[at - 1] == chars[at + 1]
