"""The real recogniser and the real menu without a call around them: the right option, and nothing unasked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from asr.audio import read_audio
from asr.engine import Engine, transcribe
from asr.registry import load_engine
from gateway.dialogue.actions import Outcome
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.grammar.matcher import Match, PhraseMatcher
from gateway.dialogue.hints import hints_at
from gateway.dialogue.load import load_flow
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.state import STANDARD

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "audio_samples"
FLOW = ROOT / "ivr_flows" / "mobile_hotline" / "flow.yaml"


class Menu:
    """A recogniser that expects the main menu's phrases, and their matcher."""

    def __init__(self, engine: Engine) -> None:
        flow = CompiledFlow(load_flow(FLOW))
        choices, main = flow.choices("main"), flow.node("main", STANDARD)
        assert isinstance(main, Question)
        self._engine = engine
        self._hints = hints_at(main, choices, offered=(), mode=STANDARD, confirming=False)
        self._matcher = PhraseMatcher({choice.name: choice.phrases for choice in choices.values()})

    def hear(self, file: str) -> tuple[str, Match]:
        heard = transcribe(self._engine, read_audio(SAMPLES / file), self._hints)
        return heard.text, self._matcher.match(heard.text, heard.alternatives, heard.confidence)


@pytest.fixture(scope="module")
def menu() -> Iterator[Menu]:
    engine = load_engine("whisper")
    yield Menu(engine)
    engine.close()


def samples() -> list[tuple[str, str | None]]:
    rows = YAML(typ="safe").load(SAMPLES / "manifest.yaml")["samples"]
    return [(row["file"], row["option"]) for row in rows]


def named(*beginnings: str) -> list[str]:
    return [file for file, _ in samples() if file.startswith(beginnings)]


@pytest.mark.parametrize(("file", "option"), [(file, option) for file, option in samples() if option])
def test_a_sample_of_an_option_is_accepted_as_that_option(menu: Menu, file: str, option: str) -> None:
    text, match = menu.hear(file)
    assert (match.option, match.outcome) == (option, Outcome.ACCEPT), text


@pytest.mark.parametrize(
    ("file", "choice"),
    [(file, file.split("_")[0]) for file in named("repeat_", "back_")],
)
def test_a_sample_of_a_universal_is_accepted(menu: Menu, file: str, choice: str) -> None:
    text, match = menu.hear(file)
    assert (match.option, match.outcome) == (choice, Outcome.ACCEPT), text


@pytest.mark.parametrize("file", named("other_", "filler_"))
def test_what_belongs_to_no_option_is_not_accepted(menu: Menu, file: str) -> None:
    text, match = menu.hear(file)
    assert match.outcome is not Outcome.ACCEPT, (text, match)
