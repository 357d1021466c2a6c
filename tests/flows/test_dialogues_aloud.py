"""Test dialogues as whole calls with a scripted recogniser: what a caller does who isn't heard rightly."""

from __future__ import annotations

import asyncio

import pytest

from asr.engines.scripted import ScriptedEngine
from gateway.cli.flow import aloud
from gateway.desk.dialogues.load import load_dialogues
from gateway.desk.dialogues.text import Held
from gateway.desk.telling import Did
from gateway.dialogue.load import load_flow
from gateway.settings import Settings
from tests.support.calls import ROOT, SAMPLES, hotline

pytestmark = pytest.mark.flows

FLOWS = ROOT / "ivr_flows"


@pytest.fixture
def hold(tmp_path, monkeypatch):
    """Hold the one dialogue with these steps; the recogniser makes `heard` of what is said."""
    ready = hotline()  # its matchers are built once for all tests

    def held(steps: str, heard: list[str]) -> Held:
        monkeypatch.setattr(aloud, "open_engine", lambda _settings: ScriptedEngine(heard))
        monkeypatch.setattr(aloud.Hotline, "load", lambda _settings, _name: ready)
        file = tmp_path / "some.yaml"
        text = f"dialogues:\n  one:\n    steps: {steps}\n".replace("SAID", str(SAMPLES / "balance_1.wav"))
        file.write_text(text, encoding="utf-8")
        dialogues = load_dialogues([file], load_flow(FLOWS / "mobile_hotline" / "flow.yaml"))
        settings = Settings(flows_dir=FLOWS, synthesiser=None)
        stage = aloud.AloudStage(settings, "mobile_hotline", dialogues, snr_db=30, progress=lambda _done, _all: None)
        results: list[Held] = []
        asyncio.run(stage.hold_all(results.append))
        return results[0]

    return held


def acts(held: Held) -> list[str]:
    return [line.text for line in held.tell() if isinstance(line, Did)]


def test_what_was_not_understood_is_said_once_more(hold):
    held = hold("[{says: 查话费, audio: SAID, hears: 话费余额}]", ["今天天气怎么样", "查话费"])
    assert (held.passed, held.repeats) == (True, 1)
    assert acts(held) == ["“查话费”", "“查话费”（再说一遍）"]


def test_it_is_not_said_a_third_time(hold):
    held = hold("[{says: 查话费, audio: SAID, hears: 话费余额}]", ["今天天气怎么样", "今天天气怎么样"])
    assert (held.passed, held.repeats) == (False, 1)


def test_what_is_meant_to_be_refused_is_not_repeated(hold):
    held = hold("[{says: 今天天气怎么样, audio: SAID, hears: 没听清}]", ["今天天气怎么样"])
    assert (held.passed, held.repeats) == (True, 0)


def test_what_was_taken_for_something_else_is_not_repeated(hold):
    held = hold("[{says: 查话费, audio: SAID, hears: 话费余额}]", ["查流量"])
    assert (held.passed, held.repeats) == (False, 0)


def test_silences_and_keys_wait_for_the_hotline(hold):
    steps = "[{silent: true, hears: 没有听到您的声音}, {keys: '1', hears: 话费余额}, {hangs_up: true}]"
    held = hold(steps, [])
    assert held.passed, held.difference
    assert acts(held) == ["（没有说话）", "按键 1", "（挂机）"]


def test_silences_after_the_end_are_a_difference(hold):
    held = hold("[{silent: 20, hears: 没有听到您的声音}]", [])
    assert held.difference is not None
    assert held.difference.expected == "20 次不说话"
    assert held.difference.found.startswith("3 次以后已经结束：转接人工")


def test_as_many_silences_as_there_are_questions_are_none(hold):
    held = hold("[{silent: 3, hears: 没有听到您的声音}]", [])
    assert held.passed, held.difference
