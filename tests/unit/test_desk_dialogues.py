"""Test dialogues: what a file may say, what is checked of a conversation, and how a difference is told."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from gateway.cli.flow import app
from gateway.desk.dialogues.examiner import Difference, same
from gateway.desk.dialogues.load import dialogue_files, load_dialogues
from gateway.desk.dialogues.model import Case, DialogueFile, Setting, Step
from gateway.desk.dialogues.report import conversation
from gateway.desk.dialogues.schema import HELP, dialogues_schema
from gateway.desk.dialogues.text import Held
from gateway.dialogue.source import read
from gateway.errors import FlowError
from gateway.privacy import mask
from tests.support.calls import ROOT
from tests.support.errands import Errands

pytestmark = pytest.mark.unit


@pytest.fixture
def errands(tmp_path) -> Errands:
    return Errands(tmp_path)


def test_a_dialogue_holds_when_everything_is_as_it_says(errands):
    held = errands.one(
        """\
caller: "13900001001"
clock: 2026-11-23 09:00
steps:
  - hears: 寄东西，查快递
  - {says: 寄东西, at: main, hears: 哪个区}
  - {keys: "1", at: where.district, hears: [单号是五零零幺, 请打分], not_hears: 没听清}
  - {says: 非常满意, hears: 再见}
