"""A flow file with mistakes gets all of them, each at its line and column, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.dialogue.load import find_flow, load_flow
from gateway.errors import FlowError
from tests.support.chinese import not_chinese
from tests.support.small_flow import SMALL

pytestmark = pytest.mark.unit

FLOWS = Path(__file__).parents[2] / "ivr_flows"


def problems(file: Path) -> list[str]:
    with pytest.raises(FlowError) as caught:
        load_flow(file)
    assert str(caught.value) == "\n".join(caught.value.problems)
    told = [problem.removeprefix(f"{file}:") for problem in caught.value.problems]
    assert not_chinese(told) == []
    return told


def place_of(text: str, part: str) -> str:
    """`line:column` of the first `part`, or of what stands after the ^ in it."""
    before = text[: text.index(part.replace("^", "")) + max(part.find("^"), 0)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_a_good_flow_loads(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(SMALL, encoding="utf-8")
    flow = load_flow(file)
    assert flow.flow == "small"
    assert flow.answers.timeout == 4000
    assert flow.answers.max_retries == 3
    assert flow.nodes["main"].kind == "menu"


def test_the_bundled_flow_loads() -> None:
    assert load_flow(FLOWS / "mobile_hotline" / "flow.yaml").title == "移动客服热线"


BAD = [
    # what is replaced, by what, where the mistake stands after that, and what is said about it
    ("entry: profile", "entrry: profile", "entrry", "不认识的键 `entrry`；是不是 `entry`？"),
    ("phrases: [账单", "phrase: [账单", "phrase: [账单", "不认识的键 `phrase`；是不是 `phrases`？"),
    ("  timeout: 4s", "  timeuot: 4s", "timeuot", "不认识的键 `timeuot`；是不是 `timeout`？"),
    ("barge_in: keyword", "bargein: keyword", "bargein", "不认识的键 `bargein`；是不是 `barge_in`？"),
    ("    times: 2", "    time: 2", "time: 2", "不认识的键 `time`；是不是 `times`？"),
    ("{hangup: 再见。}", "{hangup: 再见。, colour: red}", "colour", "不认识的键 `colour`；这里有：`hangup`、`reason`"),
    ("goodbye: {hangup", "goodbye: {hangap", "hangap", "不认识的键 `hangap`；是不是 `hangup`？"),
    (
        "{hangup: 再见。}",
        "{bye: 再见。}",
        "goodbye: {bye",
        "`goodbye` 没有类型；请写上这些键之一：`play`、`menu`、`collect`",
    ),
    (
        "goodbye: {hangup: 再见。}",
        "goodbye: 再见",
        "再见\n",
        "`goodbye` 要写成 `键: 值` 的形式，并有这些键之一：`play`、`menu`",
    ),
    ("entry: profile", "entry: profil", "profil\n", "没有节点 `profil`；是不是 `profile`？"),
    ('key: "1", go: bill', 'key: "1", go: bil', "bil}", "没有节点 `bil`；是不是 `bill`？"),
    ("then: bill_branch", "then: nowhere", "nowhere", "没有节点 `nowhere`；请检查拼写"),
    (
        "otherwise: tell_bill",
        "otherwise: tel_bill",
        "tel_bill",
        "没有节点 `tel_bill`；是不是 `tell_bill`",
    ),
    ("go: much_due", "go: much_do", "much_do}", "没有节点 `much_do`；是不是 `much_due`？"),
    ("unavailable: goodbye", "unavailable: godbye", "godbye", "没有节点 `godbye`；是不是 `goodbye`？"),
    ("on_error: human", "on_error: humans", "humans", "没有节点 `humans`；是不是 `human`？"),
    ("  sorry: {play", "  more: {play", "more: {play", "`more` 在这里写了两次（第一次在第 77 行）；请改名或删掉"),
    ("again: [可以说账单。, 账单请按1。]", "menu: 再来", "^menu: 再来", "`menu` 在这里写了两次（第一次在第 48 行）"),
    ("  timeout: 4s", "\ttimeout: 4s", "\ttimeout", "这一行用制表符缩进；请改用空格"),
    ("  timeout: 4s", "  timeout: 4", "4\n  confirm_prompt", "`timeout`：不是时长；请写成 `5s` 或 `600ms`"),
    ("  timeout: 4s", "  timeout: 0s", "0s", "`timeout`：时长要大于 0，最多 `600s`"),
    ("  timeout: 4s", '  max_retries: "3"', '"3"', "`max_retries` 要写成整数"),
    ('key: "1", go: bill', "key: 1, go: bill", "1, go: bill", "`key` 要写成文字；请加引号"),
    ('key: "1", go: bill', 'key: "12", go: bill', '"12"', "这里不能写 `12`；请写电话上的一个键"),
    ('key: "2"', 'key: "1"', '"1", go: pin', "按键 1 已经选中 `bill`；请换一个"),
    ("done: true", "done: yes", "done: ^yes", "`done` 要写成 `true` 或 `false`"),
    ("phrases: [密码]", "phrases: 密码", "密码, key", "`phrases` 要写成列表，如 `[一, 二]`"),
    ("phrases: [密码]", "phrases: []", "[], key", "`phrases` 至少要写 1 项；请补上"),
    ("barge_in: keyword", "barge_in: keywords", "keywords", "`barge_in` 不能是 `keywords`；是不是 `keyword`？"),
    ("pin: digits", "pin: digit", "digit,", "`type` 不能是 `digit`；是不是 `digits`？"),
    ("save: bill\n", "save: Bill\n", "Bill", "这里不能写 `Bill`；请写小写字母开头的名字"),
    ("  title: 小热线".strip(), "name: 小热线", "name: 小热线", "不认识的键 `name`；这里有：`answers`、`entry`"),
    ("slot: pin", "slot: pim", "pim", "没有槽位 `pim`；是不是 `pin`？"),
    (
        "slots.number or caller.number, day",
        "slots.numer, day",
        "slots.numer,",
        "没有槽位 `numer`；是不是",
    ),
    ("set: {words:", "set: {word:", "word: \"'金", "没有槽位或变量 `word`；是不是 `words`？"),
    ("{bill.due | amount}", "{bil.due | amount}", "账单是{bil", "没有名字 `bil`；是不是 `bill`？"),
    (
        "{bill.due | amount}",
        "{bill.due | ammount}",
        "账单是{",
        "`play`：没有读法 `ammount`；是不是 `amount`？",
    ),
    (
        "{bill.due | amount}",
        "{bill.due}",
        "账单是{",
        "`play`：`{bill.due}` 没写怎么读；请写成 `{bill.due | 怎么读}`",
    ),
    ("{bill.due | amount}", "{bill.due | amount", "账单是{", "`play`：花括号没有成对"),
    ("when: bill.due > 100", "when: bill.due >", "bill.due >,", "`when`：`bill.due >` 不是条件式；请写成"),
    ("when: bill.due > 100", "when: open('x')", "open(", "`when`：条件式里不能用函数"),
    ("when: bill.due > 100", "when: bill._x", "bill._x", "`when`：`_x` 不是字段"),
    ("when: bill.due > 100", "when: value > 1", "value > 1", "`value` 只能用在这种提问的 `confirm_prompt` 里"),
    (
        "    confirm_prompt: 是{value | date}吗？\n",
        "",
        "day:\n    ^collect",
        "缺少 `confirm_prompt`；请加上一句，如",
    ),
    ("play: 抱歉。", 'play: ""', '""', "`play`：提示语是空的；请写上要说的话"),
    ("include: main", "include: pin", "pin\n    barge", "没有菜单 `pin`；这里有：`main`、`more`"),
    ("offers: [bill, agent]", "offers: [bil, agent]", "bil, agent", "没有选项 `bil`；是不是 `bill`？"),
    (", offers: [bill, agent]", "", "main: ^{menu: 长辈", "在这个模式里一次念的选项多于 3 个"),
    ("main: {menu: 长辈", "mian: {menu: 长辈", "mian", "没有节点 `mian`；是不是 `main`？"),
    ("main: {menu: 长辈", "main: {play: 长辈", "play: 长辈", "`menu` 节点没有 `play`；请删掉"),
    ('key: "0", go: human', 'key: "0"', "{phrases: [人工", "`agent` 没有去处；请加上 `go: 节点`"),
    ('  agent: {phrases: [人工, 客服], key: "0", go: human}\n', "", "repeat:", "没有转人工的路；请加上 `agent`"),
    (
        "phrases: [再说一遍]",
        "go: main, phrases: [再说一遍]",
        "go: main, p",
        "`repeat` 自己就会起作用；请删掉它的 `go`",
    ),
    ("pin: {phrases: [密码], ", "pin: {", '{key: "2"', "选项 `pin` 没有说法；请写上 `phrases`，或用"),
    ("    then: bill_branch\n", "", "lookup: account.bill", "缺少 `then`；请补上"),
    ("min_digits: 4", "min_digits: 7", "7\n", "`min_digits` 比 `max_digits`（6）大；请改小"),
    ("  sorry: {play", "  sorry: !x {play", "!x", "这里不用标签 `!x`；请删掉"),
    ("entry: profile", "entry: [", None, "不是正确的 YAML"),
    ("  human:\n", "  human: *gone\n", "*gone", "不是正确的 YAML：没有名叫"),
]


@pytest.mark.parametrize(("old", "new", "at", "said"), BAD, ids=[f"{i}-{bad[1][:24]!r}" for i, bad in enumerate(BAD)])
def test_each_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, at: str | None, said: str) -> None:
    assert SMALL.count(old) >= 1
    text = SMALL.replace(old, new, 1)
    file = tmp_path / "flow.yaml"
    file.write_text(text, encoding="utf-8")
    found = problems(file)
    if at is None:
        assert said in found[0]
        return
    expected = place_of(text, at)
    assert any(problem.startswith(f"{expected}: ") and said in problem for problem in found), found


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = SMALL
    for old, new in [
        ("  timeout: 4s", "  timeuot: 4s"),
        ('key: "0", go: human', 'key: "0", go: hunam'),
        ("times: 2", "times: two"),
        ("entry: profile", "entry: profil"),
        ("go: pin}", "go: pim}"),
        ("phrases: [预约]", "phrase: [预约]"),
        ("otherwise: tell_bill", "otherwise: tell_bil"),
        ("{bill.card | text}", "{bill.card | txet}"),
        ("slot: pin", "slot: pon"),
        ("goodbye: {hangup", "goodbye: {hangap"),
    ]:
        assert text.count(old) == 1
        text = text.replace(old, new)
    file = tmp_path / "flow.yaml"
    file.write_text(text, encoding="utf-8")
    found = problems(file)
    lines = [int(problem.split(":")[0]) for problem in found]
    assert lines == sorted(lines)
    assert len(found) == 10, found
    typos = ["timeuot", "hunam", "two", "profil", "pim", "phrase", "tell_bil", "txet", "pon", "hangap"]
    assert all(any(f"`{typo}`" in problem or "`times`" in problem for problem in found) for typo in typos)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "1:1: 文件是空的"),
        (b"# nothing but a remark\n", "1:1: 文件是空的"),
        (b"- a\n- b\n", "1:1: 这不是流程；请以 `flow: 名字` 开头"),
        (b"just words\n", "1:1: 这不是流程"),
        (b"flow: a\ntitle: \xb2\xe9\n", "2:8: 字节 0xb2 不是 UTF-8；请把文件存成 UTF-8"),
        (b"flow: a\n\x00", "不是正确的 YAML：有不能用的字符"),
        (b"a: 1\n---\nb: 2\n", "2:1: 不是正确的 YAML"),
        (b"a: &a\n  b: *a\n", "锚点里又用到自己"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "嵌套太深"),
        (b"? {a: b}\n: c\n", "1:3: 键只能是一个词"),
        (b"<<: [1, 2]\n", "`<<` 只能并入 `键: 值` 的内容"),
        (b"x: !!binary abcd\n", "这里不用标签 `tag:yaml.org,2002:binary`"),
        (b" " * (1 << 20) + b" ", "文件超过 1 MiB"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_what_is_no_flow_at_all_gets_one_clear_error(tmp_path: Path, raw: bytes, said: str) -> None:
    file = tmp_path / "flow.yaml"
    file.write_bytes(raw)
    assert any(said in problem for problem in problems(file))


def test_a_bomb_of_anchors_is_refused(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    file = tmp_path / "flow.yaml"
    file.write_text("\n".join(rows), encoding="utf-8")
    assert "锚点展开以后，键和值超过" in problems(file)[0]


def test_a_byte_order_mark_does_no_harm_and_anchors_share_nodes(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    text = SMALL.replace("  sorry: {", "  sorry: &sorry {").replace(
        "  human:\n", "  again:\n    <<: *sorry\n  human:\n"
    )
    file.write_text(text, encoding="utf-8-sig")
    flow = load_flow(file)
    assert flow.nodes["again"] == flow.nodes["sorry"]


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.yaml") == ["1:1: 没有这个文件或文件夹；请检查路径和权限"]
    assert problems(tmp_path) == ["1:1: 这是文件夹；请检查路径和权限"]


def test_an_unknown_flow_names_those_that_exist(tmp_path: Path) -> None:
    for name in ("hotel", "hotline"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "flow.yaml").write_text(SMALL, encoding="utf-8")
    assert find_flow("hotel", tmp_path) == tmp_path / "hotel" / "flow.yaml"
    for name, said in {
        "hotlime": "没有热线 `hotlime`；是不是 `hotline`？这里的热线有：`hotel`、`hotline`",
        "../hotel": "没有热线 `../hotel`；是不是 `hotel`？这里的热线有：`hotel`、`hotline`",
    }.items():
        with pytest.raises(FlowError, match="没有热线") as caught:
            find_flow(name, tmp_path)
        assert said in str(caught.value)
    with pytest.raises(FlowError, match="这里没有热线"):
        find_flow("hotel", tmp_path / "nowhere")
