"""`check` as editors and hot reload use it: what is recorded, what the exit status says, what a report holds."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from gateway.cli import app
from gateway.desk.check import check, flow_file
from gateway.desk.unrecorded import measured
from gateway.dialogue.load import load_flow
from gateway.dialogue.template import Template
from gateway.errors import FlowError
from gateway.prompts.inventory import Inventory
from gateway.prompts.tables import clauses
from tests.support.clean_flow import CLEAN, write_clean

pytestmark = pytest.mark.unit


def record(file: Path, *without: str) -> None:
    """Tables and files for all that the flow needs, but those texts; there is nothing in the files."""
    tables: dict[Path, list[str]] = {}
    for name, (folder, text) in Inventory(load_flow(file), file.parent).needed().items():
        if text not in without:
            folder.path(name).parent.mkdir(parents=True, exist_ok=True)
            folder.path(name).touch()
            tables.setdefault(folder.table, ["name\ttext"]).append(f"{name}\t{text}")
    for table, rows in tables.items():
        table.write_text("\n".join(rows) + "\n", encoding="utf-8")


def line_of(part: str) -> int:
    return CLEAN[: CLEAN.index(part)].count("\n") + 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_clean(tmp_path / "clean")


def test_a_flow_that_is_recorded_is_clean(file: Path) -> None:
    record(file)
    report = check(file)
    assert report.findings == ()
    assert report.flow is not None
    assert report.flow.flow == "clean"


def test_what_nobody_has_recorded_is_told_where_it_is_said(file: Path) -> None:
    record(file, "抱歉", "银卡", "东区", "报修", "三")
    found = [(finding.line, finding.rule, finding.message.partition("“")[2][:2]) for finding in check(file).findings]
    said = {"银": "recorded_texts", "东": "      east:", "报": "      fault: {label", "抱": "  sorry: {play"}
    lines = {(line_of(where), "unrecorded") for where in said.values()}
    assert {one[:2] for one in found} == lines | {(line_of("    play: 账单是"), "unrecorded")}
    assert check(file, synthesiser=True).findings == ()


def test_a_flow_without_any_recording_says_so_once(file: Path) -> None:
    found = check(file).findings
    assert [(one.line, one.column, one.rule) for one in found] == [(1, 1, "unrecorded")]
    assert "这条热线一句也没有录音" in found[0].message


def test_a_table_that_cannot_be_read_is_told(file: Path) -> None:
    record(file)
    (file.parent / "prompts.tsv").write_text("name\ttext\nbad line\n", encoding="utf-8")
    found = check(file).findings
    assert [one.rule for one in found] == ["unrecorded"]
    assert "prompts.tsv:2" in found[0].message


@pytest.mark.parametrize(("seconds", "too_long"), [(1.0, False), (9.0, True)])
def test_a_prompt_is_measured_where_it_is_recorded(file: Path, seconds: float, too_long: bool) -> None:
    """Three clauses that are estimated at 17 s in all."""
    text = "，".join(f"{sign}这一段话不知道有多长说起来要多久才好呀呀" for sign in "甲乙丙")
    noise = np.random.default_rng(1).normal(0, 3000, round(seconds * 16000)).astype(np.int16)
    rows = []
    (file.parent / "audio").mkdir()
    for number, clause in enumerate(clauses(text)):
        soundfile.write(file.parent / "audio" / f"n{number}.flac", noise, 16000)
        rows.append(f"n{number}\t{clause}")
    (file.parent / "prompts.tsv").write_text("\n".join(["name\ttext", *rows]) + "\n", encoding="utf-8")
    long = measured(file.parent)(Template.parse(text), 1.0)
    assert (long > 20) is too_long
    assert long == pytest.approx(3 * seconds + 0.4, rel=0.1)
    assert measured(file.parent)(Template.parse(text), 0.5) == pytest.approx(2 * long)


def test_reports_may_be_made_in_threads(file: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: check(file, synthesiser=True), range(8)))
    assert all(report.findings == () and report.flow is not None for report in reports)


# ------------------------------------------------------------------------------------------------------- the command


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> tuple[int, str]:
    monkeypatch.setenv("VOICE_GATEWAY_FLOWS_DIR", str(folder))
    monkeypatch.setenv("VOICE_GATEWAY_SYNTHESISER", "say {out}")
    result = CliRunner().invoke(app, ["flow", "check", *arguments])
    return result.exit_code, result.stdout


def test_a_flow_may_be_named_by_name_folder_or_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flows = file.parents[1]
    for name in ("clean", str(file.parent), str(file)):
        status, said = run(name, monkeypatch=monkeypatch, folder=flows)
        assert (status, said) == (0, f"{file}: 没有问题：20 个节点，1 个子流程，1 个模式\n")
    with pytest.raises(FlowError, match=r"这个文件夹里没有 flow\.yaml"):
        flow_file(str(flows), flows)
    with pytest.raises(FlowError, match="是不是 `clean`"):
        flow_file("claen", flows)


def test_findings_are_a_line_each_and_a_summary(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clean(file.parent, CLEAN.replace("done: true", "dune: true").replace("账单请按1。]", "账单请按7。]"))
    status, said = run("clean", monkeypatch=monkeypatch, folder=file.parents[1])
    assert status == 1
    first, second, last = said.splitlines()
    assert first.startswith(f"{file}:{line_of('    again: [可以说查账单')}:")
    assert first.endswith(" [spoken_key]")
    assert second.startswith(f"{file}:{line_of('    done: true')}:5: 不认识的键 `dune`；是不是 `done`？")
    assert last == f"{file}: 发现 2 个问题：2 个错误，0 个提醒"


def test_json_is_for_editors_and_an_unreadable_file_is_worse_than_a_bad_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = write_clean(file.parents[1] / "bad", "flow: [")
    status, said = run("clean", "bad", "--json", monkeypatch=monkeypatch, folder=file.parents[1])
    assert status == 2
    [found] = json.loads(said)
    message = found.pop("message")
    assert message.startswith("不是正确的 YAML")
    assert found == {"file": str(bad), "line": 1, "column": 8, "rule": "unreadable", "severity": "error"}
