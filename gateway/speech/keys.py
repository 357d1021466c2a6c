"""Keys into entries: length, finish key, inter-digit time-out, and keys pressed ahead of the question."""

from __future__ import annotations

from collections import deque
from typing import Literal

from gateway.dialogue.actions import KeyEntry
from gateway.speech.events import KeysEntered

MAX_TYPED_AHEAD = 64
"""Keys kept before anybody asks; who presses more isn't dialling."""


class KeyCollector:
    """Assembles one caller's keys, in order, none lost. Pure.

    An entry shorter than `min_digits` is handed on when its time is out: what to say to it is the dialogue's business.
    """

    def __init__(self) -> None:
        self._ahead: deque[tuple[str, float]] = deque(maxlen=MAX_TYPED_AHEAD)
        self._digits = ""
        self._start_ms = 0.0
        self._end_ms = 0.0
        self._wait_from_ms = 0.0
        self._needless: tuple[str, float] | None = None

    @property
    def entering(self) -> bool:
        """An entry has begun and isn't complete."""
        return bool(self._digits)

    @property
    def waiting(self) -> bool:
        """Keys were pressed that `collect` hasn't seen."""
        return bool(self._ahead)

    def begin(self) -> None:
        """A new question: forget a half-made entry, keep the keys pressed ahead."""
        self._digits = ""

    def forget(self) -> None:
        """Keys pressed so far answer nothing."""
        self._ahead.clear()
        self._digits = ""

    def press(self, key: str, now_ms: float) -> None:
        """Take one key."""
        needless, self._needless = self._needless, None
        if needless is None or key != needless[0] or now_ms > needless[1]:
            self._ahead.append((key, now_ms))

    def collect(self, entry: KeyEntry, now_ms: float) -> KeysEntered | None:
        """Move waiting keys into the entry; returns it once it is complete. Later keys wait for the next question."""
        while self._ahead:
            key, pressed_ms = self._ahead.popleft()
            if not self._digits:
                self._start_ms = pressed_ms
            self._end_ms, self._wait_from_ms = pressed_ms, now_ms
            if key == entry.finish_on_key:
                return self._complete("finish_key", now_ms)
            self._digits += key
            if len(self._digits) >= entry.max_digits:
                if entry.finish_on_key is not None:
                    # Who ends a full number with the finish key all the same must not answer the next question with it.
                    self._needless = (entry.finish_on_key, now_ms + entry.inter_digit_timeout_ms)
                return self._complete("length", now_ms)
        if self._digits and now_ms - self._wait_from_ms >= entry.inter_digit_timeout_ms:
            return self._complete("timeout", now_ms)
        return None

    def _complete(self, by: Literal["finish_key", "length", "timeout"], now_ms: float) -> KeysEntered:
        digits, self._digits = self._digits, ""
        return KeysEntered(digits, by, start_ms=self._start_ms, end_ms=self._end_ms, ended_at_ms=now_ms)
