"""Every rule finds what it is for, once and at its place, and leaves alone what only looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.desk.check import check
from gateway.dialogue.check import RULES
from tests.support.chinese import not_chinese
from tests.support.clean_flow import ASK_NUMBER, CLEAN, write_clean

pytestmark = pytest.mark.unit

FLOW, SUBFLOW = "flow.yaml", "ask_number.yaml"
LONG = "，".join(["这一句话说得很长很长"] * 9)
LONGISH = "，".join(["这一句话有点长"] * 8)
"""At the slowest mode's pace more than 20 s."""

# rule, what is replaced (in the flow, else in the sub-flow's file), by what, the line that is told, what is said
FOUND = [
    ("unreachable", "go: rate}", "go: goodbye}", "  rate:", "哪通电话都走不到 `rate`"),
    ("unreachable", "otherwise: leave", "otherwise: human", "  leave:", "哪通电话都走不到 `leave`；请让别处走到它"),
    ("unreachable", "go: whose}", "go: again}", "  whose:", "也走不到只有它才去的 `bill`、`tell_bill`"),
    ("unreachable", "then: spoken", "then: return", "  spoken:", "哪通电话都走不到 `ask_number.spoken`"),
    (
        "unreachable",
        "  ask_number: parts/ask_number.yaml",
        "  ask_number: parts/ask_number.yaml\n  spare: {entry: a, nodes: {a: {play: 好。, then: return}}}",
        "  spare:",
        "没有节点进入子流程 `spare`",
    ),
    ("endless_loop", "play: 抱歉。, then: human", "play: 抱歉。, then: sorry", "  sorry:", "来电者会在这里一直转圈"),
    (
        "endless_loop",
        "unavailable: goodbye",
        "unavailable: sorry",
        "    unavailable: sorry",
        "没有人接的时候，来电者会没完没了地转圈",
    ),
    ("endless_loop", "go: return}], otherwise: return", "go: spoken}], otherwise: return", "  spoken:", "一直转圈"),
    (
        "endless_loop",
        "    save: bill\n    then: tell_bill\n    on_error: sorry",
        "    save: bill\n    then: tell_bill\n    on_error: whose",
        "  whose: {call",
        "什么也不问（`whose` → `bill` → `whose`）",
    ),
    (
        "endless_loop",
        "play: 抱歉。, then: human}",
        "play: 抱歉。, set: {tries: vars.tries + 1}, then: enough}\n"
        "  enough: {branch: [{when: vars.tries > 2, go: human}, {when: caller.known, go: other}], otherwise: sorry}\n"
        "  other: {play: 请稍等。, then: enough}",
        "  sorry: {play",
        "来电者会在这里一直转圈",
    ),
    (
        "silent_loop",
        "再讲讲坏的是什么。]\n    then: district\n",
        "再讲讲坏的是什么。]\n    set: {tries: vars.tries + 1}\n    on_error: enough\n    then: district\n"
        "  enough: {branch: [{when: vars.tries > 2, go: human}], otherwise: matter}\n",
        "    on_error: enough",
        "一直不出声的来电者会在这里被没完没了地问",
    ),
    ("no_human", "go: human}\n  repeat", "go: goodbye}\n  repeat", "  agent: {", "会走到 `goodbye`，从那里"),
    (
        "no_human",
        '      more: {key: "#"}',
        '      more: {key: "#"}\n      other: {phrases: [办别的], key: "0", go: pin}',
        "      other:",
        "按键 0 在这里选中 `other`",
    ),
    ("far_human", "on_error: human\n", "on_error: main\n", "    on_error: main", "第一次失败会走到 `main`"),
    ("far_human", "    on_error: human\n", "", "  elderly:\n", "在模式 `elderly` 里，第一次失败不会转人工"),
    ("far_human", "go: human}\n  repeat", "go: whom}\n  repeat", "  agent: {", "要人工会走到 `whom`"),
    (
        "far_human",
        "再讲讲坏的是什么。]\n",
        "再讲讲坏的是什么。]\n    on_error: pin\n",
        "    on_error: pin",
        "第一次失败会走到 `pin`",
    ),
    (
        "no_error_path",
        "on_error: sorry\n  tell_bill",
        "\n  tell_bill",
        "  bill:\n    lookup",
        "请加上 `on_error: 节点`",
    ),
    (
        "no_error_path",
        "on_error: sorry\n  tell_ticket",
        "\n  tell_ticket",
        "  ticket:\n    ticket",
        "`ticket` 没写失败",
    ),
    ("recorded_before_notice", "通话将被录音", "您好", "  main:\n    menu", "来电者走到 `main` 时"),
    ("unfilled", "set: {what: \"'银卡'\"}, ", "", "    ticket: {category", "走到这里时 `vars.what` 可能还没有值"),
    (
        "unfilled",
        "slot: matter\n",
        "slot: matter\n    skip_when: caller.known\n",
        "    ticket: {category",
        "走到这里时 `slots.matter` 可能还没有值（`main` → `matter` → `district` → `ticket`）",
    ),
    (
        "unfilled",
        "or caller.number}\n    save: bill",
        "+ 1}\n    save: bill",
        "    with: {number: slots",
        "`slots.number`",
    ),
    (
        "unfilled",
        "purpose: \"'查账单'\"",
        "purpose: vars.what",
        "  whose: {call",
        "走到这里时 `vars.what` 可能还没有值",
    ),
    ("unfilled", "what: \"'银卡'\"}", "what: None}", "    ticket: {category", "走到这里时 `vars.what` 可能还没有值"),
    ("unsayable_text", "\"'银卡'\"", "\"'铜卡'\"", "      fault: {label", "要读出“铜卡”"),
    (
        "unsayable_text",
        '"{vars.what',
        '"{slots.matter',
        '    play: "{slots.matter',
        "要读出 `matter`，那是来电者的原话",
    ),
    (
        "key_clash",
        '  repeat: {phrases: [再说一遍], key: "9"',
        '  repeat: {phrases: [再说一遍], key: "*"',
        "  back: {",
        "按键 *",
    ),
    ("key_clash", 'key: "9"', 'key: "2"', "  repeat: {", "按键 2 已经用来表示确认时的“不是”"),
    ("key_clash", 'key: "8", go: rate', 'key: "3", go: rate', "      nothing: {", "遮住了 `main` 的 `fault`"),
    ("key_clash", "    min_digits: 4\n", "    min_digits: 1\n", "    min_digits: 1", "只按一个 0 在这里就算回答"),
    (
        "key_clash",
        "slot: number\n",
        'slot: number\n    finish_on_key: "*"\n',
        "    finish_on_key:",
        "不能表示 `back`",
    ),
    (
        "key_clash",
        '[东区], key: "1"',
        '[东区], key: "0"',
        "      east: {",
        "按键 0 在这里选中 `east`，遮住了任何时候都可以按的 `agent`",
    ),
    ("key_clash", '[西区], key: "2"', '[西区], key: "1"', "      west: {", "按键 1 已经选中 `east`"),
    (
        "spoken_key",
        "账单请按1。]",
        "账单请按7。]",
        "    again: [可以说查账单。",
        "提示语里说的按键 7 在这里没有用",
    ),
    (
        "spoken_key",
        "账单请按1。]",
        "账单请按2。]",
        "    again: [可以说查账单。",
        "是 `bill`，按了却选中 `pin`；请改成按 1",
    ),
    (
        "spoken_key",
        "西区请按2。]",
        "西区请按3。]",
        "    again: [请说东区",
        "在这里没有用；请给选项写上这个键",
    ),
    (
        "spoken_key",
        "请说手机号码。",
        "请说手机号码，按井号键结束。",
        "    collect: 请说手",
        '请加上 `finish_on_key: "#"`',
    ),
    (
        "untold_key",
        "没有了请按8。找人工请按0。",
        "没有了请按8。",
        "        menu: 还要什么？没有了请按8。",
        "请补上 0（`agent`）",
    ),
    ("untold_key", "改密码请按2。听", "改密码。听", "          - {say: 查账单", "请补上 2（`pin`）"),
    (
        "duplicate_phrase",
        "phrases: [密码]",
        "phrases: [密码, 账单]",
        "      pin: {label",
        "“账单”也是 `bill` 的说法",
    ),
    (
        "duplicate_phrase",
        "phrases: [密码]",
        "phrases: [密码, 密码]",
        "      pin: {label",
        "“密码”在 `pin` 里写了两次；请删掉一个",
    ),
    (
        "duplicate_phrase",
        "phrases: [密码]",
        "phrases: [密码, 返回]",
        "      pin: {label",
        "任何时候都可以说的 `back`",
    ),
    ("duplicate_phrase", "phrases: [西区]", "phrases: [西区, 东区]", "      west: {label", "也是 `east` 的说法"),
    (
        "duplicate_phrase",
        "phrases: [没有了]",
        "phrases: [没有了, 密码]",
        "      nothing: {",
        "也是 `main` 的 `pin` 的说法",
    ),
    (
        "duplicate_phrase",
        "phrases: [恢复普通]",
        "phrases: [返回]",
        "    leave_on:",
        "也是任何时候都可以说的 `back` 的说法",
    ),
    (
        "confusable_phrase",
        "phrases: [密码]",
        "phrases: [密码, 帐胆]",
        "      pin: {label",
        "的读音像 `bill` 的“账单”",
    ),
    (
        "confusable_phrase",
        "phrases: [恢复普通]",
        "phrases: [凡回]",
        "    leave_on:",
        "的读音像任何时候都可以说的 `back` 的“返回”",
    ),
    (
        "long_prompt",
        "play: 抱歉。",
        f"play: {LONG}。",
        "  sorry: {play",
        "秒（模式 `elderly`），来电者只听得下 20 秒",
    ),
    ("same_words", "再讲讲坏的是什么。]", "说说是什么坏了。]", "    again: [请说说是", "又是同一句话"),
    ("same_words", "    again: [请说说是什么坏了。, 请再讲讲坏的是什么。]\n", "", "  matter:\n", "请加上 `again`"),
    ("same_words", "[没有声音。, 还是没有声音。]", "[没有声音。]", "  no_input:", "只有 1 种说法"),
    ("same_words", "[请一位一位说。, 请按键输入。]", "[请一位一位说。]", "    again: [请一位", "请再加 1 种"),
    ("unused", "pin: digits", "pin: digits\n  pan: digits", "  pan: digits", "读槽位 `pan`"),
    ("unused", "what: text}", "what: text, who: text}", "variables: {tries", "读变量 `who`"),
    ("unused", "  bill: {due", "  debt: {due: amount}\n  bill: {due", "  debt:", "保存查询结果 `debt`"),
    ("unused", "[{when: hours.office,", "[{when: caller.known,", "  office: {weekly", "用到营业时间 `office`"),
]


