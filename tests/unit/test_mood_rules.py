"""`mood.yaml` in the hands of an operator, and the classifier beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gateway.analytics.conversation import Segment
from gateway.analytics.mood import MoodReader
from gateway.analytics.mood.learned import CLASSES, MODEL, Learned
from gateway.analytics.mood.rules import FILE, load
from gateway.analytics.mood.text import plain
from gateway.analytics.mood.train import train
from gateway.analytics.mood.words import WordReader
from gateway.errors import RulesError
from tests.support.chinese import not_chinese

pytestmark = pytest.mark.unit

SMALL = """\
groups:
  praise: {title: 表扬, score: 2, words: [顶呱呱]}
  insult: {title: 骂人, score: -3, anger: 3, words: [大坏蛋], patterns: ['坏.{0,3}透']}
negators: [不]
"""


def written(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, "utf-8")
    return folder


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load(written(folder, text))
    told = [line.removeprefix(f"{folder / FILE}:") for line in caught.value.problems]
    assert not_chinese(told) == []
    return told


def test_an_operators_rules_take_the_place_of_the_packages(tmp_path: Path) -> None:
    reader = MoodReader.load(written(tmp_path, SMALL))
    found = [
        reader.turn(Segment(index=0, participant="customer", text=text, begin_ms=0, end_ms=1))
        for text in ("你这大坏蛋", "你们真是顶呱呱", "坏得很透")
    ]
    assert [(mood.polarity, mood.anger) for mood in found] == [("negative", 3), ("positive", 0), ("negative", 3)]


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    text = """\
groups:
  praise: {title: 表扬, score: 9, words: [好, 好]}
  insult: {title: 骂人, score: -3, angr: 3, patterns: ['(坏', '.*']}
negators: [不]
contrst: [但是]
"""
    told = problems(tmp_path, text)
    assert [line.split(": ")[0] for line in told] == ["2:30", "2:44", "3:34", "3:54", "3:60", "5:1"]
    assert "“好”写了两次" in told[1]
    assert "是不是 `anger`？" in told[2]
    assert "不是正则表达式" in told[3]
    assert "什么都能匹配" in told[4]


def test_rules_without_groups_are_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "groups: {}\nnegators: [不]\n")


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    assert "不是正确的 YAML" in problems(tmp_path, "groups: [")[0]


def test_a_pattern_that_never_ends_is_cut_off_and_the_others_go_on(tmp_path: Path) -> None:
    endless = SMALL.replace("'坏.{0,3}透'", "'(?:坏+)+蛋呀', '坏.{0,3}透'")
    reader = WordReader(load(written(tmp_path, endless)))
    assert reader.read("坏" * 60 + "透").mood.anger == 3


def test_patterns_with_references_are_searched_for_on_their_own(tmp_path: Path) -> None:
    text = SMALL.replace("'坏.{0,3}透'", r"'坏.{0,3}透', '(糟|差)\1'")
    reader = WordReader(load(written(tmp_path, text)))
    assert [reader.read(one).mood.anger for one in ("糟糟", "糟差", "坏到透")] == [3, 0, 3]


EXAMPLES = [("网断了一直不好", "negative", 1.0), ("网断了总不好", "negative", 1.0)] * 3 + [
    *[("查一下网费", "neutral", 1.0), ("查网的费用", "neutral", 1.0), ("网速是多少", "neutral", 1.0)],
    *[("好得很呀", "positive", 1.0), ("好得很啊", "positive", 1.0)],
]


def test_what_was_learned_is_kept_and_read_back(tmp_path: Path) -> None:
    learned = train(EXAMPLES)
    learned.save(tmp_path / MODEL)
    again = Learned.load(tmp_path / MODEL)
    for text, polarity, _ in EXAMPLES:
        first, second = learned.judge(plain(text)), again.judge(plain(text))
        assert first.polarity == second.polarity == polarity
        assert first.probability == pytest.approx(second.probability, abs=0.01)


def test_training_twice_gives_the_same() -> None:
    text = plain("网断了怎么办")
    assert train(EXAMPLES).judge(text) == train(EXAMPLES).judge(text)


def test_the_rules_go_before_what_was_learned(tmp_path: Path) -> None:
    reader = WordReader(load(written(tmp_path, SMALL)), train(EXAMPLES))
    assert reader.read("网断了一直不好").mood.polarity == "negative"
    assert reader.read("网断了一直不好顶呱呱").mood.polarity == "positive"


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 broken"], ids=["empty", "text", "half a zip"])
def test_a_broken_classifier_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MODEL).write_bytes(content)
    with pytest.raises(RulesError, match="请重新训练"):
        Learned.load(tmp_path / MODEL)


def test_a_classifier_that_would_run_code_is_refused(tmp_path: Path) -> None:
    arrays = {"version": np.array(1), "weights": np.zeros((1, len(CLASSES)), np.float16), "bias": np.zeros(3)}
    np.savez(tmp_path / MODEL, names=np.array([object()], dtype=object), **arrays)
    with pytest.raises(RulesError, match="请重新训练"):
        Learned.load(tmp_path / MODEL)


def test_a_classifier_of_another_version_is_refused(tmp_path: Path) -> None:
    names = np.frombuffer(b"a", np.uint8)
    np.savez(tmp_path / MODEL, version=np.array(7), names=names, weights=np.zeros((1, 3)), bias=np.zeros(3))
    with pytest.raises(RulesError, match="别的版本"):
        Learned.load(tmp_path / MODEL)
