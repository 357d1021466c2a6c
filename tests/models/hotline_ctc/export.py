"""Write the trained network as sherpa-onnx loads it, in three forms that share their int8 weights (`weights.bin`).

    python tests/models/hotline_ctc/export.py RUN/ TARGET/

`streaming.onnx` (streaming zipformer2 CTC), `offline.onnx` (offline zipformer2 CTC), `encoder.onnx`, `decoder.onnx`,
`joiner.onnx` (a streaming LSTM transducer: only to those gives sherpa-onnx hotwords).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import onnx
import torch
from net import (
    CHUNK,
    KERNEL,
    LAYERS,
    WIDTH,
    WINDOW,
    Decoder,
    Encoder,
    HotlineCtc,
    Joiner,
    Offline,
    Streaming,
)
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

ABOUT = "voice-gateway test model: knows hotline phrases of one synthetic speaker, of no use on people"
SHARED_FROM_BYTES = 512


class Weights:
    """What large tensors of all forms have in common: written once, found again by their bytes."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._places: dict[bytes, int] = {}

    def take_from(self, model: onnx.ModelProto) -> None:
        """Move the model's large tensors here."""
        for tensor in model.graph.initializer:
            raw = onnx.numpy_helper.to_array(tensor).tobytes()
            if len(raw) < SHARED_FROM_BYTES:
                continue
            if raw not in self._places:
                self.data += bytes(-len(self.data) % 64)
                self._places[raw] = len(self.data)
                self.data += raw
            tensor.ClearField("raw_data")
            onnx.external_data_helper.set_external_data(
                _emptied(tensor), "weights.bin", offset=self._places[raw], length=len(raw)
            )


def _emptied(tensor: onnx.TensorProto) -> onnx.TensorProto:
    for field in ("float_data", "int32_data", "int64_data"):
        tensor.ClearField(field)
    tensor.raw_data = b""  # set_external_data asks for it
    return tensor


def exported(
    model: nn.Module, inputs: dict[str, Tensor], outputs: list[str], axes: dict[str, dict[int, str]]
) -> onnx.ModelProto:
    """The module as ONNX, its matrix products in int8."""
    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder) / "plain.onnx", Path(folder) / "small.onnx"
        torch.onnx.export(
            model.eval(),
            tuple(inputs.values()),
            str(plain),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(plain, small, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8, per_channel=True)
        return onnx.load(small)


def streaming(net: HotlineCtc) -> tuple[onnx.ModelProto, dict[str, object]]:
    """Next-gen Kaldi's streaming zipformer2 CTC with one layer; see `net.Streaming`."""
    deep = LAYERS * (KERNEL - 1)
    states = {
        "cached_key_0": (deep, 1, WIDTH),
        "cached_nonlin_attn_0": (1, 1, deep, 3),
        "cached_val1_0": (deep, 1, 1),
        "cached_val2_0": (deep, 1, 1),
        "cached_conv1_0": (1, 4, 1),
        "cached_conv2_0": (1, 4, 1),
        "embed_states": (1, 128, 3, 19),
    }
    inputs = {"x": torch.zeros(1, WINDOW, 80)} | {name: torch.zeros(shape) for name, shape in states.items()}
    inputs["processed_lens"] = torch.zeros(1, dtype=torch.int64)
    outputs = ["log_probs", *(f"new_{name}" for name in list(inputs)[1:])]
    batch = dict.fromkeys(states, 1) | dict.fromkeys(
        ("cached_conv1_0", "cached_conv2_0", "embed_states", "processed_lens"), 0
    )
    axes = {"x": {0: "N"}, "log_probs": {0: "N"}}
    axes |= {f"{new}{name}": {axis: "N"} for name, axis in batch.items() for new in ("", "new_")}
    dims = {"encoder_dims": 4, "query_head_dims": WIDTH, "value_head_dims": 1, "num_heads": 1, "num_encoder_layers": 1}
    sizes = {"cnn_module_kernels": 3, "left_context_len": deep, "T": WINDOW, "decode_chunk_len": CHUNK}
    return exported(Streaming(net), inputs, outputs, axes), {"model_type": "zipformer2", **dims, **sizes}


def offline(net: HotlineCtc) -> tuple[onnx.ModelProto, dict[str, object]]:
    """Next-gen Kaldi's offline zipformer2 CTC."""
    inputs = {"x": torch.zeros(1, 200, 80), "x_lens": torch.full((1,), 200)}
    axes = {"x": {0: "N", 1: "T"}, "x_lens": {0: "N"}, "log_probs": {0: "N", 1: "U"}, "log_probs_len": {0: "N"}}
    return exported(Offline(net), inputs, ["log_probs", "log_probs_len"], axes), {"model_type": "zipformer2_ctc"}


def encoder(net: HotlineCtc) -> tuple[onnx.ModelProto, dict[str, object]]:
    """The encoder of next-gen Kaldi's streaming LSTM transducer."""
    deep = LAYERS * (KERNEL - 1)
    inputs = {"x": torch.zeros(1, WINDOW, 80), "h": torch.zeros(deep, 1, WIDTH), "c": torch.zeros(deep, 1, 1)}
    outputs = ["encoder_out", "next_h", "next_c"]
    axes = {name: {0: "N"} for name in ("x", "encoder_out")} | {
        name: {1: "N"} for name in ("h", "c", "next_h", "next_c")
    }
    sizes = {"num_encoder_layers": deep, "T": WINDOW, "decode_chunk_len": CHUNK}
    about = {"model_type": "lstm", **sizes, "rnn_hidden_size": 1, "d_model": WIDTH}
    return exported(Encoder(net), inputs, outputs, axes), about


def decoder_and_joiner(tokens: int) -> dict[str, tuple[onnx.ModelProto, dict[str, object]]]:
    """Its two small parts."""
    axes = {"y": {0: "N"}, "decoder_out": {0: "N"}}
    decoder = exported(Decoder(tokens), {"y": torch.zeros(1, 1, dtype=torch.int64)}, ["decoder_out"], axes)
    inputs = {"encoder_out": torch.zeros(1, tokens), "decoder_out": torch.zeros(1, tokens)}
    joiner = exported(Joiner(), inputs, ["logit"], {name: {0: "N"} for name in (*inputs, "logit")})
    return {
        "decoder": (decoder, {"vocab_size": tokens, "context_size": 1}),
        "joiner": (joiner, {"joiner_dim": tokens}),
    }


def main() -> None:
    """Export all forms with their tokens."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("run", type=Path)
    arguments.add_argument("target", type=Path)
    given = arguments.parse_args()
    given.target.mkdir(parents=True, exist_ok=True)
    trained = torch.load(given.run / "weights.pt", weights_only=True)
    net = HotlineCtc(trained["out.bias"].shape[0], trained["phones.bias"].shape[0])
    net.load_state_dict(trained)
    forms = {"streaming": streaming(net), "offline": offline(net), "encoder": encoder(net)}
    weights = Weights()
    for name, (model, about) in {**forms, **decoder_and_joiner(net.out.out_features)}.items():
        for key, value in {**about, "comment": ABOUT}.items():
            model.metadata_props.add(key=key, value=str(value))
        weights.take_from(model)
        (given.target / f"{name}.onnx").write_bytes(model.SerializeToString())
    (given.target / "weights.bin").write_bytes(weights.data)
    shutil.copyfile(given.run / "tokens.txt", given.target / "tokens.txt")


if __name__ == "__main__":
    main()
