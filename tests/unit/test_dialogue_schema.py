"""The schema that editors use is that of the model, accepts the shipped flows, and refuses what the loader refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from gateway.cli import app
from gateway.dialogue.nodes import TYPES
from gateway.dialogue.schema import flow_schema, subflow_schema
from gateway.dialogue.source import read
from tests.support.clean_flow import ASK_NUMBER, write_clean

pytestmark = pytest.mark.unit

FLOWS = Path(__file__).parents[2] / "ivr_flows"


def plain(value: Any) -> Any:
    """What the loader reads, in JSON's types."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def errors(schema: dict[str, Any], file: Path) -> list[str]:
    return [error.json_path for error in Draft202012Validator(schema).iter_errors(plain(read(file).data))]


@pytest.mark.parametrize(("name", "option"), [("schema.json", []), ("subflow.schema.json", ["--subflow"])])
def test_the_files_for_editors_are_what_the_command_prints(name: str, option: list[str]) -> None:
    printed = CliRunner().invoke(app, ["flow", "schema", *option])
    assert printed.exit_code == 0
    assert (FLOWS / name).read_text(encoding="utf-8") == printed.stdout


def test_they_are_schemas() -> None:
    Draft202012Validator.check_schema(flow_schema())
    Draft202012Validator.check_schema(subflow_schema())


@pytest.mark.parametrize("file", sorted(FLOWS.glob("*/flow.yaml")), ids=lambda file: file.parent.name)
def test_the_shipped_flows_are_valid_and_name_their_schema(file: Path) -> None:
    assert errors(flow_schema(), file) == []
    assert file.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../schema.json\n")


@pytest.mark.parametrize("file", sorted(FLOWS.glob("subflows/*.yaml")), ids=lambda file: file.stem)
def test_the_shipped_sub_flows_are_valid_and_name_their_schema(file: Path) -> None:
    assert errors(subflow_schema(), file) == []
    assert file.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../subflow.schema.json\n")


def test_a_flow_with_one_of_everything_is_valid(tmp_path: Path) -> None:
    file = write_clean(tmp_path)
    assert errors(flow_schema(), file) == []
    assert errors(subflow_schema(), file.parent / "parts" / "ask_number.yaml") == []
    assert ASK_NUMBER.startswith("entry")


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("entry: profile", "entri: profile", "$"),
        ("  welcome: {play:", "  welcome: {pley:", "$.nodes.welcome"),
        ("done: true", "done: 1", "$.nodes.tell_bill.done"),
        ("done: true", "dune: true", "$.nodes.tell_bill"),
        ("min_digits: 4", 'min_digits: "4"', "$.nodes.pin.min_digits"),
        ("deadline: 24h", "deadline: 24", "$.nodes.ticket.ticket.deadline"),
        ("pin: digits", "pin: digit", "$.slots.pin"),
        ("pace: 0.8", "pace: slow", "$.modes.elderly.pace"),
        ("on_error: sorry\n  tell_bill", "on_error: [sorry]\n  tell_bill", "$.nodes.bill.on_error"),
        ("  sorry: {play: 抱歉。", "  sorry: {play: 抱歉。, hangup: 再见。", "$.nodes.sorry"),
        ("{hangup: 再见。}", "{hangup: 再见。, then: main}", "$.nodes.goodbye"),
    ],
)
def test_what_the_loader_refuses_is_underlined(tmp_path: Path, old: str, new: str, at: str) -> None:
    file = write_clean(tmp_path)
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert at in errors(flow_schema(), file)


def test_fields_are_described_and_nodes_told_apart_by_their_key() -> None:
    schema = flow_schema()
    node = schema["$defs"]["Node"]
    assert set(node["properties"]) == set(TYPES)
    assert [one["required"] for one in node["oneOf"]] == [[kind] for kind in TYPES]
    assert schema["$defs"]["Mode"]["properties"]["times"]["description"].startswith("By how much every time-out")
    assert schema["$defs"]["Menu"]["properties"]["max_retries"]["description"].startswith("The failure that leads")
    assert schema["$defs"]["Play"]["properties"]["set"]["description"].startswith("Slots and variables to fill")
    assert schema["$defs"]["Answers"]["properties"]["timeout"]["default"] == "5s"
