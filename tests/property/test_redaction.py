"""Whatever is said: redacting twice changes nothing, and no number of anybody is left."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.entities import EntityFinder
from gateway.analytics.redaction import redact, redact_text, redact_value

pytestmark = pytest.mark.property

FINDER = EntityFinder.load()
PARTS = st.sampled_from(
    [
        *(
            "我的",
            "手机号是",
            "验证码",
            "身份证",
            "卡号",
            "尾号",
            "后四位是",
            "不对",
            "嗯",
            "，",
            " ",
            "-",
            "是",
            "那个",
            "要",
            "块",
        ),
        *(
            "十月三号",
            "一百二",
            "三十个G",
            "建国路",
            "八十八号",
            "三号楼",
            "二单元",
            "阳光花园小区",
            "[电话号码]",
            "[号码",
            "]",
        ),
        *(
            "138",
            "零零一三",
            "八千",
            "三个八",
            "双零",
            "幺",
            "7",
            "2026-11-29",
            "10086",
            "x",
            "U5L",
            "\ud800",
            "\x00",
            "😀",
        ),
    ]
)
SENTENCES = st.lists(PARTS, max_size=14).map("".join)
DIGITS = "零一二三四五六七八九"


@settings(max_examples=300)
@given(SENTENCES)
def test_redacting_twice_changes_nothing(text: str) -> None:
    shown = redact_text(text)
    assert redact_text(shown) == shown


@settings(max_examples=100)
@given(st.text(max_size=60))
def test_any_text_at_all_is_redacted_once_and_for_all(text: str) -> None:
    shown = redact_text(text)
    assert redact_text(shown) == shown


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.booleans(),
    st.sampled_from(["", "，", "嗯", "嗯，那个", " "]),
    st.sampled_from(["", "我的号码是", "查一下", "昨天", "充一百块到"]),
    st.sampled_from(["", "谢谢", "这个号", "，扣了三十块"]),
)
def test_no_mobile_number_is_left_however_it_is_said(
    number: str, in_words: bool, pause: str, before: str, after: str
) -> None:
    groups = number[:3], number[3:7], number[7:]
    if in_words:
        groups = tuple("".join(DIGITS[int(digit)] for digit in group).replace("一", "幺") for group in groups)
    shown = redact_text(before + pause.join(groups) + after)
    assert shown.startswith(before)
    assert shown.endswith(after)
    assert not re.search(f"[0-9{DIGITS}幺]", shown.removeprefix(before).removesuffix(after))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["customer", "agent", "system"]), st.sampled_from(["speech", "keys"]), SENTENCES),
        max_size=6,
    )
)
def test_a_conversation_is_redacted_once_and_for_all(turns: list[tuple[str, str, str]]) -> None:
    segments = tuple(
        Segment(index=at, participant=who, kind=kind, text=text, begin_ms=at * 1000.0, end_ms=at * 1000.0 + 900.0)
        for at, (who, kind, text) in enumerate(turns)
    )
    once = redact(Conversation(id="c", source="call", segments=segments, ended=True, duration_ms=9000.0))
    twice = redact(once.conversation)
    assert twice.conversation == once.conversation
    assert twice.silences == ()
    assert all(0 <= one.begin_ms <= one.end_ms for one in once.silences)


@settings(max_examples=60)
@given(
    st.recursive(
        SENTENCES | st.integers() | st.none() | st.floats(),
        lambda inner: st.lists(inner) | st.dictionaries(SENTENCES, inner),
        max_leaves=8,
    )
)
def test_plain_json_is_redacted_once_and_for_all(value: object) -> None:
    shown = redact_value(value)
    assert repr(redact_value(shown)) == repr(shown)


@settings(max_examples=200)
@given(SENTENCES | st.text(max_size=40))
def test_entities_lie_in_the_text_without_overlaps(text: str) -> None:
    segment = Segment(index=0, participant="customer", text=text, begin_ms=0.0, end_ms=1000.0)
    at = 0
    for entity in FINDER.find(segment, date(2026, 11, 29)):
        evidence = entity.evidence
        assert at <= evidence.start < evidence.end <= len(text)
        assert evidence.text == text[evidence.start : evidence.end]
        assert entity.value
        at = evidence.end
