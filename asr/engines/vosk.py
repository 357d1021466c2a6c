"""The `vosk` engine: a Kaldi model that hears while the caller speaks, and a grammar made from what is expected.

vosk takes a grammar where the model's graph is put together at run time (`HCLr.fst` and `Gr.fst`: the small models).
With one, nearly everything is heard as something of the grammar, so such a stream listens twice: once for what is
expected and once freely, and then judges which it was (`vosk_heard.choose`). The second pair of ears is cheap: with the
Korean model, free hearing takes 0.22 s of CPU for a second of speech, hearing with a grammar 0.016 s. In a hurry
(`quick`) only the grammar listens, and the audio is heard freely only when what came out is no whole phrase: hints cost
a thirteenth then, and one sentence in eight that is no hint passes for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import vosk

from asr.engine import SAMPLE_RATE_HZ, AnswerKind, Capabilities, ClosedAnswer
from asr.engines.vosk_stream import VoskStream
from asr.engines.vosk_words import Grammar, grammar_of
from asr.errors import ModelError, SpeechError

_GRAMMARS_KEPT = 256
_LOG_LEVEL = -3
"""vosk writes to stderr; at this level only what makes it abort."""

_NEEDED = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")
_STATIC_GRAPH = "graph/HCLG.fst"
_DYNAMIC_GRAPH = ("graph/HCLr.fst", "graph/Gr.fst", "graph/disambig_tid.int")
_REMEDY = "unpack a vosk model again and name its folder, the one that has am, conf and graph in it"


class VoskEngine:
    """A vosk model. `stream` may be called from any thread, and each stream be used by one thread at a time.

    Args:
        model: the folder of a vosk model (`am`, `conf`, `graph`). One that was made for 8 kHz is given 8 kHz.
        threads: what every engine may be told; vosk decodes a stream in one.

    Raises:
        ModelError: there is no such folder, files are missing or damaged, or it is no vosk model.
    """

    name = "vosk"

    def __init__(self, *, model: Path, threads: int = 1) -> None:  # noqa: ARG002
        self._takes_grammars = takes_grammars(model)
        vosk.SetLogLevel(_LOG_LEVEL)
        try:
            loaded = vosk.Model(str(model))
            vosk.KaldiRecognizer(loaded, float(SAMPLE_RATE_HZ))  # a damaged graph shows only here
        except Exception as error:  # library border: vosk raises bare Exception and no reason
            raise ModelError("vosk cannot load this model", where=str(model), remedy=_REMEDY) from error
        self._model: vosk.Model | None = loaded
        self.capabilities = Capabilities(
            streaming=True,
            hints=self._takes_grammars,
            word_times=True,
            closed_answers=self._takes_grammars and self._knows("一"),
        )
        # A call asks the same questions as the next one, and cutting 100 hints into words takes some milliseconds.
        self._grammar = lru_cache(_GRAMMARS_KEPT)(self._new_grammar)

    def stream(
        self, hints: Sequence[str] = (), *, answer: ClosedAnswer | None = None, quick: bool = False
    ) -> VoskStream:
        kinds = answer.kinds if answer else ()
        return VoskStream(self._opened(), self._grammar(tuple(hints), kinds), quick=quick)

    def close(self) -> None:
        """Let go of the model; streams that are still open keep it until they end."""
        self._model = None

    def _opened(self) -> vosk.Model:
        model = self._model
        if model is None:
            raise SpeechError("the engine is closed", where=self.name, remedy="load it again")
        return model

    def _new_grammar(self, hints: tuple[str, ...], kinds: tuple[AnswerKind, ...]) -> Grammar | None:
        return grammar_of(hints, kinds, self._knows) if self._takes_grammars else None

    def _knows(self, word: str) -> bool:
        return bool(self._opened().vosk_model_find_word(word) >= 0)


def takes_grammars(folder: Path) -> bool:
    """Whether the model of a folder puts its graph together at run time, and so takes grammars.

    Raises:
        ModelError: what every vosk model has is not there.
    """
    if not folder.is_dir():
        raise ModelError("there is no such folder", where=str(folder), remedy=_REMEDY)
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    dynamic = not (folder / _STATIC_GRAPH).is_file()
    if dynamic:
        missing += [name for name in _DYNAMIC_GRAPH if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"this is no whole vosk model: {', '.join(missing)} missing", where=str(folder), remedy=_REMEDY
        )
    return dynamic
