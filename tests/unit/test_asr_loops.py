from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.loops import collapse_loops

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("looped", "once"),
    [
        ("查话费查话费查话费", "查话费"),
        ("查话费、查话费、查话", "查话费、"),
        ("我要投诉，投诉", "我要投诉，"),
        ("老年人服务，老年人服务，老年人", "老年人服务，"),
        ("我要投诉我要投诉", "我要投诉"),
        ("不是不是不是不是不是", "不是"),
        ("你们的服务态度太差了你们的服务态度太差了", "你们的服务态度太差了"),
        ("家里都网断了吗，反来修一下，家里都网断了吗，反来修一下，家里都网\ufffd", "家里都网断了吗反来修一下"),
        ("跪下跪下跪下跪", "跪下"),
        ("我有的时候说不清楚你们知道吗我有的时候说不清楚你们", "我有的时候说不清楚你们知道吗"),
        ("15937264085159372640851593726408515937264085", "15937264085"),
    ],
)
def test_what_is_said_again_is_said_once(looped: str, once: str) -> None:
    assert collapse_loops(looped) == once


@pytest.mark.parametrize(
    "text",
    [
        "",
        "查话费",
        "13800138000",
        "一三八零零一三八零零零",
        "洞洞洞",
        "幺三九，六六，六六",
        "8888888888",
        "试试看看",
        "我试试，再说吧",
        "查流量，查话费",
        "谢谢",
        "我的话费还剩多少？",
        "慢慢来，慢慢说",
        "我的话费还剩多少我的话费",
    ],
)
def test_what_is_no_loop_stays(text: str) -> None:
    assert collapse_loops(text) == text


@given(st.text(alphabet="查话费，我要。13 零", max_size=40))
def test_never_longer_and_never_from_nothing_to_something(text: str) -> None:
    once = collapse_loops(text)
    assert len(once) <= len(text)
    assert set(once) <= set(text)


@given(unit=st.text(alphabet="查话费余额流量投诉", min_size=3, max_size=9), times=st.integers(2, 6))
def test_any_phrase_said_over_and_over_becomes_one(unit: str, times: int) -> None:
    assert len(collapse_loops(unit * times)) <= len(unit)
