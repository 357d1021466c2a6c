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

from gateway.call.ending import CALLED_AGAIN, COMPLETED, DRAIN_FORCED
from gateway.delivery.config import BusConfig, DeliveryConfig, FilesConfig, WebhookConfig
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
from gateway.transport.switchboard import Refusal
from gateway.transport.webrtc.config import IceServer, WebrtcConfig
from gateway.transport.webrtc.leg import CONNECTION_LOST, RTP_TIMEOUT

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESK = (ROOT / "docs/desk.zh.md").read_text(encoding="utf-8")
FLOWS = (ROOT / "docs/flows.zh.md").read_text(encoding="utf-8")
TELEPHONE = (ROOT / "docs/telephone.md").read_text(encoding="utf-8")
SENDING = (ROOT / "docs/sending.md").read_text(encoding="utf-8")
BROWSER_MANUAL = (ROOT / "docs/browser.md").read_text(encoding="utf-8")


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
    from gateway.cli import COMMANDS, app

    commands, group = set(), typer.main.get_command(app)
    for name, command in ((name, group.get_command(None, name)) for name in COMMANDS):
        commands |= {f"{name} {below}" for below in getattr(command, "commands", {})} or {name}
        if getattr(command, "invoke_without_command", False):
            commands.add(name)
    nested = {name.split()[0] for name in commands if " " in name}
    told = set(re.findall(rf"voice-gateway ((?:(?:{'|'.join(sorted(nested))}) )?[a-z]+)", README))
    assert commands <= told
    groups = {name.split()[0] for name in commands}
    assert {words for words in told if words.split()[0] in groups} <= commands


def test_the_desk_manual_tells_every_rule_of_the_check():
    section = DESK.partition("## 检查")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
    assert told == {rule.name for rule in RULES} | {"unreadable", "language", "unrecorded"}


@pytest.mark.parametrize(
    ("manual", "heading", "model"),
    [
        (TELEPHONE, "[sip]", SipConfig),
        (TELEPHONE, "[[sip.trunks]]", Trunk),
        (TELEPHONE, "[[sip.registrations]]", Registration),
        (BROWSER_MANUAL, "[webrtc]", WebrtcConfig),
        (BROWSER_MANUAL, "[[webrtc.ice_servers]]", IceServer),
        (SENDING, "[delivery]", DeliveryConfig),
        (SENDING, "[delivery.sinks.NAME]`, webhooks", WebhookConfig),
        (SENDING, "[delivery.sinks.NAME]`, files", FilesConfig),
        (SENDING, "[delivery.sinks.NAME]`, bus", BusConfig),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("[") else "",
)
def test_the_manuals_tell_every_setting_with_its_default(manual: str, heading: str, model: type[BaseModel]):
    section = manual.partition(f"### `{heading}\n" if "`" in heading else f"### `{heading}`\n")[2].partition("\n#")[0]
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


def figures_told(manual: str) -> set[str]:
    """Those that a manual's table of the line names."""
    section = manual.partition("## What a call's record tells")[2].partition("`calls.reason`")[0]
    return set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]+)\|", section, re.MULTILINE))))


def test_the_browser_manual_tells_every_figure_of_the_line():
    """Those that `BrowserStream.report` and `Peer.describe` put on a call's record."""
    stream = (ROOT / "gateway/transport/webrtc/stream.py").read_text().partition("def report")[2].partition("def ")[0]
    peer = (ROOT / "gateway/transport/webrtc/peer.py").read_text().partition("def describe")[2].partition("def ")[0]
    tally = (ROOT / "gateway/transport/rtp/tally.py").read_text()
    wanted = set(re.findall(r'"(\w+)": ', stream + peer + tally))
    assert {"codec", "ice", "packets_sent", "jitter_ms"} < wanted
    assert figures_told(BROWSER_MANUAL) == wanted


def test_the_browser_manual_tells_why_a_call_may_end():
    section = BROWSER_MANUAL.partition("`calls.reason`")[2].partition("\n## ")[0]
    wanted = {CALLER_HUNG_UP, CONNECTION_LOST, RTP_TIMEOUT, CALLED_AGAIN, COMPLETED, DRAIN_FORCED, SHUTDOWN, KILLED}
    assert wanted <= set(re.findall(r"`(\w+)", section))


def test_the_browser_manual_tells_every_refusal():
    """By HTTP status and `reason`, as door, whip and site give them."""
    source = "".join((ROOT / f"gateway/transport/webrtc/{name}.py").read_text() for name in ("door", "whip", "site"))
    wanted = set(re.findall(r'ProblemError\(\s*(\d{3}), "(\w+)"', source))
    wanted |= {("503", refusal.value) for refusal in Refusal if refusal is not Refusal.UNKNOWN_NUMBER}
    wanted |= {("404", Refusal.UNKNOWN_NUMBER.value), ("429", "too_many")}
    section = BROWSER_MANUAL.partition("Errors are `application/problem+json`")[2].partition("\n\nOn the data")[0]
    told = {
        (status, reason)
        for statuses, reasons in re.findall(r"^\| ([\d, ]+) \|([^|]+)\|", section, re.MULTILINE)
        for status in statuses.split(", ")
        for reason in re.findall(r"`(\w+)`", reasons)
    }
    assert wanted <= told


def test_the_browser_manual_tells_every_message():
    source = "".join((ROOT / f"gateway/transport/webrtc/{name}.py").read_text() for name in ("leg", "messages"))
    wanted = set(re.findall(r'write_message\("(\w+)"', source)) | {"said", "alive", "bye", "transferred", "key"}
    section = BROWSER_MANUAL.partition("On the data channel")[2].partition("\n## ")[0]
    assert wanted == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
