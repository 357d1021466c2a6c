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

import errno

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
    "refused",
]

_REFUSALS = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EISDIR: "这是文件夹",
    errno.ENOTDIR: "路径里有一段不是文件夹",
    errno.ENAMETOOLONG: "名字太长",
    errno.ELOOP: "链接绕成了圈",
    errno.ENOEXEC: "不是能运行的程序",
    errno.ENOSPC: "磁盘满了",
    errno.EROFS: "磁盘只能读",
}


def refused(error: OSError) -> str:
    """Why a file can't be had, in Chinese, for those whose file it is; the machine says it in English."""
    return _REFUSALS.get(error.errno or 0, "读写出错")


class FlowError(VoiceGatewayError):
    """A flow file with mistakes; `problems` holds a `file:line:column: reason, and fix` line in Chinese for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RulesError(VoiceGatewayError):
    """A rule file with mistakes; `problems` holds a `file:line:column: reason, and fix` line in Chinese for each."""

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
