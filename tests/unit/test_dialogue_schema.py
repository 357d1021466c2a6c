"""The schema that editors use is that of the model, accepts the shipped flows, and refuses what the loader refuses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from gateway.cli import app
from gateway.dialogue.descriptions import EVERYWHERE, KEYS, MODELS, SHORT, description
from gateway.dialogue.load import load_flow
from gateway.dialogue.nodes import TYPES
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.question import Answers
from gateway.dialogue.schema import Schema, flow_schema, subflow_schema
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


def test_null_is_written_only_where_leaving_the_key_out_means_a_value(tmp_path: Path) -> None:
    file = write_clean(tmp_path)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("errors: 2", "errors: null"), encoding="utf-8")
    assert errors(flow_schema(), file) == []
    assert load_flow(file).modes["elderly"].enter_on.errors is None
    file.write_text(text.replace("max_options: 3", "max_options: null"), encoding="utf-8")
    assert "$.modes.elderly.max_options" in errors(flow_schema(), file)


def test_nodes_are_told_apart_by_their_key() -> None:
    schema = flow_schema()
    node = schema["$defs"]["Node"]
    assert set(node["properties"]) == set(TYPES)
    assert [one["required"] for one in node["oneOf"]] == [[kind] for kind in TYPES]
    assert schema["$defs"]["Answers"]["properties"]["timeout"]["default"] == "5s"


# ----------------------------------------------------------------------------------------------------- descriptions

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SCHEMAS = pytest.mark.parametrize("generate", [flow_schema, subflow_schema])


def parts(schema: Any, place: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in it, those of its keys too, with where it stands."""
    if isinstance(schema, list):
        for index, one in enumerate(schema):
            yield from parts(one, f"{place}[{index}]")
    if isinstance(schema, dict):
        yield place, schema
        for key, one in schema.items():
            yield from parts(one, f"{place}.{key}")


def texts(schema: dict[str, Any]) -> dict[str, str]:
    """Every description, by its place; one that a model's key were named after would be no text."""
    found = {place: part["description"] for place, part in parts(schema) if "description" in part}
    return {place: text for place, text in found.items() if isinstance(text, str)}


@SCHEMAS
def test_every_key_every_model_and_every_type_of_node_is_described(generate: Callable[[], Schema]) -> None:
    schema = generate()
    places = [place for place, _ in parts(schema)]
    keys = [place for place in places if re.search(r"\.properties\.\w+$", place)]
    models = [place for place in places if re.fullmatch(r"\$\.\$defs\.\w+", place)]
    assert {"$.$defs.Node.properties.menu", "$.$defs.Menu.properties.menu", "$.properties.nodes"} <= set(keys)
    assert [place for place in ["$", *keys, *models] if place not in texts(schema)] == []


@SCHEMAS
def test_all_that_designers_read_is_chinese(generate: Callable[[], Schema]) -> None:
    schema = generate()
    titles = [part["title"] for _, part in parts(schema) if isinstance(part.get("title"), str)]
    assert len(titles) == 1
    assert [text for text in [*titles, *texts(schema).values()] if not CHINESE.search(text)] == []


def test_no_description_is_left_over() -> None:
    """Each is written once, so that one which nothing uses can't hide behind another."""
    told = {*texts(flow_schema()).values(), *texts(subflow_schema()).values()}
    written = [(f"{row}.{key}", text) for row, keys in KEYS.items() for key, text in keys.items()]
    written += [*MODELS.items(), *SHORT.items()]
    assert [place for place, text in written if text not in told] == []
    assert [text for text, times in Counter(text for _, text in written).items() if times > 1] == []


def test_a_key_means_what_its_own_model_says_before_what_it_inherits() -> None:
    assert description(Message, "timeout") == "多久没开口算没有留言"
    assert description(Menu, "timeout") == description(Answers, "timeout") == KEYS["Settings"]["timeout"]
    assert description(Menu, "hints") == KEYS["Question"]["hints"]
    assert description(Message, "then") == KEYS[EVERYWHERE]["then"]
    with pytest.raises(KeyError, match=r"Menu\.colour has no description; add one to gateway\.dialogue\.descriptions"):
        description(Menu, "colour")
