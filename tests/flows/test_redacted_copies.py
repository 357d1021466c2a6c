"""A copy of a call's recording in which what belongs to the caller alone is silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.analytics.copies import redacted_copy, write_missing_copies
from gateway.errors import RecordingError, StoreError
from gateway.store import Store
from gateway.store.retention import RetentionConfig, apply
from tests.support.calls import SAMPLES, place_call

pytestmark = pytest.mark.flows

SPEECH = str(SAMPLES / "demo" / "balance.wav")


def test_a_number_is_silent_and_everything_else_as_it_was(tmp_path: Path) -> None:
    ended = place_call(tmp_path, [SPEECH, SPEECH, "hangup"], ["我的电话是幺三八零零幺三八零零零", "查话费"]).ended
    turn = ended.turns[0]
    with Store.open_for_reading(tmp_path) as store:
        assert write_missing_copies(store) == 1
        assert write_missing_copies(store) == 0, "it is there"
        copy = redacted_copy(store, ended.call_id)
    before, rate_hz = soundfile.read(str(ended.recording), dtype="int16")
    after, _ = soundfile.read(str(copy), dtype="int16")
    assert before.shape == after.shape
    middle = slice(int((turn.start_ms + 300) * rate_hz / 1000), int((turn.end_ms - 50) * rate_hz / 1000))
    assert np.abs(before[middle, 0]).max() > 1000
    assert np.abs(after[middle, 0]).max() == 0
    assert np.array_equal(before[:, 1], after[:, 1]), "the hotline said no number"
    later = slice(int(ended.turns[1].start_ms * rate_hz / 1000), None)
    assert np.array_equal(before[later], after[later])


def test_what_has_none_is_told_in_words(tmp_path: Path) -> None:
    ended = place_call(tmp_path, [SPEECH, "hangup"], ["查话费"]).ended
    with Store.open(tmp_path) as store:
        with pytest.raises(StoreError, match="no call nobody"):
            redacted_copy(store, "nobody")
        later = datetime.now(UTC) + timedelta(days=2)
        apply(store, RetentionConfig(transcripts_days=1), later)
        with pytest.raises(RecordingError, match="words are deleted"):
            redacted_copy(store, ended.call_id)
        assert write_missing_copies(store) == 0
        apply(store, RetentionConfig(recordings_days=1), later)
        with pytest.raises(RecordingError):
            redacted_copy(store, ended.call_id)
