"""Recognisers from settings: the default one, and those that questions name."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from asr.adapters.fallback import FallbackEngine
from asr.adapters.segmenting import SegmentingEngine
from asr.engine import Engine
from asr.models import installed_model
from asr.registry import load_engine
from gateway.errors import SettingsError
from gateway.settings import Settings
from gateway.speech.config import (
    EngineConfig,
    FallbackConfig,
    RemoteConfig,
    SegmentingConfig,
    SherpaConfig,
    VoskConfig,
    WhisperConfig,
)

log = logging.getLogger(__name__)

NICENESS = 5
"""How much the threads that a model brings with it stand back (`nice`): where all cores are busy, sound goes first. The
latest frame of 40 calls on 2 cores came 28 ms late, not 36 to 39."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Loaded recognisers. Close them when nobody recognises any more."""

    default: Engine
    named: Mapping[str, Engine] = field(default_factory=dict)
    """Those of the settings' `engines`, the default one among them if it is one of them."""

    def close(self) -> None:
        """Free all models."""
        with ExitStack() as closing:
            for engine in {id(engine): engine for engine in (self.default, *self.named.values())}.values():
                closing.callback(engine.close)


def open_engine(settings: Settings, name: str | None = None) -> Engine:
    """One recogniser, loaded: the one that the settings name, or another of theirs.

    Raises:
        SpeechError: an unknown engine, or its model is missing or damaged.
        SettingsError: it is made of something that isn't set, or of itself.
    """
    return _Opening(settings).open(name or settings.engine)


def open_engines(settings: Settings) -> Engines:
    """All of the settings' recognisers, loaded. Raises as `open_engine` does; nothing is left loaded then."""
    opening = _Opening(settings)
    try:
        default = opening.open(settings.engine)
        named = {name: opening.open(name) for name in settings.engines}
    except BaseException:
        opening.close()
        raise
    return Engines(default, named)


class _Opening:
    """Each engine is loaded once, however many names lead to it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: dict[str, Engine] = {}
        self._under_way: list[str] = []

    def open(self, name: str) -> Engine:
        """One engine. The threads that it starts while it is loaded are as patient as the one it is loaded on."""
        with ThreadPoolExecutor(1, initializer=_stand_back) as patient:
            return patient.submit(self._open, name).result()

    def _open(self, name: str) -> Engine:
        if name not in self._loaded:
            config = self._settings.engines.get(name)
            if config is None:
                self._loaded[name] = self._by_kind(name)
            else:
                self._loaded[name] = self._made(name, config)
        return self._loaded[name]

    def close(self) -> None:
        for engine in self._loaded.values():
            engine.close()

    def _by_kind(self, name: str) -> Engine:
        """A kind that needs no settings."""
        return self._made(name, WhisperConfig(kind="whisper")) if name == "whisper" else load_engine(name)

    def _made(self, name: str, config: EngineConfig) -> Engine:
        threads = self._settings.engine_threads
        match config:
            case WhisperConfig():
                folder = _folder(config.model) if config.model else None
                at_once = self._settings.recognitions_at_once
                return load_engine("whisper", threads=threads, at_once=at_once, folder=folder)
            case VoskConfig() | SherpaConfig():
                return load_engine(config.kind, model=_folder(config.model), threads=threads)
            case RemoteConfig():
                token = config.token.get_secret_value() if config.token else None
                options = config.model_dump(exclude={"kind", "token"})
                return load_engine("remote", token=token, **options)
            case FallbackConfig():
                engines = self._others(name, config.of)
                return FallbackEngine(engines, retry_after_s=config.retry_after_s, stall_after_s=config.stall_after_s)
            case SegmentingConfig():
                return SegmentingEngine(*self._others(name, (config.of,)))

    def _others(self, name: str, of: Sequence[str]) -> list[Engine]:
        """The engines that one is made of."""
        where = f"engines.{name}.of"
        if name in self._under_way or name in of:
            raise SettingsError("an engine can't be made of itself", where=where, remedy="name others")
        for other in of:
            if other not in self._settings.engines and other != "whisper":
                known = ", ".join(["whisper", *self._settings.engines])
                raise SettingsError(f"there is no engine '{other}'", where=where, remedy=f"name one of: {known}")
        self._under_way.append(name)
        try:
            return [self._open(other) for other in of]
        finally:
            self._under_way.pop()


def _stand_back() -> None:
    """Let other threads go before this one, and before those that it starts."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        os.nice(NICENESS)


def _folder(model: str) -> Path:
    path = Path(model).expanduser()
    return path if path.is_dir() else installed_model(model)
