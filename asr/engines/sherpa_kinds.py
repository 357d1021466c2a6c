"""The kinds of models that sherpa-onnx knows and that hear Mandarin: how each is told, and how each is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sherpa_onnx import OfflineRecognizer, OnlineRecognizer

Metadata = Mapping[str, Mapping[str, str]]
"""The metadata of each file of a model, by role."""
Loader = Callable[..., Any]

_ZIPFORMER2 = frozenset(
    {"encoder_dims", "query_head_dims", "value_head_dims", "num_heads", "num_encoder_layers", "cnn_module_kernels"}
    | {"left_context_len", "T", "decode_chunk_len"}
)
_STREAMING_ENCODERS = {
    "zipformer2": _ZIPFORMER2,
    "zipformer": frozenset({"encoder_dims", "attention_dims", "num_encoder_layers", "cnn_module_kernels"})
    | {"left_context_len", "T", "decode_chunk_len"},
    "conformer": frozenset({"num_encoder_layers", "T", "decode_chunk_len", "left_context", "encoder_dim"})
    | {"pad_length", "cnn_module_kernel"},
    "lstm": frozenset({"num_encoder_layers", "T", "decode_chunk_len", "rnn_hidden_size", "d_model"}),
}
_CACHES = frozenset(f"cache_last_{name}_dim{n}" for name in ("channel", "time") for n in (1, 2, 3))
_PARAFORMER = frozenset({"vocab_size", "lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev"})
_DECODER = frozenset({"vocab_size", "context_size"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of model."""

    name: str
    load: Loader
    """`OnlineRecognizer.from_...` or `OfflineRecognizer.from_...`."""
    streaming: bool
    needs: Mapping[str, frozenset[str]]
    """The metadata that sherpa-onnx reads from each file, by role; without one of them it ends the process."""
    types: frozenset[str] = frozenset()
    """What `model_type` may say; none: whatever."""
    needs_blank: bool = False
    """Has to find the blank in tokens.txt, or ends the process."""
    hotwords: bool = False
    """Takes the phrases that are expected."""
    never: frozenset[str] = frozenset()
    """Metadata that only models of other kinds have."""

    def missing(self, about: Metadata) -> list[str]:
        """What these files lack for it."""
        absent = [f"the {role}" for role in self.needs if role not in about]
        for role, keys in self.needs.items():
            absent += [f"{key} in the metadata of the {role}" for key in sorted(keys - about.get(role, {}).keys())]
        said = next(iter(about.values()), {}) if "encoder" not in about else about["encoder"]
        absent += [f"(it must not have it) {key}" for key in sorted(self.never & said.keys())]
        if not absent and self.types and said.get("model_type") not in self.types:
            absent.append(f"a model_type of its own ({', '.join(sorted(self.types))})")
        return absent


def _streaming_transducers() -> Iterator[Kind]:
    for model_type, keys in _STREAMING_ENCODERS.items():
        needs = {"joiner": frozenset[str](), "decoder": _DECODER, "encoder": keys}
        name, load = f"streaming_{model_type}", OnlineRecognizer.from_transducer
        yield Kind(name, load, True, needs, frozenset({model_type}), hotwords=True)


def _all() -> Iterator[Kind]:
    nothing = frozenset[str]()
    online, offline = OnlineRecognizer, OfflineRecognizer
    yield from _streaming_transducers()
    needs = {"joiner": nothing, "decoder": _DECODER, "encoder": nothing}
    never = frozenset({"decode_chunk_len", "window_size"})
    yield Kind("transducer", offline.from_transducer, False, needs, hotwords=True, never=never)
    sizes = frozenset({"encoder_output_size", "decoder_num_blocks", "decoder_kernel_size"})
    needs = {"encoder": _PARAFORMER | sizes, "decoder": nothing}
    yield Kind("streaming_paraformer", online.from_paraformer, True, needs)
    sizes = frozenset({"window_size", "chunk_shift", "subsampling_factor", "vocab_size"})
    yield Kind("streaming_nemo_ctc", online.from_nemo_ctc, True, {"model": sizes | _CACHES}, needs_blank=True)
    sizes = frozenset({"head", "num_blocks", "output_size", "cnn_module_kernel", "right_context", "subsampling_factor"})
    needs = {"model": sizes | {"vocab_size"}}
    yield Kind("streaming_wenet_ctc", online.from_wenet_ctc, True, needs, needs_blank=True)
    yield Kind("streaming_zipformer2_ctc", online.from_zipformer2_ctc, True, {"model": _ZIPFORMER2}, needs_blank=True)
    languages = frozenset(f"lang_{name}" for name in ("auto", "zh", "en", "yue", "ja", "ko"))
    languages |= {"normalize_samples", "with_itn", "without_itn"}
    yield Kind("sense_voice", offline.from_sense_voice, False, {"model": _PARAFORMER | languages})
    yield Kind("paraformer", offline.from_paraformer, False, {"model": _PARAFORMER})
    by_type: dict[str, tuple[Loader, frozenset[str]]] = {
        "zipformer2_ctc": (offline.from_zipformer_ctc, nothing),
        "wenet_ctc": (offline.from_wenet_ctc, frozenset({"vocab_size", "subsampling_factor"})),
        "telespeech_ctc": (offline.from_telespeech_ctc, frozenset({"vocab_size", "subsampling_factor"})),
    }
    for model_type, (load, keys) in by_type.items():
        yield Kind(model_type, load, False, {"model": keys}, frozenset({model_type}), needs_blank=True)
    types = frozenset({"EncDecCTCModel", "EncDecCTCModelBPE", "EncDecHybridRNNTCTCBPEModel"})
    sizes = frozenset({"vocab_size", "subsampling_factor", "normalize_type"})
    yield Kind("nemo_ctc", offline.from_nemo_ctc, False, {"model": sizes}, types, needs_blank=True)


KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _all()}
"""By name, in the order in which a folder is asked for them: what needs more comes first."""


def likeliest(about: Metadata) -> Kind:
    """The kind that the files of a model are, or the one to which they lack least."""
    return min(KINDS.values(), key=lambda kind: len(kind.missing(about)))


def options_of(kind: Kind, files: Mapping[str, Path], model_type: str) -> dict[str, Any]:
    """The arguments of the kind's loader that name the model's files, and what only this kind takes."""
    paths = {role: str(path) for role, path in files.items()}
    if kind.name == "paraformer":
        paths = {"paraformer": paths["model"]}
    if kind.name == "sense_voice":
        # Its own number formatting would turn 幺三八 into digits before our grammar sees what was said.
        return {**paths, "language": "zh", "use_itn": False}
    if kind.hotwords:
        # Greedy search takes no hotwords. Without the type the encoder is loaded twice, to read it. The temperature
        # of 2 that is usual would tell a token's 0.9 (against one other) as 0.75; the search does without it.
        named = {"model_type": model_type, "temperature_scale": 1.0} if kind.streaming else {}
        return {**paths, **named, "decoding_method": "modified_beam_search"}
    return paths
