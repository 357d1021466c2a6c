"""What `analyze` takes on its command line, and what it shows to people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.recordings.document import recording_document
from gateway.analytics.recordings.files import Wanted
from gateway.analytics.recordings.listening import Recording
from gateway.analytics.recordings.sides import Sides
from gateway.analytics.recordings.summary import Summary
from gateway.cli.analyze import _sides
from gateway.cli.analyzed import Reporter
from gateway.findings import (
    CallFindings,
    CallMood,
    Entity,
    Flag,
    Mood,
    QualityCard,
    QualityHit,
    Route,
    TicketDraft,
    TurnFindings,
    WordMood,
)

pytestmark = pytest.mark.unit

ROUTE = Route(route="broadband_fault", probability=0.87, skill_group="broadband")


def document(path: Path, *, warnings: tuple = ()) -> dict[str, Any]:
    """Of a call with something of everything."""
    path.write_bytes(b"sound")
    agent = Segment(index=0, participant="agent", text="您好", begin_ms=0, end_ms=900)
    said = Segment(
        index=1, participant="customer", text="[red]宽带\x1b坏了", begin_ms=65_000, end_ms=67_000, interrupts=True
    )
    conversation = Conversation(id="r", source="recording", segments=(agent, said), ended=True, duration_ms=3_725_000)
    words = WordMood(polarity="negative", score=-0.8, anger=2)
    turn = TurnFindings(
        segment=1,
        route=ROUTE,
        mood=Mood(polarity="negative", anger=2, words=words),
        entities=(Entity(kind="product", value="宽带", evidence=said.evidence(5, 7)),),
    )
    findings = CallFindings(
        route=ROUTE,
        mood=CallMood(polarity="negative", anger=2, at_end="neutral", trend="better"),
        flags=(Flag(flag="churn", title="要转网", severity="high", at_ms=65_000, evidence=(said.evidence(5, 7),)),),
        turns=(turn,),
        quality=(
            QualityCard(
                card="agent",
                title="坐席质检",
                score=0.0,
                failed=True,
                hits=(QualityHit(rule="greeting", title="开场问候", points=-5, passed=False),),
            ),
        ),
        ticket=TicketDraft(
            category="broadband_fault",
            team="broadband",
            summary="宽带坏了",
            facts={},
            priority="urgent",
            answer_by="2026-11-29T14:00:00+08:00",
            solve_by="2026-11-30T10:00:00+08:00",
            visit_by="2026-12-01T10:00:00+08:00",
        ),
        summary="宽带坏了",
    )
    recording = Recording(conversation, rate_hz=8000, channels=2, speech_ms=2900.0, warnings=warnings)
    return recording_document(path, Wanted(path).shown, recording, findings, {})


def shown(documents: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], failures: dict[str, str]) -> str:
    summary, reporter = Summary(), Reporter(len(documents) + len(failures), None)
    for one in documents:
        summary.add(one)
        reporter.take(one)
    for file, why in failures.items():
        summary.fail(file, why)
    reporter.print(summary.as_json(elapsed_s=100.0))
    return capsys.readouterr().out


def test_one_recording_is_shown_word_by_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    told = shown([document(tmp_path / "a.wav", warnings=("sides_swapped",))], capsys, {})
    for part in (
        "1:02:05",
        "像是反了",
        "00:00 坐　席 您好",
        "01:05 来电者 （抢话）[red]宽带�坏了",
        "（87%）→ 宽带报障组",
    ):
        assert part in told
    for part in ("负面，生气，好转，结束时中性", "要转网（高）01:05 宽带", "产品 宽带", "坐席质检 0 分 不合格"):
        assert part in told
    assert "扣分：开场问候" in told
    assert "宽带故障，紧急，2026-11-30 10:00 前解决" in told
    assert "\x1b" not in told


def test_many_recordings_are_a_line_each_and_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    documents = [document(tmp_path / f"[{number}].wav", warnings=("no_speech",)) for number in range(4)]
    told = shown(documents, capsys, {"x.wav": "x.wav: the file is empty"})
    for part in ("[0].wav", "没有听到说话", "共 5 个录音：分析 4 个，失败 1 个", "宽带故障 4", "生气 4", "149 倍速"):
        assert part in told
    assert "要转网（高）4个" in "".join(told.split())
    assert "x.wav: the file is empty" in told
    assert "来电者" not in told


def test_nothing_but_failures_is_told(capsys: pytest.CaptureFixture[str]):
    told = shown([], capsys, {"a.wav": "a.wav: empty", "b\x1b.wav": "b\x1b.wav: empty"})
    assert "分析 0 个，失败 2 个" in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("stereo", "expected"),
    [
        ("left=customer,right=agent", ("customer", "agent")),
        ("right=customer, left=agent", ("agent", "customer")),
        ("left=agent", ("agent", "customer")),
        ("right=system", ("customer", "system")),
    ],
)
def test_sides_are_read(stereo: str, expected: tuple[str, str]):
    sides = _sides(stereo, agent_only=False, customer_only=False)
    assert ((sides.left, sides.right), sides.mono) == (expected, None)


@pytest.mark.parametrize("stereo", ["", "left", "left=caller", "middle=agent", "left=agent,left=customer", "agent"])
def test_other_sides_are_refused(stereo: str):
    with pytest.raises(typer.BadParameter):
        _sides(stereo, agent_only=False, customer_only=False)


def test_mono_belongs_to_one_side_at_most():
    assert _sides("left=agent", agent_only=True, customer_only=False) == Sides("agent", "customer", "agent")
    assert _sides("left=agent", agent_only=False, customer_only=True).mono == "customer"
    with pytest.raises(typer.BadParameter):
        _sides("left=agent", agent_only=True, customer_only=True)
