"""Whisper in PyTorch, so that a loss on what it makes of the features can be led back to them.

The weights are the gateway's own, from CTranslate2's model file (its format: ctranslate2/converters and
specs/model_spec.py): a header, then for each variable its name, shape, type and bytes. All is computed in bfloat16,
which is twice as fast where the processor has it; the weights are never changed.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

LAYERS, HEADS, WIDTH = 6, 8, 512
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


class Whisper:
    """Encoder and decoder. Args: `file`: CTranslate2's model.bin."""

    def __init__(self, file: Path) -> None:
        self._weights = read_weights(file)
        for name in ("encoder/conv1/weight", "encoder/conv2/weight"):
            self._weights[name] = self._weights[name].permute(0, 2, 1).reshape(WIDTH, -1).contiguous()

    def encode(self, mels: Tensor) -> Tensor:
        """Encodings of features, shape (utterances, frames, 80) -> (utterances, frames / 2, 512)."""
        hidden = functional.gelu(self._convolved("encoder/conv1", mels.to(torch.bfloat16), 1))
        hidden = functional.gelu(self._convolved("encoder/conv2", hidden, 2))
        hidden = hidden + self._weights["encoder/position_encodings/encodings"][: hidden.shape[1]]
        for layer in range(LAYERS):
            name = f"encoder/layer_{layer}"
            hidden = hidden + self._attended_to_itself(name, hidden)
            hidden = hidden + self._fed_forward(name, hidden)
        return self._normalised("encoder/layer_norm", hidden)

    def decode(self, tokens: Tensor, encoded: Tensor, wanted: Tensor) -> Tensor:
        """Scores of what follows each token, before the softmax.

        Args:
            tokens: shape (utterances, tokens).
            encoded: of the speech.
            wanted: where they are wanted, bool, shape (utterances, tokens).

        Returns:
            float32, shape (true values in `wanted`, size of the vocabulary).
        """
        positions = self._weights["decoder/position_encodings/encodings"][: tokens.shape[1]]
        hidden = self._weights["decoder/embeddings/weight"][tokens] + positions
        for layer in range(LAYERS):
            name = f"decoder/layer_{layer}"
            hidden = hidden + self._attended_to_itself(name, hidden, causal=True)
            hidden = hidden + self._attended_to_sound(name, hidden, encoded)
            hidden = hidden + self._fed_forward(name, hidden)
        hidden = self._normalised("decoder/layer_norm", hidden)[wanted]
        return functional.linear(hidden, self._weights["decoder/embeddings/weight"]).float()

    def _attended_to_itself(self, layer: str, hidden: Tensor, *, causal: bool = False) -> Tensor:
        name = layer + "/self_attention"
        query, key, value = self._linear(name + "/linear_0", self._normalised(name + "/layer_norm", hidden)).chunk(
            3, -1
        )
        return self._linear(name + "/linear_1", _attended(query, key, value, causal=causal))

    def _attended_to_sound(self, layer: str, hidden: Tensor, encoded: Tensor) -> Tensor:
        name = layer + "/attention"
        query = self._linear(name + "/linear_0", self._normalised(name + "/layer_norm", hidden))
        key, value = self._linear(name + "/linear_1", encoded).chunk(2, -1)
        return self._linear(name + "/linear_2", _attended(query, key, value))

    def _fed_forward(self, layer: str, hidden: Tensor) -> Tensor:
        inner = self._linear(layer + "/ffn/linear_0", self._normalised(layer + "/ffn/layer_norm", hidden))
        return self._linear(layer + "/ffn/linear_1", functional.gelu(inner))

    def _linear(self, name: str, rows: Tensor) -> Tensor:
        return functional.linear(rows, self._weights[name + "/weight"], self._weights[name + "/bias"])

    def _convolved(self, name: str, rows: Tensor, stride: int) -> Tensor:
        padded, frames = functional.pad(rows, (0, 0, 1, 1)), rows.shape[1]
        around = torch.cat([padded[:, start : start + frames] for start in range(3)], -1)
        return self._linear(name, around[:, ::stride])

    def _normalised(self, name: str, rows: Tensor) -> Tensor:
        scale, shift = self._weights[name + "/gamma"], self._weights[name + "/beta"]
        return functional.layer_norm(rows, (WIDTH,), scale, shift, 1e-5)


def _attended(query: Tensor, key: Tensor, value: Tensor, *, causal: bool = False) -> Tensor:
    """Plain products: on the CPU they are faster than the fused attention, where nothing is causal."""
    query, key, value = (part.view(len(part), part.shape[1], HEADS, -1).transpose(1, 2) for part in (query, key, value))
    if causal:
        heard = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    else:
        heard = torch.softmax((query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2), -1) @ value
    return heard.transpose(1, 2).flatten(2)


def read_weights(file: Path) -> dict[str, Tensor]:
    """Those that are no integers, by name."""
    weights = dict[str, Tensor]()
    with file.open("rb") as opened:
        _unpacked(opened, "I")
        _name(opened)
        _unpacked(opened, "I")
        for _ in range(_unpacked(opened, "I")):
            name = _name(opened)
            shape = [_unpacked(opened, "I") for _ in range(_unpacked(opened, "B"))]
            kind, size = _unpacked(opened, "B"), _unpacked(opened, "I")
            array = np.frombuffer(opened.read(size), TYPES[kind]).reshape(shape)
            if array.dtype.kind == "f":
                weights[name] = torch.tensor(array.astype(np.float32), dtype=torch.bfloat16)
    return weights


def _unpacked(opened: BinaryIO, kind: str) -> int:
    (value,) = struct.unpack("<" + kind, opened.read(struct.calcsize("<" + kind)))
    return int(value)


def _name(opened: BinaryIO) -> str:
    return opened.read(_unpacked(opened, "H"))[:-1].decode()
