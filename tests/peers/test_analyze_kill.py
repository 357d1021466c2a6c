"""Workers of `analyze` that are killed, and `analyze` itself killed: nothing is lost, nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import soundfile

from gateway.analytics.recordings.batch import Batch
from gateway.analytics.recordings.crew import Crew, Outcome, WorkersError
from gateway.analytics.recordings.files import wanted_files
from gateway.analytics.recordings.results import Results
from gateway.errors import SettingsError
from tests.support import analyze_work, command
from tests.support.sound import tone

pytestmark = pytest.mark.peers

ROOT = Path(__file__).parents[2]


def run(names: list[str], workers: int = 2, prepare: Callable = analyze_work.prepare) -> dict[str, Outcome[Path]]:
    with Crew(workers, prepare) as crew:
        outcomes = {outcome.task.name: outcome for outcome in crew.run(map(Path, names), lambda path: path)}
    assert not children(os.getpid())
    return outcomes


def children(pid: int) -> list[int]:
    """Processes of a parent that run, but for multiprocessing's tracker, which goes with its parent."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            line = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z" and b"resource_tracker" not in line:
            found.append(int(folder.name))
    return found


def until(holds: Callable[[], object], limit_s: float = 20.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_what_one_file_does_to_its_worker_costs_no_other_file():
    names = ["a.wav", "broken.wav", "killed.wav", "b.wav", "exits.wav", "bug.wav", "c.wav"]
    outcomes = run(names)
    assert set(outcomes) == set(names)
    assert [name for name in names if outcomes[name].failure is None] == ["a.wav", "b.wav", "c.wav"]
    assert outcomes["broken.wav"].failure == "broken.wav: the file is broken"
    assert "signal 9" in (outcomes["killed.wav"].failure or "")
    assert "status 3" in (outcomes["exits.wav"].failure or "")
    assert "ZeroDivisionError" in (outcomes["bug.wav"].failure or "")
    assert outcomes["a.wav"].result.startswith("a.wav ")


def test_a_recipe_that_fails_is_told_at_once():
    with pytest.raises(SettingsError, match="no such engine"):
        run(["a.wav", "b.wav"], prepare=analyze_work.prepare_nothing)


def test_workers_that_die_before_they_are_ready_end_it():
    with pytest.raises(WorkersError, match="status 9"):
        run(["a.wav"], workers=1, prepare=analyze_work.prepare_to_die)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent(number: signal.Signals):
    arguments = [sys.executable, "-m", "tests.support.analyze_work", "a.wav", "sleeps-1.wav", "sleeps-2.wav"]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith(b"a.wav")
        workers = children(parent.pid)
        assert len(workers) == 2
        parent.send_signal(number)
        parent.wait(20)
        until(lambda: not any(map(is_running, workers)))


def is_running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def batch(folder: Path, out: Path) -> Batch:
    files = wanted_files([folder])
    return Batch(files, analyze_work.prepare_documents, 1, Results(out, {}))


def test_a_run_that_was_cut_short_goes_on_where_it_was(tmp_path: Path):
    made = tmp_path / "in"
    made.mkdir()
    for number in range(6):
        (made / f"{number}.wav").write_bytes(b"sound")
    (made / "killed-7.wav").write_bytes(b"sound")
    first = batch(made, tmp_path / "out")
    with closing(first.run()) as running:
        done = [next(running).wanted.path.name for _ in range(3)]
    assert done == ["0.wav", "1.wav", "2.wav"]
    assert not children(os.getpid())
    assert first.finish()["analysed"] == 3
    assert len((tmp_path / "out/summary.csv").read_text().splitlines()) == 4

    (made / "1.wav").write_bytes(b"other sound")
    next((tmp_path / "out/recordings").glob("2-*.json")).write_text("{half")
    second = batch(made, tmp_path / "out")
    told = {one.wanted.path.name: one for one in second.run()}
    assert [name for name, one in told.items() if one.unchanged] == ["0.wav"]
    assert "signal 9" in (told["killed-7.wav"].failure or "")
    summary = second.finish()
    assert (summary["analysed"], summary["failed"], summary["unchanged"]) == (6, 1, 1)
    assert json.loads((tmp_path / "out/summary.json").read_text()) == summary


def test_the_command_does_a_folder_but_for_what_is_broken(tmp_path: Path):
    made = tmp_path / "in"
    (made / "sub").mkdir(parents=True)
    for name in ("a.wav", "b [red].wav", "sub/c.wav"):
        soundfile.write(made / name, tone(900), 16_000)
    (made / "empty.wav").write_bytes(b"")
    (made / "text.mp3").write_text("nothing to hear")
    (made / "sub/up").symlink_to(made)
    done = command.run("analyze", made, "--json", "--engine", "scripted", "--workers", "1", cwd=ROOT)
    told = {Path(line["File"]["Path"]).name: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert set(told) == {"a.wav", "b [red].wav", "c.wav", "empty.wav", "text.mp3"}
    assert {name for name, line in told.items() if "Error" in line} == {"empty.wav", "text.mp3"}
    assert told["a.wav"]["Warnings"] == ["no_speech"]
    assert "empty (0 bytes)" in done.stderr