AND_SO = {"far_human": {"silent_loop"}, "key_clash": {"spoken_key", "untold_key"}}
"""What follows from a mistake of one kind, and is told, too."""


def findings(folder: Path, flow: str, subflow: str = ASK_NUMBER) -> list[tuple[str, int, str, str]]:
    """File, line, rule and message of each."""
    report = check(write_clean(folder, flow, subflow), synthesiser=True)
    assert not_chinese(one.message for one in report.findings) == []
    return [(Path(one.file).name, one.line, one.rule, one.message) for one in report.findings]


def test_the_clean_flow_is_clean(tmp_path: Path) -> None:
    assert findings(tmp_path, CLEAN) == []


IDS = [f"{rule}-{index}" for index, (rule, *_) in enumerate(FOUND)]


@pytest.mark.parametrize(("rule", "old", "new", "line", "said"), FOUND, ids=IDS)
def test_each_rule_finds_its_mistake(tmp_path: Path, rule: str, old: str, new: str, line: str, said: str) -> None:
    texts = {FLOW: CLEAN, SUBFLOW: ASK_NUMBER}
    name = FLOW if old in CLEAN else SUBFLOW
    assert texts[name].count(old) == 1
    texts[name] = texts[name].replace(old, new)
    if "whom" in new:
        texts[name] += "  whom: {menu: 找谁？, again: [a1。, a2。], options: {one: {phrases: [组长], go: human}}}\n"
    number = texts[name][: texts[name].index(line)].count("\n") + 1
    found = findings(tmp_path, *texts.values())
    assert any(one[:3] == (name, number, rule) and said in one[3] for one in found), found
    assert {one[2] for one in found} - {rule} <= AND_SO.get(rule, set()), found


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_a_menu_offers_no_more_than_five_options_at_once(tmp_path: Path) -> None:
    names = ["甲等的事", "乙种业务", "丙类投诉", "丁字路口", "戊型号码", "己方人员"]
    options = "".join(f"      o{number}: {{phrases: [{name}], go: pin}}\n" for number, name in enumerate(names))
    flow = changed(
        CLEAN,
        ("查账单，改密码，还是报修。", "，".join(names) + "。"),
        ("      agent: {}\n", f"      agent: {{}}\n{options}"),
    )
    assert [(one[2], one[3].partition("（")[0]) for one in findings(tmp_path, flow)] == [
        ("too_many_options", "这句提示语一次念 6 个选项")
    ]
    five = flow.replace("，己方人员。", "。")
    assert findings(tmp_path, five) == []
    inside = flow.replace("phrases: [己方人员]", "phrases: [种业务]").replace("，己方人员。", "。")
    assert findings(tmp_path, inside) == []
    offering = changed(
        five, ("    again: [可以说查账单。", "    offers: [o0, o1, o2, o3, o4, o5]\n    again: [可以说查账单。")
    )
    assert [one[2] for one in findings(tmp_path, offering)] == ["too_many_options"]


