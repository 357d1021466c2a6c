"""The commands over stored calls, from the command line to what they print."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.cli.flow.stored import moment
from gateway.errors import FlowError, StoreError
from tests.support.small_flow import SMALL
from tests.support.stored import StoredCall, store_calls

pytestmark = pytest.mark.unit

CHINA = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=CHINA)
NUMBER = "13812345678"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three calls to the small hotline, which is the only one there is; days apart, whatever the time zone."""
    flows = tmp_path / "flows"
    (flows / "small").mkdir(parents=True)
    (flows / "small" / "flow.yaml").write_text(SMALL, encoding="utf-8")
    monkeypatch.setenv("VOICE_GATEWAY_FLOWS_DIR", str(flows))
    told = []
    for day in (18, 20, 22):
        call = StoredCall(f"c{day}", at=f"2026-11-{day}T10:00:00+08:00", version=f"1+{day}")
        call.enters("profile:lookup", "main").says("看看花费").says(f"我是{NUMBER}", "main", "mode=elderly")
        told.append(call.says("账单", "main", "bill:lookup", matched="bill").ends())
    store_calls(tmp_path / "calls", told)
    return tmp_path / "calls"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["flow", *map(str, arguments)])


def test_the_funnel_as_a_table(calls: Path) -> None:
    done = run("funnel", "small", "--store", calls)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "小热线　3 通电话" in lines[0]
    (main,) = [line.split() for line in lines if line.startswith("main ")]
    assert main == ["main", "menu", "3", "3", "3", "(100%)", "3", "(100%)"]
    (bill,) = [line.split() for line in lines if line.startswith("bill ")]
    assert bill == ["bill", "lookup", "3", "3", "3", "(100%)"]
    assert NUMBER not in done.stdout
    assert "我是138****5678（3）" in done.stdout


def test_phrases_to_paste(calls: Path) -> None:
    done = run("funnel", "small", "--store", calls)
    *_, keys, line = done.stdout.rstrip().splitlines()
    assert keys == "        phrases:"
    assert line == "          - 看看花费  # 3 次；来电者接着选了它，3 次中 3 次"


def test_the_funnel_as_json(calls: Path) -> None:
    told = json.loads(run("funnel", "small", "--store", calls, "--json", "--min-count", "3").stdout)
    assert (told["flow"], told["calls"], told["versions"]) == ("small", 3, {"1+18": 1, "1+20": 1, "1+22": 1})
    assert [node["node"] for node in told["nodes"]][:2] == ["profile", "main"]
    assert {group["count"] for group in told["unmatched"]} == {3}
    proposals = [group["proposal"] for group in told["unmatched"] if "proposal" in group]
    assert proposals == [{"option": "bill", "phrases": ["看看花费"], "score": None}]


@pytest.mark.parametrize(
    ("chosen", "counted"),
    [(["--since", "2026-11-21"], 1), (["--since", "2026-11-24"], 0), (["--version", "1"], 3), (["--version", "20"], 1)],
)
def test_only_the_calls_that_are_asked_for(calls: Path, chosen: list[str], counted: int) -> None:
    assert json.loads(run("funnel", "small", "--store", calls, "--json", *chosen).stdout)["calls"] == counted


def test_no_calls_at_all(calls: Path) -> None:
    done = run("funnel", "small", "--store", calls, "--version", "none")
    assert done.exit_code == 0
    assert "没有符合条件的已结束的通话" in done.stdout


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The small hotline with a phrase more."""
    file = tmp_path / "changed.yaml"
    file.write_text(SMALL.replace("phrases: [账单,", "phrases: [看看花费, 账单,"), encoding="utf-8")
    return file


def test_the_same_flow_leads_where_it_led(calls: Path) -> None:
    done = run("replay", "small", "--store", calls, "--fail-on-difference")
    assert done.exit_code == 0
    assert "去向不变 9 次，改变 0 次，涉及 0 通电话" in done.stdout
    assert "逐条" not in done.stdout


def test_a_changed_flow_line_by_line(calls: Path, changed: Path) -> None:
    done = run("replay", "small", "--store", calls, "--flow-file", changed, "--show", "2")
    assert done.exit_code == 0
    assert "改变 3 次，涉及 3 通电话" in done.stdout
    assert [line.split() for line in done.stdout.splitlines() if line.startswith("   3")] == [
        ["3", "main", "留在原处", "bill"]
    ]
    assert [line for line in done.stdout.splitlines() if line.startswith("c")] == [
        "c18  main  “看看花费”  留在原处 → bill",
        "c20  main  “看看花费”  留在原处 → bill",
    ]
    assert "另有 1 条没有列出" in done.stdout


def test_a_changed_flow_as_json_fails_on_demand(calls: Path, changed: Path) -> None:
    done = run("replay", "small", "--store", calls, "--flow-file", changed, "--json", "--fail-on-difference")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    before, now = {"how": "stays", "what": None}, {"how": "goes", "what": "bill"}
    assert told["changes"] == [{"node": "main", "before": before, "now": now, "count": 3}]
    assert told["differences"][0] == {
        "call_id": "c18",
        "turn": 0,
        "node": "main",
        "kind": "speech",
        "said": "看看花费",
        "before": before,
        "now": now,
    }
    assert (told["answers"], told["same"], told["different"], told["calls_elsewhere"]) == (9, 6, 3, 3)


def test_a_changed_flow_with_mistakes_is_not_replayed(calls: Path, changed: Path) -> None:
    changed.write_text(SMALL.replace("go: bill}", "go: bil}"), encoding="utf-8")
    done = run("replay", "small", "--store", calls, "--flow-file", changed)
    assert isinstance(done.exception, FlowError)
    assert "changed.yaml:" in str(done.exception)


@pytest.mark.parametrize("command", ["funnel", "replay"])
def test_bad_input_is_one_error(calls: Path, command: str) -> None:
    assert isinstance(run(command, "smal", "--store", calls).exception, FlowError)
    assert isinstance(run(command, "small", "--store", calls / "none").exception, StoreError)
    done = run(command, "small", "--store", calls, "--since", "yesterday")
    assert done.exit_code == 2
    assert "neither a number of days" in done.stderr


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (None, None),
        ("7", datetime(2026, 11, 15, 15, 30, tzinfo=CHINA)),
        ("1d", datetime(2026, 11, 21, 15, 30, tzinfo=CHINA)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=CHINA)),
    ],
)
def test_since(since: str | None, expected: datetime | None) -> None:
    assert moment(since, NOW) == expected


@pytest.mark.parametrize("since", ["", "-1", "2026-13-01", "99999999", "昨天", "1.5"])
def test_what_is_no_moment(since: str) -> None:
    with pytest.raises(typer.BadParameter):
        moment(since, NOW)
