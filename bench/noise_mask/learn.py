"""Step 2: train the mask and the head that reads behind it.

    python bench/noise_mask/learn.py MIXES.npz [...] --steps 3670 --mask begun.npz
    python bench/noise_mask/learn.py MIXES.npz [...] --steps 6000 --begun begun.npz --mask mask.npz --head head.npz

First on the features: the noisy ones should become the clean ones. Then, with `--begun`, through Whisper as it is: the
syllables should be read from the masked features, their encoding be near that of the clean ones, and the decoder
expect of either the same next word. The syllable head goes on learning meanwhile, behind the mask. On the CPU; every
random choice comes from `--seed`. Some of the mixtures are held back.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tokenizers
import torch
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from whisper import Whisper

from asr.denoise.mask import DEEPEST, DILATIONS
from asr.engines.whisper_weights import WHISPER_BASE
from asr.syllables.head import HEAD_FILE
from asr.syllables.names import SYLLABLES, classes_of
from asr.weights import model_folder

WIDTH, BANDS = 160, 80
BATCH_OF = {160: 24, 256: 16, 400: 10, 560: 7, 800: 5}
"""How many mixtures are in a batch, by the frames that they are padded to."""
SILENCE_FRAMES = 160
"""Encoded behind the speech; the engine has more, which costs too much here."""
TAIL_FRAMES = 10
MOST_TOKENS = 40

RATE, RATE_THROUGH_WHISPER, HEADS_RATE = 2e-3, 4e-4, 1.2e-4
WARM_UP_STEPS, LAST_OF_RATE = 50, 0.02
GRADIENT_NORM, WEIGHT_DECAY = 0.5, 1e-3
DEEP = 4.0
"""What lies so many powers of ten below the loudest counts less ..."""
DEEP_COUNTS = 0.4
NEARNESS, NEXT_WORD = 0.4, 0.5
"""Weights of the other two losses beside the CTC loss."""
HELD_BACK = 200
REPORT_EVERY = 200

Weights = dict[str, Tensor]
Features = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Mixture:
    """A caller in noise and without, shape (frames, 80), and what is said."""

    noisy: Features
    clean: Features
    classes: tuple[int, ...]
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Mixtures about as long, padded."""

    noisy: Tensor
    """Shape (mixtures, frames, 80); `clean` too."""
    clean: Tensor
    spoken: Tensor
    """1 where a mixture has a frame, shape (mixtures, frames, 1)."""
    classes: list[tuple[int, ...]]
    tokens: Tensor
    """Shape (mixtures, tokens), with the start and the end."""
    counted: Tensor
    """Whether the token behind a place counts: it is said, or the end."""