ends: {disposition: completed, reason: completed}
slots: {district: wuchang}
ticket: {category: pick_up, district: wuchang, due: 2026-11-24 09:00, number: 5001}
survey: 5
mode: standard
path: [profile, open, main, ask, where.district, order, told, rate, bye]
"""
    )
    assert held.difference is None


@pytest.mark.parametrize(
    ("text", "line", "expected", "found"),
    [
        ("steps:\n  - hears: [留言, 寄东西]", 4, "听到“寄东西”（这之前的已对上）", "听到“寄东西，查快递，还是留言？”"),
        ("steps:\n  - not_hears: 留言", 4, "听不到“留言”", "听到“寄东西，查快递，还是留言？”"),
        ("steps:\n  - says: 寄东西\n  - at: main\n    says: 武昌", 5, "在节点 main", "在节点 where.district"),
        ("steps:\n  - keys: '0'\n  - says: 喂", 5, "通话继续", "已经结束：转接人工，queue:general，队列 general"),
        ("steps:\n  - keys: '0'\nends: completed", 5, "结束：自助办结", "结束：转接人工，queue:general，队列 general"),
        ("steps:\n  - keys: '0'\nslots: {district: wuchang}", 5, "district = wuchang", "district = （没有填）"),
        ("steps:\n  - keys: '0'\nmode: elderly", 5, "结束时为长者模式", "结束时为标准模式"),
        ("steps:\n  - keys: '0'\nticket: {category: pick_up}", 5, "工单：category=pick_up", "没有开工单"),
        ("steps:\n  - keys: '0'\nsurvey: 3", 5, "满意度 3", "满意度 （没有回答）"),
        ("steps:\n  - keys: '0'\npath: [profile]", 5, "profile", "profile → open → main → human"),
        (
            "steps:\n  - silent: 20\nends: transferred",
            4,
            "20 次不说话",
            "3 次以后已经结束：转接人工，queue:general，队列 general",
        ),
        ("steps:\n  - silent: 3\n  - silent: true", 5, "通话继续", "已经结束：转接人工，queue:general，队列 general"),
        ("steps:\n  - records: 5s", 4, "录下留言", "节点 main 不录留言"),
        (
            "caller: '13900001002'\nsteps:\n  - talks_over: 寄东西",
            5,
            "插话打断提示音",
            "节点 main 的提示音不能用说话打断（barge_in: dtmf）",
        ),
    ],
)
def test_the_first_difference_is_told_with_its_line(errands, text, line, expected, found):
    held = errands.one(text)
    assert held.difference is not None
    assert (held.difference.line, held.difference.expected, held.difference.found) == (line, expected, found)
    assert held.difference.heard == (found.startswith("听到"))


@pytest.mark.parametrize("rest", ["", "\nends: {}", "\nslots: {}\ncaller: '13900001001'\nagents: none"])
def test_a_dialogue_that_expects_nothing_does_not_pass(errands, rest):
    held = errands.one(f"steps:\n  - says: 寄东西\n  - silent: true{rest}")
    assert held.difference is not None
    assert held.difference.line == 2
    assert held.difference.found.startswith("什么也没有期望")


@pytest.mark.parametrize(
    "rest",
    [
        "at: where.district",
        "hears: 没有声音",
        "not_hears: 再见",
        "silent: true\nends: abandoned",
        "silent: true\nslots: {district: null}",
        "silent: true\nmode: standard",
        "silent: true\nticket: none",
        "silent: true\npath: [profile, open, main, ask, where.district]",
    ],
)
def test_one_expectation_is_enough(errands, rest):
    step, _, end = rest.partition("\n")
    acts = step if "silent" in step or "at:" in step else f"silent: true, {step}"
    held = errands.one(f"steps:\n  - says: 寄东西\n  - {{{acts}}}\n{end}")
    assert held.difference is None


def test_a_difference_is_shown_after_the_conversation_that_led_to_it(errands):
    held = errands.one("steps:\n  - {says: 寄东西, hears: 哪个省}")
    *_, greeting, act, taken, filled, said, marked, found, _ = conversation(held)
    assert "[red]✗[/red]" in said
    assert "在哪个区？" in said
    assert not any("[red]✗" in line for line in (greeting, act, taken, filled))
    assert "▶ 第 4 行" in marked
    assert "哪个省" in marked
    assert "听到“在哪个区？”" in found


@pytest.mark.parametrize(
    ("expected", "found", "hidden"),
    [
        ("号码 = 13900001001", "号码 = 13912341001", "（139****1001 遮住的数字不同：第 4、5、6、7 位）"),
        ("号码 = 13900001001", "号码 = 13900001002", ""),
        ("听到“幺三九零零零零幺零零幺”", "听到“号码是幺三九零零幺零幺零零幺，对吗”", "第 6 位）"),
        ("有 13900001001", "有 13900001001 和 13912341001", ""),
        ("number=139****1001", "number=13900001001", "（遮住的号码写法不同）"),
        ("number=139 0000 1001", "number=13900001001", "（遮住的号码写法不同）"),
        ("在节点 main", "在节点 order", ""),
    ],
)
def test_a_difference_shows_no_personal_number_and_yet_where_two_differ(errands, expected, found, hidden):
    (dialogue,) = errands.read("dialogues: {one: {steps: [{at: main}]}}")
    *_, wanted, actual, _ = conversation(Held(dialogue, Difference(1, expected, found)))
    assert wanted == f"  [red]▶ 第 1 行　期望 {mask(expected)}[/red]"
    assert actual.startswith(f"  [red]　　　　　　实际 {mask(found)}")
    assert actual.removesuffix("[/red]").endswith(hidden or mask(found))


def test_look_ups_are_stubbed_one_after_the_other_and_the_last_for_ever(errands):
    stubbed = "lookups: {parcel.status: [{days: 3, fee: 12.50}, {days: 2, fee: 1}]}\n"
    held = errands.one(stubbed + "steps:\n  - {says: 查快递, hears: [三天, 十二元五角]}")
    assert held.passed
    failing = errands.one("lookups: {parcel.status: fails}\nsteps:\n  - {says: 查快递, hears: 请稍候}")
    assert failing.passed


def test_what_nobody_stubbed_fails_when_the_samples_do_not_know_it(errands):
    assert errands.one("steps:\n  - {says: 查快递, hears: 请稍候}\nends: transferred").passed


def test_a_caller_is_a_sample_customer_or_what_the_dialogue_says_of_them(errands):
    assert errands.one("caller: '13900001002'\nsteps:\n  - at: main\nmode: elderly").passed
    assert errands.one("caller: {number: '13900001001', age: 80}\nsteps:\n  - at: main\nmode: elderly").passed
    assert errands.one("caller: {number: '', age: 20}\nsteps:\n  - at: main\nmode: standard").passed


def test_every_dialogue_begins_with_the_samples_as_they_are(errands):
    ticket = "{steps: [{says: 寄东西}, {keys: '2', hears: 五零零幺}]}"
    assert all(held.passed for held in errands.hold(f"dialogues:\n  one: {ticket}\n  two: {ticket}\n"))


def test_what_a_file_says_holds_for_its_dialogues_unless_they_say_otherwise(errands):
    held = errands.hold(
        """\
caller: "13900001002"
clock: 2026-11-24 10:30
dialogues:
  as_the_file_says: {steps: [{at: leave}], mode: elderly}
  otherwise: {clock: 2026-11-23 10:30, caller: "13900001001", steps: [{at: main}], mode: standard}
