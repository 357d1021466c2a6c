"""Train the test model on spoken lines and write both of its forms; README.md tells how.

python tests/models/hotline_ctc/train.py SPOKEN/ OUT/ [--lines say.tsv] [--epochs 30] [--seconds 1500]
"""

from __future__ import annotations

import argparse
import csv
import pickle
import random
import time
from pathlib import Path

import numpy as np
import torch
from lines import is_held_out
from net import HotlineCtc
from pypinyin import Style, lazy_pinyin
from sound import Features, read, versions
from torch import Tensor, nn

BATCH_FRAMES = 5_000
VERSIONS = 4
RATE = 2e-3
SEED = 6


def read_lines(path: Path) -> list[tuple[str, str]]:
    """Name and wording of each line to learn from."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [(name, said) for name, said, *_ in rows if not is_held_out(said)]


def prepare(lines: list[tuple[str, str]], spoken: Path, kept: Path) -> list[list[Features]]:
    """The features of all lines in all versions; made once, then kept in a file for each line."""
    kept.mkdir(parents=True, exist_ok=True)
    others = [read(spoken / f"{name}.wav") for name, _ in lines[:60]]
    every = []
    for name, _ in lines:
        file = kept / f"{name}.pickle"
        if not file.exists():
            made = [one.astype(np.float16) for one in versions(spoken / f"{name}.wav", others, VERSIONS)]
            file.write_bytes(pickle.dumps(made))
        every.append(pickle.loads(file.read_bytes()))  # noqa: S301 -- written above
    return every


def phones_of(said: str) -> list[str]:
    """Initials and finals: what 500 characters have in common, and so what is learned first (hierarchical CTC)."""
    initials, finals = (lazy_pinyin(said, style, strict=False) for style in (Style.INITIALS, Style.FINALS))
    return [phone for pair in zip(initials, finals, strict=True) for phone in pair if phone]


def numbered(lines: list[list[str]]) -> tuple[list[str], list[Tensor]]:
    """All symbols, the blank first, and each line in numbers."""
    symbols = ["<blk>", *sorted({symbol for line in lines for symbol in line})]
    number = {symbol: n for n, symbol in enumerate(symbols)}
    return symbols, [torch.tensor([number[symbol] for symbol in line]) for line in lines]


def masked(features: Features, rng: random.Random, share: float) -> Tensor:
    """SpecAugment (Park et al. 2019): two bands of up to 14 bins and two stretches of up to 12 % set to the mean."""
    x = torch.from_numpy(features.astype(np.float32))
    for _ in range(2):
        wide, long = int(rng.randrange(15) * share), int(rng.randrange(1 + min(30, len(x) * 12 // 100)) * share)
        low, start = rng.randrange(81 - wide), rng.randrange(1 + len(x) - long)
        x[:, low : low + wide] = -8.5
        x[start : start + long] = -8.5
    return x


def batches(lengths: list[int], rng: random.Random) -> list[list[int]]:
    """Indices of lines of like length together, `BATCH_FRAMES` in each batch, the batches in random order."""
    order = sorted(range(len(lengths)), key=lambda n: lengths[n] + rng.random() * 40)
    made, row = [], list[int]()
    for n in order:
        if row and (len(row) + 1) * lengths[n] > BATCH_FRAMES:
            made.append(row)
            row = []
        row.append(n)
    made.append(row)
    rng.shuffle(made)
    return made


def learn(
    net: HotlineCtc,
    sounds: list[list[Features]],
    targets: tuple[list[Tensor], list[Tensor]],
    limits: tuple[int, float],
    kept: Path,
) -> None:
    """One-cycle AdamW over the epochs of `limits`; its seconds shorten the cycle to what the machine can do."""
    epochs, seconds = limits
    rng = random.Random(SEED)
    best = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.02, betas=(0.9, 0.98))
    loss_of = nn.CTCLoss(zero_infinity=True)
    began, progress, epoch = time.monotonic(), 0.0, 0
    net.train()
    while progress < 1.0:
        picked = [made[(epoch * 5 + n) % len(made)] for n, made in enumerate(sounds)]
        total, rows = 0.0, batches([len(one) for one in picked], rng)
        for number, row in enumerate(rows):
            progress = min(1.0, max((epoch + number / len(rows)) / epochs, (time.monotonic() - began) / seconds))
            for group in best.param_groups:
                group["lr"] = RATE * min(1.0, progress / 0.08 + 0.02) * (1.0 - max(0.0, progress - 0.08) / 0.93)
            x = [masked(picked[n], rng, 1.0 if progress > 0.2 else 0.3) for n in row]
            frames = torch.tensor([(len(one) - 13) // 4 + 1 for one in x])
            padded = nn.utils.rnn.pad_sequence(x, batch_first=True, padding_value=-15.9424)
            with torch.autocast("cpu", torch.bfloat16):  # twice as fast as float32 here, and as good
                *both, _ = net.both(padded)
            losses = []
            for log_probs, wanted in zip(both, ([one[n] for n in row] for one in targets), strict=True):
                sizes = torch.tensor([len(one) for one in wanted])
                losses.append(loss_of(log_probs.float().transpose(0, 1), torch.cat(wanted), frames, sizes))
            loss = losses[0] + 0.5 * losses[1]
            best.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            best.step()
            total += losses[0].item()
        epoch += 1
        torch.save(net.state_dict(), kept)
        print(f"epoch {epoch}: loss {total / len(rows):.3f}, {time.monotonic() - began:.0f} s", flush=True)
    net.eval()


def main() -> None:
    """Read, prepare, learn, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("spoken", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--lines", type=Path, default=Path("say.tsv"))
    arguments.add_argument("--epochs", type=int, default=30)
    arguments.add_argument("--seconds", type=float, default=1e9)
    given = arguments.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    lines = read_lines(given.lines)
    lines = [(name, said) for name, said in lines if (given.spoken / f"{name}.wav").exists()]
    sounds = prepare(lines, given.spoken, given.out / "features")
    tokens, written = numbered([list(said) for _, said in lines])
    phones, spoken = numbered([phones_of(said) for _, said in lines])
    (given.out / "tokens.txt").write_text("".join(f"{token} {n}\n" for n, token in enumerate(tokens)), encoding="utf-8")
    net = HotlineCtc(len(tokens), len(phones))
    print(
        f"{len(lines)} lines, {len(tokens)} tokens, {sum(p.numel() for p in net.parameters())} parameters", flush=True
    )
    learn(net, sounds, (written, spoken), (given.epochs, given.seconds), given.out / "weights.pt")


if __name__ == "__main__":
    main()
