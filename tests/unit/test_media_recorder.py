"""The recorder: everything in its place, valid at every moment, and never in the call's way."""

from __future__ import annotations

import resource
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.errors import RecordingError
from gateway.media import recorder as module
from gateway.media.frames import FRAME_SAMPLES, SILENCE
from gateway.media.recorder import BLOCK_FRAMES, MAX_QUEUED_BLOCKS, StereoRecorder
from tests.support.sound import marked_frame

pytestmark = pytest.mark.unit


def frames_of(path: Path) -> list[tuple[int, int]]:
    """The marks of caller and hotline, frame by frame."""
    pcm, rate_hz = soundfile.read(path, dtype="int16")
    assert (rate_hz, pcm.shape[1], len(pcm) % FRAME_SAMPLES) == (16_000, 2, 0)
    blocks = pcm.reshape(-1, FRAME_SAMPLES, 2)
    assert all((block == block[0]).all() for block in blocks)
    return [(int(block[0, 0]), int(block[0, 1])) for block in blocks]


def test_the_caller_is_left_and_the_hotline_right(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "calls" / "one.wav")
    for index in range(37):
        recorder.write(index, marked_frame(index), marked_frame(-index))
    assert recorder.close() is None
    assert frames_of(recorder.path) == [(index, -index) for index in range(37)]


def test_a_gap_in_the_clock_is_silence_and_later_sound_keeps_its_place(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "gap.wav")
    for index in (0, 1, 2, 40, 41, 500):
        recorder.write(index, marked_frame(index + 1), marked_frame(7))
    recorder.close()
    expected = [(index + 1, 7) if index in (0, 1, 2, 40, 41, 500) else (0, 0) for index in range(501)]
    assert frames_of(recorder.path) == expected


def test_time_does_not_go_back(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "back.wav")
    recorder.write(5, SILENCE, SILENCE)
    with pytest.raises(ValueError, match="frame 5 is already recorded; the next one is 6"):
        recorder.write(5, SILENCE, SILENCE)
    recorder.close()


def test_a_recording_of_nothing_is_a_valid_file(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "empty.wav")
    assert recorder.close() is None
    assert soundfile.info(recorder.path).frames == 0


def test_voices_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "private.wav")
    recorder.close()
    assert stat.S_IMODE(recorder.path.stat().st_mode) == 0o600


def test_closing_twice_and_writing_after_it_change_nothing(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "twice.wav")
    recorder.write(0, SILENCE, SILENCE)
    recorder.close()
    size = recorder.path.stat().st_size
    recorder.write(1, SILENCE, SILENCE)
    assert recorder.close() is None
    assert recorder.path.stat().st_size == size


@pytest.mark.parametrize("blocked", ["file", "folder"])
def test_a_recording_that_cannot_be_made_is_refused_at_once(tmp_path: Path, blocked: str) -> None:
    path = tmp_path / "x" / "call.wav"
    if blocked == "file":
        path.parent.mkdir()
        path.write_bytes(b"another call")
    else:
        path.parent.write_bytes(b"not a folder")
    before = threading.active_count()
    with pytest.raises(RecordingError, match=r"can't be made.*choose a writable folder"):
        StereoRecorder(path)
    assert threading.active_count() == before
    if blocked == "file":
        assert path.read_bytes() == b"another call"


def limit_file_size(limit: int) -> tuple[int, int]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    return before


def test_a_disk_that_is_full_from_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    before = limit_file_size(0)
    try:
        with pytest.raises(RecordingError, match="make room"):
            StereoRecorder(tmp_path / "full.wav")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_ends_the_recording_and_not_the_call(tmp_path: Path) -> None:
    before = limit_file_size(100_000)
    try:
        recorder = StereoRecorder(tmp_path / "fills.wav")
        for index in range(1000):
            recorder.write(index, marked_frame(index), SILENCE)
        error = recorder.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert error is not None
    assert recorder.error is not None
    assert "stopped after 1.4 s" in str(error)
    assert str(recorder.path) in str(error)
    assert frames_of(recorder.path) == [(index, 0) for index in range(70)]


def test_a_disk_that_does_not_keep_up_costs_sound_but_never_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    write_all = module._write_all

    def slow(fd: int, data: bytes, offset: int) -> None:
        assert goes_on.wait(20)
        write_all(fd, data, offset)

    recorder = StereoRecorder(tmp_path / "slow.wav")
    monkeypatch.setattr(module, "_write_all", slow)
    frames = (MAX_QUEUED_BLOCKS + 21) * BLOCK_FRAMES
    for index in range(frames):
        recorder.write(index, marked_frame(index % 30_000 + 1), SILENCE)
    assert recorder.dropped_frames >= 20 * BLOCK_FRAMES
    goes_on.set()
    recorder.write(frames + 5, marked_frame(9), marked_frame(9))
    error = recorder.close()
    assert error is not None
    assert "too slow" in str(error)
    recorded = frames_of(recorder.path)
    assert recorded[frames + 5] == (9, 9)
    kept = [mark for mark, _ in recorded[:frames]]
    assert all(mark in (0, index % 30_000 + 1) for index, mark in enumerate(kept))
    assert kept.count(0) == recorder.dropped_frames


def test_a_call_that_can_wait_for_the_disk_loses_nothing(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "patient.wav", patient=True)
    frames = 5 * MAX_QUEUED_BLOCKS * BLOCK_FRAMES
    for index in range(frames):
        recorder.write(index, marked_frame(index + 1), SILENCE)
    assert recorder.close() is None
    assert frames_of(recorder.path) == [(index + 1, 0) for index in range(frames)]


def test_closing_waits_for_a_dead_disk_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    def dead(fd: int, data: bytes, offset: int) -> None:
        assert goes_on.wait(20)

    monkeypatch.setattr(module, "CLOSE_TIMEOUT_S", 0.05)
    recorder = StereoRecorder(tmp_path / "dead.wav")
    monkeypatch.setattr(module, "_write_all", dead)
    recorder.write(0, SILENCE, SILENCE)
    error = recorder.close()
    goes_on.set()
    assert error is not None
    assert "doesn't answer" in str(error)
    recorder._thread.join(20)


def test_more_than_a_wav_file_holds_is_an_error_and_not_a_broken_header(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "long.wav")
    recorder.write(0, marked_frame(1), marked_frame(1))
    recorder.write(module.MAX_FRAMES, SILENCE, SILENCE)
    error = recorder.close()
    assert error is not None
    assert "18 hours" in str(error)
    assert frames_of(recorder.path) == [(1, 1)]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_every_file_is_closed(tmp_path: Path) -> None:
    before = open_files()
    for number in range(5):
        StereoRecorder(tmp_path / f"{number}.wav").close()
    assert open_files() == before
    assert np.all([soundfile.info(path).frames == 0 for path in tmp_path.iterdir()])
