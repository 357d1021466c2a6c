"""The sound of a call: which file somebody may hear, and its outline for the waveform. Blocking."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from gateway.analytics.copies import redacted_copy
from gateway.analytics.redaction import redacted_path
from gateway.errors import RecordingError
from gateway.store import Store
from gateway.store.queries import CallRecord
from gateway.store.retention import words_forgotten

MAX_BUCKETS = 4000
_SCALE = 127
_KEPT = 64
"""Outlines in memory, of some 10 kB each."""
_writing = threading.Lock()
"""Copies are written one at a time: two for one call would share their draft."""


class SilentError(RecordingError):
    """There is nothing to hear; told in Chinese to who asked.

    Args:
        message: why.
        is_gone: it was there once, or never; else it may come.
    """

    def __init__(self, message: str, *, is_gone: bool = True) -> None:
        super().__init__(message)
        self.is_gone = is_gone


def sound_of(store: Store, call: CallRecord, *, original: bool, message: int | None = None) -> Path:
    """The file that somebody may hear: within the store's own folder, whatever the row says.

    Args:
        store: has the call.
        call: whose sound.
        original: with the personal numbers in it; else the redacted copy, written now if there is none.
        message: the number of a message that was left, from 0; None: the whole call.

    Raises:
        SilentError: there is none, for now or any more.
        StoreError: the store can't be read.
    """
    if call.ended_at is None:
        raise SilentError("通话还在进行，结束后才能听录音。", is_gone=False)
    told = call.recording if message is None else _message(call, message)
    if not told:
        raise SilentError("这通电话没有录音，或者录音已按保留期限删除。")
    file = store.recordings / Path(told).name
    copy = redacted_path(file)
    if original:
        found = file if _is_within(store, file) else copy
    else:
        found = copy if _is_within(store, copy) else _written(store, call, copy)
    if not _is_within(store, found):
        raise SilentError("录音文件已不在，可能已按保留期限删除。")
    return found


def _message(call: CallRecord, number: int) -> str | None:
    return str(call.messages[number].get("path") or "") if 0 <= number < len(call.messages) else None


def _is_within(store: Store, file: Path) -> bool:
    """A plain file of the folder itself: no link leads out of it."""
    return file.parent == store.recordings and not file.is_symlink() and file.is_file()


def _written(store: Store, call: CallRecord, copy: Path) -> Path:
    """The redacted copy, now that it is asked for."""
    source = store.recordings / Path(call.recording or "?").name
    if not _is_within(store, source):
        raise SilentError("录音文件已不在，可能已按保留期限删除。")
    if words_forgotten(store, call.id):
        raise SilentError("通话文字已删除，无法再确定哪里要静音，所以只有能查看完整号码的人可以听原始录音。")
    with _writing:
        if not copy.is_file():
            try:
                redacted_copy(store, call.id)
            except RecordingError as error:
                raise SilentError("隐去号码的录音暂时做不出来；请管理员查看日志。", is_gone=False) from error
    return copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """How loud a recording is, piece by piece."""

    duration_ms: float
    sides: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    """Of each channel (caller, hotline; one for a mono file), the lowest and the highest sample of each of the pieces,
    -127 to 127."""


class Outlines:
    """Outlines of the latest files that were asked for, in memory."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int, int], Outline] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, file: Path, buckets: int) -> Outline:
        """The outline of a file in so many pieces, 1 to MAX_BUCKETS. Blocking: half a second for an hour, once.

        Raises:
            SilentError: the file isn't there any more, or isn't sound.
        """
        buckets = max(1, min(buckets, MAX_BUCKETS))
        try:
            stat = file.stat()
            key = str(file), stat.st_mtime_ns, stat.st_size, buckets
            with self._lock:
                if key in self._known:
                    self._known.move_to_end(key)
                    return self._known[key]
            found = outline(file, buckets)
        except (OSError, sf.LibsndfileError, RuntimeError) as error:
            raise SilentError("录音文件读不出来；请管理员查看日志。") from error
        with self._lock:
            self._known[key] = found
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return found


def outline(file: Path, buckets: int) -> Outline:
    """Read a file piece by piece. Raises OSError, RuntimeError or soundfile's error."""
    with sf.SoundFile(file) as sound:
        frames, channels = max(1, len(sound)), min(2, sound.channels)
        edges = np.linspace(0, frames, min(buckets, frames) + 1).astype(np.int64)
        low = np.zeros((len(edges) - 1, channels), np.int64)
        high = np.zeros((len(edges) - 1, channels), np.int64)
        # Pieces are read together until there are some seconds: each read has its price
        at_once = max(1, int(8 * sound.samplerate * (len(edges) - 1) / frames))
        for first in range(0, len(edges) - 1, at_once):
            last = min(first + at_once, len(edges) - 1)
            block = sound.read(int(edges[last] - edges[first]), dtype="int16", always_2d=True)[:, :channels]
            if len(block):
                starts = np.minimum(edges[first:last] - edges[first], len(block) - 1)
                low[first:last] = np.minimum.reduceat(block, starts).astype(np.int64) * _SCALE // 32768
                high[first:last] = np.maximum.reduceat(block, starts).astype(np.int64) * _SCALE // 32768
        duration_ms = len(sound) * 1000 / sound.samplerate
    sides: Any = zip(low.T.tolist(), high.T.tolist(), strict=True)
    return Outline(duration_ms=duration_ms, sides=tuple((tuple(lowest), tuple(highest)) for lowest, highest in sides))
