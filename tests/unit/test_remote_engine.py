"""What a remote engine refuses to be, before anything is connected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asr.engines.remote import RemoteEngine
from asr.errors import SpeechError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://127.0.0.1/"},
        {"url": "127.0.0.1:10095"},
        {"url": "ws://"},
        {"url": "ws://127.0.0.1:99999999/"},
        {"url": "ws://127.0.0.1/", "protocol": "kaldi"},
        {"url": "ws://127.0.0.1/", "mode": "3pass"},
        {"url": "wss://127.0.0.1/", "verify": Path("/nonexistent/ca.pem")},
    ],
)
def test_what_can_not_work_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(SpeechError) as refused:
        RemoteEngine(**options)
    assert refused.value.where
    assert refused.value.remedy
