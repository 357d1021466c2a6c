"""The test model's network: causal, so that one set of weights hears a whole utterance or 0.32 s at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTH, LAYERS, KERNEL = 192, 7, 11
SEES = 13
"""Feature frames behind one output frame of the front: two convolutions of five, each halving the rate."""
FACTOR = 4
CHUNK = 32
"""Feature frames from one streaming step to the next."""
WINDOW = CHUNK - FACTOR + SEES
TAIL = 48
"""Silent feature frames that the offline form hears after the end; a causal CTC model writes late."""
QUIETEST = -15.9424
"""The logarithm of the smallest mel energy."""


class Front(nn.Module):
    """Features (batch, frames, 80) to (batch, (frames - 13) // 4 + 1, 192)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(80, 128, 5, stride=2)
        self.second = nn.Conv1d(128, 128, 5, stride=2, groups=128)
        self.out = nn.Linear(128, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        x = (x.clamp(min=QUIETEST) + 8.5) / 5.0
        x = torch.relu(self.first(x.transpose(1, 2)))
        out: Tensor = self.out(torch.relu(self.second(x)).transpose(1, 2))
        return out


class Block(nn.Module):
    """A gated causal depthwise convolution and a feed-forward part. State: its last ten inputs (batch, 10, 192)."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.norm, self.gate = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2 * WIDTH)
        self.deep, self.mid = nn.Conv1d(WIDTH, WIDTH, KERNEL, groups=WIDTH), nn.LayerNorm(WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.feed = nn.Sequential(
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 2 * WIDTH),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * WIDTH, WIDTH),
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        y = torch.cat([state, nn.functional.glu(self.gate(self.norm(x)))], 1)
        state = y[:, y.shape[1] - (KERNEL - 1) :]
        y = nn.functional.silu(self.mid(self.deep(y.transpose(1, 2)).transpose(1, 2)))
        x = x + self.mix(y)
        return x + self.drop(self.feed(x)), state


class HotlineCtc(nn.Module):
    """Features (batch, frames, 80) to log probabilities (batch, (frames - 13) // 4 + 1, tokens), and the state."""

    def __init__(self, tokens: int, phones: int = 1, dropout: float = 0.1) -> None:
        super().__init__()
        self.front = Front()
        self.blocks = nn.ModuleList(Block(dropout) for _ in range(LAYERS))
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, tokens)
        self.phones = nn.Linear(WIDTH, phones)

    def forward(self, x: Tensor, states: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`states`: (batch, 7, 10, 192), None at the start."""
        log_probs, _, states = self.both(x, states)
        return log_probs, states

    def both(self, x: Tensor, states: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """The same, with log probabilities of the phones in the middle, for learning."""
        x = self.front(x)
        if states is None:
            states = x.new_zeros(x.shape[0], LAYERS, KERNEL - 1, WIDTH)
        after, middle = list[Tensor](), x
        for number, block in enumerate(self.blocks):
            x, state = block(x, states[:, number])
            after.append(state)
            middle = x if number == LAYERS // 2 else middle
        return self.out(self.norm(x)).log_softmax(-1), self.phones(middle).log_softmax(-1), torch.stack(after, 1)


def packed(states: Tensor) -> Tensor:
    """(batch, 7, 10, 192) as (70, batch, 192), for loaders that want states like that."""
    return states.reshape(-1, LAYERS * (KERNEL - 1), WIDTH).transpose(0, 1)


def unpacked(states: Tensor) -> Tensor:
    """The way back."""
    return states.transpose(0, 1).reshape(-1, LAYERS, KERNEL - 1, WIDTH)


class Streaming(nn.Module):
    """What sherpa-onnx expects of a streaming zipformer2 CTC model; of its eight states only the first is ours."""

    def __init__(self, net: HotlineCtc) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, key: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        log_probs, states = self.net(x, unpacked(key))
        return log_probs, packed(states), *(other + 0 for other in others)


class Offline(nn.Module):
    """What sherpa-onnx expects of an offline zipformer2 CTC model."""

    def __init__(self, net: HotlineCtc) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        tail = torch.full_like(x[:, :1], QUIETEST).expand(-1, TAIL, -1)
        log_probs, _ = self.net(torch.cat([x, tail], 1))
        return log_probs, (lengths + TAIL - SEES) // FACTOR + 1


class Encoder(nn.Module):
    """What sherpa-onnx expects of a streaming LSTM transducer's encoder; of its two states only the first is ours."""

    def __init__(self, net: HotlineCtc) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        log_probs, states = self.net(x, unpacked(h))
        return log_probs, packed(states), c + 0


class Decoder(nn.Module):
    """The "prediction network": only says which token came last, (batch, 1) to (batch, tokens)."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.numbers = nn.Buffer(torch.arange(tokens))

    def forward(self, y: Tensor) -> Tensor:
        return torch.eq(y, self.numbers).float()


class Joiner(nn.Module):
    """CTC as a transducer: the token that came last, heard again, is a blank. (So 看看 is written 看.)"""

    def forward(self, log_probs: Tensor, last: Tensor) -> Tensor:
        p = log_probs.exp()
        again = (p * last).sum(1, keepdim=True)
        p = p * (1.0 - last)
        return torch.cat([p[:, :1] + again, p[:, 1:]], 1).clamp(min=1e-9).log()
