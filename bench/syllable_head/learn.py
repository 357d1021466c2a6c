"""Step 3: train the head on the encodings, with CTC (Graves et al. 2006), and write asr/syllables/head.npz.

    python bench/syllable_head/learn.py ENCODINGS.npz [...] --out head.npz --steps 13000 [--begun HEAD.npz]

On the CPU. Every random choice comes from `--seed`. A fortieth of the utterances is held back; how many of their
syllables are wrong is printed now and then. A file that is named twice counts twice, and then that is too good.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from asr.syllables.head import Head
from asr.syllables.names import NAMES, SYLLABLES, classes_of

HIDDEN, PROJECTED = 256, 224
CLASSES = len(NAMES) + 1
BATCH_OF = {60: (48, 8), 120: (32, 14), 200: (20, 20), 320: (12, 30), 480: (8, 40)}
"""By the frames that utterances are padded to: how many are in a batch, and the most syllables."""
WHITENING_FLOOR = 0.02
"""Of the mean variance: keeps the weakest directions from being blown up."""

RATE, RATE_GOING_ON, LAST_RATE, WARM_UP_STEPS = 3e-3, 1.2e-3, 1e-5, 60
WEIGHT_DECAY = 1e-2
GRADIENT_NORM = 1.0
DROPPED = 0.15
"""Of the projected values for a whole utterance, and of each layer's outputs."""
MOST_NOISE = 0.4
HELD_BACK = 40
REPORT_EVERY = 250

Array = NDArray[np.float32]
Weights = dict[str, jax.Array]
Example = tuple[NDArray[np.float16], tuple[int, ...]]
"""Projected frames, shape (n, PROJECTED), and classes."""