def test_groups_need_a_way_to_the_next_one(tmp_path: Path) -> None:
    flow = changed(
        CLEAN,
        ("  more: {label: 听其他的, phrases: [还有什么]}\n", ""),
        ('      more: {key: "#"}\n', ""),
        ("听其他的请按井号键。, offers: [bill, pin, more]", ", offers: [bill, pin]"),
        ("从头听请按井号键。, offers: [fault, agent, more]", ", offers: [fault, agent]"),
    )
    found = findings(tmp_path, flow)
    assert [(one[2], one[3].partition("；")[0]) for one in found] == [
        ("unheard_group", "来电者听不到 `main` 的下一组选项")
    ]


def test_a_call_that_comes_to_no_end(tmp_path: Path) -> None:
    flow = changed(
        CLEAN, ("unavailable: goodbye", "unavailable: whom"), ("go: human}\n  repeat", "go: whom}\n  repeat")
    )
    flow = flow.replace("on_error: human", "on_error: whom").replace("then: human}", "then: whom}")
    flow += "  whom: {message: 请留言。, again: [请说。, 请讲。], then: whom}\n"
    found = [one for one in findings(tmp_path, flow) if one[2] == "dead_end"]
    assert [one[1] for one in found] == [flow[: flow.index("  sorry: {play")].count("\n") + 1]
    assert found[0][3].startswith("从 `sorry` 走不到挂机，也走不到转人工")


