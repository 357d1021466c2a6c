"""The root of the one exception tree, and its speech branch.

    VoiceGatewayError            what went wrong, where, and what to do about it
    └── SpeechError              anything the speech side can refuse
        ├── AudioFileError          a file that cannot be heard: missing, empty, truncated, not audio, ...
        ├── ModelError              a model that is missing, damaged or does not fit its engine
        ├── UnknownEngineError      a name that the registry does not have
        ├── EngineUnavailableError  an engine that can't be reached, gives no answer in time, or answers nonsense
        ├── ManifestError           a scoring manifest with a bad line
        └── ConditionError          a condition that `asr bench` doesn't know, or can't make (asr.bench.conditions)

`gateway.errors` grows the other branches from the same root, so one `except` at the edge is enough.
"""

from __future__ import annotations

import re

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
"""Errors are English for who runs the service, Chinese for who writes flows and rules; the joint is of its language."""


class VoiceGatewayError(Exception):
    """An error a person can act on.

    Args:
        message: what is wrong, in one sentence and without personal data.
        where: the thing and the place: a path, `file:line:column`, a setting's name.
        remedy: what to do about it, as an imperative.
    """

    exit_code = 2

    def __init__(self, message: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if not self.remedy:
            return text
        return f"{text}{'；' if _CHINESE.match(self.remedy) else '; '}{self.remedy}"


class SpeechError(VoiceGatewayError):
    """Anything the speech side refuses."""


class AudioFileError(SpeechError):
    """An audio file that cannot be heard."""


class ModelError(SpeechError):
    """A model that is missing, damaged or unfit for its engine."""


class UnknownEngineError(SpeechError):
    """An engine name that the registry does not have."""


class EngineUnavailableError(SpeechError):
    """An engine that can't be reached, gives no answer in time, or answers nonsense: another one may do better."""


class ManifestError(SpeechError):
    """A scoring manifest with a bad line."""