def read(files: Sequence[Path]) -> list[Mixture]:
    """All mixtures that say something, in the order of the files."""
    folder = model_folder(WHISPER_BASE, None)
    vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer = Tokenizer(vocabulary, multilingual=True, task="transcribe", language="zh")
    start = (*tokenizer.sot_sequence, tokenizer.no_timestamps)
    mixtures = list[Mixture]()
    for file in files:
        with np.load(file) as stored:
            edges = np.cumsum(stored["frames"])[:-1]
            noisy, clean = np.split(stored["noisy"], edges), np.split(stored["clean"], edges)
            for one, other, text in zip(noisy, clean, map(str, stored["texts"]), strict=True):
                tokens = (*start, *tokenizer.encode(text)[:MOST_TOKENS], tokenizer.eot)
                mixtures.append(Mixture(one, other, classes_of(text), tokens))
    return [one for one in mixtures if one.classes and 4 * len(one.classes) < len(one.noisy) // 2]


class Batches:
    """Random batches of mixtures that are about as long, each length as often as its share of the frames."""

    def __init__(self, mixtures: Sequence[Mixture], rng: np.random.Generator) -> None:
        self._rng = rng
        self._of: dict[int, list[Mixture]] = {}
        for one in mixtures:
            self._of.setdefault(next(length for length in BATCH_OF if len(one.noisy) <= length), []).append(one)
        frames = np.array([sum(len(one.noisy) for one in group) for group in self._of.values()], float)
        self._shares = frames / frames.sum()

    def draw(self) -> Batch:
        length = list(self._of)[self._rng.choice(len(self._of), p=self._shares)]
        group = self._of[length]
        return batched([group[place] for place in self._rng.integers(len(group), size=BATCH_OF[length])], length)

    def all(self) -> Iterable[Batch]:
        """Each mixture once."""
        for length, group in self._of.items():
            for start in range(0, len(group), BATCH_OF[length]):
                yield batched(group[start : start + BATCH_OF[length]], length)


def batched(chosen: Sequence[Mixture], length: int) -> Batch:
    noisy = np.zeros((len(chosen), length, BANDS), np.float32)
    clean, spoken = noisy.copy(), np.zeros((len(chosen), length, 1), np.float32)
    width = max(len(one.tokens) for one in chosen)
    tokens = np.full((len(chosen), width), chosen[0].tokens[-1], np.int64)
    counted = np.zeros((len(chosen), width - 1), bool)
    for row, one in enumerate(chosen):
        frames = len(one.noisy)
        noisy[row, :frames], clean[row, :frames], spoken[row, :frames] = one.noisy, one.clean, 1
        tokens[row, : len(one.tokens)] = one.tokens
        counted[row, 3 : len(one.tokens) - 1] = True
    arrays = (torch.from_numpy(array) for array in (noisy, clean, spoken, tokens, counted))
    noisy_, clean_, spoken_, tokens_, counted_ = arrays
    return Batch(noisy_, clean_, spoken_, [one.classes for one in chosen], tokens_, counted_)


def first_weights(generator: torch.Generator) -> Weights:
    def drawn(inputs: int, outputs: int, scale: float) -> Tensor:
        return torch.randn((inputs, outputs), generator=generator) * scale

    weights = {
        "wi": drawn(2 * BANDS, WIDTH, (2 * BANDS) ** -0.5),
        "bi": torch.zeros(WIDTH),
        "wo": drawn(WIDTH, BANDS, 0.02),
        "bo": torch.full((BANDS,), 2.0),
    }
    for layer in range(len(DILATIONS)):
        weights[f"g{layer}"], weights[f"b{layer}"] = torch.ones(WIDTH), torch.zeros(WIDTH)
        weights[f"c{layer}"] = drawn(3 * WIDTH, WIDTH, (3 * WIDTH) ** -0.5)
    return weights


def masked(weights: Weights, noisy: Tensor, spoken: Tensor) -> Tensor:
    """What `asr.denoise.mask.Mask` computes, of padded utterances."""
    powers = noisy * 4.0 - 4.0
    mean = (powers * spoken).sum(1, keepdim=True) / spoken.sum(1, keepdim=True)
    seen = torch.cat([0.6 * (powers - _loudest(powers, spoken) + 3.0), powers - mean], -1)
    hidden = torch.relu(seen @ weights["wi"] + weights["bi"]) * spoken
    for layer, dilation in enumerate(DILATIONS):
        rows = (_normalised(hidden) * weights[f"g{layer}"]).to(torch.bfloat16)
        around = _around(rows, dilation) @ weights[f"c{layer}"].to(torch.bfloat16)
        hidden = (hidden + torch.relu(around.float() + weights[f"b{layer}"])) * spoken
    scores = _normalised(hidden) @ weights["wo"] + weights["bo"]
    powers = powers + torch.clamp(-functional.softplus(-scores) / math.log(10), min=DEEPEST)
    return (torch.maximum(powers, _loudest(powers, spoken) - 8.0) + 4.0) / 4.0


def _normalised(hidden: Tensor) -> Tensor:
    return hidden * torch.rsqrt((hidden * hidden).mean(-1, keepdim=True) + 1e-4)


def _around(rows: Tensor, dilation: int) -> Tensor:
    padded = functional.pad(rows, (0, 0, dilation, dilation))
    return torch.cat([padded[:, : rows.shape[1]], rows, padded[:, 2 * dilation :]], -1)


def _loudest(powers: Tensor, spoken: Tensor) -> Tensor:
    return torch.where(spoken > 0, powers, torch.tensor(-1e9)).amax((1, 2), keepdim=True)


def on_features(weights: Weights, batch: Batch) -> Tensor:
    """Mean distance to the clean features, in powers of ten."""
    clean = batch.clean * 4
    counts = torch.where(clean > _loudest(clean, batch.spoken) - DEEP, 1.0, DEEP_COUNTS)
    distance = (masked(weights, batch.noisy, batch.spoken) * 4 - clean).abs()
    return (distance * counts * batch.spoken).sum() / (batch.spoken.sum() * BANDS)


class ThroughWhisper:
    """The other loss. Args: `head`: learns too."""

    def __init__(self, head: Weights) -> None:
        self._whisper = Whisper(model_folder(WHISPER_BASE, None) / "model.bin")
        self._head = head
        self._first_head = {name: array.clone() for name, array in head.items()}

    def __call__(self, weights: Weights, batch: Batch) -> Tensor:
        """CTC in nats for each syllable, how far the encoding is from that of the clean features, and how far what the
        decoder expects (Kullback-Leibler, in nats for each token)."""
        encoded = self._whisper.encode(_padded(masked(weights, batch.noisy, batch.spoken), batch.spoken))
        with torch.no_grad():
            wanted = self._whisper.encode(_padded(batch.clean, batch.spoken))
            expected = torch.softmax(self._whisper.decode(batch.tokens[:, :-1], wanted, batch.counted), -1)
        scores = self._whisper.decode(batch.tokens[:, :-1], encoded, batch.counted)
        surprise = functional.cross_entropy(scores, expected, reduction="sum")
        apart = (surprise + (expected * torch.log(expected + 1e-9)).sum()) / len(scores)
        return self._ctc(encoded, batch) + NEARNESS * self._distance(encoded, wanted, batch) + NEXT_WORD * apart

    def _ctc(self, encoded: Tensor, batch: Batch) -> Tensor:
        frames = _frames(batch)
        heard = torch.log_softmax(_scores(self._head, encoded[:, : int(frames.max())]), -1).transpose(0, 1)
        targets = torch.tensor([number for said in batch.classes for number in said])
        lengths = torch.tensor([len(said) for said in batch.classes])
        rows = torch.clamp(frames // 2, max=len(heard))
        lost = functional.ctc_loss(heard, targets, rows, lengths, reduction="sum", zero_infinity=True)
        return lost / lengths.sum()

    def _distance(self, encoded: Tensor, wanted: Tensor, batch: Batch) -> Tensor:
        frames = _frames(batch)
        here = (torch.arange(int(frames.max())) < frames[:, None]).float()
        first, last = (_projected(self._first_head, one[:, : here.shape[1]]) for one in (encoded, wanted))
        return (((first - last) ** 2).mean(-1) * here).sum() / here.sum()


def _frames(batch: Batch) -> Tensor:
    """Of the encoding, for each mixture."""
    return batch.spoken.sum((1, 2)).long() // 2 + TAIL_FRAMES


def _padded(mels: Tensor, spoken: Tensor) -> Tensor:
    """With the silence behind the speech that the engine puts there."""
    floor = _loudest(mels, spoken) - 2.0
    return torch.cat([torch.where(spoken > 0, mels, floor), floor.expand(len(mels), SILENCE_FRAMES, BANDS)], 1)


def _projected(head: Weights, encoded: Tensor) -> Tensor:
    return (encoded.float() - head["mu"]) @ head["project"]


def _scores(head: Weights, encoded: Tensor) -> Tensor:
    """What `asr.syllables.head.Head` computes, before the softmax."""
    projected = _projected(head, encoded)
    pairs = projected[:, : projected.shape[1] // 2 * 2].reshape(len(projected), -1, 2 * projected.shape[2])
    hidden = torch.relu(pairs @ head["w0"] + head["b0"])
    for layer in "12":
        hidden = hidden + torch.relu(_around(hidden, 1) @ head["c" + layer] + head["b" + layer])
    return hidden @ head["wo"] + head["bo"]


def train(wanted: argparse.Namespace) -> tuple[Weights, Weights]:
    """Mask and head after so many steps, with a line now and then."""
    rng, generator = np.random.default_rng(wanted.seed), torch.Generator().manual_seed(wanted.seed)
    mixtures, weights, head = read(wanted.mixes), first_weights(generator), stored(HEAD_FILE)
    loss: Callable[[Weights, Batch], Tensor] = on_features
    rates = [(weights, RATE)]
    if wanted.begun is not None:
        weights |= stored(wanted.begun)
        rates = [(weights, RATE_THROUGH_WHISPER), ({name: head[name] for name in head if name != "mu"}, HEADS_RATE)]
        loss = ThroughWhisper(head)
    learning = [{"params": [one.requires_grad_() for one in group.values()], "lr": rate} for group, rate in rates]
    optimiser = torch.optim.AdamW(learning, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: share_of_rate(step, wanted.steps))
    held = Batches(mixtures[::HELD_BACK], rng)
    batches = Batches([one for place, one in enumerate(mixtures) if place % HELD_BACK], rng)
    for number in range(wanted.steps):
        if number % REPORT_EVERY == 0:
            with torch.no_grad():
                mean = np.mean([float(loss(weights, batch)) for batch in held.all()])
            print(f"{number:6d} held back {mean:.4f}", flush=True)
        optimiser.zero_grad()
        loss(weights, batches.draw()).backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), GRADIENT_NORM)
        optimiser.step()
        schedule.step()
    return weights, head


def share_of_rate(step: int, steps: int) -> float:
    """Up from nothing, then down as a cosine."""
    falling = LAST_OF_RATE + (1 - LAST_OF_RATE) * (1 + math.cos(math.pi * step / steps)) / 2
    return min(1.0, (step + 1) / WARM_UP_STEPS) * falling


def stored(file: Path) -> Weights:
    with np.load(file) as arrays:
        return {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays if name != "syllables"}


def main() -> None:
    """Train one mask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mixes", type=Path, nargs="+", help="of mix.py")
    parser.add_argument("--begun", type=Path, help="go on from this mask, through Whisper")
    parser.add_argument("--mask", type=Path, required=True)
    parser.add_argument("--head", type=Path, help="where the head goes that was trained with it")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    mask, head = ({name: one.detach().numpy().astype(np.float16) for name, one in net.items()} for net in train(wanted))
    np.savez_compressed(wanted.mask, **mask)
    if wanted.head is not None:
        np.savez_compressed(wanted.head, syllables=SYLLABLES, **head)


if __name__ == "__main__":
    main()
