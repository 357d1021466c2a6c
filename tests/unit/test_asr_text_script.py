"""One script, and one written form for scoring."""

from __future__ import annotations

import pytest

from asr.text import normalize_for_scoring, strip_punctuation, to_simplified

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "simplified"),
    [
        ("", ""),
        ("查詢話費餘額", "查询话费余额"),
        ("請幫我轉人工服務", "请帮我转人工服务"),
        ("寬帶報修", "宽带报修"),
        ("查询话费", "查询话费"),
        ("１３８Ａｂ％", "138Ab%"),
        ("您好，请问？（话费）", "您好，请问？（话费）"),
        ("乾隆皇帝乾杯", "乾隆皇帝干杯"),
        ("plain ASCII", "plain ASCII"),
    ],
)
def test_traditional_and_wide_characters_are_turned(written: str, simplified: str) -> None:
    assert to_simplified(written) == simplified


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("您好，请问？", "您好请问"),
        (" 查 话费\n", "查话费"),
        ("《话费》…——！", "话费"),
        ("♪谢谢♪", "谢谢"),
        ("a-b_c 1.5", "abc15"),
    ],
)
def test_only_letters_characters_and_numbers_are_kept(written: str, bare: str) -> None:
    assert strip_punctuation(written) == bare


SAME = [
    ("35.6元", "三十五元六角"),
    ("三十五块六", "三十五元六角"),
    ("三十五块六毛", "35.60元"),
    ("￥35.6", "三十五块六"),
    ("两块钱", "2元"),
    ("十五块零五", "15.05元"),
    ("五毛", "5角"),
    ("1,000块", "一千元"),
    ("138", "一三八"),
    ("幺三八", "138"),
    ("幺三八洞洞幺", "138001"),
    ("138-0013-8000", "一三八零零一三八零零零"),
    ("〇一零", "010"),
    ("2026年3月", "二零二六年三月"),
    ("二〇二六年", "2026年"),
    ("8号线", "八号线"),
    ("50%", "百分之五十"),
    ("百分之百", "100%"),
    ("百分之十二点五", "12.5%"),
    ("三点五", "3.5"),
    ("三点五万", "35000"),
    ("3.5万", "三万五"),
    ("三点五零", "3.5"),
    ("两百", "200"),
    ("一百零五", "105"),
    ("1万2", "一万二"),
    ("负五度", "-5度"),
    ("三点十五分", "3点15分"),
    ("十五分钟", "15分钟"),
    ("还有几个G？", "还有几个g"),
    ("查詢話費。", "查询 话费"),
    ("ＯＫ", "ok"),
    ("15 米", "十五米"),
    ("一万亿", "1000000000000"),
    ("一" * 40, "1" * 40),
]
DIFFERENT = [
    ("话费", "化肥"),
    ("三十五元六角", "三十五元六分"),
    ("35元", "35角"),
    ("一三八", "一三九"),
    ("007", "7"),
    ("百分之五十", "五十"),
    ("三点五", "三十五"),
    ("几个G", "一个G"),
    ("半个", "一个"),
    ("3月", "3日"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_thing_said_has_one_form(one: str, other: str) -> None:
    assert normalize_for_scoring(one) == normalize_for_scoring(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_things_said_stay_different(one: str, other: str) -> None:
    assert normalize_for_scoring(one) != normalize_for_scoring(other)


def test_the_form_is_readable() -> None:
    assert normalize_for_scoring("您的话费余额为，35.6元。") == "您的话费余额为35元6角"
    assert normalize_for_scoring("还有几个G？") == "还有几个g"
    assert normalize_for_scoring("百分之五十") == "百分之50"
    assert normalize_for_scoring("一万亿") == "1万亿"
    assert normalize_for_scoring("，。？") == ""