# --------------------------------------------------------------------------------------------------- no false alarms

FINE = {
    "filled or tested": [
        ("or caller.number}\n    save: bill", "if slots.number else caller.number}\n    save: bill"),
    ],
    "read after a test in a branch": [
        (
            "otherwise: leave\n",
            "otherwise: leave\n  asked: {branch: [{when: slots.matter, go: district}], otherwise: matter}\n",
        ),
        (
            '{label: 报修, phrases: [坏了], key: "3", set: {what: "\'银卡\'"}, go: matter}',
            '{label: 报修, phrases: [坏了], key: "3", set: {what: "\'银卡\'"}, go: asked}',
        ),
    ],
    "a retry that counts": [
        ("unavailable: goodbye", "unavailable: once_more"),
        (
            "  sorry: {play",
            "  once_more: {play: 请再等一等。, set: {tries: vars.tries + 1}, then: enough}\n"
            "  enough: {branch: [{when: vars.tries > 2, go: goodbye}], otherwise: human}\n  sorry: {play",
        ),
    ],
    "a retry that asks again": [
        (
            "    save: bill\n    then: tell_bill\n    on_error: sorry",
            "    save: bill\n    then: tell_bill\n    on_error: anew",
        ),
        (
            "  tell_bill:\n",
            "  anew: {play: 没有查到。, set: {matter: None}, then: matter_again}\n"
            "  matter_again:\n"
            "    {collect: 说办什么。, slot: matter, skip_when: slots.matter, again: [请说。, 请讲。], then: bill}\n"
            "  tell_bill:\n",
        ),
    ],
    "a human after an apology": [
        ("go: human}\n  repeat", "go: sorry}\n  repeat"),
        ("    on_error: human\n", "    on_error: sorry\n"),
    ],
    "a human in office hours only": [
        ("go: human}\n  repeat", "go: office}\n  repeat"),
        ("  sorry: {play", "  office: {branch: [{when: hours.office, go: human}], otherwise: leave}\n  sorry: {play"),
    ],
    "as often as it takes to ask once": [
        ("    again: [请说说是什么坏了。, 请再讲讲坏的是什么。]\n", "    max_retries: 1\n"),
    ],
    "a text that is a label": [("\"'银卡'\"", "\"'改密码'\"")],
    "a key that a universal has": [("账单请按1。]", "账单请按1，返回请按星号键。]")],
    "an amount that is no key": [("报修。\n    again", "报修，套餐外按6元计费。\n    again")],
    "the notice in a sub-flow": [
        ("welcome: {play: 您好，通话将被录音。, then: open}", "welcome: {call: greet, then: open}"),
        (
            "  ask_number: parts/ask_number.yaml",
            "  ask_number: parts/ask_number.yaml\n"
            "  greet: {entry: hello, nodes: {hello: {play: 您好，通话将被录音。, then: return}}}",
        ),
    ],
    "long words that the slow mode says in groups, or not at all": [
        ("menu: 请说要办什么", f"menu: {LONGISH}，请说要办什么"),
        ("again: [可以说查账单。,", f"again: [{LONGISH}。,"),
    ],
    "the notice in the mode's own words": [
        ("    nodes:\n      main:", "    nodes:\n      welcome: {play: 您好，这次通话会有录音。}\n      main:"),
    ],
}


