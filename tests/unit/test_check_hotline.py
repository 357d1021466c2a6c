"""The bundled hotlines are clean, and a copy with ten mistakes of ten kinds gets ten findings at the right lines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.desk.check import Finding, check

pytestmark = pytest.mark.unit

FLOWS = Path(__file__).parents[2] / "ivr_flows"
HOTLINES = sorted(file.parent.name for file in FLOWS.glob("*/flow.yaml"))

SEEDS = {
    # rule: what stands in the file, what is put there instead, and the line that is told, as it then is
    "language: unknown key": ("  max_retries: 3\n", "  max_retris: 3\n", "  max_retris: 3"),
    "language: no such node": (
        "    otherwise: tell_balance\n",
        "    otherwise: tel_balance\n",
        "    otherwise: tel_bal",
    ),
    "unreachable": ("        go: tell_fixed\n", "        go: no_ticket\n", "  tell_fixed:"),
    "endless_loop": (
        "下个月一号恢复。\n    done: true\n    then: anything_else\n",
        "下个月一号恢复。\n    then: tell_no_data\n",
        "  tell_no_data:",
    ),
    "no_human": ('    key: "0"\n    go: human\n', '    key: "0"\n    go: goodbye\n', "    go: goodbye"),
    "no_error_path": (
        "    then: usage_branch\n    on_error: lookup_failed\n",
        "    then: usage_branch\n",
        "  usage:\n    lookup",
    ),
    "unfilled": ("        set: {plan: \"'全家套餐'\"}\n", "", "    menu: 为您换成"),
    "confusable_phrase": (
        "phrases: [不换了, 不换, ",
        "phrases: [全加套餐, 不换了, 不换, ",
        "        phrases: [全加套餐",
    ),
    "long_prompt": (
        "没有查到您的工单。",
        "没有查到您的工单，请您再想一想。" + "这是一句很长很长的话，" * 8,
        "    play: 没有查",
    ),
    "recorded_before_notice": (
        "  welcome:\n    play: 您好，欢迎致电移动客服热线。为了提升服务质量，本次通话将被录音。",
        "  welcome:\n    play: 您好，欢迎致电移动客服热线。",
        "  main:\n    menu: &",
    ),
    "key_clash": ('    key: "9"\n', '    key: "0"\n', '    key: "0"\n  back:'),
    "same_words": (
        "- 畅享套餐请按1，全家套餐请按2，不换请按3，找人工请按0。",
        "- 您可以说，畅享套餐，全家套餐，或者不换了。",
        "      - 您可以说，畅享套餐，全家套餐，或者不换了。\n    options",
    ),
    "spoken_key": (
        "有红灯请按1，没有红灯请按2，不清楚请按3。",
        "有红灯请按1，没有红灯请按2，不清楚请按4。",
        "      - 有红灯请按1",
    ),
    "duplicate_phrase": ("phrases: [取消, ", "phrases: [确认, 取消, ", "        phrases: [确认, 取消"),
    "unsayable_text": (
        "        set: {plan: \"'畅享套餐'\"}",
        "        set: {plan: \"'尊享套餐'\"}",
        "        set: {plan: \"'尊",
    ),
    "far_human": (
        "    on_error: human\n\n  plan_change:",
        "    on_error: anything_else\n\n  plan_change:",
        "    on_error: anything_else\n\n  plan_change",
    ),
    "unused": ("  callback: phone\n", "  callback: phone\n  email: text\n", "  email: text"),
}
TEN = (
    *("language: unknown key", "language: no such node", "unreachable", "endless_loop", "no_human", "no_error_path"),
    *("unfilled", "confusable_phrase", "long_prompt", "recorded_before_notice"),
)


def hotline(folder: Path, kinds: tuple[str, ...]) -> tuple[Path, str]:
    """A copy with the mistakes, and its text."""
    shutil.copytree(FLOWS / "subflows", folder / "subflows")
    text = (FLOWS / "mobile_hotline" / "flow.yaml").read_text(encoding="utf-8")
    for kind in kinds:
        old, new, _ = SEEDS[kind]
        assert text.count(old) == 1, kind
        text = text.replace(old, new)
    file = folder / "mobile_hotline" / "flow.yaml"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    return file, text


def expected(text: str, kinds: tuple[str, ...]) -> list[tuple[int, str]]:
    """Line and rule of each, in the order of the file."""
    found = []
    for kind in kinds:
        told = SEEDS[kind][2]
        assert text.count(told) == 1, kind
        found.append((text[: text.index(told)].count("\n") + 1, kind.partition(":")[0]))
    return sorted(found)


def lines(findings: tuple[Finding, ...]) -> list[tuple[int, str]]:
    return [(finding.line, finding.rule) for finding in findings]


@pytest.mark.parametrize("name", HOTLINES)
def test_the_bundled_hotlines_are_clean(name: str) -> None:
    report = check(FLOWS / name / "flow.yaml")
    assert [str(finding) for finding in report.findings] == []
    assert report.flow is not None


def test_ten_mistakes_get_ten_findings_at_the_right_lines(tmp_path: Path) -> None:
    file, text = hotline(tmp_path, TEN)
    report = check(file, synthesiser=True)
    assert lines(report.findings) == expected(text, TEN), "\n".join(map(str, report.findings))
    assert report.flow is None
    assert {finding.file for finding in report.findings} == {str(file)}
    assert all(finding.message.count("；") >= 1 for finding in report.findings)


def test_other_mistakes_are_told_at_the_right_lines_too(tmp_path: Path) -> None:
    kinds = tuple(kind for kind in SEEDS if kind not in TEN)
    file, text = hotline(tmp_path, kinds)
    report = check(file, synthesiser=True)
    assert lines(report.findings) == expected(text, kinds), "\n".join(map(str, report.findings))
