"""Step 3: train the head on the encodings, with CTC, and write asr/phrases/head.npz.

    python bench/phrase_head/learn.py ENCODINGS.npz [...] --out head.npz --steps 2800

The network and its loss are those of bench/closed_head/train.py, wider, with all syllables as classes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench" / "closed_head"))
import train as closed  # noqa: E402 - the scripts of closed_head are no package

from asr.closed.head import Head  # noqa: E402
from asr.phrases.syllables import SYLLABLES, classes_of  # noqa: E402

HIDDEN = PROJECTED = 160
CLASSES = len(SYLLABLES.split()) + 1
BATCH_OF = {120: (28, 12), 200: (16, 16), 440: (8, 30)}
"""By the frames that utterances are padded to: how many are in a batch, and the most syllables."""
RATE, WARM_UP_STEPS = 3e-3, 60

Example = tuple[closed.Array, tuple[int, ...]]


def read(files: list[Path]) -> list[Example]:
    """The frames of each copy and its classes, without those that CTC has too few rows for."""
    examples = list[Example]()
    for file in files:
        with np.load(file) as stored:
            parts, texts = np.split(stored["encoded"], np.cumsum(stored["frames"])[:-1]), stored["texts"]
        examples += [(part, classes_of(str(text))) for part, text in zip(parts, texts, strict=True)]
    return [(part, said) for part, said in examples if said and len(part) // 2 > 2 * len(said) + 2]


def whitening(examples: list[Example]) -> tuple[closed.Array, closed.Array]:
    """Mean of shape (512,) and projection of shape (512, PROJECTED)."""
    some = np.concatenate([part[::3].astype(np.float32) for part, _ in examples])
    mean = some.mean(0)
    variances, directions = np.linalg.eigh(np.cov((some - mean).T))
    scale = np.sqrt(variances[::-1][:PROJECTED] + closed.WHITENING_FLOOR * variances.mean())
    return mean, (directions[:, ::-1][:, :PROJECTED] / scale).astype(np.float32)


def first_weights(rng: np.random.Generator) -> closed.Weights:
    """Normal, scaled by the inputs; class 0 ahead."""
    shapes = {
        "0": (2 * PROJECTED, HIDDEN),
        "1": (3 * HIDDEN, HIDDEN),
        "2": (3 * HIDDEN, HIDDEN),
        "o": (HIDDEN, CLASSES),
    }
    weights: closed.Weights = {}
    for layer, (inputs, outputs) in shapes.items():
        name = ("c" if layer in "12" else "w") + layer
        weights[name] = jnp.asarray(rng.standard_normal((inputs, outputs)) * np.sqrt(1.5 / inputs), jnp.float32)
        weights["b" + layer] = jnp.zeros(outputs)
    weights["bo"] = weights["bo"].at[0].set(2.0)
    return weights


def dropped(shape: tuple[int, ...], rng: np.random.Generator) -> closed.Array:
    """A mask of dropout."""
    return (rng.random(shape) > closed.DROPPED).astype(np.float32) / np.float32(1 - closed.DROPPED)


def batch(examples: list[Example], frames: int, rng: np.random.Generator) -> tuple[closed.Array, ...]:
    """Random examples of this group, as `closed.loss` takes them."""
    size, most = BATCH_OF[frames]
    padded, padding = np.zeros((size, frames, PROJECTED), np.float32), np.ones((size, frames // 2), np.float32)
    classes, class_padding = np.zeros((size, most), np.int32), np.ones((size, most), np.float32)
    for row, chosen in enumerate(rng.choice(len(examples), size)):
        part, said = examples[chosen]
        heard = closed.varied(part.astype(np.float32), rng)
        padded[row, : len(heard)], padding[row, : (len(heard) + 1) // 2] = heard, 0
        classes[row, : len(said)], class_padding[row, : len(said)] = said, 0
    padded *= dropped((size, 1, PROJECTED), rng)
    masks = [dropped((size, frames // 2, HIDDEN), rng) for _ in range(3)]
    return padded.reshape(size, frames // 2, 2 * PROJECTED), padding, classes, class_padding, *masks


def grouped(examples: list[Example]) -> dict[int, list[Example]]:
    """By the least length that holds them; what is longer, or says too much, is left out."""
    groups: dict[int, list[Example]] = {frames: [] for frames in BATCH_OF}
    for part, said in examples:
        frames = next((frames for frames in BATCH_OF if len(part) <= frames), None)
        if frames is not None and len(said) <= BATCH_OF[frames][1]:
            groups[frames].append((part, said))
    return {frames: group for frames, group in groups.items() if group}


def learn(examples: list[Example], steps: int, rng: np.random.Generator) -> closed.Weights:
    """AdamW with a warm-up and a cosine down to nothing; prints the running mean of the loss."""
    groups, weights = grouped(examples), first_weights(rng)
    shares = np.array([sum(len(part) for part, _ in group) for group in groups.values()], float)
    rate = optax.warmup_cosine_decay_schedule(0, RATE, WARM_UP_STEPS, max(steps, WARM_UP_STEPS + 1), closed.LAST_RATE)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=closed.WEIGHT_DECAY))
    state, mean = optimiser.init(weights), 0.0

    @jax.jit
    def step(
        weights: closed.Weights, state: optax.OptState, *given: jax.Array
    ) -> tuple[closed.Weights, optax.OptState, jax.Array]:
        lost, gradient = jax.value_and_grad(closed.loss)(weights, *given)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, lost

    for number in range(steps):
        frames = list(groups)[rng.choice(len(groups), p=shares / shares.sum())]
        weights, state, lost = step(weights, state, *batch(groups[frames], frames, rng))
        mean = 0.95 * mean + 0.05 * float(lost) if number else float(lost)
        if number % closed.REPORT_EVERY == 0 or number == steps - 1:
            print(f"step {number}: {mean:.3f}", flush=True)
    return weights


def main() -> None:
    """Train, save and load what was saved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encodings", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2800)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    examples = read(wanted.encodings)
    if not examples:
        sys.exit("error: nothing to train on: give more encodings")
    mean, projection = whitening(examples)
    examples = [((part.astype(np.float32) - mean) @ projection, said) for part, said in examples]
    weights = learn(examples, wanted.steps, np.random.default_rng(wanted.seed))
    arrays = {"mu": mean, "project": projection, **{name: np.asarray(array) for name, array in weights.items()}}
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    np.savez_compressed(wanted.out, allow_pickle=False, classes=np.array(SYLLABLES), **halves)
    Head(wanted.out, SYLLABLES)


if __name__ == "__main__":
    main()
