"""What the hotline says is understood: rendered prompts, heard by our own recogniser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from asr.engine import Engine, transcribe
from asr.registry import load_engine
from asr.text import normalize_for_scoring
from gateway.dialogue.actions import Piece, Say, Text, Value
from gateway.media.frames import ms_to_samples
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.render import render

pytestmark = pytest.mark.models

FLOWS = Path(__file__).parents[2] / "ivr_flows"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = load_engine("whisper")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def catalog() -> PromptCatalog:
    return PromptCatalog.load(FLOWS / "mobile_hotline", FLOWS / "voices" / "hotline")


def heard(
    engine: Engine,
    catalog: PromptCatalog,
    *pieces: Piece,
    pace: float = 1.0,
    gain_db: float = 0.0,
    hints: tuple[str, ...] = (),
) -> str:
    """The recogniser's text of the rendered prompt, in the form in which 35.6 and 三十五点六 are the same."""
    pcm = render(Say("node", pieces, pace=pace, gain_db=gain_db), catalog).pcm
    return normalize_for_scoring(transcribe(engine, np.pad(pcm, ms_to_samples(200)), hints).text)


@pytest.mark.parametrize("amount", ["35.60", "86", "129", "73.27"])
def test_balance(engine, catalog, amount):
    value = Value("amount", Decimal(amount))
    said = normalize_for_scoring(render(Say("node", (value,)), catalog).text)
    asked = ("话费余额",)  # the caller knows what was asked for; without it 2 角 7 分 was once heard as 2.7 分
    assert said in heard(engine, catalog, Text("您的话费余额为"), value, Text("。"), hints=asked)


@pytest.mark.parametrize("number", ["60112735", "26110358", "18612345678"])
def test_ticket_number(engine, catalog, number):
    text = heard(engine, catalog, Text("您的投诉已经受理，工单号是"), Value("digits", number), Text("。"))
    assert normalize_for_scoring(number) in text
    assert "投诉已经受理" in text


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 11, 30), date(2027, 2, 8)])
@pytest.mark.parametrize(("pace", "gain_db"), [(1.0, 0.0), (0.8, 3.0)], ids=["standard", "elderly"])
def test_date(engine, catalog, day, pace, gain_db):
    value = Value("date", day)
    said = normalize_for_scoring(render(Say("node", (value,)), catalog).text)
    pieces = (Text("我们会在"), value, Text("之前回复您。"))
    assert said in heard(engine, catalog, *pieces, pace=pace, gain_db=gain_db)


@pytest.mark.parametrize(("megabytes", "said"), [(6656, "6.5G"), (1536, "1.5G"), (10_240, "10G")])
def test_data_volume_with_its_unit(engine, catalog, megabytes, said):
    value = Value("data", Decimal(megabytes))
    assert normalize_for_scoring(said) in heard(engine, catalog, Text("您的流量还剩"), value, Text("。"))


def test_welcome(engine, catalog):
    text = heard(engine, catalog, Text("您好，欢迎致电移动客服热线。为了提升服务质量，本次通话将被录音。"))
    for words in ("移动客服热线", "提升服务质量", "本次通话将被录音"):
        assert words in text
