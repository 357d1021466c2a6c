"""What is said to a number that was read back, on made-up sound and through the hearing that asks for it."""

from __future__ import annotations

import pytest

from asr.closed.corrections import corrections_of, nearness
from asr.engine import ClosedAnswer, Transcript
from asr.engines.whisper_closed import ClosedHearing
from asr.text import correct_digits
from tests.support.syllables import heard

pytestmark = pytest.mark.unit

READ_BACK = "13800138000"
CONFIRMED = ClosedAnswer("yes_no", 11, 11, corrects="phone", read_back=(READ_BACK,))
ASKED_ANEW = ClosedAnswer("phone", 11, 11, corrects="phone", read_back=(READ_BACK,))
MISHEARD = Transcript("部队后寺位市", 0.4)


def hear(spoken: str, answer: ClosedAnswer = CONFIRMED, decoded: Transcript = MISHEARD) -> Transcript:
    return ClosedHearing(heard(spoken), list, lambda: decoded).hear(answer)


@pytest.mark.parametrize(
    ("spoken", "text"),
    [
        ("不对是幺三八零零幺三八零零幺", "不对，13800138001"),
        ("幺三九零零幺三八零零零", "13900138000"),
        ("不是后四位是八零零幺", "不对，后四位是8001"),
        ("错了应该是幺三九零零幺三八零零零", "不对，13900138000"),
        ("最后四位八零零二", "最后四位是8002"),
        ("尾号是八零零二", "尾号是8002"),
        ("不对中间四位是零幺幺三", "不对，中间四位是0113"),
        ("开头是幺三九", "开头是139"),
        ("第三位是九", "第三位是9"),
        ("不对八零零五", "不对，8005"),
        ("不是三八是三九", "不是38是39"),
    ],
)
def test_a_correction_is_heard_whole(spoken: str, text: str) -> None:
    assert hear(spoken).text == text
    assert correct_digits(READ_BACK, text)
    anew = hear(spoken, ASKED_ANEW).text  # a whole number needs no no there
    assert anew in {text, text.rpartition("，")[2]}


@pytest.mark.parametrize("spoken", ["对", "不对", "是的", "不是", "不要", "对对对"])
def test_yes_and_no_stay_what_they_are(spoken: str) -> None:
    assert hear(spoken).text == spoken


@pytest.mark.parametrize("spoken", ["???", "?我?说?", "对?对?我?"])
def test_other_words_are_the_decoders(spoken: str) -> None:
    assert hear(spoken).text == MISHEARD.text


def test_of_readings_that_sound_alike_the_one_nearer_to_what_was_read_back_is_first() -> None:
    """六 is likelier by its sound; but then two digits would have been misheard the first time."""
    near = ClosedAnswer("yes_no", 11, 11, corrects="phone", read_back=("13900138009",))
    heard_first = [hear("不对幺三八零零幺三八零零/", answer) for answer in (CONFIRMED, near)]
    assert [one.text for one in heard_first] == ["不对，13800138006", "不对，13800138009"]


def test_what_was_refused_is_not_heard_again_while_it_could_be_something_else() -> None:
    refused = ClosedAnswer("phone", 11, 11, corrects="phone", read_back=("13800138006",))
    assert hear("幺三八零零幺三八零零/").text == "13800138006"
    again = hear("幺三八零零幺三八零零/", refused)
    assert again.text == "13800138009"
    assert "13800138006" in again.alternatives


def test_what_the_sound_rules_out_is_nobodys_other_reading() -> None:
    """A number that was refused by mistake must not give way to anything whatever."""
    refused = ClosedAnswer("phone", 11, 11, corrects="phone", read_back=(READ_BACK,))
    again = hear("幺三八零零幺三八零零零", refused)
    assert (again.text, again.alternatives) == (READ_BACK, ())


def test_the_decoder_decides_between_corrections_that_the_head_takes_for_alike() -> None:
    spoken = "不对是幺三八零零幺三八零零/"
    assert hear(spoken).text == "不对，13800138006"
    agreed = hear(spoken, CONFIRMED, Transcript("不对,是一三八零零一三八零零九。", 0.5))
    assert agreed.text == "不对，13800138009"


def test_words_before_a_correction_are_passed_over() -> None:
    assert hear("?个?幺三八零零幺三八零零幺").text == "13800138001"


def test_an_identity_number_is_compared_with_its_letter() -> None:
    card = "11010519491231002X"
    confirmed = ClosedAnswer("yes_no", corrects="id_card", read_back=(card,))
    assert nearness(card, confirmed) == 0.0 > nearness("不对，" + card, confirmed)
    assert nearness(card, ClosedAnswer("id_card", corrects="id_card", read_back=(card,))) < -5.0


def test_a_no_before_the_same_number_refuses_it() -> None:
    assert nearness("不对，13800138000", CONFIRMED) < nearness("13800138000", CONFIRMED) == 0.0
    assert nearness("后四位是8001", CONFIRMED) == 0.0 > nearness("后四位是8999", CONFIRMED)
    assert nearness("不对", CONFIRMED) == 0.0


def test_an_amount_that_was_read_back_is_said_again() -> None:
    answer = ClosedAnswer("yes_no", corrects="amount")
    assert hear("不对是五十块", answer).text == "不对，五十块"
    assert hear("不对", answer).text == "不对"


def test_without_anything_read_back_there_is_nothing_to_correct() -> None:
    assert corrections_of(ClosedAnswer("yes_no")) == ()
    assert hear("不对后四位是八零零幺", ClosedAnswer("yes_no")).text == MISHEARD.text
