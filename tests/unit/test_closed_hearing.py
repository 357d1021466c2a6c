"""Whose word counts, the head's or the decoder's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr.closed.sounds import CLASS_OF
from asr.engine import ClosedAnswer, Transcript
from asr.engines.whisper_closed import ClosedHearing
from asr.errors import ModelError
from asr.syllables.head import HEAD_FILE, MASKED_HEAD_FILE, Head, LogProbabilities
from asr.syllables.names import NAMES

pytestmark = pytest.mark.unit

YES_NO = ClosedAnswer("yes_no")
CODE = ClosedAnswer("digits", 4, 4)
OTHER = "?"
CLASSES = len(NAMES) + 1


class Decoder:
    """Counts how often it is asked."""

    def __init__(self, text: str = "", alternatives: tuple[str, ...] = ()) -> None:
        self._heard = Transcript(text, 0.5, alternatives) if text else Transcript("", 0.0, rejected="silence")
        self.asked = 0

    def __call__(self) -> Transcript:
        self.asked += 1
        return self._heard


Said = list[dict[str, float]]
"""How sure the head is of each syllable, one after the other."""


def rows_of(said: Said) -> LogProbabilities:
    rows = []
    for syllable in said:
        peak = np.full(CLASSES, 1e-6)
        for char, probability in syllable.items():
            peak[NAMES.index("zuo") + 1 if char == OTHER else CLASS_OF[char]] = probability
        pause = np.full(CLASSES, 1e-6)
        pause[0] = 1.0
        rows += [peak / peak.sum(), pause / pause.sum()]
    return np.log(np.array(rows, np.float32))


class Mouths:
    """The same speech as several mouths say it."""

    def __init__(self, *said: Said) -> None:
        self._first, *self._others = map(rows_of, said)
        self.asked = 0

    def _hear_again(self) -> list[LogProbabilities]:
        self.asked += 1
        return self._others

    def heard(self, answer: ClosedAnswer, decoder: Decoder, *, quick: bool = False) -> Transcript:
        return ClosedHearing(self._first, self._hear_again, decoder).hear(answer, quick=quick)


def sure(text: str) -> Said:
    return [{char: 1.0} for char in text]


def test_the_decoder_is_not_asked_when_the_head_is_sure() -> None:
    decoder = Decoder("散零三八")
    heard = Mouths(sure("三零三八")).heard(CODE, decoder)
    assert (heard.text, decoder.asked) == ("3038", 0)
    assert heard.confidence > 0.9


def test_the_decoder_decides_between_readings_that_the_head_takes_for_alike() -> None:
    decoder = Decoder("三零三九。")
    heard = Mouths([*sure("三零三"), {"六": 0.55, "九": 0.45}]).heard(CODE, decoder)
    assert (heard.text, decoder.asked) == ("3039", 1)
    assert heard.alternatives[0] == "3036"
    assert heard.confidence < 0.6


def test_the_head_decides_when_the_decoder_heard_no_answer() -> None:
    heard = Mouths([*sure("三零三"), {"六": 0.55, "九": 0.45}]).heard(CODE, Decoder("山林山酒吧"))
    assert heard.text == "3036"
    assert heard.alternatives == ("3039", "山林山酒吧")


def test_what_is_no_answer_is_heard_as_the_decoder_hears_it() -> None:
    """转人工 must not become a number."""
    decoder = Decoder("转人工", ("装人工",))
    heard = Mouths(sure(OTHER * 3)).heard(CODE, decoder)
    assert (heard.text, heard.alternatives) == ("转人工", ("装人工",))


def test_a_word_with_a_no_in_it_is_no_no() -> None:
    heard = Mouths(sure("?不??")).heard(YES_NO, Decoder("我不知道"))
    assert (heard.text, heard.alternatives) == ("我不知道", ())


def test_in_a_hurry_the_head_is_believed_sooner() -> None:
    decoder = Decoder("三零三九")
    heard = Mouths([*sure("三零三"), {"六": 0.55, "九": 0.45}]).heard(CODE, decoder, quick=True)
    assert (heard.text, heard.alternatives, decoder.asked) == ("3036", ("3039",), 0)


def test_other_mouths_decide_what_the_first_left_open() -> None:
    decoder = Decoder("三零三九")
    mouths = Mouths([*sure("三零三"), {"六": 0.5, "九": 0.5}], sure("三零三九"), sure("三零三九"))
    assert (mouths.heard(CODE, decoder).text, mouths.asked, decoder.asked) == ("3039", 1, 0)


def test_one_other_mouth_against_two_is_not_believed() -> None:
    mouths = Mouths([*sure("三零三"), {"六": 0.7, "九": 0.3}], sure("三零三九"), sure("三零三六"))
    assert mouths.heard(CODE, Decoder("山林山酒吧")).text == "3036"


@pytest.mark.parametrize("said", ["三零三九", OTHER * 3])
def test_other_mouths_are_not_asked_what_is_sure_or_hopeless(said: str) -> None:
    mouths = Mouths(sure(said), sure("三零三六"))
    mouths.heard(CODE, Decoder("转人工"))
    assert mouths.asked == 0


def test_in_a_hurry_other_mouths_are_not_asked() -> None:
    mouths = Mouths([*sure("三零三"), {"六": 0.55, "九": 0.45}], sure("三零三九"))
    assert (mouths.heard(CODE, Decoder(), quick=True).text, mouths.asked) == ("3036", 0)


@pytest.mark.parametrize("file", [HEAD_FILE, MASKED_HEAD_FILE])
def test_a_head_gives_probabilities_for_each_pair_of_frames(file: Path) -> None:
    log_probabilities = Head(file)(np.zeros((21, 512), np.float32))
    assert log_probabilities.shape == (10, CLASSES)
    assert np.allclose(np.exp(log_probabilities).sum(axis=1), 1.0, atol=1e-4)


def test_a_model_with_another_encoder_is_refused() -> None:
    with pytest.raises(ModelError, match=r"512"):
        Head()(np.zeros((20, 384), np.float32))


def test_a_head_that_is_missing_damaged_or_of_other_syllables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        Head(tmp_path / "nowhere.npz")
    cut = tmp_path / "cut.npz"
    cut.write_bytes(HEAD_FILE.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cut"):
        Head(cut)
    with np.load(HEAD_FILE) as stored:
        np.savez(tmp_path / "other.npz", **{**stored, "syllables": "a b"})
    with pytest.raises(ModelError, match="syllables"):
        Head(tmp_path / "other.npz")
