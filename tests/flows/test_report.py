"""Real calls, stored as they were told, and the command that tells what they came to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.errors import StoreError
from gateway.settings import Settings
from gateway.store import Store
from gateway.store.refusals import RefusalCounter
from tests.support.calls import EVERYDAY, SAMPLES, place_call

pytestmark = pytest.mark.flows

SPEECH = str(SAMPLES / "demo" / "balance.wav")
CALLS = (
    (EVERYDAY, [SPEECH, SPEECH], ["查话费", "没有了"]),
    (EVERYDAY, ["wait:8", f"over:{SPEECH}"], ["转人工"]),
    ("", ["wait:2", "hangup"], []),
)
"""Served; to a human; gone, with a withheld number."""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("calls")
    for caller, does, heard in CALLS:
        place_call(folder, list(does), list(heard), caller=caller)
    with Store.open(folder) as store:
        refusals = RefusalCounter(store)
        refusals.count(Settings().now(), "mobile_hotline", "busy")
        refusals.write()
    return folder


def report(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_the_figures_of_the_calls_are_printed(calls: Path) -> None:
    told = report("--store", calls, "--by", "node")
    assert told.exit_code == 0, told.output
    for words in (
        "3 通电话",
        "自助率",
        "33.3%",
        "1 / 3",
        "转人工率",
        "重复来电率",
        "50.0%",
        "一次解决率",
        "满意度平均分",
    ):
        assert words in told.output
    assert "welcome" in told.output
    assert "接通率" in told.output


def test_the_figures_as_json(calls: Path) -> None:
    told = json.loads(report("--store", calls, "--json", "--by", "hotline", "--since", "1d").output)
    figures = told["figures"]
    assert figures["answered"] == told["groups"]["mobile_hotline"]["figures"]["answered"]
    assert figures["answered"] == {"value": 0.75, "numerator": 3, "denominator": 4}
    assert figures["containment"] == {"value": 1 / 3, "numerator": 1, "denominator": 3}
    assert figures["transfer"]["numerator"] == figures["abandonment"]["numerator"] == 1
    assert figures["repeat"] == {"value": 0.5, "numerator": 1, "denominator": 2}
    assert figures["handling_time"]["value"] > 5
    assert told["groups"]["mobile_hotline"]["figures"]["containment"] == figures["containment"]
    assert (told["running"], told["killed"], told["alerts"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("by", "heading", "row"),
    [("hotline", "热线", "mobile_hotline"), ("mode", "模式", "standard"), ("hour", "时段", ""), ("route", "诉求", "")],
)
def test_every_way_to_tell_calls_apart_has_its_table(calls: Path, by: str, heading: str, row: str) -> None:
    told = report("--store", calls, "--by", by)
    assert told.exit_code == 0
    assert heading in told.output
    assert row in told.output


def test_another_hotline_had_no_calls(calls: Path) -> None:
    assert "没有符合条件的通话" in report("--store", calls, "--hotline", "nobody").output


def test_a_figure_that_crossed_its_line_is_told(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "title: 太少自助, figure: containment, below: 0.5, over_last: 1h, at_least: 2, severity: critical"
    (tmp_path / "thresholds.yaml").write_text(f"alerts: {{low: {{{line}}}}}", encoding="utf-8")
    monkeypatch.setenv("VOICE_GATEWAY_ANALYTICS", json.dumps({"rules": str(tmp_path)}))
    told = report("--store", calls).output
    assert "［紧急］太少自助：自助率 33.3%，应不低于 50.0%" in told


@pytest.mark.parametrize(("option", "value"), [("--by", "moon"), ("--since", "soon")])
def test_what_makes_no_sense_is_refused(calls: Path, option: str, value: str) -> None:
    assert report("--store", calls, option, value).exit_code == 2


def test_a_folder_without_calls_is_told(tmp_path: Path) -> None:
    assert isinstance(report("--store", tmp_path).exception, StoreError)
