"""Step 3: train the head on the encodings, with CTC (Graves et al. 2006), and write asr/closed/head.npz.

    python bench/closed_head/train.py ENCODINGS.npz [...] --out head.npz [--steps 2400]

On the CPU: 2400 steps are a minute. A file that is given twice counts twice. Every random choice comes from `--seed`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from asr.closed.head import CLASSES, Head
from asr.closed.sounds import SYLLABLES

HIDDEN = 96
PROJECTED = 128
"""Of Whisper's 512 values: 87 % of their variance."""
LONGEST_LABEL = 34
BATCH_OF = {200: 24, 500: 10}
"""Utterances in a batch, by the frames that they are padded to."""
LONGEST_FRAMES = max(BATCH_OF)
WHITENING_FLOOR = 0.02
"""Of the mean variance: keeps the weakest directions from being blown up."""

LEARNING_RATE, LAST_RATE, WARM_UP_STEPS = 4e-3, 1e-5, 40
WEIGHT_DECAY = 1e-2
GRADIENT_NORM = 1.0
DROPPED = 0.15
"""Of the projected values for a whole utterance, and of each layer's outputs."""
MOST_NOISE = 0.4
REPORT_EVERY = 50

Array = NDArray[np.float32]
Weights = dict[str, jax.Array]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One copy of a line: float frames of shape (n, 512 or `PROJECTED`), and its classes."""

    frames: NDArray[np.floating]
    classes: NDArray[np.int32]

    @property
    def fits(self) -> bool:
        """CTC needs a row of two frames for each class, and one between equal neighbours."""
        rows_needed = len(self.classes) + 2 + int(np.count_nonzero(self.classes[1:] == self.classes[:-1]))
        return (
            len(self.frames) // 2 > rows_needed
            and len(self.frames) <= LONGEST_FRAMES
            and len(self.classes) <= LONGEST_LABEL
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded utterances; in both paddings 1 is padding."""

    pairs: Array
    """Shape (utterances, rows, 2 * PROJECTED)."""
    pair_padding: Array
    classes: NDArray[np.int32]
    class_padding: Array
    masks: tuple[Array, ...]
    """Dropout of the three layers, shape (utterances, rows, HIDDEN)."""


def read(files: list[Path]) -> list[Utterance]:
    """What features.py wrote, without what does not fit."""
    utterances = []
    for file in files:
        with np.load(file) as stored:
            frames = np.split(stored["encoded"], np.cumsum(stored["frames"])[:-1])
            classes = np.split(stored["labels"], np.cumsum(stored["syllables"])[:-1])
        utterances += [Utterance(*pair) for pair in zip(frames, classes, strict=True)]
    return [utterance for utterance in utterances if utterance.fits]


def whitening(utterances: list[Utterance]) -> tuple[Array, Array]:
    """Mean of shape (512,) and projection of shape (512, PROJECTED), from every third frame."""
    some = np.concatenate([utterance.frames[::3].astype(np.float32) for utterance in utterances])
    mean = some.mean(0)
    variances, directions = np.linalg.eigh(np.cov((some - mean).T))
    strongest = variances[::-1][:PROJECTED]
    print(f"{len(utterances)} utterances; kept {100 * strongest.sum() / variances.sum():.1f} % of the variance")
    scale = np.sqrt(strongest + WHITENING_FLOOR * variances.mean())
    return mean, (directions[:, ::-1][:, :PROJECTED] / scale).astype(np.float32)


def first_weights(rng: np.random.Generator) -> Weights:
    """Normal, scaled by the inputs; class 0 a little ahead."""

    def normal(inputs: int, outputs: int) -> jax.Array:
        return jnp.asarray(rng.standard_normal((inputs, outputs)) * np.sqrt(1.5 / inputs), jnp.float32)

    return {
        "w0": normal(2 * PROJECTED, HIDDEN),
        "b0": jnp.zeros(HIDDEN),
        "c1": normal(3 * HIDDEN, HIDDEN),
        "b1": jnp.zeros(HIDDEN),
        "c2": normal(3 * HIDDEN, HIDDEN),
        "b2": jnp.zeros(HIDDEN),
        "wo": normal(HIDDEN, CLASSES),
        "bo": jnp.zeros(CLASSES).at[0].set(1.0),
    }


def scores(weights: Weights, pairs: jax.Array, masks: tuple[jax.Array, ...]) -> jax.Array:
    """What `asr.closed.head.Head` computes, with dropout and before the softmax."""
    hidden = jax.nn.relu(pairs @ weights["w0"] + weights["b0"]) * masks[0]
    for layer, mask in zip("12", masks[1:], strict=True):
        before = jnp.pad(hidden[:, :-1], ((0, 0), (1, 0), (0, 0)))
        behind = jnp.pad(hidden[:, 1:], ((0, 0), (0, 1), (0, 0)))
        around = jnp.concatenate([before, hidden, behind], -1)
        hidden = hidden + jax.nn.relu(around @ weights["c" + layer] + weights["b" + layer]) * mask
    return hidden @ weights["wo"] + weights["bo"]


