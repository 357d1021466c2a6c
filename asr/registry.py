"""Engines by name. A new engine is one file and one line here; it is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from asr.engine import Engine
from asr.errors import ModelError, UnknownEngineError

DEFAULT_ENGINE = "whisper"

_ENGINES = {
    "whisper": "asr.engines.whisper:WhisperEngine",
    "vosk": "asr.engines.vosk:VoskEngine",
    "sherpa": "asr.engines.sherpa:SherpaEngine",
    "remote": "asr.engines.remote:RemoteEngine",
    "scripted": "asr.engines.scripted:ScriptedEngine",
}
_EXTRAS = frozenset({"vosk", "sherpa"})
"""Engines whose library is an extra of the package."""


def engine_names() -> tuple[str, ...]:
    """The names that `load_engine` knows, in alphabetical order."""
    return tuple(sorted(_ENGINES))


def load_engine(name: str = DEFAULT_ENGINE, **options: Any) -> Engine:  # noqa: ANN401 - each engine has its own
    """Load an engine, ready to recognise.

    Args:
        name: one of `engine_names()`.
        options: keyword arguments of that engine's constructor.

    Raises:
        UnknownEngineError: no engine has this name.
        ModelError: the engine's model is missing or damaged.
    """
    target = _ENGINES.get(name)
    if target is None:
        raise UnknownEngineError(
            "there is no such speech engine", where=repr(name), remedy=f"choose one of: {', '.join(engine_names())}"
        )
    module, _, attribute = target.partition(":")
    try:
        made = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if name not in _EXTRAS:
            raise
        raise ModelError(
            f"the engine '{name}' is not installed (there is no module {error.name})",
            where=f"engine {name}",
            remedy=f"pip install 'voice-gateway[{name}]'",
        ) from error
    engine: Engine = made(**options)
    return engine
