"""Personal numbers are masked however they are written; money, dates, durations and short numbers are not."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from gateway.privacy import MaskingFilter, mask, setup_logging

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("来电13800138000。", "来电138****8000。"),
        ("+8613800138000", "+86138****8000"),
        ("008613800138000", "0086138****8000"),
        ("138 0013 8000", "138****8000"),
        ("138-0013-8000", "138****8000"),
        ("138.0013.8000", "138****8000"),
        ("1 3 8 0 0 1 3 8 0 0 0", "138****8000"),
        ("１３８００１３８０００", "１３８****８０００"),
        ("幺三八零零幺三八零零零", "幺三八****八零零零"),
        ("我的号码是幺三八，零零幺三，八零零零，谢谢", "我的号码是幺三八****八零零零，谢谢"),
        ("一三八洞洞幺三八洞洞洞", "一三八****八洞洞洞"),
        ("010-12345678", "010****5678"),
        ("(0571)1234567", "057****4567"),
        ("0755 8765 4321", "075*****4321"),
        ("11010119900101123X", "110***********123X"),
        ("110101199001011234", "110***********1234"),
        ("110101 19900101 123x", "110***********123x"),
        ("110101-1990-0101-1234", "110***********1234"),
        ("6222020012345678901", "622************8901"),
        ("6222 0200 1234 5678 901", "622************8901"),
        ("6222-0200-1234-5678", "622*********5678"),
        ('{"number": "13800138000", "age": 72}', '{"number": "138****8000", "age": 72}'),
        ("13800138000 13900139000", "138****8000 139****9000"),
    ],
)
def test_personal_numbers_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "您的话费余额为35.60元",
        "2026-11-21 22:10:05,123",
        "2026-11-21T22:10:05.123456+08:00",
        "工单号60110001",
        "10086",
        "一二三四五，上山打老虎",
        "两百五十三万零七",
        "0.123456 12.5 1e-12",
        "played 1200, 1400, 1600, 1800 ms",
        "192.168.100.200:65535",
        "turn 3 of 12 took 1234.567 ms",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask(text) == text


def test_masking_twice_changes_nothing_more() -> None:
    once = mask("13800138000，11010119900101123X")
    assert mask(once) == once


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What a root logger set up by us writes; pytest's own handlers come back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    stream = io.StringIO()
    setup_logging(logging.INFO, stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_messages_arguments_exceptions_and_stacks_are_masked(logged: io.StringIO) -> None:
    log = logging.getLogger("some.library")
    log.info("call from %s", "13800138000")
    log.info("call from %(number)s", {"number": 13800138000})
    log.warning("13800138000 %s", "8000", stack_info=True)
    try:
        try:
            raise KeyError("13800138000")
        except KeyError as error:
            raise LookupError("no customer 幺三八零零幺三八零零零") from error
    except LookupError:
        log.exception("look-up of 13800138000 failed")
    written = logged.getvalue()
    assert "13800138000" not in written
    assert "零零幺三" not in written
    assert "KeyError: '138****8000'" in written
    assert "LookupError: no customer 幺三八****八零零零" in written
    assert written.count("138****8000") >= 5


def test_a_log_line_whose_arguments_do_not_fit_is_still_written_and_masked(logged: io.StringIO) -> None:
    logging.getLogger("some.library").error("%d calls from 13800138000", "many")
    assert "calls from 138****8000" in logged.getvalue()


def test_the_level_holds_and_a_second_set_up_replaces_the_first(logged: io.StringIO) -> None:
    again = io.StringIO()
    setup_logging("WARNING", again)
    logging.getLogger("x").info("quiet")
    logging.getLogger("x").warning("loud")
    logging.getLogger("httpx").info("quiet")
    assert logged.getvalue() == ""
    assert again.getvalue().count("\n") == 1
    with pytest.raises(ValueError, match="LOUDEST"):
        setup_logging("LOUDEST", again)


def test_an_empty_exception_info_is_no_obstacle() -> None:
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "plain", (), (None, None, None))
    assert MaskingFilter().filter(record)
    assert logging.Formatter().format(record) == "plain"
