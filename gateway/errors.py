"""The exception tree: one root, so that one `except` at the edge is enough.

VoiceGatewayError                (asr.errors) what went wrong, where, and what to do about it; `exit_code` 2
├── SpeechError                  (asr.errors) AudioFileError, ModelError, UnknownEngineError, ManifestError
├── FlowError                    a flow file with mistakes: all of them, each at file:line:column
├── PromptError                  a prompt that nothing can say
├── ScriptError                  a caller script with a bad step
├── SettingsError                a setting that is unknown or out of range
├── LookupFailedError            a business look-up that failed or timed out (the flow's `on_error` takes it)
├── StoreError                   the store can't be opened, locked or written
├── RecordingError               the recording can't be written
├── RulesError                   a rule file of the analytics with mistakes: all of them, each at file:line:column
├── ConsoleError                 an account or a password that the console doesn't take
├── DeliveryError                a place that results are sent to and that can't be used
└── TransportError               an address that can't be listened on, a certificate that can't be used
"""

from __future__ import annotations

from asr.errors import AudioFileError, ManifestError, ModelError, SpeechError, UnknownEngineError, VoiceGatewayError

__all__ = [
    "AudioFileError",
    "ConsoleError",
    "DeliveryError",
    "FlowError",
    "LookupFailedError",
    "ManifestError",
    "ModelError",
    "PromptError",
    "RecordingError",
    "RulesError",
    "ScriptError",
    "SettingsError",
    "SpeechError",
    "StoreError",
    "TransportError",
    "UnknownEngineError",
    "VoiceGatewayError",
]


class FlowError(VoiceGatewayError):
    """A flow file with one or more mistakes; `problems` holds a `file:line:column: reason; fix` line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RulesError(VoiceGatewayError):
    """A rule file with one or more mistakes; `problems` holds a `file:line:column: reason; fix` line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConsoleError(VoiceGatewayError):
    """An account or a password that the console doesn't take; told in Chinese to who manages the accounts."""


class DeliveryError(VoiceGatewayError):
    """A place that results are sent to and that can't be used."""


class PromptError(VoiceGatewayError):
    """A prompt with no recording that could say it."""


class ScriptError(VoiceGatewayError):
    """A caller script with a step that can't be played."""


class SettingsError(VoiceGatewayError):
    """A setting that is unknown or out of range."""


class LookupFailedError(VoiceGatewayError):
    """A business look-up that failed or took too long."""


class StoreError(VoiceGatewayError):
    """The store can't be opened, locked or written."""


class RecordingError(VoiceGatewayError):
    """The recording can't be written."""


class TransportError(VoiceGatewayError):
    """Callers can't be let in: an address that can't be listened on, a certificate that can't be used."""
