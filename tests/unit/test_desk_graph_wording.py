"""Texts cut and broken to fit."""

from __future__ import annotations

import pytest

from gateway.desk.graph.wording import cut, first_clauses, width_em, wrapped

pytestmark = pytest.mark.unit


def test_chinese_is_wide_and_latin_narrow() -> None:
    assert width_em("话费") == 2.0
    assert width_em("，。") == 2.0
    assert width_em("ab") < 1.5


@pytest.mark.parametrize("limit_em", [3, 5, 8, 100])
def test_a_cut_text_fits(limit_em: float) -> None:
    text = "您的话费余额为‹account.balance›。"
    assert width_em(cut(text, limit_em)) <= limit_em
    assert cut(text, limit_em) == text or cut(text, limit_em).endswith("…")


def test_whole_clauses_come_first() -> None:
    assert first_clauses("您好，欢迎致电。请说。", 8) == "您好，欢迎致电。…"
    assert first_clauses("您好，欢迎致电。", 8) == "您好，欢迎致电。"
    assert first_clauses("您好，欢迎致电移动客服热线。", 8) == "您好…"
    assert first_clauses("欢迎致电移动客服热线。", 8) == "欢迎致电移动客…"


def test_lines_break_between_characters_and_not_in_words() -> None:
    assert wrapped("您的话费余额为‹account.balance›。", 12, 3) == ["您的话费余额为", "‹account.balance›。"]
    assert wrapped("请说要办什么。", 6, 3) == ["请说要办什么。"]
    assert wrapped("一二三四五六七八九十", 4, 2) == ["一二三四", "五六七八…"]
    assert wrapped("", 4, 2) == []
