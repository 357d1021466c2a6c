"""Whisper's encoder in JAX, so that a loss on what it makes of the features can be led back to them.

The weights are the gateway's own, from CTranslate2's model file (its format: ctranslate2/converters and
specs/model_spec.py): a header, then for each variable its name, shape, type and bytes.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import jax
import jax.numpy as jnp
import numpy as np

LAYERS, HEADS = 6, 8
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
Weights = dict[str, jax.Array]


def read_encoder(file: Path) -> Weights:
    """The encoder's weights by name: matrices as (inputs, outputs), convolutions as (3 * inputs, outputs)."""
    weights = dict[str, np.ndarray]()
    with file.open("rb") as opened:
        _unpacked(opened, "I")
        _name(opened)
        _unpacked(opened, "I")
        for _ in range(_unpacked(opened, "I")):
            name = _name(opened)
            shape = [_unpacked(opened, "I") for _ in range(_unpacked(opened, "B"))]
            kind, size = _unpacked(opened, "B"), _unpacked(opened, "I")
            if name.startswith("encoder/"):
                array = np.frombuffer(opened.read(size), TYPES[kind]).reshape(shape)
                weights[name.removeprefix("encoder/")] = array.astype(np.float32)
            else:
                opened.seek(size, 1)
    for name, array in weights.items():
        if array.ndim == 3:
            weights[name] = array.transpose(2, 1, 0).reshape(-1, len(array))
        elif name.endswith("weight"):
            weights[name] = array.T
    return {name: jnp.asarray(array) for name, array in weights.items()}


def _unpacked(opened: BinaryIO, kind: str) -> int:
    (value,) = struct.unpack("<" + kind, opened.read(struct.calcsize("<" + kind)))
    return int(value)


def _name(opened: BinaryIO) -> str:
    return opened.read(_unpacked(opened, "H"))[:-1].decode()


def encode(weights: Weights, mels: jax.Array) -> jax.Array:
    """Encodings of features, shape (utterances, frames, 80) -> (utterances, frames / 2, 512)."""
    hidden = _gelu(_convolved(weights, "conv1", mels, 1))
    hidden = _gelu(_convolved(weights, "conv2", hidden, 2))
    hidden = hidden + weights["position_encodings/encodings"][: hidden.shape[1]]
    for layer in range(LAYERS):
        hidden = hidden + _attended(weights, f"layer_{layer}/self_attention/", hidden)
        name = f"layer_{layer}/ffn/"
        inner = _gelu(_linear(weights, name + "linear_0", _normalised(weights, name + "layer_norm", hidden)))
        hidden = hidden + _linear(weights, name + "linear_1", inner)
    return _normalised(weights, "layer_norm", hidden)


def _attended(weights: Weights, name: str, hidden: jax.Array) -> jax.Array:
    utterances, frames, width = hidden.shape
    all_three = _linear(weights, name + "linear_0", _normalised(weights, name + "layer_norm", hidden))
    query, key, value = (
        part.reshape(utterances, frames, HEADS, -1).transpose(0, 2, 1, 3) for part in jnp.split(all_three, 3, -1)
    )
    share = jax.nn.softmax(query @ key.transpose(0, 1, 3, 2) * (width // HEADS) ** -0.5, -1)
    heard = (share @ value).transpose(0, 2, 1, 3).reshape(utterances, frames, width)
    return _linear(weights, name + "linear_1", heard)


def _linear(weights: Weights, name: str, rows: jax.Array) -> jax.Array:
    return rows @ weights[name + "/weight"] + weights[name + "/bias"]


def _convolved(weights: Weights, name: str, rows: jax.Array, stride: int) -> jax.Array:
    frames = rows.shape[1]
    padded = jnp.pad(rows, ((0, 0), (1, 1), (0, 0)))
    around = jnp.concatenate([padded[:, start : start + frames] for start in range(3)], -1)[:, ::stride]
    return _linear(weights, name, around)


def _normalised(weights: Weights, name: str, rows: jax.Array) -> jax.Array:
    centred = rows - rows.mean(-1, keepdims=True)
    scale = jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return centred * scale * weights[name + "/gamma"] + weights[name + "/beta"]


def _gelu(rows: jax.Array) -> jax.Array:
    return jax.nn.gelu(rows, approximate=False)
