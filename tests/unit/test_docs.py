"""The manuals keep up with the code: what they list exists, and what exists is listed."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest
import typer.main

from gateway.dialogue import model, nodes
from gateway.dialogue.check import RULES
from gateway.dialogue.nodes.menu import Option
from gateway.dialogue.nodes.question import Settings as QuestionSettings
from gateway.dialogue.sayable import KINDS
from gateway.dialogue.slots import SlotType
from gateway.settings import CONFIG_VARIABLE, Settings

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESK = (ROOT / "docs/desk.zh.md").read_text(encoding="utf-8")
FLOWS = (ROOT / "docs/flows.zh.md").read_text(encoding="utf-8")


def keys_of(*parts) -> set[str]:
    """The keys that a designer may write for these parts of a flow."""
    return {field.alias or name for part in parts for name, field in part.model_fields.items()}


def test_the_flow_manual_tells_every_key():
    parts = [model.Flow, model.Universal, model.Mode, model.Override, model.EnterOn, Option, QuestionSettings]
    wanted = keys_of(*parts, *nodes.TYPES.values()) | set(KINDS) | set(typing.get_args(SlotType))
    told = set(re.findall(r"`\{?([a-z_]+)", FLOWS))
    assert not wanted - told


def test_the_readme_tells_every_setting():
    told = set(re.findall(r"VOICE_GATEWAY_[A-Z_]+", README))
    wanted = {f"VOICE_GATEWAY_{name.upper()}" for name in Settings.model_fields}
    assert told == wanted | {CONFIG_VARIABLE, "VOICE_GATEWAY_CACHE"}


def test_the_readme_tells_every_command():
    """And names none that isn't there."""
    from gateway.cli import app

    commands = set()
    for name, command in typer.main.get_command(app).commands.items():
        commands |= {f"{name} {below}" for below in getattr(command, "commands", {})} or {name}
    told = set(re.findall(r"voice-gateway ((?:(?:asr|flow|prompts) )?[a-z]+)", README))
    assert commands <= told
    groups = {"call", "demo", "serve", "asr", "flow", "prompts"}
    assert {words for words in told if words.split()[0] in groups} <= commands


def test_the_desk_manual_tells_every_rule_of_the_check():
    section = DESK.partition("## 检查")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
    assert told == {rule.name for rule in RULES} | {"unreadable", "language", "unrecorded"}
