"""A flow file with mistakes gets all of them, each at its line and column, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.dialogue.load import find_flow, load_flow
from gateway.errors import FlowError
from tests.support.small_flow import SMALL

pytestmark = pytest.mark.unit

FLOWS = Path(__file__).parents[2] / "ivr_flows"


def problems(file: Path) -> list[str]:
    with pytest.raises(FlowError) as caught:
        load_flow(file)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return [problem.removeprefix(f"{file}:") for problem in caught.value.problems]


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
    ("entry: profile", "entrry: profile", "entrry", "unknown key 'entrry'; did you mean 'entry'?"),
    ("phrases: [账单", "phrase: [账单", "phrase: [账单", "unknown key 'phrase'; did you mean 'phrases'?"),
    ("  timeout: 4s", "  timeuot: 4s", "timeuot", "unknown key 'timeuot'; did you mean 'timeout'?"),
    ("barge_in: keyword", "bargein: keyword", "bargein", "unknown key 'bargein'; did you mean 'barge_in'?"),
    ("    times: 2", "    time: 2", "time: 2", "unknown key 'time'; did you mean 'times'?"),
    ("{hangup: 再见。}", "{hangup: 再见。, colour: red}", "colour", "unknown key 'colour'; known here: hangup, reason"),
    ("goodbye: {hangup", "goodbye: {hangap", "hangap", "unknown key 'hangap'; did you mean 'hangup'?"),
    ("{hangup: 再见。}", "{bye: 再见。}", "goodbye: {bye", "'goodbye' has no type; give it one of play, menu, collect"),
    ("goodbye: {hangup: 再见。}", "goodbye: 再见", "再见\n", "'goodbye' must be a mapping with one of play, menu"),
    ("entry: profile", "entry: profil", "profil\n", "there is no node 'profil'; did you mean 'profile'?"),
    ('key: "1", go: bill', 'key: "1", go: bil', "bil}", "there is no node 'bil'; did you mean 'bill'?"),
    ("then: bill_branch", "then: nowhere", "nowhere", "there is no node 'nowhere'; check its spelling"),
    (
        "otherwise: tell_bill",
        "otherwise: tel_bill",
        "tel_bill",
        "there is no node 'tel_bill'; did you mean 'tell_bill'",
    ),
    ("go: much_due", "go: much_do", "much_do}", "there is no node 'much_do'; did you mean 'much_due'?"),
    ("unavailable: goodbye", "unavailable: godbye", "godbye", "there is no node 'godbye'; did you mean 'goodbye'?"),
    ("on_error: human", "on_error: humans", "humans", "there is no node 'humans'; did you mean 'human'?"),
    ("  sorry: {play", "  more: {play", "more: {play", "'more' stands here twice (first in line 77); rename or remove"),
    ("again: [可以说账单。, 账单请按1。]", "menu: 再来", "^menu: 再来", "'menu' stands here twice (first in line 48)"),
    ("  timeout: 4s", "\ttimeout: 4s", "\ttimeout", "a tab indents this line; use spaces"),
    ("  timeout: 4s", "  timeout: 4", "4\n  confirm_prompt", "'timeout': not a time; write it as 5s or 600ms"),
    ("  timeout: 4s", "  timeout: 0s", "0s", "'timeout': a time must be more than 0 and at most 600s"),
    ("  timeout: 4s", '  max_retries: "3"', '"3"', "'max_retries' must be a whole number"),
    ('key: "1", go: bill', "key: 1, go: bill", "1, go: bill", "'key' must be a text; put it in quotes"),
    ('key: "1", go: bill', 'key: "12", go: bill', '"12"', "'12' can't stand here; use one key of the telephone"),
    ('key: "2"', 'key: "1"', '"1", go: pin', "key 1 already chooses 'bill'; take another"),
    ("done: true", "done: yes", "done: ^yes", "'done' must be true or false"),
    ("phrases: [密码]", "phrases: 密码", "密码, key", "'phrases' must be a list, [one, two]"),
    ("phrases: [密码]", "phrases: []", "[], key", "'phrases' must not be empty; fill it"),
    ("barge_in: keyword", "barge_in: keywords", "keywords", "'barge_in' can't be 'keywords'; did you mean 'keyword'?"),
    ("pin: digits", "pin: digit", "digit,", "'type' can't be 'digit'; did you mean 'digits'?"),
    ("save: bill\n", "save: Bill\n", "Bill", "'Bill' can't stand here; use lower-case letters, digits and _"),
    ("  title: 小热线".strip(), "name: 小热线", "name: 小热线", "unknown key 'name'; known here: answers, entry"),
    ("slot: pin", "slot: pim", "pim", "there is no slot 'pim'; did you mean 'pin'?"),
    (
        "slots.number or caller.number, day",
        "slots.numer, day",
        "slots.numer,",
        "there is no slot 'numer'; did you mean",
    ),
    ("set: {words:", "set: {word:", "word: \"'金", "there is no slot or variable 'word'; did you mean 'words'?"),
    ("{bill.due | amount}", "{bil.due | amount}", "账单是{bil", "there is no name 'bil'; did you mean 'bill'?"),
    (
        "{bill.due | amount}",
        "{bill.due | ammount}",
        "账单是{",
        "'play': unknown kind 'ammount'; did you mean 'amount'?",
    ),
    (
        "{bill.due | amount}",
        "{bill.due}",
        "账单是{",
        "'play': {bill.due} doesn't say how to read it; write {bill.due | K",
    ),
    ("{bill.due | amount}", "{bill.due | amount", "账单是{", "'play': a brace without its partner"),
    ("when: bill.due > 100", "when: bill.due >", "bill.due >,", "'when': 'bill.due >' is not an expression like"),
    ("when: bill.due > 100", "when: open('x')", "open(", "'when': an expression can't use Call"),
    ("when: bill.due > 100", "when: bill._x", "bill._x", "'when': '_x' is not a field"),
    ("when: bill.due > 100", "when: value > 1", "value > 1", "'value' is known only in a confirm_prompt"),
    (
        "    confirm_prompt: 是{value | date}吗？\n",
        "",
        "day:\n    ^collect",
        "'confirm_prompt' is missing; add one like",
    ),
    ("play: 抱歉。", 'play: ""', '""', "'play': an empty prompt; write what is to be said"),
    ("include: main", "include: pin", "pin\n    barge", "there is no menu 'pin'; known here: main, more"),
    ("offers: [bill, agent]", "offers: [bil, agent]", "bil, agent", "there is no option 'bil'; did you mean 'bill'?"),
    (", offers: [bill, agent]", "", "main: ^{menu: 长辈", "more than 3 options at once in this mode"),
    ("main: {menu: 长辈", "mian: {menu: 长辈", "mian", "there is no node 'mian'; did you mean 'main'?"),
    ("main: {menu: 长辈", "main: {play: 长辈", "play: 长辈", "a menu node has no 'play'; remove it"),
    ('key: "0", go: human', 'key: "0"', "{phrases: [人工", "'agent' leads nowhere; add `go: NODE`"),
    ('  agent: {phrases: [人工, 客服], key: "0", go: human}\n', "", "repeat:", "no way to a human; add `agent`"),
    (
        "phrases: [再说一遍]",
        "go: main, phrases: [再说一遍]",
        "go: main, p",
        "'repeat' works by itself; remove its `go`",
    ),
    ("pin: {phrases: [密码], ", "pin: {", '{key: "2"', "option 'pin' has no phrases; add some, or name it like"),
    ("    then: bill_branch\n", "", "lookup: account.bill", "'then' is missing; add it"),
    ("min_digits: 4", "min_digits: 7", "7\n", "min_digits is more than max_digits (6); lower it"),
    ("  sorry: {play", "  sorry: !x {play", "!x", "the tag '!x' is not used in flows; remove it"),
    ("entry: profile", "entry: [", None, "not valid YAML"),
    ("  human:\n", "  human: *gone\n", "*gone", "not valid YAML: found undefined alias"),
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
    assert all(any(f"'{typo}'" in problem or "'times'" in problem for problem in found) for typo in typos)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "1:1: the file is empty"),
        (b"# nothing but a remark\n", "1:1: the file is empty"),
        (b"- a\n- b\n", "1:1: not a flow; begin with `flow: NAME`"),
        (b"just words\n", "1:1: not a flow"),
        (b"flow: a\ntitle: \xb2\xe9\n", "2:8: byte 0xb2 is not UTF-8; save the file as UTF-8"),
        (b"flow: a\n\x00", "not readable as YAML"),
        (b"a: 1\n---\nb: 2\n", "2:1: not valid YAML"),
        (b"a: &a\n  b: *a\n", "an anchor that contains itself"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"? {a: b}\n: c\n", "1:3: a key must be a plain word"),
        (b"<<: [1, 2]\n", "only a mapping can be merged"),
        (b"x: !!binary abcd\n", "the tag 'tag:yaml.org,2002:binary' is not used in flows"),
        (b" " * (1 << 20) + b" ", "larger than 1 MiB"),
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
    assert "keys and values once its anchors are followed" in problems(file)[0]


def test_a_byte_order_mark_does_no_harm_and_anchors_share_nodes(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    text = SMALL.replace("  sorry: {", "  sorry: &sorry {").replace(
        "  human:\n", "  again:\n    <<: *sorry\n  human:\n"
    )
    file.write_text(text, encoding="utf-8-sig")
    flow = load_flow(file)
    assert flow.nodes["again"] == flow.nodes["sorry"]


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.yaml") == ["1:1: no such file or directory; check the path and its permissions"]
    assert problems(tmp_path) == ["1:1: is a directory; check the path and its permissions"]


def test_an_unknown_flow_names_those_that_exist(tmp_path: Path) -> None:
    for name in ("hotel", "hotline"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "flow.yaml").write_text(SMALL, encoding="utf-8")
    assert find_flow("hotel", tmp_path) == tmp_path / "hotel" / "flow.yaml"
    for name, said in {
        "hotlime": "there is no flow 'hotlime'; did you mean 'hotline'? flows here: hotel, hotline",
        "../hotel": "there is no flow '../hotel'; did you mean 'hotel'? flows here: hotel, hotline",
    }.items():
        with pytest.raises(FlowError, match="there is no flow") as caught:
            find_flow(name, tmp_path)
        assert said in str(caught.value)
    with pytest.raises(FlowError, match="there are none here"):
        find_flow("hotel", tmp_path / "nowhere")
