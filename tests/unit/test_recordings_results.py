"""What was found in recordings is kept, known again, and summed up."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.recordings.document import RecordingDocument, recording_document
from gateway.analytics.recordings.files import Wanted
from gateway.analytics.recordings.hearing import punctuated
from gateway.analytics.recordings.listening import Recording
from gateway.analytics.recordings.recipe import made_with, rules_version, usual_requests
from gateway.analytics.recordings.results import Results
from gateway.analytics.recordings.sides import Sides
from gateway.analytics.recordings.summary import Summary
from gateway.analytics.routing.book import load_book
from gateway.errors import RecordingError
from gateway.findings import CallFindings, CallMood, Flag, QualityCard, Route, Severity

pytestmark = pytest.mark.unit

MADE = made_with("whisper", None, Sides(), unmasked=False)


def document(path: Path, *, severity: Severity = "medium", score: float = 80.0, unmasked: bool = False) -> dict:
    """Of a recording in which a number is told and somebody wants to leave."""
    path.write_bytes(b"sound") if not path.exists() else None
    said = Segment(index=0, participant="customer", text="我的号码是13800138000，我要销户", begin_ms=500, end_ms=4500)
    conversation = Conversation(id="r1", source="recording", segments=(said,), ended=True, duration_ms=5000)
    findings = CallFindings(
        route=Route(route="sim_identity", probability=0.9, skill_group="identity"),
        mood=CallMood(polarity="negative", anger=1, at_end="negative", trend="worse"),
        flags=(Flag(flag="churn", title="要销户", severity=severity, at_ms=3500, evidence=(said.evidence(19, 21),)),),
        turns=(),
        quality=(QualityCard(card="agent", title="坐席", score=score, failed=score == 0, hits=()),),
        summary="=我要销户",
    )
    recording = Recording(conversation, rate_hz=8000, channels=1, speech_ms=4000.0, warnings=("sides_unsure",))
    made = recording_document(path, Wanted(path).shown, recording, findings, MADE, unmasked=unmasked)
    made["Processing"] = {"ElapsedMillis": 300, "CpuMillis": 250}
    return made


def test_a_recordings_document_is_a_calls_with_its_file(tmp_path: Path):
    made = document(tmp_path / "a.wav")
    read = RecordingDocument.model_validate_json(json.dumps(made))
    assert (read.source, read.version, read.recording) == ("recording", "1.0", str(tmp_path / "a.wav"))
    assert (read.file.size_bytes, read.file.rate_hz, read.warnings) == (5, 8000, ["sides_unsure"])
    assert read.categories.matched_details["churn"].points_of_interest[0].content == "销户"
    assert read.made_with == MADE


@pytest.mark.parametrize(("unmasked", "told"), [(False, False), (True, True)])
def test_numbers_are_masked_unless_they_are_wanted(tmp_path: Path, unmasked: bool, told: bool):
    made = document(tmp_path / "a.wav", unmasked=unmasked)
    assert ("13800138000" in json.dumps(made)) is told
    assert made["Transcript"][0]["Content"].endswith("，我要销户")


def test_a_finished_recording_is_known_again(tmp_path: Path):
    wanted = Wanted(tmp_path / "a.wav")
    made = document(wanted.path)
    results = Results(tmp_path / "out/deep", MADE)
    assert results.finished(wanted) is None
    results.keep(wanted, made)
    assert results.finished(wanted) == made
    assert [path.name for path in (tmp_path / "out/deep/recordings").iterdir()] == [f"{wanted.key}.json"]
    assert results.path(wanted).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("change", ["content", "time", "engine", "damage", "another form", "gone"])
def test_what_changed_is_done_again(tmp_path: Path, change: str):
    wanted = Wanted(tmp_path / "a.wav")
    results = Results(tmp_path / "out", MADE)
    results.keep(wanted, document(wanted.path))
    match change:
        case "content":
            status = wanted.path.stat()
            wanted.path.write_bytes(b"other sound")
            os.utime(wanted.path, ns=(status.st_atime_ns, status.st_mtime_ns))
        case "time":
            os.utime(wanted.path, ns=(1, 1))
        case "engine":
            results = Results(tmp_path / "out", made_with("vosk", None, Sides(), unmasked=False))
        case "damage":
            results.path(wanted).write_bytes(results.path(wanted).read_bytes()[:300])
        case "another form":
            results.path(wanted).write_text("[1, 2]")
        case "gone":
            wanted.path.unlink()
    assert results.finished(wanted) is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="can't be written"):
        Results(tmp_path / "file/out", MADE)


def test_a_document_that_cannot_be_written_leaves_nothing(tmp_path: Path):
    wanted = Wanted(tmp_path / "a.wav")
    results = Results(tmp_path / "out", MADE)
    results.path(wanted).mkdir()
    with pytest.raises(RecordingError):
        results.keep(wanted, document(wanted.path))
    assert [path.name for path in (tmp_path / "out/recordings").iterdir()] == [f"{wanted.key}.json"]


def test_all_together_is_counted(tmp_path: Path):
    summary = Summary()
    summary.add(document(tmp_path / "a.wav", score=90.0), kept_in="recordings/a.json")
    summary.add(document(tmp_path / "b.wav", severity="high", score=0.0), unchanged=True)
    summary.fail("c.wav", "c.wav: the file is empty")
    told = summary.as_json(elapsed_s=0.5)
    assert (told["files"], told["analysed"], told["unchanged"], told["failed"]) == (3, 2, 1, 1)
    assert (told["audio_s"], told["new_audio_s"], told["cpu_s"], told["times_real_time"]) == (10.0, 5.0, 0.2, 10.0)
    assert told["routes"] == {"sim_identity": 2}
    (flag,) = told["flags"]
    assert (flag["flag"], flag["severity"]) == ("churn", "high")
    assert flag["files"] == [str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]
    expected = {"card": "agent", "title": "坐席", "count": 2, "mean": 45.0, "least": 0.0, "failed": 1}
    assert told["quality"] == [expected]
    assert told["warnings"]["sides_unsure"] == flag["files"]
    assert told["failures"] == [{"file": "c.wav", "reason": "c.wav: the file is empty"}]
    json.dumps(told)


def test_a_spreadsheet_gets_a_row_for_each_and_no_formula(tmp_path: Path):
    summary = Summary()
    summary.fail("-c.wav", "empty")
    summary.add(document(tmp_path / "a.wav"), kept_in="recordings/a.json")
    text = summary.as_csv()
    assert text.startswith("\ufefffile,status,")
    failed, analysed = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    assert (failed["file"], failed["status"], failed["failure"], failed["route"]) == ("'-c.wav", "failed", "empty", "")
    assert (analysed["summary"], analysed["flags"], analysed["quality"]) == ("'=我要销户", "churn", "agent=80")


def test_no_recordings_come_to_nothing():
    told = Summary().as_json(elapsed_s=0.0)
    assert (told["files"], told["times_real_time"], told["routes"]) == (0, None, {})


def test_rules_that_change_have_another_version(tmp_path: Path):
    (tmp_path / "flags.yaml").write_text("a: 1")
    first = rules_version(tmp_path)
    (tmp_path / "flags.yaml").write_text("a: 2")
    assert len({rules_version(None), first, rules_version(tmp_path)}) == 3


def test_hints_are_short_requests_of_every_route():
    book = load_book()
    hints = usual_requests(book)
    texts = {name: set(rule.examples) for name, rule in book.rules.routes.items()}
    asked = {name for name, examples in texts.items() if examples & set(hints)}
    assert len(hints) == len(set(hints)) <= 3 * len(texts)
    assert len(asked) >= len(texts) - 3  # some ask for nothing in so few characters
    assert not texts["other"] & set(hints)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好,我想查话费", "你好，我想查话费"),
        ("喂 你好?", "喂，你好？"),
        ("1,000 块钱", "1,000 块钱"),
        ("花了3.5元!", "花了3.5元！"),
        ("hello, world", "hello, world"),
        ("用 wifi 上网", "用 wifi 上网"),
        ("", ""),
    ],
)
def test_marks_are_those_of_chinese(text: str, expected: str):
    assert punctuated(text) == expected