def varied(frames: Array, rng: np.random.Generator) -> Array:
    """Noise, another level, up to two gaps of 20 to 80 ms, and pairs that may begin a frame later."""
    noise = rng.standard_normal(frames.shape).astype(np.float32)
    frames = frames + noise * rng.uniform(0, MOST_NOISE)
    frames = frames * rng.uniform(0.9, 1.1)
    for _ in range(2):
        if rng.random() < 0.3:
            start = rng.integers(0, max(1, len(frames) - 5))
            frames[start : start + rng.integers(1, 5)] = 0
    return frames[rng.integers(0, 2) :]


class Batches:
    """Random batches of short or of long utterances, each as often as its share of the frames."""

    def __init__(self, utterances: list[Utterance], rng: np.random.Generator) -> None:
        self._rng = rng
        short, long = BATCH_OF
        self._of = {
            short: [one for one in utterances if len(one.frames) <= short],
            long: [one for one in utterances if len(one.frames) > short],
        }
        frames = np.array([sum(len(one.frames) for one in group) for group in self._of.values()], float)
        self._shares = frames / frames.sum()

    def draw(self) -> Batch:
        """The next batch."""
        rng = self._rng
        length = list(BATCH_OF)[rng.choice(2, p=self._shares)]
        size, rows = BATCH_OF[length], length // 2
        frames = np.zeros((size, length, PROJECTED), np.float32)
        pair_padding = np.ones((size, rows), np.float32)
        classes = np.zeros((size, LONGEST_LABEL), np.int32)
        class_padding = np.ones((size, LONGEST_LABEL), np.float32)
        for row, chosen in enumerate(rng.choice(len(self._of[length]), size)):
            utterance = self._of[length][chosen]
            heard = varied(utterance.frames.astype(np.float32, copy=False), rng)
            frames[row, : len(heard)] = heard
            pair_padding[row, : (len(heard) + 1) // 2] = 0
            classes[row, : len(utterance.classes)] = utterance.classes
            class_padding[row, : len(utterance.classes)] = 0
        frames = frames * self._dropout((size, 1, PROJECTED))
        masks = tuple(self._dropout((size, rows, HIDDEN)) for _ in range(3))
        pairs = frames.reshape(size, rows, 2 * PROJECTED).astype(np.float32)
        return Batch(pairs, pair_padding, classes, class_padding, masks)

    def _dropout(self, shape: tuple[int, ...]) -> Array:
        return (self._rng.random(shape) > DROPPED).astype(np.float32) / np.float32(1 - DROPPED)


def loss(weights: Weights, *batch: jax.Array) -> jax.Array:
    """CTC loss in nats for each syllable."""
    pairs, pair_padding, classes, class_padding, *masks = batch
    lost = optax.ctc_loss(scores(weights, pairs, tuple(masks)), pair_padding, classes, class_padding)
    return jnp.asarray(lost.sum() / (1 - class_padding).sum())


def train(utterances: list[Utterance], steps: int, seed: int) -> Weights:
    """AdamW with a warm-up and a cosine down to nothing; prints the running mean of the loss."""
    rng = np.random.default_rng(seed)
    weights, batches = first_weights(rng), Batches(utterances, rng)
    rate = optax.warmup_cosine_decay_schedule(0, LEARNING_RATE, WARM_UP_STEPS, max(steps, WARM_UP_STEPS + 1), LAST_RATE)
    optimiser = optax.chain(optax.clip_by_global_norm(GRADIENT_NORM), optax.adamw(rate, weight_decay=WEIGHT_DECAY))
    state = optimiser.init(weights)

    @jax.jit
    def step(weights: Weights, state: optax.OptState, *batch: jax.Array) -> tuple[Weights, optax.OptState, jax.Array]:
        lost, gradient = jax.value_and_grad(loss)(weights, *batch)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, lost

    mean_loss = 0.0
    for number in range(steps):
        batch = batches.draw()
        given = (batch.pairs, batch.pair_padding, batch.classes, batch.class_padding, *batch.masks)
        weights, state, lost = step(weights, state, *given)
        mean_loss = 0.95 * mean_loss + 0.05 * float(lost) if number else float(lost)
        if number % REPORT_EVERY == 0 or number == steps - 1:
            print(f"step {number}: {mean_loss:.3f}", flush=True)
    return weights


def save(out: Path, mean: Array, projection: Array, weights: Mapping[str, jax.Array]) -> None:
    """As `Head` reads it: float16, which changes no weight by more than 0.0003."""
    arrays = {"mu": mean, "project": projection, **{name: np.asarray(array) for name, array in weights.items()}}
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    np.savez_compressed(out, allow_pickle=False, classes=np.array(SYLLABLES), **halves)


def main() -> None:
    """Train, save and load what was saved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encodings", type=Path, nargs="+", help="what features.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="the head, .npz")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    utterances = read(wanted.encodings)
    if not utterances:
        sys.exit("error: no utterance is long enough for its syllables: give more encodings")
    mean, projection = whitening(utterances)
    projected = [Utterance((one.frames.astype(np.float32) - mean) @ projection, one.classes) for one in utterances]
    weights = train(projected, wanted.steps, wanted.seed)
    save(wanted.out, mean, projection, weights)
    Head(wanted.out)
    print(f"wrote {wanted.out}")


if __name__ == "__main__":
    main()
