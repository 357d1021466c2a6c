from __future__ import annotations

import pytest

from asr.invented import hints_read_aloud, is_invented

pytestmark = pytest.mark.unit

HINTS = ("查话费", "话费", "查流量", "转人工", "没听清", "再说一遍")


@pytest.mark.parametrize(
    "text",
    [
        "谢谢观看",
        "谢谢观看!",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕由Amara.org社区提供",
        "中文字幕志愿者 李宗盛",
        "优优独播剧场——YoYo Television Series Exclusive",
        "MING PAO CANADA // MING PAO TORONTO",
        "未经作者授权，禁止转载",
        "多谢收看",
        "Thank you.",
        "♪♪♪",
        "……",
        "",
    ],
)
def test_what_whisper_makes_up_is_known(text: str) -> None:
    assert is_invented(text)


@pytest.mark.parametrize(
    "text", ["谢谢", "查话费", "我要投诉", "好的", "嗯", "我的字不好看", "完了没有", "帮我订阅彩铃", "5", "拜拜"]
)
def test_what_callers_say_is_not(text: str) -> None:
    assert not is_invented(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("查话费", 1),
        ("查话费、查流量、转人工", 3),
        ("没听清，再说一遍", 2),
        ("查话费查话费", 1),
        ("我要查话费", 0),
        ("查话费吧", 0),
        ("", 0),
    ],
)
def test_hints_read_one_after_the_other_are_counted(text: str, read: int) -> None:
    assert hints_read_aloud(text, HINTS) == read


def test_without_hints_nothing_is_an_echo() -> None:
    assert hints_read_aloud("查话费", ()) == 0
