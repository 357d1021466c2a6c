"""Identity numbers, as callers say them, as a recogniser writes them, and as they are keyed."""

from __future__ import annotations

import pytest

from asr.text import is_id_card, parse_id_card
from asr.text.id_cards import check_character

pytestmark = pytest.mark.unit

# Invented, except for the first, which is the example of GB 11643-1999.
WITH_X, OTHER_X, PLAIN = "11010519491231002X", "42010619850203113X", "320311197706150011"
BODY = "幺幺零幺零五幺九四九幺二三幺零零二"

SPOKEN = {
    BODY + "X": WITH_X,
    BODY + "x": WITH_X,
    BODY + "叉": WITH_X,
    BODY + "艾克斯": WITH_X,
    BODY + "挨克斯": WITH_X,
    BODY + "爱克斯": WITH_X,
    BODY + "埃克斯": WITH_X,
    BODY + "艾克丝": WITH_X,
    BODY + "插": WITH_X,
    BODY + "一个叉": WITH_X,
    BODY + "打叉": WITH_X,
    BODY + "大写的X": WITH_X,
    BODY + "字母X": WITH_X,
    BODY + "，最后一位是X": WITH_X,
    BODY + "，最后一位是叉": WITH_X,
    BODY + "，最后一个是艾克斯": WITH_X,
    BODY + "，末位是X。": WITH_X,
    BODY + "最后一位数字是大写字母X谢谢": WITH_X,
    BODY + "X的": WITH_X,
    BODY + "X，对吧": WITH_X,
    BODY + "X，" + BODY + "X": WITH_X,
    "我的身份证号码是" + BODY + "X": WITH_X,
    "身份证是" + BODY + "叉": WITH_X,
    "呃，幺幺零幺零五，那个，一九四九一二三一，零零二，艾克斯": WITH_X,
    "一一零一零五一九四九一二三一洞洞两叉": WITH_X,
    "一一零一零五，一九四九年十二月三十一号，零零二X": WITH_X,
    "四二零幺零六，一九八五年二月三日，幺幺三，最后一位是X": OTHER_X,
    "四二零一零六一九八五零二零三一一三叉": OTHER_X,
    # as heard over 8 kHz
    "悠悠零悠零五 悠久四九悠二三悠 零零二 爱克夫": WITH_X,
    "42010619850203113最后一位是参": OTHER_X,
    "11010519491231002X": WITH_X,
    "11010519491231002x": WITH_X,
    "１１０１０５１９４９１２３１００２Ｘ": WITH_X,
    "110105 1949 1231 002X": WITH_X,
    "110105-19491231-002X": WITH_X,
    "320311197706150011": PLAIN,
    "三二零三幺幺，一九七七零六一五，零零幺幺": PLAIN,
    "三二零三双幺一九七七零六一五零零一，最后一位是一": PLAIN,
}

NOT_CARDS = [
    "",
    "X",
    "叉叉叉",
    "我不记得身份证号码",
    "幺三八零零幺三八零零零",
    BODY,
    BODY + "一",  # wrong check character
    "110105194912310021",
    "11010519491231003X",
    "11010519491331002X",  # month 13
    "110105491231002",  # 15 digits
    "X" + BODY,
    BODY + "X不对是八",
    BODY + "X" + BODY,
    BODY + "X" + "四二零一零六一九八五零二零三一一三叉",  # two different ones
    "1101051949X1231002",
    BODY + "XX",
    PLAIN + "1",
    PLAIN + "X",
]


@pytest.mark.parametrize(("spoken", "card"), SPOKEN.items())
def test_an_identity_number_is_read(spoken: str, card: str) -> None:
    assert parse_id_card(spoken) == card


@pytest.mark.parametrize("spoken", NOT_CARDS)
def test_what_cannot_be_right_is_refused(spoken: str) -> None:
    assert parse_id_card(spoken) is None


@pytest.mark.parametrize("card", [WITH_X, OTHER_X, PLAIN, WITH_X.lower(), WITH_X.replace("X", "*")])
def test_a_number_written_or_keyed_is_recognised(card: str) -> None:
    assert is_id_card(card)


@pytest.mark.parametrize(
    "card", ["", "*", "x" * 18, WITH_X[:-1], WITH_X + "X", f" {PLAIN}", "三" + PLAIN[1:], PLAIN + "\n"]
)
def test_anything_else_is_not(card: str) -> None:
    assert not is_id_card(card)


@pytest.mark.parametrize("birth", ["19990229", "20000230", "19851301", "19850001", "19850100", "18991231", "21000101"])
def test_nobody_was_born_on_an_impossible_day(birth: str) -> None:
    body = f"420106{birth}123"
    assert not is_id_card(body + check_character(body))


def test_a_leap_day_is_a_birthday() -> None:
    body = "42010620000229123"
    assert is_id_card(body + check_character(body))


@pytest.mark.parametrize("position", range(17))
def test_every_wrong_digit_is_found(position: int) -> None:
    for digit in "0123456789":
        wrong = WITH_X[:position] + digit + WITH_X[position + 1 :]
        assert is_id_card(wrong) == (wrong == WITH_X)
