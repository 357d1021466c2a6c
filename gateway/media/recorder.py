"""Both sides of a call in one file, laid out by the media clock and playable at any moment, even after a kill -9.

A 16 kHz stereo WAV, caller left, hotline right. The call puts 200 ms blocks on a bounded queue; one thread writes each
at the byte that its time stands for and only then raises the sizes in the header, so the header never promises more
than there is. What was never written (a gap in the clock, a block that found the queue full) is a hole, and plays as
silence: later sound keeps its place.
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import struct
import threading
from pathlib import Path

import numpy as np

from gateway.errors import RecordingError
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame

log = logging.getLogger(__name__)

CHANNELS = 2
BYTES_PER_FRAME = FRAME_SAMPLES * CHANNELS * 2
HEADER_BYTES = 44
BLOCK_FRAMES = 10
"""200 ms: how much a kill can cost, besides what is still queued."""
MAX_QUEUED_BLOCKS = 150
"""30 s of a disk that doesn't answer; 2 MB."""
MAX_FRAMES = (2**32 - 1 - HEADER_BYTES) // BYTES_PER_FRAME
"""About 18 hours: the sizes in a WAV header have 32 bits."""
CLOSE_TIMEOUT_S = 5.0


def _header(data_bytes: int) -> bytes:
    """Canonical RIFF/WAVE header (Microsoft/IBM, 1991), PCM."""
    block_align = CHANNELS * 2
    fmt = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, CHANNELS, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * block_align, block_align, 16
    )
    return struct.pack("<4sI4s", b"RIFF", 36 + data_bytes, b"WAVE") + fmt + struct.pack("<4sI", b"data", data_bytes)


def _write_all(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


class StereoRecorder:
    """Records one call. `write` and `close` belong to the call's thread; nothing here makes a live call wait or fail.

    Args:
        path: the file to make; folders are made as needed. An existing file is not overwritten.
        patient: the call can wait for the disk, as one on virtual time can, which outruns any disk.

    Raises:
        RecordingError: the file can't be made or its header not written.
    """

    def __init__(self, path: Path, *, patient: bool = False) -> None:
        self.path = path
        self._wait_s = CLOSE_TIMEOUT_S if patient else 0.0
        self._fd = _create(path)
        self._error: OSError | None = None
        self._dropped_frames = 0
        self._written_frames = 0
        self._block: list[bytes] = []
        self._block_start = 0
        self._queue: queue.Queue[tuple[int, bytes] | None] = queue.Queue(MAX_QUEUED_BLOCKS)
        self._closed = False
        self._thread = threading.Thread(target=self._write_blocks, name="recorder", daemon=True)
        self._thread.start()

    @property
    def error(self) -> RecordingError | None:
        """Why the recording stopped early or has holes; None while all is well."""
        if self._error is not None:
            reason = self._error.strerror or type(self._error).__name__
            return RecordingError(
                f"the recording stopped after {self._written_frames * FRAME_MS / 1000:.1f} s: {reason}",
                where=str(self.path),
                remedy="make room on the disk",
            )
        if self._dropped_frames:
            return RecordingError(
                f"the disk was too slow: {self._dropped_frames * FRAME_MS / 1000:.1f} s are silent in the recording",
                where=str(self.path),
                remedy="record to a faster disk",
            )
        return None

    @property
    def dropped_frames(self) -> int:
        """20 ms frames that are silent in the file because the disk didn't keep up."""
        return self._dropped_frames

    def write(self, index: int, caller: Frame, hotline: Frame) -> None:
        """Place one frame of both sides at `index` * 20 ms from the start of the recording. Never blocks a live call.

        Indexes rise; a gap plays as silence.

        Raises:
            ValueError: an index that lies before one already written.
        """
        expected = self._block_start + len(self._block)
        if index < expected:
            raise ValueError(f"frame {index} is already recorded; the next one is {expected}")
        if self._closed or self._error is not None:
            return
        if index != expected:
            self._pass_on()
            self._block_start = index
        self._block.append(np.column_stack((caller, hotline)).astype("<i2", copy=False).tobytes())
        if len(self._block) == BLOCK_FRAMES:
            self._pass_on()

    def close(self) -> RecordingError | None:
        """Write what is left and close the file, waiting a few seconds for the disk at most; idempotent.

        Returns `error`. Blocking: call it on a thread where a loop must go on.
        """
        if not self._closed:
            self._wait_s = CLOSE_TIMEOUT_S
            self._pass_on()
            self._closed = True
            try:
                self._queue.put(None, timeout=CLOSE_TIMEOUT_S)
            except queue.Full:
                log.error("the recorder's disk doesn't answer", extra={"path": str(self.path)})
            self._thread.join(CLOSE_TIMEOUT_S)
            if self._thread.is_alive():
                self._error = self._error or OSError(errno.ETIMEDOUT, "the disk doesn't answer")
        return self.error

    def _pass_on(self) -> None:
        frames = len(self._block)
        if frames:
            try:
                self._queue.put(
                    (self._block_start, b"".join(self._block)), block=self._wait_s > 0, timeout=self._wait_s
                )
            except queue.Full:
                self._dropped_frames += frames
        self._block.clear()
        self._block_start += frames

    def _write_blocks(self) -> None:
        try:
            while (block := self._queue.get()) is not None:
                if self._error is None:
                    self._write_block(*block)
        finally:
            os.close(self._fd)

    def _write_block(self, start: int, data: bytes) -> None:
        end = start + len(data) // BYTES_PER_FRAME
        try:
            if end > MAX_FRAMES:
                raise OSError(errno.EFBIG, "a WAV file holds no more than 18 hours")
            _write_all(self._fd, data, HEADER_BYTES + start * BYTES_PER_FRAME)
            _write_all(self._fd, _header(end * BYTES_PER_FRAME), 0)
        except OSError as error:
            log.warning("the recording stopped", extra={"path": str(self.path), "errno": error.errno})
            self._error = error
        else:
            self._written_frames = end


def _create(path: Path) -> int:
    """Make the file with a header that is already valid. Readable by the owner only: it holds people's voices."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise RecordingError(
            f"the recording can't be made: {error.strerror}",
            where=str(path),
            remedy="choose a writable folder",
        ) from error
    try:
        _write_all(fd, _header(0), 0)
    except OSError as error:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise RecordingError(
            f"the recording can't be made: {error.strerror}", where=str(path), remedy="make room on the disk"
        ) from error
    return fd
