"""The trained model: a linear classifier's weights in one file of plain arrays, with what it was trained from."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.analytics.routing.book import RouteBook
from gateway.errors import RulesError, refused

FORMAT = 4
"""Of the file and of the features; another number is refused."""
SUFFIX = ".npz"
MAX_BYTES = 64 << 20
_COUNTS, _BYTES = np.int64, np.uint8
_TINY = 1e-9
_LEVELS = 127
"""Weights are stored as whole numbers of 8 bits, in steps of the greatest one of their route."""


class Calibration(NamedTuple):
    """What makes probabilities of logits."""

    temperature: float
    """Logits are divided by it."""
    slope: float
    """The likeliest route's log odds become `slope * log odds + offset`; the others share what is left as before."""
    offset: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Weights over n-grams: `probabilities(x . weights + bias, calibration)`."""

    digest: str
    """Of the routes.yaml that it was trained from."""
    routes: tuple[str, ...]
    sounds: tuple[str, ...]
    grams: tuple[str, ...]
    """The n-grams it knows, sorted."""
    rarity: NDArray[np.float32]
    """Shape (grams,): inverse document frequency."""
    weights: NDArray[np.float32]
    """Shape (grams, routes)."""
    bias: NDArray[np.float32]
    """Shape (routes,)."""
    unknown_rarity: float
    """Of an n-gram that it doesn't know: words it never met make it less sure."""
    calibration: Calibration
    threshold: float
    """0 to 1: a likeliest route below it is `other`."""


def probabilities(logits: NDArray[np.floating], calibration: Calibration) -> NDArray[np.float64]:
    """Of each route, along the last axis of (n, routes); each row sums to 1, and its likeliest route stays that."""
    powers = np.exp((logits - logits.max(axis=-1, keepdims=True)) / calibration.temperature)
    powers = np.maximum(powers, _TINY, dtype=np.float64)  # something is left to share out, however sure it is
    shares: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    best = shares.max(axis=-1, keepdims=True)
    wanted = 1.0 / (1.0 + np.exp(-calibration.slope * log_odds(best) - calibration.offset))
    second = np.sort(shares, axis=-1)[..., -2:-1]
    wanted = np.maximum(wanted, second / (1.0 - best + second))  # below that it would no longer be the likeliest
    told: NDArray[np.float64] = np.where(shares == best, wanted, shares * (1.0 - wanted) / (1.0 - best))
    told /= told.sum(axis=-1, keepdims=True)  # two may be likeliest
    return told


def log_odds(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of probabilities, kept finite."""
    return np.log(np.maximum(shares, _TINY)) - np.log(np.maximum(1.0 - shares, _TINY))


def model_file(book: RouteBook) -> Path:
    """Where the model of a book lies: beside it."""
    return book.file.with_suffix(SUFFIX)


def save(model: Model, file: Path) -> None:
    """Write it whole or not at all, the same bytes for the same model.

    Raises:
        RulesError: the folder can't be written.
    """
    steps = np.maximum(np.abs(model.weights).max(axis=0), np.float32(1e-6)) / np.float32(_LEVELS)
    arrays: dict[str, NDArray[np.generic]] = {
        "format": np.array(FORMAT, _COUNTS),
        "digest": _packed((model.digest,)),
        "routes": _packed(model.routes),
        "sounds": _packed(model.sounds),
        "grams": _packed(model.grams),
        "rarity": model.rarity.astype(np.float32),
        "weights": np.rint(model.weights / steps).astype(np.int8),
        "steps": steps.astype(np.float32),
        "bias": model.bias.astype(np.float32),
        "numbers": np.array([model.unknown_rarity, *model.calibration, model.threshold], np.float64),
    }
    arrays["seal"] = _packed((_seal(arrays),))
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(_zipped(arrays))
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RulesError([f"{file}: 模型写不进去（{refused(error)}）；请检查文件夹的权限"]) from error


def load(book: RouteBook) -> Model:
    """The model that was trained from `book`.

    Raises:
        RulesError: there is none, it is damaged, or it was trained from another state of the book.
    """
    file = model_file(book)
    try:
        arrays = _read(file)
        model = _unpacked_model(arrays)
    except FileNotFoundError as error:
        raise _refused(book, "还没有训练好的模型") from error
    except Exception as error:  # numpy's and zipfile's border: broken archives raise a dozen types
        raise _refused(book, "训练好的模型坏了") from error
    if model.digest != book.digest or set(model.routes) != set(book.rules.routes):
        raise _refused(book, f"模型是用改过之前的 {book.file.name} 训练的")
    return model


def _refused(book: RouteBook, why: str) -> RulesError:
    return RulesError([f"{model_file(book)}: {why}；请运行 `voice-gateway routing train --rules {book.file.parent}`"])


def _read(file: Path) -> dict[str, NDArray[np.generic]]:
    with file.open("rb") as stream:  # read here: numpy leaves a file open when it turns out to be none of its own
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ValueError("too large")
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if int(arrays["format"]) != FORMAT or _unpacked(arrays.pop("seal")) != (_seal(arrays),):
        raise ValueError("another format, or changed")
    return arrays


def _unpacked_model(arrays: dict[str, NDArray[np.generic]]) -> Model:
    routes, grams = _unpacked(arrays["routes"]), _unpacked(arrays["grams"])
    weights = arrays["weights"].astype(np.float32) * arrays["steps"].astype(np.float32)
    if weights.shape != (len(grams), len(routes)):
        raise ValueError("parts that don't fit together")
    unknown_rarity, temperature, slope, offset, threshold = (
        float(number) for number in arrays["numbers"].astype(np.float64)
    )
    return Model(
        digest=_unpacked(arrays["digest"])[0],
        routes=routes,
        sounds=_unpacked(arrays["sounds"]),
        grams=grams,
        rarity=arrays["rarity"].astype(np.float32),
        weights=weights,
        bias=arrays["bias"].astype(np.float32),
        unknown_rarity=unknown_rarity,
        calibration=Calibration(temperature, slope, offset),
        threshold=threshold,
    )


def _packed(texts: tuple[str, ...]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(texts).encode(), _BYTES)


def _unpacked(packed: NDArray[np.generic]) -> tuple[str, ...]:
    return tuple(packed.tobytes().decode().split("\n"))


def _seal(arrays: dict[str, NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}\n".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _zipped(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    """As `numpy.savez_compressed`, which puts no clock into it: the same arrays are the same bytes."""
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    return stream.getvalue()
