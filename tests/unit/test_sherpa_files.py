"""Which model a folder holds, by its files alone, and every reason to refuse it before sherpa-onnx ends the process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from asr.engines.sherpa_files import find_model, read_metadata, read_tokens
from asr.engines.sherpa_kinds import KINDS, options_of
from asr.errors import ModelError

pytestmark = pytest.mark.unit

PARAFORMER = ("vocab_size", "lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev")
ZIPFORMER2 = ("encoder_dims", "query_head_dims", "value_head_dims", "num_heads", "num_encoder_layers")
ZIPFORMER2 += ("cnn_module_kernels", "left_context_len", "T", "decode_chunk_len")
SENSE_VOICE = tuple(f"lang_{name}" for name in ("auto", "zh", "en", "yue", "ja", "ko"))
SENSE_VOICE += ("normalize_samples", "with_itn", "without_itn")
DECODER = ("vocab_size", "context_size")
WENET = ("head", "num_blocks", "output_size", "cnn_module_kernel", "right_context", "subsampling_factor", "vocab_size")


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def part(number: int, body: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(body)) + body


def write(path: Path, keys: Sequence[str] = (), model_type: str = "") -> Path:
    """A file that has a model's shape and metadata but no network: format version, graph, metadata."""
    about = dict.fromkeys(keys, "1") | ({"model_type": model_type} if model_type else {})
    body = varint(1 << 3) + varint(9) + part(7, bytes(300))
    for key, value in about.items():
        body += part(14, part(1, key.encode()) + part(2, value.encode()))
    path.write_bytes(body)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tokens.txt").write_text("<blk> 0\n查 1\n话 2\n", encoding="utf-8")
    return tmp_path


def transducer(folder: Path, name: str, keys: Sequence[str], model_type: str) -> None:
    write(folder / f"encoder{name}.onnx", keys, model_type)
    write(folder / f"decoder{name}.onnx", DECODER)
    write(folder / f"joiner{name}.onnx")


def test_a_streaming_zipformer_is_told_by_what_its_encoder_says(folder: Path) -> None:
    transducer(folder, "-epoch-99-avg-1", ZIPFORMER2, "zipformer2")
    transducer(folder, "-epoch-99-avg-1.int8", ZIPFORMER2, "zipformer2")
    found = find_model(folder)
    assert (found.kind.name, found.kind.streaming, found.kind.hotwords) == ("streaming_zipformer2", True, True)
    assert {role: path.name for role, path in found.files.items()} == {
        role: f"{role}-epoch-99-avg-1.int8.onnx" for role in ("encoder", "decoder", "joiner")
    }
    options = options_of(found.kind, found.files, found.model_type)
    assert options["model_type"] == "zipformer2"
    assert options["decoding_method"] == "modified_beam_search"


def test_a_part_that_has_no_int8_file_is_taken_as_it_is(folder: Path) -> None:
    transducer(folder, "", ZIPFORMER2, "zipformer2")
    write(folder / "encoder.int8.onnx", ZIPFORMER2, "zipformer2")
    files = find_model(folder).files
    assert (files["encoder"].name, files["decoder"].name) == ("encoder.int8.onnx", "decoder.onnx")


def test_a_transducer_that_does_not_stream_is_one_without_chunks(folder: Path) -> None:
    transducer(folder, "", (), "zipformer2")
    found = find_model(folder)
    assert (found.kind.name, found.kind.streaming, found.kind.hotwords) == ("transducer", False, True)


def test_a_streaming_encoder_of_no_known_type_is_refused_and_not_taken_for_an_offline_one(folder: Path) -> None:
    transducer(folder, "", ("window_size", "chunk_shift"), "nemo")
    with pytest.raises(ModelError, match="must not have it"):
        find_model(folder)


@pytest.mark.parametrize(
    ("keys", "model_type", "kind"),
    [
        (PARAFORMER, "paraformer", "paraformer"),
        ((*PARAFORMER, *SENSE_VOICE), "sense_voice_ctc", "sense_voice"),
        (ZIPFORMER2, "zipformer2", "streaming_zipformer2_ctc"),
        ((), "zipformer2_ctc", "zipformer2_ctc"),
        (("vocab_size", "subsampling_factor"), "wenet_ctc", "wenet_ctc"),
        (("vocab_size", "subsampling_factor"), "telespeech_ctc", "telespeech_ctc"),
        (("vocab_size", "subsampling_factor", "normalize_type"), "EncDecCTCModelBPE", "nemo_ctc"),
        (
            WENET,
            "",
            "streaming_wenet_ctc",
        ),
    ],
)
def test_a_single_model_is_told_by_its_metadata(folder: Path, keys: Sequence[str], model_type: str, kind: str) -> None:
    write(folder / "model.int8.onnx", keys, model_type)
    assert find_model(folder).kind.name == kind


