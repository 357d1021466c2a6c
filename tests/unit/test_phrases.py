"""Phrases on made-up sound: each syllable a peak of two rows of 40 ms, and between them nothing."""

from __future__ import annotations

import numpy as np
import pytest

from asr.engine import Transcript
from asr.engines.whisper_phrases import weighed
from asr.phrases.likelihood import ratios
from asr.syllables.head import LogProbabilities, averaged
from asr.syllables.names import NAMES, classes_of

pytestmark = pytest.mark.unit

CLASSES = len(NAMES) + 1
HINTS = ("查话费", "投诉", "投诉进度", "转人工", "返回")


def row(*likely: int) -> list[float]:
    probabilities = np.full(CLASSES, 1e-5)
    probabilities[list(likely)] = 1.0
    return [float(value) for value in np.log(probabilities / probabilities.sum())]


def sound(text: str) -> LogProbabilities:
    rows = [row(0)]
    for number in classes_of(text):
        rows += [row(number), row(number), row(0)]
    return np.array(rows, np.float32)


def totals(said: str, *phrases: str) -> list[float]:
    return [float(total) for total in ratios(sound(said), [classes_of(phrase) for phrase in phrases]).totals]


def weigh(said: str, heard: Transcript, hints: tuple[str, ...] = HINTS) -> Transcript:
    return weighed(sound(said), hints, heard)


def test_a_phrase_that_was_said_costs_nothing_wherever_it_stands() -> None:
    assert totals("查话费", "查话费") == pytest.approx([0.0], abs=1e-3)
    assert totals("我想查话费谢谢", "查话费") == pytest.approx([0.0], abs=1e-3)


def test_each_syllable_that_was_not_said_costs() -> None:
    one, two, none = totals("查话费", "查话单", "查宽带", "退订吧")
    assert 0 > one > two > none


def test_words_between_the_syllables_of_a_phrase_cost_less_than_a_syllable_of_it() -> None:
    whole, parted, lacking = totals("升级一下套餐", "升级一下套餐", "升级套餐", "升级一下套房")
    assert whole == pytest.approx(0.0, abs=1e-3)
    assert whole > parted > lacking


def test_a_syllable_said_once_is_not_the_same_said_twice() -> None:
    once, twice = totals("谢", "谢谢")[0], totals("谢谢", "谢谢")[0]
    assert twice == pytest.approx(0.0, abs=1e-3)
    assert once < -5


def test_a_phrase_with_more_syllables_than_there_are_rows_was_not_said() -> None:
    found = ratios(sound("费")[:2], [classes_of("我想查一下这个月的话费余额"), classes_of("费")])
    assert found.totals[0] < -1e6
    assert found.by_syllable[1] == pytest.approx(0.0, abs=1e-3)


def test_phrases_score_the_same_alone_and_among_others() -> None:
    together = totals("帮我转人工", *HINTS)
    assert together == pytest.approx([totals("帮我转人工", hint)[0] for hint in HINTS])


def test_a_text_is_read_as_pypinyin_says_it() -> None:
    assert classes_of("投诉，2") == classes_of("头宿二")
    assert classes_of("VIP!?") == ()
    assert len(classes_of("费" * 100_000)) == 60
    assert classes_of("\ud800🙂\x00") == ()


def test_a_phrase_that_was_said_takes_the_place_of_a_text_that_was_not() -> None:
    heard = weigh("我想查话费", Transcript("我想再还余额", 0.42, ("我像在",)))
    assert heard.text == "查话费"
    assert heard.confidence == 0.5
    assert heard.alternatives == ()


@pytest.mark.parametrize(("said", "alike"), [("我想查话费", "我想查化肥"), ("把电视关小一点", "把店是关小一点")])
def test_another_reading_stays_only_if_the_sound_says_it_as_well(said: str, alike: str) -> None:
    """Whether it is an expected phrase that was said or something else."""
    heard = weigh(said, Transcript(said, 0.42, ("再言公园", alike, "VIP")))
    assert (heard.text, heard.alternatives) == (said, (alike,))


def test_a_rejected_text_gives_way_to_a_phrase_that_was_said() -> None:
    heard = weigh("帮我转人工", Transcript("", 0.0, rejected="hint_echo"))
    assert (heard.text, heard.rejected) == ("转人工", None)


def test_a_text_that_was_said_stays_and_what_is_in_it_is_no_other_reading() -> None:
    heard = Transcript("不是投诉,要查话费", 0.6)
    assert weigh("不是投诉要查话费", heard) == heard


def test_a_text_with_more_around_the_phrase_than_was_said_gives_way_to_the_phrase() -> None:
    heard = weigh("转人工", Transcript("老年人服务转人工", 0.47))
    assert (heard.text, heard.alternatives) == ("转人工", ())


def test_a_phrase_that_is_little_of_what_was_said_is_asked_about() -> None:
    heard = Transcript("番茄", 0.42)
    short, long = weigh("返回", heard), weigh("今天晚上想做一道菜先把鸡蛋打散然后放盐最后返回锅里", heard)
    assert (short.text, short.confidence) == ("返回", 0.5)
    assert (long.text, long.confidence) == ("返回", 0.3)


def test_every_hint_is_compared_with_the_sound_however_many_there_are() -> None:
    hints = (*(f"办理第{number}号业务" for number in range(300)), "查话费")
    assert weigh("我想查话费", Transcript("我想再还余额", 0.42), hints).text == "查话费"


def test_menu_words_that_the_sound_does_not_say_are_believed_no_more() -> None:
    heard = weigh("把电视关小一点", Transcript("投诉", 0.6, ("把电视关小点",)))
    assert (heard.text, heard.confidence) == ("投诉", 0.3)


def test_menu_words_are_not_doubted_when_no_other_reading_is_better() -> None:
    heard = Transcript("投诉", 0.6, ("退订",))
    assert weigh("把电视关小一点", heard) == heard


def test_what_the_sound_says_and_no_phrase_is_left_alone() -> None:
    heard = Transcript("把电视关小一点", 0.6)
    assert weigh("把电视关小一点", heard) == heard


def test_without_a_phrase_that_can_be_said_nothing_changes() -> None:
    heard = Transcript("投诉", 0.6)
    assert weigh("返回", heard, ("VIP", "")) == heard
    assert weigh("返回", heard, ()) == heard


def test_what_one_head_misses_the_mean_of_two_may_still_have() -> None:
    """In the first a syllable of 查话费 is missing."""
    sounds = [sound("我想查啊费"), sound("我想查话费")]
    heard = Transcript("我想再还余额", 0.42)
    assert weighed(sounds[0], HINTS, heard).text != "查话费"
    assert weighed(averaged(sounds), HINTS, heard).text == "查话费"
    assert np.allclose(np.exp(averaged(sounds)), np.mean(np.exp(sounds), axis=0))