def read(files: list[Path]) -> list[Example]:
    """The frames of each copy and its classes, without those that CTC has too few rows for, or that are too long.

    Some say nothing.
    """
    examples = list[Example]()
    for file in files:
        with np.load(file) as stored:
            parts, texts = np.split(stored["encoded"], np.cumsum(stored["frames"])[:-1]), stored["texts"]
        examples += [(part, classes_of(str(text))) for part, text in zip(parts, texts, strict=True)]
    return [one for one in examples if len(one[0]) // 2 > _rows_needed(one[1]) and _group(one)]


def _rows_needed(classes: tuple[int, ...]) -> int:
    """CTC needs a row of two frames for each class, and one between equal neighbours."""
    return len(classes) + 1 + sum(one == other for one, other in itertools.pairwise(classes))


def _group(example: Example) -> int:
    """The least length that holds an example; 0 when none does."""
    frames, classes = example
    return next((most for most, (_, said) in BATCH_OF.items() if len(frames) <= most and len(classes) <= said), 0)


def whitening(examples: list[Example]) -> tuple[Array, Array]:
    """Mean of shape (512,) and projection of shape (512, PROJECTED), from every seventh frame."""
    some = np.concatenate([part[::7].astype(np.float32) for part, _ in examples])
    mean = some.mean(0)
    variances, directions = np.linalg.eigh(np.cov((some - mean).T))
    strongest = variances[::-1][:PROJECTED]
    print(f"{len(examples)} utterances; kept {100 * strongest.sum() / variances.sum():.1f} % of the variance")
    scale = np.sqrt(strongest + WHITENING_FLOOR * variances.mean())
    return mean, (directions[:, ::-1][:, :PROJECTED] / scale).astype(np.float32)


def first_weights(rng: np.random.Generator) -> Weights:
    """Normal, scaled by the inputs; class 0 ahead."""
    shapes = {
        "0": (2 * PROJECTED, HIDDEN),
        "1": (3 * HIDDEN, HIDDEN),
        "2": (3 * HIDDEN, HIDDEN),
        "o": (HIDDEN, CLASSES),
    }
    weights: Weights = {}
    for layer, (inputs, outputs) in shapes.items():
        name = ("c" if layer in "12" else "w") + layer
        weights[name] = jnp.asarray(rng.standard_normal((inputs, outputs)) * np.sqrt(1.5 / inputs), jnp.float32)
        weights["b" + layer] = jnp.zeros(outputs)
    weights["bo"] = weights["bo"].at[0].set(2.0)
    return weights


def scores(weights: Weights, pairs: jax.Array, masks: tuple[jax.Array, ...]) -> jax.Array:
    """What `asr.syllables.head.Head` computes, with dropout and before the softmax."""
    hidden = jax.nn.relu(pairs @ weights["w0"] + weights["b0"]) * masks[0]
    for layer, mask in zip("12", masks[1:], strict=True):
        before = jnp.pad(hidden[:, :-1], ((0, 0), (1, 0), (0, 0)))
        behind = jnp.pad(hidden[:, 1:], ((0, 0), (0, 1), (0, 0)))
        around = jnp.concatenate([before, hidden, behind], -1)
        hidden = hidden + jax.nn.relu(around @ weights["c" + layer] + weights["b" + layer]) * mask
    return hidden @ weights["wo"] + weights["bo"]


def loss(weights: Weights, *batch: jax.Array) -> jax.Array:
    """CTC loss in nats for each syllable."""
    pairs, padding, classes, class_padding, *masks = batch
    lost = optax.ctc_loss(scores(weights, pairs, tuple(masks)), padding, classes, class_padding)
    return jnp.asarray(lost.sum() / jnp.maximum(1, (1 - class_padding).sum()))


def varied(frames: Array, rng: np.random.Generator) -> Array:
    """Noise, another level, up to two gaps of 20 to 80 ms, and pairs that may begin a frame later."""
    noise = rng.standard_normal(frames.shape, np.float32)
    frames = (frames + noise * np.float32(rng.uniform(0, MOST_NOISE))) * np.float32(rng.uniform(0.9, 1.1))
    for _ in range(2):
        if rng.random() < 0.3:
            start = rng.integers(0, max(1, len(frames) - 5))
            frames[start : start + rng.integers(1, 5)] = 0
    return frames[rng.integers(0, 2) :]


def dropped(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A mask of dropout."""
    return (rng.random(shape, np.float32) > DROPPED).astype(np.float32) / np.float32(1 - DROPPED)


class Batches:
    """Random batches of utterances that are about as long, each length as often as its share of the frames."""

    def __init__(self, examples: list[Example], rng: np.random.Generator) -> None:
        self._rng = rng
        self._of: dict[int, list[Example]] = {}
        for one in examples:
            self._of.setdefault(_group(one), []).append(one)
        frames = np.array([sum(len(part) for part, _ in group) for group in self._of.values()], float)
        self._shares = frames / frames.sum()

    def draw(self) -> tuple[Array, ...]:
        """What `loss` takes; in both paddings 1 is padding."""
        rng = self._rng
        frames = list(self._of)[rng.choice(len(self._of), p=self._shares)]
        (size, most), group = BATCH_OF[frames], self._of[frames]
        padded, padding = np.zeros((size, frames, PROJECTED), np.float32), np.ones((size, frames // 2), np.float32)
        classes, class_padding = np.zeros((size, most), np.int32), np.ones((size, most), np.float32)
        for row, chosen in enumerate(rng.choice(len(group), size)):
            part, said = group[chosen]
            heard = varied(part.astype(np.float32), rng)
            padded[row, : len(heard)], padding[row, : (len(heard) + 1) // 2] = heard, 0
            classes[row, : len(said)], class_padding[row, : len(said)] = said, 0
        padded *= dropped((size, 1, PROJECTED), rng)
        masks = [dropped((size, frames // 2, HIDDEN), rng) for _ in range(3)]
        return padded.reshape(size, frames // 2, 2 * PROJECTED), padding, classes, class_padding, *masks


def wrong_share(weights: Weights, examples: list[Example]) -> float:
    """Syllables that greedy decoding adds, leaves out or mistakes, as a share of those that were said."""
    wrong = said_in_all = 0
    none = tuple(np.ones((1, 1, 1), np.float32) for _ in range(3))
    for part, said in examples:
        even = np.zeros((1, max(BATCH_OF), PROJECTED), np.float32)
        even[0, : len(part)] = part
        best = np.asarray(scores(weights, even.reshape(1, -1, 2 * PROJECTED), none))[0, : len(part) // 2].argmax(1)
        heard = [k for k, before in zip(best, [0, *best], strict=False) if k and k != before]
        wrong += _distance(heard, said)
        said_in_all += len(said)
    return wrong / said_in_all


def _distance(one: list[int], other: tuple[int, ...]) -> int:
    row = list(range(len(other) + 1))
    for number, left in enumerate(one, 1):
        corner, row[0] = row[0], number
        for place, right in enumerate(other, 1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (left != right))
    return row[-1]


def weights_of(head: Path) -> tuple[Array, Array, Weights]:
    """The mean, the projection and the other weights of a head."""
    with np.load(head) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files if name != "syllables"}
    mean, projection = arrays.pop("mu"), arrays.pop("project")
    return mean, projection, {name: jnp.asarray(array) for name, array in arrays.items()}


def train(examples: list[Example], steps: int, seed: int, begun: Weights | None = None) -> Weights:
    """AdamW with a warm-up and a cosine down to nothing; from `begun`, if there is such, more gently."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(examples))
    held = [examples[k] for k in order[: len(examples) // HELD_BACK]]
    weights, batches = begun or first_weights(rng), Batches([examples[k] for k in order[len(held) :]], rng)
    highest = RATE_GOING_ON if begun else RATE
    rate = optax.warmup_cosine_decay_schedule(0, highest, WARM_UP_STEPS, max(steps, WARM_UP_STEPS + 1), LAST_RATE)
    optimiser = optax.chain(optax.clip_by_global_norm(GRADIENT_NORM), optax.adamw(rate, weight_decay=WEIGHT_DECAY))
    state, mean = optimiser.init(weights), 0.0

    @jax.jit
    def step(weights: Weights, state: optax.OptState, *batch: jax.Array) -> tuple[Weights, optax.OptState, jax.Array]:
        lost, gradient = jax.value_and_grad(loss)(weights, *batch)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, lost

    for number in range(steps):
        weights, state, lost = step(weights, state, *batches.draw())
        mean = 0.98 * mean + 0.02 * float(lost) if number else float(lost)
        if number % REPORT_EVERY == 0 or number == steps - 1:
            print(f"step {number}: {mean:.3f}, held back {100 * wrong_share(weights, held):.1f} % wrong", flush=True)
    return weights


def main() -> None:
    """Train, save and load what was saved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encodings", type=Path, nargs="+", help="what encode.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="the head, .npz")
    parser.add_argument("--begun", type=Path, help="a head to go on from, with its projection")
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    examples = read(wanted.encodings)
    if len(examples) < HELD_BACK:
        sys.exit("error: too little to train on: give more encodings")
    mean, projection, begun = weights_of(wanted.begun) if wanted.begun else (*whitening(examples), None)
    examples = [(((part.astype(np.float32) - mean) @ projection).astype(np.float16), said) for part, said in examples]
    weights = train(examples, wanted.steps, wanted.seed, begun)
    arrays = {"mu": mean, "project": projection, **{name: np.asarray(array) for name, array in weights.items()}}
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    np.savez_compressed(wanted.out, allow_pickle=False, syllables=np.array(SYLLABLES), **halves)
    Head(wanted.out)
    print(f"wrote {wanted.out}")


if __name__ == "__main__":
    main()
