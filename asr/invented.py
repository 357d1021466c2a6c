"""What Whisper says when nobody speaks: phrases of the subtitles it was trained on, and its own prompt.

Collected from whisper_streaming#179, Vexa#617, Whisper-Finetune#10 and from our own noise recordings. They are compared
without punctuation and in simplified characters.
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\W_]+")

_WHOLE_LINES = """
    谢谢观看 谢谢收看 谢谢大家 谢谢大家观看 谢谢大家收看 谢谢你的观看 谢谢您的观看 谢谢你收看 感谢观看 感谢收看
    感谢您的观看 感谢大家的观看 多谢收看 多谢观看 多谢您收睇 下期再见 下次再见 我们下期再见 我们下次再见 下集再见
    中文字幕 字幕 字幕组 优优独播剧场 独播剧场 本集完 全剧终 完 音乐 鼓掌 掌声 笑声 哭声 歌声 片尾曲 片头曲
    thankyou thanksforwatching thankyouforwatching you subtitles mingpao mingpaocanada music applause
    字幕志愿者 字幕制作 字幕提供 小编 待续 未完待续
"""
"""Nothing when they are all that was heard. 谢谢 and 拜拜 are invented too, but callers do say them: not here."""

_ANYWHERE_LINES = """
    请不吝点赞 点赞订阅 订阅转发 打赏支持 明镜与点点 点点栏目 明镜需要您的支持 字幕由 字幕志愿者 字幕制作 字幕提供
    字幕组 中文字幕 优优独播 独播剧场 mingpao 未经作者授权 未经许可不得 禁止转载 版权所有 作词作曲 词曲李宗盛 杨茜茜
    amaraorg 关注我的频道 订阅我的频道 订阅频道 小铃铛 记得订阅 点击订阅 欢迎订阅 感谢您的收看 谢谢大家收看
    thanksforwatching thankyouforwatching subtitlesby 索兰娅 翻译志愿者
"""
"""Nothing when they stand anywhere in it: no caller of a hotline says them."""

_WHOLE = frozenset(_WHOLE_LINES.split())
_ANYWHERE = tuple(_ANYWHERE_LINES.split())


def is_invented(text: str) -> bool:
    """Whether the text (simplified characters) is one of the phrases that Whisper is known to make up."""
    bare = _MARKS.sub("", text).lower()
    return not bare or bare in _WHOLE or any(phrase in bare for phrase in _ANYWHERE)


def hints_read_aloud(text: str, hints: tuple[str, ...]) -> int:
    """How many different hints the text reads one after the other; 0 when it holds anything else as well."""
    left = _MARKS.sub("", text).lower()
    known = sorted({_MARKS.sub("", hint).lower() for hint in hints} - {""}, key=len, reverse=True)
    read: set[str] = set()
    while left:
        phrase = next((phrase for phrase in known if left.startswith(phrase)), None)
        if phrase is None:
            return 0
        read.add(phrase)
        left = left[len(phrase) :]
    return len(read)
