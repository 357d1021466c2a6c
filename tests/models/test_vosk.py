"""The `vosk` engine on a real vosk model: the Korean one that comes as a package, spoken to by espeak-ng.

No Chinese vosk model can be had as a package. The engine doesn't know which language it hears, so what is held here is
what it does with partials, grammars, endpoints and several streams. Most streams are in a hurry (`quick`): the grammar
alone costs a tenth of free hearing.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from asr.engine import Engine, Pcm, Transcript, transcribe
from asr.engines.vosk import VoskEngine
from asr.engines.vosk_stream import VoskStream
from asr.errors import ModelError, SpeechError
from tests.support.korean import HINTS, NARROW_HINTS, by_telephone, changed_model, say, silence, steady_model

pytestmark = pytest.mark.models

HARD = "부산"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VoskEngine]:
    loaded = VoskEngine(model=steady_model(tmp_path_factory.mktemp("model")))
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def freely(engine: VoskEngine) -> Transcript:
    """The hard word without hints."""
    return transcribe(engine, say(HARD))


def in_pieces(stream: VoskStream, pcm: Pcm, samples: int = 320) -> list[str | None]:
    return [stream.accept(pcm[start : start + samples]) for start in range(0, len(pcm), samples)]


def quickly(engine: VoskEngine, pcm: Pcm) -> str:
    return transcribe(engine, pcm, HINTS, quick=True).text


def test_it_is_an_engine_and_says_what_the_model_can_do(engine: VoskEngine) -> None:
    assert isinstance(engine, Engine)
    assert engine.name == "vosk"
    able = engine.capabilities
    assert (able.streaming, able.hints, able.word_times, able.closed_answers) == (True, True, True, False)


def test_partials_grow_while_the_caller_speaks(engine: VoskEngine) -> None:
    speech = say("안녕하세요")
    stream = engine.stream()
    partials = in_pieces(stream, speech)
    said = [partial for partial in partials if partial is not None]
    assert len(said) >= 3
    assert len(said[0]) < len(said[-1])
    assert all(one != other for one, other in itertools.pairwise(said))
    first = next(index for index, partial in enumerate(partials) if partial)
    assert first * 20 < len(speech) / 16 - 1000, "more than a second before the end"
    assert stream.finish().text


def test_words_have_their_times(engine: VoskEngine) -> None:
    speech = say("고객 센터")
    stream = engine.stream(HINTS, quick=True)
    assert set(in_pieces(stream, speech)) == {None}, "a grammar alone gives no partials"
    heard = stream.finish()
    first, second = stream.words
    assert f"{first.text} {second.text}" == heard.text == "고객 센터"
    assert 0.2 < first.start_s < first.end_s <= second.start_s < second.end_s < len(speech) / 16_000


def test_a_grammar_of_the_hints_turns_a_hard_word_right(engine: VoskEngine, freely: Transcript) -> None:
    heard = transcribe(engine, say(HARD), HINTS)
    assert freely.text not in ("", HARD)
    assert heard.text == HARD
    assert freely.text in heard.alternatives
    assert heard.text not in heard.alternatives
    assert 0.5 <= heard.confidence <= 1.0
    assert heard.audio_ms == len(say(HARD)) // 16
    assert heard.compute_ms > 0.0


def test_hints_are_heard_in_wide_and_in_telephone_sound(engine: VoskEngine) -> None:
    assert [quickly(engine, say(hint)) for hint in HINTS] == list(HINTS)
    narrow = [transcribe(engine, by_telephone(say(hint)), NARROW_HINTS, quick=True).text for hint in NARROW_HINTS]
    assert narrow == list(NARROW_HINTS)


@pytest.mark.parametrize(("said", "quick"), [("고양이", False), ("음악", True)])
def test_what_is_no_hint_is_not_bent_into_one(engine: VoskEngine, said: str, quick: bool) -> None:
    heard = transcribe(engine, say(said), HINTS, quick=quick)
    assert heard.text
    assert not any(hint in heard.text for hint in HINTS)


def test_hints_of_unknown_words_are_passed_over(engine: VoskEngine) -> None:
    assert transcribe(engine, say(HARD), ["查话费", "없는낱말뷁", "", HARD], quick=True).text == HARD


def test_each_stream_begins_afresh(engine: VoskEngine) -> None:
    before = transcribe(engine, say("취소"), HINTS, quick=True)
    assert quickly(engine, say("고객 센터")) == "고객 센터"
    after = transcribe(engine, say("취소"), HINTS, quick=True)
    assert (before.text, before.confidence) == (after.text, after.confidence) == ("취소", before.confidence)


def test_streams_side_by_side_and_in_pieces_hear_what_each_hears_alone(engine: VoskEngine, freely: Transcript) -> None:
    expected, free = engine.stream(HINTS, quick=True), engine.stream(["꿻"], quick=True)  # no word of the model
    one, other = say("취소"), say(HARD)
    for start in range(0, max(len(one), len(other)), 320):
        for stream, speech in ((expected, one), (free, other)):
            stream.accept(speech[start : start + 320])
    assert expected.finish().text == "취소"
    heard = free.finish()
    assert (heard.text, heard.confidence, heard.alternatives) == (freely.text, freely.confidence, freely.alternatives)


def test_streams_of_several_threads_do_not_mix(engine: VoskEngine) -> None:
    said = HINTS[2:]
    texts: dict[str, str] = {}

    def hear(text: str) -> None:
        for _ in range(2):
            texts[text] = quickly(engine, say(text))

    threads = [threading.Thread(target=hear, args=(text,)) for text in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {text: text for text in said}


def test_nothing_is_lost_after_the_endpoints_of_vosk_itself(engine: VoskEngine) -> None:
    said = ("고객 센터", "전화번호", "취소", "아니요")
    stream = engine.stream(HINTS, quick=True)
    heard_before_the_end = []
    for text in said:
        stream.accept(np.concatenate([say(text), silence(1200)]))
        heard_before_the_end.append(len(stream.words))
    assert stream.finish().text == " ".join(said)
    assert heard_before_the_end[-2] > heard_before_the_end[0] > 0, "vosk ended stretches on the way"
    starts = [word.start_s for word in stream.words]
    assert starts == sorted(starts)
    assert starts[-1] > sum(len(say(text)) + len(silence(1200)) for text in said[:-1]) / 16_000


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("length", [0, 1, 100, 16_000])
def test_silence_is_empty_text_and_says_why(engine: VoskEngine, length: int, quick: bool) -> None:
    heard = transcribe(engine, np.zeros(length, np.int16), HINTS, quick=quick)
    assert (heard.text, heard.confidence, heard.rejected, heard.alternatives) == ("", 0.0, "silence", ())
    assert heard.audio_ms == length // 16


def test_a_stream_that_has_finished_keeps_its_answer_and_takes_no_more(engine: VoskEngine) -> None:
    stream = engine.stream(HINTS, quick=True)
    assert stream.finish().rejected == "silence"
    assert stream.finish() is stream.finish()
    with pytest.raises(SpeechError, match="over; open a new stream"):
        stream.accept(silence(20))


def test_a_model_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere: there is no such folder; unpack"):
        VoskEngine(model=tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"am/final.mdl, conf/mfcc.conf"):
        VoskEngine(model=tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("graph/Gr.fst", None, "graph/Gr.fst missing"),
        ("am/final.mdl", b"not a model", "cannot load"),
        ("am/final.mdl", b"", "cannot load"),
        ("conf/model.conf", b"--nonsense=1\n", "cannot load"),
    ],
)
def test_a_model_with_a_bad_file_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        VoskEngine(model=changed_model(tmp_path / "model", name, content))


def test_an_engine_that_was_closed_opens_no_stream_and_ends_those_it_has(engine: VoskEngine) -> None:
    closing = copy.copy(engine)  # another engine on the same model, which is slow to load
    stream = closing.stream(HINTS, quick=True)
    closing.close()
    closing.close()
    with pytest.raises(SpeechError, match="the engine is closed"):
        closing.stream()
    stream.accept(say("취소"))
    assert stream.finish().text == "취소"
