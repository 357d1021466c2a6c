"""The manuals keep up with the code: what they list exists, and what exists is listed."""

from __future__ import annotations

import json
import re
import tomllib
import typing
from pathlib import Path

import pytest
import typer.main
from pydantic import BaseModel

from gateway.call.ending import COMPLETED, DRAIN_FORCED
from gateway.dialogue import model, nodes
from gateway.dialogue.check import RULES
from gateway.dialogue.nodes.menu import Option
from gateway.dialogue.nodes.question import Settings as QuestionSettings
from gateway.dialogue.sayable import KINDS
from gateway.dialogue.slots import SlotType
from gateway.service import SHUTDOWN
from gateway.settings import CONFIG_VARIABLE, Settings
from gateway.store.record import KILLED
from gateway.transport.leg import CALLER_HUNG_UP
from gateway.transport.sip.config import Registration, SipConfig, Trunk

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESK = (ROOT / "docs/desk.zh.md").read_text(encoding="utf-8")
FLOWS = (ROOT / "docs/flows.zh.md").read_text(encoding="utf-8")
TELEPHONE = (ROOT / "docs/telephone.md").read_text(encoding="utf-8")


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


@pytest.mark.parametrize(
    ("heading", "model"), [("[sip]", SipConfig), ("[[sip.trunks]]", Trunk), ("[[sip.registrations]]", Registration)]
)
def test_the_telephone_manual_tells_every_setting_with_its_default(heading: str, model: type[BaseModel]):
    section = TELEPHONE.partition(f"### `{heading}`\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^|]+)`|none)? ?\|", section, re.MULTILINE)
    told = {name: tomllib.loads(f"x = {default}")["x"] if default else None for name, default in rows}
    fields = model.model_fields.items()
    wanted = {
        name: None if field.is_required() else field.get_default(call_default_factory=True) for name, field in fields
    }
    assert told == json.loads(json.dumps(wanted))


def test_the_telephone_manual_tells_every_figure_of_the_line():
    """Those that `RtpStream.report` puts on a call's record."""
    stream, tally = ((ROOT / f"gateway/transport/rtp/{name}.py").read_text() for name in ("stream", "tally"))
    wanted = set(
        re.findall(r'^ +"(\w+)": ', stream.partition("def report")[2].partition("def ")[0] + tally, re.MULTILINE)
    )
    section = TELEPHONE.partition("## What a call's record tells")[2].partition("`calls.reason`")[0]
    assert {"codec", "packets_sent", "jitter_ms"} < wanted
    assert wanted == set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]+)\|", section, re.MULTILINE))))


def test_the_telephone_manual_tells_why_a_call_may_end():
    call, leg = ((ROOT / f"gateway/transport/sip/{name}.py").read_text() for name in ("call", "leg"))
    wanted = set(re.findall(r'_give_up\("(\w+)"\)', call)) | set(re.findall(r'return "(\w+)" if', leg))
    wanted |= {CALLER_HUNG_UP, COMPLETED, DRAIN_FORCED, SHUTDOWN, KILLED}
    section = TELEPHONE.partition("`calls.reason`")[2].partition("Calls that never came to an answer")[0]
    assert {"session_expired", "ack_timeout", "rtp_timeout", "hold_timeout"} < wanted
    assert wanted <= set(re.findall(r"`(\w+)", section))
