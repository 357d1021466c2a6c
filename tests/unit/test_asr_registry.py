from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from asr.engine import Transcript, transcribe
from asr.engines.scripted import ScriptedEngine
from asr.errors import UnknownEngineError
from asr.registry import DEFAULT_ENGINE, engine_names, load_engine

pytestmark = pytest.mark.unit

SOUND = np.full(1600, 1000, np.int16)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownEngineError, match=r"'wisper'.*remote, scripted, sherpa, vosk, whisper"):
        load_engine("wisper")


def test_the_default_is_in_the_table() -> None:
    assert DEFAULT_ENGINE in engine_names()


def test_no_model_library_is_imported_before_an_engine_is_asked_for() -> None:
    code = "import sys, asr.registry; print([m for m in ('ctranslate2', 'faster_whisper') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_options_reach_the_engine_and_the_script_is_heard_in_order() -> None:
    engine = load_engine("scripted", script=["查话费", Transcript("转人工", 0.3), ""], confidence=0.8)
    heard = [transcribe(engine, SOUND) for _ in range(4)]
    assert [(one.text, one.confidence) for one in heard] == [("查话费", 0.8), ("转人工", 0.3), ("", 0.0), ("", 0.0)]


def test_a_callable_hears_the_sound_and_the_hints() -> None:
    engine = ScriptedEngine(lambda pcm, hints: f"{len(pcm)} {'/'.join(hints)}")
    assert transcribe(engine, SOUND, ["一", "二"]).text == "1600 一/二"


def test_silence_uses_up_no_line() -> None:
    engine = ScriptedEngine(["查话费"])
    assert transcribe(engine, np.zeros(1600, np.int16)).rejected == "silence"
    assert transcribe(engine, SOUND).text == "查话费"