@pytest.mark.parametrize("why", FINE)
def test_what_only_looks_like_a_mistake_is_left_alone(tmp_path: Path, why: str) -> None:
    assert findings(tmp_path, changed(CLEAN, *FINE[why])) == []


def test_a_notice_that_the_mode_leaves_out_is_missed(tmp_path: Path) -> None:
    flow = changed(CLEAN, ("    nodes:\n      main:", "    nodes:\n      welcome: {play: 您好。}\n      main:"))
    found = findings(tmp_path, flow)
    assert {one[2] for one in found} == {"recorded_before_notice"}
    assert all("（模式 `elderly`）" in one[3] for one in found)


SKIPPED_NOTICE = (
    "welcome: {play: 您好，通话将被录音。, then: open}",
    "welcome:\n    {collect: 通话将被录音，请说。, slot: matter, skip_when: caller.known, again: [a, b], then: open}",
)
NOTICE_NOT_SAID = (
    "menu: 请说要办什么，查账单，改密码，还是报修。",
    "menu: 通话将被录音，请说要办什么。\n    groups: [{say: 查账单。, offers: [bill]}, {say: 报修。, offers: [fault]}]",
)


@pytest.mark.parametrize("changes", [[SKIPPED_NOTICE], [("您好，通话将被录音。", "您好。"), NOTICE_NOT_SAID]])
def test_a_notice_that_need_not_be_said_is_none(tmp_path: Path, changes: list[tuple[str, str]]) -> None:
    found = findings(tmp_path, changed(CLEAN, *changes))
    assert {one[2] for one in found} == {"recorded_before_notice"}
    assert any("来电者走到 `main` 时还没有听到" in one[3] for one in found)


def test_a_sub_flow_begins_with_its_variables_as_declared(tmp_path: Path) -> None:
    again = "then: twice}\n  twice: {call: ask_number, then: bill}"
    flow = changed(CLEAN, ("purpose: \"'查账单'\"}, then: bill}", f"purpose: \"'查账单'\"}}, {again}"))
    reading = changed(
        ASK_NUMBER,
        (
            "otherwise: return}",
            "otherwise: tell}\n  tell: {play: '{vars.purpose | text}', then: return, on_error: return}",
        ),
    )
    way = "`twice` → `ask_number.ask` → `ask_number.spoken` → `ask_number.tell`"
    assert [(one[2], one[3].partition("；")[0]) for one in findings(tmp_path, flow, reading)] == [
        ("unfilled", f"走到这里时 `vars.purpose` 可能还没有值（{way}）")
    ]


def test_every_rule_is_tested() -> None:
    elsewhere = {"dead_end", "too_many_options", "unheard_group"}
    assert {rule for rule, *_ in FOUND} | elsewhere == {rule.name for rule in RULES}
