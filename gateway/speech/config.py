"""The settings of recognisers: `[engines.NAME]`, each of a kind; what is left out there comes from the kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from gateway.strict import Strict

Seconds = Annotated[float, Field(gt=0, le=60)]


class WhisperConfig(Strict):
    """The embedded engine; it needs no settings."""

    kind: Literal["whisper"]
    model: str | None = None
    """Another Whisper model: a name of `voice-gateway asr models`, or a folder; None: the embedded one."""


class VoskConfig(Strict):
    """A vosk model: partial results, and a grammar of what the question expects."""

    kind: Literal["vosk"]
    model: str
    """A name of `voice-gateway asr models`, or a folder."""


class SherpaConfig(Strict):
    """A sherpa-onnx model: transducer, paraformer, SenseVoice or CTC."""

    kind: Literal["sherpa"]
    model: str
    """A name of `voice-gateway asr models`, or a folder."""


class RemoteConfig(Strict):
    """A recogniser on another machine, over WebSocket."""

    kind: Literal["remote"]
    url: Annotated[str, Field(pattern=r"^wss?://")]
    protocol: Literal["funasr", "vosk"] = "funasr"
    mode: Literal["offline", "online", "2pass"] = "2pass"
    """How a FunASR runtime is to work."""
    verify: bool | Path = True
    """Who must have signed the server's certificate: the system's authorities, those of this PEM file, or nobody."""
    token: SecretStr | None = None
    """Bearer token."""
    connect_timeout_s: Seconds = 2.0
    answer_timeout_s: Seconds = 5.0


class FallbackConfig(Strict):
    """Several engines in order: one that fails or stalls is left for a while, and the next one hears what was said."""

    kind: Literal["fallback"]
    of: Annotated[tuple[str, ...], Field(min_length=2)]
    """Their names, the preferred one first."""
    retry_after_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """When an engine that was left is tried again; longer each time that it fails."""
    stall_after_s: Seconds = 4.0
    """An answer that takes longer is none."""


class SegmentingConfig(Strict):
    """An engine that hears only whole utterances, made one that has partial results in pauses."""

    kind: Literal["segmenting"]
    of: str
    """Its name."""


EngineConfig = Annotated[
    WhisperConfig | VoskConfig | SherpaConfig | RemoteConfig | FallbackConfig | SegmentingConfig,
    Field(discriminator="kind"),
]
