"""Step 2: train the mask, and write asr/denoise/mask.npz.

    python bench/noise_mask/learn.py MIXES.npz [...] --out begun.npz --steps 3670
    python bench/noise_mask/learn.py MIXES.npz [...] --begun begun.npz --out mask.npz --steps 2400

First on the features: the noisy ones should become the clean ones. Then, with `--begun`, through Whisper's encoder and
the syllable head, both as they are: what was said should be read from the masked features, and their encoding be near
that of the clean ones. On the CPU; every random choice comes from `--seed`. A sixtieth of the mixtures is held back.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from encoder import encode, read_encoder
from numpy.typing import NDArray

from asr.denoise.mask import DEEPEST, DILATIONS
from asr.engines.whisper_weights import WHISPER_BASE
from asr.syllables.head import HEAD_FILE
from asr.syllables.names import classes_of
from asr.weights import model_folder

WIDTH, BANDS = 160, 80
BATCH_OF = {160: (40, 16, 12), 256: (24, 10, 16), 400: (16, 6, 24), 560: (12, 4, 32), 800: (8, 0, 0)}
"""By the frames that mixtures are padded to: how many are in a batch of the first kind and of the second, and the most
syllables."""
SILENCE_FRAMES = 160
"""Encoded behind the speech; the engine has more, which costs too much here."""
TAIL_FRAMES = 10

RATE, RATE_THROUGH_WHISPER, WARM_UP_STEPS = 2e-3, 4e-4, 100
DEEP = 4.0
"""What lies so many powers of ten below the loudest counts less ..."""
DEEP_COUNTS = 0.4
NEARNESS = 0.5
"""Weight of the distance between encodings beside the CTC loss."""
HELD_BACK = 60
REPORT_EVERY = 200

Weights = dict[str, jax.Array]
Array = NDArray[np.float32]
Mixture = tuple[NDArray[np.float16], NDArray[np.float16], tuple[int, ...]]
"""Noisy and clean features, shape (frames, 80), and the classes of what is said."""


def read(files: Sequence[Path]) -> list[Mixture]:
    """All mixtures in the order of the files."""
    mixtures = list[Mixture]()
    for file in files:
        with np.load(file) as stored:
            edges = np.cumsum(stored["frames"])[:-1]
            classes = [classes_of(str(text)) for text in stored["texts"]]
            noisy, clean = np.split(stored["noisy"], edges), np.split(stored["clean"], edges)
            mixtures += zip(noisy, clean, classes, strict=True)
    return mixtures


def first_weights(rng: np.random.Generator) -> Weights:
    weights: dict[str, Any] = {
        "wi": rng.standard_normal((2 * BANDS, WIDTH)) * (2 * BANDS) ** -0.5,
        "bi": np.zeros(WIDTH),
        "wo": rng.standard_normal((WIDTH, BANDS)) * 0.02,
        "bo": np.full(BANDS, 2.0),
    }
    for layer in range(len(DILATIONS)):
        weights[f"g{layer}"], weights[f"b{layer}"] = np.ones(WIDTH), np.zeros(WIDTH)
        weights[f"c{layer}"] = rng.standard_normal((3 * WIDTH, WIDTH)) * (3 * WIDTH) ** -0.5
    return {name: jnp.asarray(array, jnp.float32) for name, array in weights.items()}


def masked(weights: Weights, noisy: jax.Array, spoken: jax.Array) -> jax.Array:
    """What `asr.denoise.mask.Mask` computes, of padded utterances; `spoken` is 1 where one has a frame."""
    powers = noisy * 4.0 - 4.0
    loudest = _loudest(powers, spoken)
    mean = (powers * spoken).sum(1, keepdims=True) / spoken.sum(1, keepdims=True)
    hidden = jnp.concatenate([0.6 * (powers - loudest + 3.0), powers - mean], -1) @ weights["wi"] + weights["bi"]
    hidden = jax.nn.relu(hidden) * spoken
    for layer, dilation in enumerate(DILATIONS):
        rows = _normalised(hidden) * weights[f"g{layer}"]
        padded = jnp.pad(rows, ((0, 0), (dilation, dilation), (0, 0)))
        around = jnp.concatenate([padded[:, : rows.shape[1]], rows, padded[:, 2 * dilation :]], -1)
        hidden = (hidden + jax.nn.relu(around @ weights[f"c{layer}"] + weights[f"b{layer}"])) * spoken
    scores = _normalised(hidden) @ weights["wo"] + weights["bo"]
    powers = powers + jnp.maximum(-jax.nn.softplus(-scores) / np.log(10), DEEPEST)
    return (jnp.maximum(powers, _loudest(powers, spoken) - 8.0) + 4.0) / 4.0


def _normalised(hidden: jax.Array) -> jax.Array:
    return hidden * jax.lax.rsqrt((hidden * hidden).mean(-1, keepdims=True) + 1e-4)


def _loudest(powers: jax.Array, spoken: jax.Array) -> jax.Array:
    return jnp.where(spoken > 0, powers, -1e9).max((1, 2), keepdims=True)


def on_features(weights: Weights, noisy: jax.Array, clean: jax.Array, spoken: jax.Array, *_: jax.Array) -> jax.Array:
    """Mean distance to the clean features, in powers of ten."""
    counts = jnp.where(clean * 4 > _loudest(clean * 4, spoken) - DEEP, 1.0, DEEP_COUNTS)
    distance = jnp.abs(masked(weights, noisy, spoken) - clean) * 4
    return (distance * counts * spoken).sum() / (spoken.sum() * BANDS)


def through_whisper() -> Callable[..., jax.Array]:
    """The other loss: CTC in nats for each syllable, and how far the encoding is from that of the clean features."""
    whisper = read_encoder(model_folder(WHISPER_BASE, None) / "model.bin")
    with np.load(HEAD_FILE) as stored:
        head = {name: jnp.asarray(stored[name].astype(np.float32)) for name in stored if name != "syllables"}

    def loss(
        weights: Weights,
        noisy: jax.Array,
        clean: jax.Array,
        spoken: jax.Array,
        classes: jax.Array,
        class_padding: jax.Array,
    ) -> jax.Array:
        frames = noisy.shape[1] // 2 + TAIL_FRAMES
        heard = _projected(head, encode(whisper, _padded(masked(weights, noisy, spoken), spoken))[:, :frames])
        wanted = _projected(head, encode(whisper, _padded(clean, spoken))[:, :frames])
        here = jnp.pad(spoken[:, ::2], ((0, 0), (0, TAIL_FRAMES), (0, 0)))
        here = jnp.maximum(here, jnp.pad(here[:, :-TAIL_FRAMES], ((0, 0), (TAIL_FRAMES, 0), (0, 0))))
        far = ((heard - jax.lax.stop_gradient(wanted)) ** 2).mean(-1, keepdims=True)
        scores = _scores(head, heard)
        lost = optax.ctc_loss(scores, 1 - here[:, ::2][:, : scores.shape[1], 0], classes, class_padding)
        return lost.sum() / (1 - class_padding).sum() + NEARNESS * (far * here).sum() / here.sum()

    return loss


def _padded(mels: jax.Array, spoken: jax.Array) -> jax.Array:
    """With the silence behind the speech that the engine puts there."""
    floor = _loudest(mels, spoken) - 2.0
    silence = jnp.broadcast_to(floor, (len(mels), SILENCE_FRAMES, BANDS))
    return jnp.concatenate([jnp.where(spoken > 0, mels, floor), silence], 1)


def _projected(head: Weights, encoded: jax.Array) -> jax.Array:
    return (encoded - head["mu"]) @ head["project"]


def _scores(head: Weights, projected: jax.Array) -> jax.Array:
    """What `asr.syllables.head.Head` computes, before the softmax."""
    pairs = projected[:, : projected.shape[1] // 2 * 2].reshape(len(projected), -1, 2 * projected.shape[2])
    hidden = jax.nn.relu(pairs @ head["w0"] + head["b0"])
    for layer in "12":
        padded = jnp.pad(hidden, ((0, 0), (1, 1), (0, 0)))
        around = jnp.concatenate([padded[:, :-2], hidden, padded[:, 2:]], -1)
        hidden = hidden + jax.nn.relu(around @ head["c" + layer] + head["b" + layer])
    return hidden @ head["wo"] + head["bo"]


class Batches:
    """Random batches of mixtures that are about as long, each length as often as its share of the frames."""

    def __init__(self, mixtures: Sequence[Mixture], rng: np.random.Generator, *, encoded: bool) -> None:
        self._rng = rng
        self._encoded = encoded
        self._of: dict[int, list[Mixture]] = {}
        for one in mixtures:
            length = self._length(one)
            if length:
                self._of.setdefault(length, []).append(one)
        frames = np.array([sum(len(one[0]) for one in group) for group in self._of.values()], float)
        self._shares = frames / frames.sum()

    def _length(self, one: Mixture) -> int:
        """The least length that holds a mixture; 0 when none does."""
        noisy, _, classes = one
        length = next(length for length in BATCH_OF if len(noisy) <= length)
        fits = 0 < len(classes) <= BATCH_OF[length][2]
        return length if fits or not self._encoded else 0

    def draw(self) -> tuple[Array, ...]:
        """What the losses take."""
        length = list(self._of)[self._rng.choice(len(self._of), p=self._shares)]
        group, size = self._of[length], BATCH_OF[length][self._encoded]
        return self._batch([group[place] for place in self._rng.integers(len(group), size=size)], length)

    def all(self) -> list[tuple[Array, ...]]:
        """Each mixture once, but for those that fill no batch."""
        batches = list[tuple[Array, ...]]()
        for length, group in self._of.items():
            size = BATCH_OF[length][self._encoded]
            batches += [
                self._batch(group[start : start + size], length) for start in range(0, len(group) - size + 1, size)
            ]
        return batches

    def _batch(self, chosen: Sequence[Mixture], length: int) -> tuple[Array, ...]:
        most = max(1, BATCH_OF[length][2])
        noisy = np.zeros((len(chosen), length, BANDS), np.float32)
        clean, spoken = noisy.copy(), np.zeros((len(chosen), length, 1), np.float32)
        classes, class_padding = np.zeros((len(chosen), most), np.int32), np.ones((len(chosen), most), np.float32)
        for row, (heard, wanted, said) in enumerate(chosen):
            noisy[row, : len(heard)], clean[row, : len(heard)], spoken[row, : len(heard)] = heard, wanted, 1
            classes[row, : len(said)], class_padding[row, : len(said)] = said[:most], 0
        return noisy, clean, spoken, classes, class_padding


def train(wanted: argparse.Namespace) -> Weights:
    """The weights after so many steps, with a line now and then."""
    rng, mixtures = np.random.default_rng(wanted.seed), read(wanted.mixes)
    going_on = wanted.begun is not None
    loss, peak = (through_whisper(), RATE_THROUGH_WHISPER) if going_on else (on_features, RATE)
    held = Batches(mixtures[::HELD_BACK], rng, encoded=going_on).all()
    batches = Batches([one for place, one in enumerate(mixtures) if place % HELD_BACK], rng, encoded=going_on)
    weights = first_weights(rng)
    if going_on:
        with np.load(wanted.begun) as stored:
            weights = {name: jnp.asarray(stored[name].astype(np.float32)) for name in weights}
    warm_up = min(WARM_UP_STEPS, wanted.steps // 4)
    schedule = optax.warmup_cosine_decay_schedule(peak / 20, peak, warm_up, wanted.steps, peak / 50)
    optimiser = optax.chain(optax.clip_by_global_norm(0.5), optax.adamw(schedule, weight_decay=1e-3))

    @jax.jit
    def step(weights: Weights, state: optax.OptState, *batch: jax.Array) -> tuple[Weights, optax.OptState]:
        updates, state = optimiser.update(jax.grad(loss)(weights, *batch), state, weights)
        return optax.apply_updates(weights, updates), state

    lost, state = jax.jit(loss), optimiser.init(weights)
    for number in range(wanted.steps):
        if number % REPORT_EVERY == 0:
            print(f"{number:6d} held back {np.mean([float(lost(weights, *batch)) for batch in held]):.4f}", flush=True)
        weights, state = step(weights, state, *batches.draw())
    return weights


def main() -> None:
    """Train one mask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mixes", type=Path, nargs="+", help="of mix.py")
    parser.add_argument("--begun", type=Path, help="go on from this mask, through Whisper")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    weights = {name: np.asarray(array, np.float16) for name, array in train(wanted).items()}
    np.savez_compressed(wanted.out, **weights)


if __name__ == "__main__":
    main()
