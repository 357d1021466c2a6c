"""No mobile number comes through a log line, whatever stands around it."""

from __future__ import annotations

import io
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.privacy import MaskingFilter, mask

pytestmark = pytest.mark.property

MOBILE = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
AROUND = st.text() | st.text("0123456789幺三 -.,，Xx+\n")
SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")


@given(AROUND, MOBILE, AROUND)
def test_no_mobile_number_survives_in_a_log_line(before: str, number: str, after: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(MaskingFilter())
    record = logging.LogRecord("x", logging.INFO, __file__, 1, f"{before}%s{after}", (number,), None)
    handler.handle(record)
    written = stream.getvalue()
    assert number not in written
    assert not re.search(r"[0-9]{11}", written)


@given(AROUND, MOBILE, AROUND)
def test_nor_one_that_was_spoken(before: str, number: str, after: str) -> None:
    spoken = number.translate(SPOKEN)
    assert spoken not in mask(f"{before}{spoken}{after}")


@given(MOBILE, st.sampled_from([" ", "-", "，", "、 ", ". "]), st.integers(1, 9), st.integers(1, 9))
def test_nor_one_in_groups(number: str, gap: str, first: int, second: int) -> None:
    cuts = sorted({first, second, 11} - {0})
    groups = [number[i:j] for i, j in zip([0, *cuts], cuts, strict=False)]
    masked = mask(f"号码 {gap.join(groups)} 对吗")
    assert masked == f"号码 {number[:3]}****{number[-4:]} 对吗"


@given(st.text())
def test_masking_is_total_and_settles_at_once(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(st.text(st.characters(exclude_categories=["N"], exclude_characters="零〇○洞一幺二两三四五六七拐八九勾")))
def test_a_text_without_digits_stays(text: str) -> None:
    assert mask(text) == text
