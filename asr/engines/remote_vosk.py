"""The WebSocket protocol of vosk-server.

Source: vosk-server, websocket/asr_server.py. Each message of audio is answered by exactly one, a partial result or the
result of a stretch that has ended. The end is a text compared letter by letter, so its spaces count; then comes the
last result. `config.model`, which some versions take, is never sent: it swaps the model for every other client too.

With a `phrase_list` nearly everything is heard as something of the list, so such an utterance goes over two
connections, once with the list and once without, and then it is judged which it was, as in `asr.engines.vosk`. The
second hearing is cheap for the server: a grammar took 0.016 s of CPU for a second of speech, hearing freely 0.22 s.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from asr.engine import SAMPLE_RATE_HZ, Capabilities, ClosedAnswer
from asr.engines.remote_wire import LONGEST_TEXT, Heard, Hearing, text_field
from asr.engines.vosk_heard import Reading, Stretch, Word, choose, heard_freely, others_of, text_of
from asr.engines.vosk_words import Grammar, grammar_of, join_words

CONFIDENCE = 0.8
"""Of words for which a server gives no confidence."""

_READINGS = 5
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def _may_know(word: str) -> bool:
    """Whether a model that can't be asked has a word. Chinese ones have every common character, but not every word.

    What a model hasn't, its server leaves out of a phrase.
    """
    return not any(char.isdecimal() for char in word) and (len(word) == 1 or not _HAN.search(word))


class VoskDialect:
    """A vosk-server."""

    capabilities = Capabilities(streaming=True, hints=True, word_times=False, closed_answers=True)
    subprotocols: tuple[str, ...] = ()
    chunk_samples = SAMPLE_RATE_HZ // 5
    """200 ms, the step in which vosk updates its picture of the speaker."""

    def hearings(self, hints: Sequence[str], answer: ClosedAnswer | None) -> Sequence[Hearing]:
        grammar = grammar_of(hints, answer.kinds if answer else (), _may_know)
        return (VoskHearing(),) if grammar is None else (VoskHearing(), VoskHearing(grammar))

    def heard(self, hearings: Sequence[Hearing]) -> Heard:
        free, *others = [hearing for hearing in hearings if isinstance(hearing, VoskHearing)]
        if not others or others[0].grammar is None:
            stretches = [_alone(readings) for readings in free.stretches]
        else:
            stretches = [choose(others[0].grammar, _as_one(others[0].stretches), _as_one(free.stretches))]
        return _summed_up(stretches)


class VoskHearing:
    """One utterance; see `Hearing`."""

    closing = '{"eof" : 1}'

    def __init__(self, grammar: Grammar | None = None) -> None:
        self.grammar = grammar
        self.stretches: list[tuple[Reading, ...]] = []
        """What was heard between the server's endpoints, each in up to five readings."""
        self._partial = ""
        self._due = 0
        self._length = 0
        self._ended = False

    @property
    def opening(self) -> str:
        config: dict[str, Any] = {"sample_rate": SAMPLE_RATE_HZ, "words": True, "max_alternatives": _READINGS}
        if self.grammar is not None:
            config["phrase_list"] = json.loads(self.grammar.json)
        return json.dumps({"config": config}, ensure_ascii=False)

    @property
    def partial(self) -> str:
        words = [word.text for readings in self.stretches for word in readings[0].words]
        return join_words([*words, *self._partial.split()])

    def sent(self) -> None:
        self._due += 1

    def ended(self) -> None:
        self._due += 1
        self._ended = True

    def take(self, answer: dict[str, Any]) -> bool:
        self._due -= 1
        if self._due < 0:
            raise ValueError("an answer to nothing")
        if "partial" in answer:
            self._partial = text_field(answer, "partial")
            self._count(self._partial)
            return False
        readings = _readings(answer)
        self._length += len(" ".join(readings[0].texts))
        self._count("")
        self._partial = ""
        if readings[0].words:
            self.stretches.append(readings)
        return self._ended and self._due == 0

    def _count(self, more: str) -> None:
        if self._length + len(more) > LONGEST_TEXT:
            raise ValueError("more text than anybody says")


def _readings(answer: dict[str, Any]) -> tuple[Reading, ...]:
    """The readings of a result, with scores where the server gives several, and at least one.

    Raises:
        ValueError: it is no result.
    """
    try:
        several = answer.get("alternatives")
        if several is None:
            return (Reading(_words(answer, CONFIDENCE), 0.0),)
        return tuple(Reading(_words(one, 1.0), _finite(one["confidence"])) for one in several) or (Reading((), 0.0),)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no result of vosk ({type(error).__name__})") from error


def _words(one: dict[str, Any], sure: float) -> tuple[Word, ...]:
    """The words of a reading; `sure` is the confidence of those that come without."""
    if "result" in one:
        return tuple(
            Word(str(word["word"]), _finite(word["start"]), _finite(word["end"]), _finite(word.get("conf", sure)))
            for word in one["result"]
        )
    # A server that gives no times: the words' own order has to do.
    return tuple(Word(word, at, at + 1.0, sure) for at, word in enumerate(text_field(one, "text").split()))


def _finite(number: object) -> float:
    value = float(number)  # type: ignore[arg-type]  # what is none raises TypeError or ValueError
    if not math.isfinite(value):
        raise ValueError("a number that is none")
    return value


def _alone(readings: tuple[Reading, ...]) -> Stretch:
    """A stretch without a list. Several readings tell how sure the words are; with one, the server may have said so."""
    return heard_freely(readings) if len(readings) > 1 else Stretch(readings[0].words)


def _as_one(stretches: Sequence[tuple[Reading, ...]]) -> tuple[Reading, ...]:
    """One stretch: two hearings end theirs at different places, and only the whole can be compared."""
    if len(stretches) == 1:
        return stretches[0]
    best = [readings[0] for readings in stretches]
    return (Reading(tuple(word for one in best for word in one.words), sum(one.score for one in best)),)


def _summed_up(stretches: Sequence[Stretch]) -> Heard:
    text = text_of(stretches)
    words = [word for stretch in stretches for word in stretch.words]
    if not text:
        return Heard("", 0.0)
    confidence = sum(min(1.0, max(0.0, word.confidence)) for word in words) / len(words)
    return Heard(text, confidence, tuple(other for other in others_of(stretches) if other not in ("", text)))
