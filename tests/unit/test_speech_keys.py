"""Keys into entries: how an entry ends, and which keys belong to it."""

from __future__ import annotations

import pytest

from gateway.dialogue.actions import KeyEntry
from gateway.speech.events import KeysEntered
from gateway.speech.keys import MAX_TYPED_AHEAD, KeyCollector

pytestmark = pytest.mark.unit


def entries(entry: KeyEntry, presses: list[tuple[str, float]], until_ms: float = 20_000) -> list[KeysEntered]:
    """Press as listed, ask every 20 ms, and open the next question as soon as one is answered."""
    collector = KeyCollector()
    found: list[KeysEntered] = []
    for now_ms in range(0, int(until_ms), 20):
        for key, at_ms in presses:
            if at_ms == now_ms:
                collector.press(key, now_ms)
        if (entered := collector.collect(entry, now_ms)) is not None:
            found.append(entered)
            collector.begin()
    return found


def every(ms: float, keys: str) -> list[tuple[str, float]]:
    return [(key, ms * place) for place, key in enumerate(keys)]


PHONE = KeyEntry(min_digits=11, max_digits=11, finish_on_key="#")
AMOUNT = KeyEntry(min_digits=1, max_digits=6, finish_on_key="#", inter_digit_timeout_ms=2000)


@pytest.mark.parametrize(
    ("entry", "keys", "digits", "by"),
    [
        (KeyEntry(), "0", "0", "length"),
        (KeyEntry(), "*", "*", "length"),
        (PHONE, "13800138000", "13800138000", "length"),
        (AMOUNT, "50#", "50", "finish_key"),
        (AMOUNT, "#", "", "finish_key"),
        (AMOUNT, "50", "50", "timeout"),
        (AMOUNT, "*", "*", "timeout"),
        (PHONE, "138", "138", "timeout"),
        (PHONE, "138#", "138", "finish_key"),
        (KeyEntry(max_digits=4), "12#4", "12#4", "length"),
    ],
)
def test_an_entry_ends_by_length_finish_key_or_time(entry: KeyEntry, keys: str, digits: str, by: str) -> None:
    (entered,) = entries(entry, every(200, keys))
    assert (entered.digits, entered.finished_by) == (digits, by)


def test_the_wait_starts_anew_with_every_digit() -> None:
    (entered,) = entries(AMOUNT, every(1980, "123"))
    assert entered == KeysEntered("123", "timeout", start_ms=0, end_ms=3960, ended_at_ms=5960)


def test_a_digit_that_comes_too_late_belongs_to_the_next_question() -> None:
    assert [entered.digits for entered in entries(AMOUNT, every(2020, "12"))] == ["1", "2"]


def test_the_finish_key_after_a_full_number_is_not_the_next_answer() -> None:
    assert [entered.digits for entered in entries(PHONE, every(200, "13800138000#"))] == ["13800138000"]


def test_the_finish_key_much_later_is_an_answer_of_its_own() -> None:
    presses = [*every(200, "13800138000"), ("#", 10_000.0)]
    assert [entered.digits for entered in entries(PHONE, presses)] == ["13800138000", ""]


def test_a_full_number_and_what_was_typed_after_it_are_two_answers() -> None:
    assert [entered.digits for entered in entries(PHONE, every(100, "138001380001"))] == ["13800138000", "1"]


def test_keys_pressed_ahead_wait_their_whole_time_once_asked() -> None:
    collector = KeyCollector()
    collector.press("1", 0)
    assert collector.collect(AMOUNT, 60_000) is None
    assert collector.entering
    entered = collector.collect(AMOUNT, 62_000)
    assert entered == KeysEntered("1", "timeout", start_ms=0, end_ms=0, ended_at_ms=62_000)


def test_endless_pressing_is_bounded() -> None:
    collector = KeyCollector()
    for number in range(10 * MAX_TYPED_AHEAD):
        collector.press(str(number % 10), number)
    entered = collector.collect(KeyEntry(max_digits=1000, finish_on_key="#"), 0)
    assert entered is None
    entered = collector.collect(KeyEntry(max_digits=1000), 10_000)
    assert entered is not None
    assert len(entered.digits) == MAX_TYPED_AHEAD
