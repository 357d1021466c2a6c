"""The sherpa engine with real models: the small test model of `hotline_ctc/`, in every form that can be made of it."""

from __future__ import annotations

import csv
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from asr.audio import read_audio
from asr.engine import Engine, Pcm, Stream, transcribe
from asr.engines.sherpa import SherpaEngine
from asr.engines.sherpa_stream import UNKNOWN_CONFIDENCE
from asr.errors import ModelError, SpeechError
from asr.registry import load_engine
from asr.scoring import character_error_rate, corpus_errors

pytestmark = pytest.mark.models

MODEL = Path(__file__).parent / "hotline_ctc"
SAMPLES = Path(__file__).parents[2] / "audio_samples"

FORMS = ("streaming_lstm", "streaming_zipformer2_ctc", "zipformer2_ctc")
TRANSDUCERS = ("streaming_lstm", "transducer")
HINTS = ("查话费", "查流量", "改套餐", "我要投诉", "投诉进度", "老年人服务", "爱心通道", "转人工", "人工服务")
MENU = ("balance_1", "data_usage_1", "agent_2", "complaint_1", "broadband_fault_1", "elderly_1", "plan_change_1")


@pytest.fixture(scope="module")
def samples() -> dict[str, tuple[str, Pcm]]:
    """Text and sound by name."""
    with (SAMPLES / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return {Path(row["file"]).stem: (row["text"], read_audio(SAMPLES / row["file"])) for row in rows}


@pytest.fixture(scope="module")
def offline_transducer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a transducer that does not stream: the offline form is the encoder of one as well."""
    folder = tmp_path_factory.mktemp("offline")
    for name in ("decoder.onnx", "joiner.onnx", "weights.bin", "tokens.txt"):
        shutil.copy(MODEL / name, folder / name)
    shutil.copy(MODEL / "offline.onnx", folder / "encoder.onnx")
    return folder


@pytest.fixture(scope="module", params=[*FORMS, "transducer"])
def engine(request: pytest.FixtureRequest, offline_transducer: Path) -> Iterator[SherpaEngine]:
    offline = request.param == "transducer"
    loaded = SherpaEngine(model=offline_transducer if offline else MODEL, kind=None if offline else request.param)
    assert loaded.kind == request.param
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def transducer() -> Iterator[SherpaEngine]:
    loaded = SherpaEngine(model=MODEL)
    yield loaded
    loaded.close()


def pieces(pcm: Pcm, samples: int = 320) -> list[Pcm]:
    return [pcm[start : start + samples] for start in range(0, len(pcm), samples)]


def test_the_registry_knows_it_and_it_says_what_it_can_do(engine: SherpaEngine) -> None:
    assert isinstance(engine, Engine)
    assert isinstance(engine.stream(), Stream)
    assert engine.capabilities.streaming == engine.kind.startswith("streaming_")
    assert engine.capabilities.hints == (engine.kind in TRANSDUCERS)
    again = load_engine("sherpa", model=MODEL)
    assert (again.name, again.capabilities.hints) == ("sherpa", True)


def test_menu_phrases_at_telephone_bandwidth_are_heard(
    engine: SherpaEngine, samples: dict[str, tuple[str, Pcm]]
) -> None:
    chosen = [samples[name] for name in MENU]
    assert corpus_errors(character_error_rate(text, transcribe(engine, pcm).text) for text, pcm in chosen).rate <= 0.1


def test_speech_becomes_text_with_all_its_facts(engine: SherpaEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    text, pcm = samples["agent_2"]
    heard = transcribe(engine, pcm)
    assert (heard.text, heard.rejected, heard.audio_ms) == (text, None, len(pcm) // 16)
    assert heard.compute_ms > 0.0
    if engine.kind in TRANSDUCERS:
        assert UNKNOWN_CONFIDENCE < heard.confidence <= 1.0
    else:
        assert heard.confidence == UNKNOWN_CONFIDENCE


def test_hints_turn_what_was_misheard_into_what_was_said(
    engine: SherpaEngine, samples: dict[str, tuple[str, Pcm]]
) -> None:
    text, pcm = samples["elderly_2"]
    without = transcribe(engine, pcm).text
    assert without != text
    assert transcribe(engine, pcm, HINTS).text == (text if engine.capabilities.hints else without)


def test_hints_do_not_bend_what_was_said(transducer: SherpaEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    for name in ("balance_3", "data_usage_1", "complaint_1", "other_1", "phone_2"):
        pcm = samples[name][1]
        assert transcribe(transducer, pcm, HINTS).text == transcribe(transducer, pcm).text


def test_hints_that_no_model_could_take_are_passed_over(
    engine: SherpaEngine, samples: dict[str, tuple[str, Pcm]]
) -> None:
    hints = ("", "/", "转人工 :abc", "# @x", "WiFi 密码", "龘", *(f"第{n}号业务" for n in range(500)))
    text, pcm = samples["agent_2"]
    assert transcribe(engine, pcm, hints).text == text


def test_pieces_give_what_the_whole_gives(engine: SherpaEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    pcm = samples["balance_2"][1]
    stream = engine.stream()
    partials = [stream.accept(piece) for piece in pieces(pcm)]
    assert engine.capabilities.streaming or set(partials) == {None}
    first = stream.finish()
    assert first.text == transcribe(engine, pcm).text


@pytest.mark.parametrize("length", [0, 1, 100, 16_000])
def test_silence_is_empty_text_and_says_why(engine: SherpaEngine, length: int) -> None:
    heard = transcribe(engine, np.zeros(length, np.int16), ["查话费"])
    assert (heard.text, heard.confidence, heard.rejected) == ("", 0.0, "silence")
    assert heard.audio_ms == length // 16
    assert engine.stream().finish().rejected == "silence"


def test_one_sample_of_sound_is_no_reason_to_fail(engine: SherpaEngine) -> None:
    assert transcribe(engine, np.array([9000], np.int16)).audio_ms == 0


def test_streams_side_by_side_hear_their_own(engine: SherpaEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    alone = {name: transcribe(engine, samples[name][1]).text for name in MENU[:4]}
    together: dict[str, str] = {}

    def hear(name: str) -> None:
        stream = engine.stream()
        for piece in pieces(samples[name][1], 1600):
            stream.accept(piece)
        together[name] = stream.finish().text

    threads = [threading.Thread(target=hear, args=(name,)) for name in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert together == alone
    assert len(set(alone.values())) == len(alone)


@pytest.mark.parametrize("kind", ["streaming_lstm", "streaming_zipformer2_ctc"])
def test_a_streaming_model_says_what_it_hears_while_it_hears_it(kind: str, samples: dict[str, tuple[str, Pcm]]) -> None:
    engine = SherpaEngine(model=MODEL, kind=kind)
    text, pcm = samples["balance_2"]
    stream = engine.stream()
    partials = [partial for piece in pieces(pcm) if (partial := stream.accept(piece)) is not None]
    assert len(partials) >= 2
    assert len(partials) == len(set(partials))
    assert character_error_rate(text[:3], partials[len(partials) // 2][:3]).errors <= 1
    assert len(stream.finish().text) >= len(partials[-1])


def test_a_stream_that_has_finished_takes_no_more(
    transducer: SherpaEngine, samples: dict[str, tuple[str, Pcm]]
) -> None:
    stream = transducer.stream()
    stream.accept(samples["agent_2"][1])
    assert stream.finish() is stream.finish()
    with pytest.raises(SpeechError, match="over"):
        stream.accept(samples["agent_2"][1])


def test_a_closed_engine_says_so(samples: dict[str, tuple[str, Pcm]]) -> None:
    for kind in FORMS:
        engine = SherpaEngine(model=MODEL, kind=kind)
        engine.close()
        with pytest.raises(SpeechError, match="closed"):
            transcribe(engine, samples["agent_2"][1])


def broken(tmp_path: Path, *, without: str = "", cut: str = "") -> Path:
    folder = Path(shutil.copytree(MODEL, tmp_path / "model", ignore=shutil.ignore_patterns("*.py", "*.md", without)))
    if cut:
        whole = (folder / cut).read_bytes()
        (folder / cut).write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.mark.parametrize("cut", ["encoder.onnx", "decoder.onnx", "joiner.onnx", "streaming.onnx", "weights.bin"])
def test_a_file_cut_short_is_an_error_and_not_the_end_of_the_process(tmp_path: Path, cut: str) -> None:
    kind = "streaming_zipformer2_ctc" if cut == "streaming.onnx" else None
    with pytest.raises(ModelError) as refused:
        SherpaEngine(model=broken(tmp_path, cut=cut), kind=kind)
    assert refused.value.remedy


@pytest.mark.parametrize("name", ["tokens.txt", "weights.bin", "decoder.onnx"])
def test_a_file_missing_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError):
        SherpaEngine(model=broken(tmp_path, without=name), kind="streaming_lstm")


def test_a_model_with_fewer_tokens_than_it_writes_is_refused(tmp_path: Path) -> None:
    folder = broken(tmp_path)
    kept = (folder / "tokens.txt").read_text(encoding="utf-8").splitlines()[:50]
    (folder / "tokens.txt").write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(ModelError, match="tokens"):
        SherpaEngine(model=folder)