def test_a_paraformer_in_two_files_streams(folder: Path) -> None:
    sizes = ("encoder_output_size", "decoder_num_blocks", "decoder_kernel_size")
    write(folder / "encoder.int8.onnx", (*PARAFORMER, *sizes))
    write(folder / "decoder.int8.onnx")
    assert find_model(folder).kind.name == "streaming_paraformer"


def test_of_two_single_models_the_streaming_one_is_taken_unless_a_kind_is_named(folder: Path) -> None:
    write(folder / "model.onnx", ("vocab_size", "subsampling_factor"), "wenet_ctc")
    write(folder / "model-streaming.onnx", WENET)
    assert find_model(folder).kind.name == "streaming_wenet_ctc"
    assert find_model(folder, "wenet_ctc").files["model"].name == "model.onnx"


def test_numbers_stay_as_they_were_said(folder: Path) -> None:
    files = {"model": folder / "model.onnx"}
    assert options_of(KINDS["sense_voice"], files, "")["use_itn"] is False
    assert options_of(KINDS["paraformer"], files, "") == {"paraformer": str(files["model"])}


def test_the_error_says_what_is_there_and_what_is_needed(folder: Path) -> None:
    write(folder / "model.onnx", ("vocab_size",), "EncDecCTCModel")
    with pytest.raises(ModelError) as refused:
        find_model(folder, "nemo_ctc")
    assert "subsampling_factor in the metadata of the model" in str(refused.value)
    assert "there is: model.onnx" in str(refused.value)
    assert refused.value.where == str(folder)


@pytest.mark.parametrize("kind", [None, "streaming_nemo_ctc"])
def test_a_folder_without_a_model_is_refused(folder: Path, kind: str | None) -> None:
    with pytest.raises(ModelError, match=r"no \.onnx file"):
        find_model(folder, kind)


def test_a_kind_that_nobody_knows_is_refused_with_those_that_there_are(folder: Path) -> None:
    with pytest.raises(ModelError, match="sense_voice"):
        find_model(folder, "kaldi")


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        find_model(tmp_path / "none")


def test_a_ctc_model_whose_tokens_have_no_blank_is_refused(folder: Path) -> None:
    (folder / "tokens.txt").write_text("查 0\n话 1\n", encoding="utf-8")
    write(folder / "model.onnx", (), "zipformer2_ctc")
    with pytest.raises(ModelError, match="a blank in tokens"):
        find_model(folder)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "tokens.txt"),
        ("<blk> 0\n查\n", "tokens.txt:2"),
        ("<blk> 0\n查 0\n", "tokens.txt:2"),
        ("a b", "tokens.txt:1"),
    ],
)
def test_tokens_that_sherpa_would_stumble_over_are_refused(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError) as refused:
        read_tokens(path)
    assert str(refused.value.where).endswith(place)


def test_odd_symbols_are_symbols_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_bytes("<blk> 0\r\n\u2028 1\r\n 2\r\n5\t3\r\n".encode())
    assert read_tokens(path) == {"0": "<blk>", "1": "", "2": "", "3": "5"}


def test_tokens_cut_short_are_refused_by_the_size_that_the_model_names(folder: Path) -> None:
    write(folder / "model.onnx", ("subsampling_factor", "normalize_type"), "EncDecCTCModel")
    body = (folder / "model.onnx").read_bytes() + part(14, part(1, b"vocab_size") + part(2, b"4233"))
    (folder / "model.onnx").write_bytes(body)
    with pytest.raises(ModelError, match="4230 of 4233 tokens are missing"):
        find_model(folder)


def test_tokens_in_another_encoding_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_bytes("查 0\n".encode("gb18030"))
    with pytest.raises(ModelError, match="UTF-8"):
        read_tokens(path)


def test_metadata_are_read_past_a_large_graph(tmp_path: Path) -> None:
    path = write(tmp_path / "model.onnx", ("vocab_size",), "类型")
    assert read_metadata(path) == {"vocab_size": "1", "model_type": "类型"}


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "model.onnx", ("vocab_size",), "zipformer2_ctc").read_bytes()
    boundary = whole.index(part(7, bytes(300))) + len(part(7, bytes(300)))
    for size in (0, 1, 2, 3, 5, 100, boundary - 1, len(whole) - 1):
        cut = tmp_path / f"{size}.onnx"
        cut.write_bytes(whole[:size])
        with pytest.raises(ModelError, match="cut short"):
            read_metadata(cut)


@pytest.mark.parametrize("junk", [b"<!DOCTYPE html><html>not found</html>", b"version https://git-lfs", bytes(64)])
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(junk)
    with pytest.raises(ModelError, match="damaged"):
        read_metadata(path)
