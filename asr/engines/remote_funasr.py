"""The WebSocket protocol of the FunASR runtime.

Source: FunASR, runtime/docs/websocket_protocol.md, and what its servers do (runtime/websocket/bin/websocket-server.cpp
for `offline`, websocket-server-2pass.cpp for `online` and `2pass`). Three things that the page doesn't say:
- `2pass-online` brings only the words that are new; `2pass-offline` brings a whole stretch, in place of those.
- An offline server answers once, with `is_final` false; the other servers mark their last answer with it.
- A server made with Python's websockets (runtime/python/websocket) refuses a client that doesn't offer `binary`; its
  later versions say `is_end` when they are through, if they were told `is_end`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

from asr.engine import SAMPLE_RATE_HZ, Capabilities, ClosedAnswer
from asr.engines.remote_wire import LONGEST_TEXT, Heard, Hearing, text_field

Mode = Literal["offline", "online", "2pass"]

CHUNK_SIZE = (5, 10, 5)
"""In 60 ms: what a streaming model looks back, takes at a time and looks ahead. The documented default."""
CHUNK_INTERVAL = 10
"""Messages for what the model takes at a time: 600 ms of audio in ten."""

CONFIDENCE = 0.8
"""A runtime says nothing of how sure it is. This is neither doubt nor certainty: what else is heard weighs more."""

HOTWORD_WEIGHT = 20
"""Of 1 to 100; the documentation's own examples have 20 and 30."""
MOST_HOTWORDS = 200

_TAG = re.compile(r"<\|[^|<>]*\|>")
"""SenseVoice's marks of language, mood and sound, which some servers leave in the text."""


class FunasrDialect:
    """A FunASR runtime.

    Args:
        mode: `offline`: one answer, in the end; `online`: while the caller speaks; `2pass`: the same, and each stretch
            of speech heard once more by a better model.
    """

    subprotocols = ("binary",)
    chunk_samples = SAMPLE_RATE_HZ * 60 * CHUNK_SIZE[1] // CHUNK_INTERVAL // 1000

    def __init__(self, mode: Mode) -> None:
        self._mode: Mode = mode
        self.capabilities = Capabilities(streaming=mode != "offline", hints=True, word_times=False)

    def hearings(self, hints: Sequence[str], answer: ClosedAnswer | None) -> Sequence[Hearing]:  # noqa: ARG002
        return (FunasrHearing(self._mode, hints),)

    def heard(self, hearings: Sequence[Hearing]) -> Heard:
        text = hearings[0].partial
        return Heard(text, CONFIDENCE if text else 0.0)


class FunasrHearing:
    """One utterance; see `Hearing`."""

    closing = json.dumps({"is_speaking": False, "is_end": True})

    def __init__(self, mode: Mode, hints: Sequence[str] = ()) -> None:
        self._mode: Mode = mode
        self._hotwords = tuple(dict.fromkeys(filter(None, map(str.strip, hints))))[:MOST_HOTWORDS]
        self._whole: list[str] = []
        self._new: list[str] = []
        self._length = 0
        self._ended = False

    @property
    def opening(self) -> str:
        # Numbers are wanted as they were spoken (`itn` off): what they are is for the question to know.
        opening = {
            "mode": self._mode,
            "wav_name": "call",
            "wav_format": "pcm",
            "audio_fs": SAMPLE_RATE_HZ,
            "is_speaking": True,
            "chunk_size": list(CHUNK_SIZE),
            "chunk_interval": CHUNK_INTERVAL,
            "itn": False,
            "svs_lang": "zh",
        }
        if self._hotwords:
            weights = dict.fromkeys(self._hotwords, HOTWORD_WEIGHT)
            opening["hotwords"] = json.dumps(weights, ensure_ascii=False)  # a text that is JSON: so it is documented
        return json.dumps(opening, ensure_ascii=False)

    @property
    def partial(self) -> str:
        return "".join((*self._whole, *self._new)).strip()

    def sent(self) -> None:
        """Chunks aren't answered one by one."""

    def ended(self) -> None:
        self._ended = True

    def take(self, answer: dict[str, Any]) -> bool:
        mode = text_field(answer, "mode")
        text = _TAG.sub("", text_field(answer, "text"))
        self._length += len(text)
        if self._length > LONGEST_TEXT:
            raise ValueError("more text than anybody says")
        if mode.endswith("offline"):
            self._whole.append(text)
            self._new.clear()
        elif text:
            self._new.append(text)
        if not self._ended:
            return False  # servers in Python say `is_final` of every answer while audio is still coming
        return bool(answer.get("is_final") or answer.get("is_end")) or self._mode == "offline"