"""
    )
    assert [one.passed for one in held] == [True, True]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[one]", ["1:1: 这里没有测试对话；请以 `dialogues:` 开头"]),
        ("dialogues: {}", ["1:12: `dialogues` 至少要写 1 项；请补上"]),
        (
            "dialogues:\n  a:\n    steps: [{sayz: 喂}]\n",
            ["3:14: 不认识的键 `sayz`；是不是 `says`？"],
        ),
        (
            "dialogues:\n  a:\n    steps: [{says: 喂, keys: '1'}]\n",
            ["3:13: 来电者一步只做一件事，这一步有 `says`、`keys`；请分成几步"],
        ),
        ("dialogues:\n  a:\n    steps: [{}]\n", ["3:13: 这一步是空的；请写上 `hears`、`at`，或 "]),
        (
            "dialogues:\n  a:\n    steps: [{keys: 12}]\n",
            ['3:20: `keys`：不是电话按键；请写 0 到 9、`*` 和 `#`，加上引号，如 `"12#"`'],
        ),
        (
            "dialogues:\n  a:\n    clock: tomorrow\n    steps: [{says: 喂}]\n",
            ["3:12: `clock`：不是日期和时间；请写成 `2026-11-23 10:30`"],
        ),
        (
            "dialogues:\n  a:\n    steps: [{at: mian, says: 喂}]\n    mode: eldery\n    slots: {distric: x}\n",
            [
                "3:18: 流程里没有节点 `mian`；是不是 `main`？",
                "4:11: 流程里没有模式 `eldery`；是不是 `elderly`？",
                "5:13: 流程里没有槽位 `distric`；是不是 `district`？",
            ],
        ),
        (
            "lookups: {parcel.state: fails}\ndialogues:\n  a: {steps: [{says: 喂}], ends: {queue: genral}}\n",
            [
                "1:11: 流程里没有查询 `parcel.state`；是不是 `parcel.status`？",
                "3:41: 流程里没有队列 `genral`；是不是 `general`？",
            ],
        ),
        (
            "dialogues:\n  a: {steps: [{says: 喂}], lookups: {parcel.status: 3}, ends: complete}\n",
            [
                "2:52: `parcel.status`：答案请写成 `{字段: 值}` 或 `fails`；",
                "2:62: `disposition` 不能是 `complete`；是不是 `completed`？",
            ],
        ),
    ],
)
def test_mistakes_are_told_at_their_place(errands, text, problems):
    with pytest.raises(FlowError) as caught:
        errands.read(text)
    told = [problem.partition("some.yaml:")[2] for problem in caught.value.problems]
    assert len(told) == len(problems)
    for one, wanted in zip(told, problems, strict=True):
        assert one.startswith(wanted)


def test_the_mistakes_of_all_files_are_told_at_once(errands):
    (errands.file.parent / "dialogues" / "a.yaml").write_text("dialogues: 3", encoding="utf-8")
    (errands.file.parent / "dialogues" / "b.yaml").write_text("", encoding="utf-8")
    with pytest.raises(FlowError) as caught:
        load_dialogues(dialogue_files(errands.file), errands.flow.flow)
    assert [re.search(r"([ab])\.yaml", problem)[1] for problem in caught.value.problems] == ["a", "b"]


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        (35.6, "35.60", True),
        ("13900001001", "13900001001", True),
        ("0139", "139", False),
        ("2026-11", (2026, 11), True),
        ("2026-11-24", "2026-11-24T10:30:00+08:00", True),
        ("2026-11-24 10:30", "2026-11-24T10:30:00+08:00", True),
        ("2026-11-25", "2026-11-24T10:30:00+08:00", False),
        (True, True, True),
        (None, None, True),
        (None, "x", False),
        ("x", None, False),
    ],
)
def test_values_are_the_same_however_they_are_written(wanted, found, expected):
    assert same(wanted, found) is expected


def test_the_schema_in_the_folder_is_the_models():
    """Otherwise: voice-gateway flow schema --dialogues > ivr_flows/dialogues.schema.json"""
    printed = CliRunner().invoke(app, ["schema", "--dialogues"])
    assert (ROOT / "ivr_flows" / "dialogues.schema.json").read_text(encoding="utf-8") == printed.stdout


def plain(value):
    """What the loader reads, in JSON's types."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def test_the_schema_takes_the_shipped_dialogues_and_refuses_what_the_loader_refuses(tmp_path):
    schema = Draft202012Validator(dialogues_schema())
    files = sorted((ROOT / "ivr_flows").glob("*/dialogues/*.yaml"))
    assert files
    assert [error.message for file in files for error in schema.iter_errors(plain(read(file).data))] == []
    for steps in ("[{sayz: 喂}]", "[{keys: 12}]", "[]", "[{silent: 0}]"):
        file = tmp_path / "some.yaml"
        file.write_text(f"dialogues: {{one: {{steps: {steps}}}}}", encoding="utf-8")
        assert not schema.is_valid(plain(read(file).data))


def test_the_schema_explains_every_key():
    keys = {name for part in (DialogueFile, Setting, Case, Step) for name in part.model_fields}
    assert keys == set(HELP)
    assert dialogues_schema()["properties"]["dialogues"]["description"] == HELP["dialogues"]
