"""The sound of one caller who measures: sends pre-encoded packets, and notes what came, by the kernel's clock."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr

from asr.audio import read_audio
from gateway.media.frames import SAMPLE_RATE_HZ
from gateway.media.g711 import A_LAW
from gateway.transport.rtp.packet import pack_packet
from gateway.transport.rtp.telephone_event import key_packets

SAMPLES = Path(__file__).parents[2] / "audio_samples"
PACKET_MS = 20
PACKET_BYTES = 160
CLOCK_HZ = 8000
KEY_TYPE = 101
_ALAW_TYPE = 8
_SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
_ROOM = socket.CMSG_SPACE(16)
_PACK = struct.Struct("!BBHII").pack
_TIMESPEC = struct.Struct("@qq").unpack

Sound = Sequence[bytes]
"""Payloads of 20 ms of A-law; played again from the beginning when they are over."""


def line_noise(seconds: float = 5.0) -> Sound:
    """Somebody who says nothing: noise at -60 dBFS."""
    noise = np.random.default_rng(7).normal(0, 33, int(seconds * CLOCK_HZ)).astype(np.int16)
    return _packets(noise)


def speech(file: str, *, before_s: float = 0.5, after_s: float = 0.5) -> Sound:
    """A file of audio_samples, with pauses of line noise around it."""
    wide = read_audio(SAMPLES / file).astype(np.float32)
    said = np.clip(soxr.resample(wide, SAMPLE_RATE_HZ, CLOCK_HZ), -32768, 32767).astype(np.int16)
    return [*line_noise(before_s), *_packets(said), *line_noise(after_s)]


def _packets(pcm: np.ndarray) -> Sound:
    data = A_LAW.encode(pcm)
    return [data[at : at + PACKET_BYTES] for at in range(0, len(data) - PACKET_BYTES + 1, PACKET_BYTES)]


def likeness(said: Sound, heard: Sequence[bytes]) -> float:
    """How much of what was heard is what was said over and over, at whatever delay: 0 to 1 (a correlation)."""
    loop = A_LAW.decode(b"".join(said)).astype(np.float64)
    piece = A_LAW.decode(b"".join(heard)).astype(np.float64)[: len(loop)]
    size = 2 * len(loop)
    twice = np.concatenate([loop, loop])
    product = np.fft.irfft(np.fft.rfft(twice) * np.conj(np.fft.rfft(piece, size)), size)[: len(loop)]
    energy = np.concatenate([[0.0], np.cumsum(twice**2)])
    there = energy[len(piece) : len(piece) + len(loop)] - energy[: len(loop)]
    return float(np.max(np.abs(product) / np.sqrt(there * (piece @ piece) + 1.0)))


@dataclass(slots=True)
class Came:
    """What came on one line."""

    packets: int = 0
    copies: int = 0
    first: int = -1
    highest: int = -1
    last_s: float = 0.0
    kept: list[bytes] | None = None
    """Payloads, if they are wanted."""

    @property
    def lost(self) -> int:
        """Numbers between the first and the highest that did not come."""
        return self.highest - self.first + 1 - (self.packets - self.copies) if self.packets else 0


@dataclass(slots=True)
class Line:
    """One caller's RTP socket. Not for two threads.

    Args:
        host: where to bind.
        gaps_ms: pauses between the packets that come are added here.
        sound: what the caller says; None: sends nothing.
        at: packet of the sound to begin with.
    """

    host: str
    gaps_ms: array[float]
    sound: Sound | None = None
    at: int = 0
    sent: int = 0
    came: Came = field(default_factory=Came)
    sock: socket.socket = field(init=False)
    _waiting: deque[bytes] = field(init=False, default_factory=deque)
    _sequence: int = field(init=False, default_factory=lambda: random.getrandbits(16))
    _timestamp: int = field(init=False, default_factory=lambda: random.getrandbits(32))
    _ssrc: int = field(init=False, default_factory=lambda: random.getrandbits(32))

    def __post_init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.host, 0))
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    @property
    def port(self) -> int:
        return int(self.sock.getsockname()[1])

    def connect(self, address: tuple[str, int]) -> None:
        """Where the sound goes; again, when it moves."""
        self.sock.connect(address)

    def send_next(self) -> None:
        """20 ms of sound, or of a key."""
        if self.sound is None:
            return
        if self._waiting:
            data = self._waiting.popleft()
        else:
            at = self.at = self.at + 1 if self.at + 1 < len(self.sound) else 0
            data = _PACK(0x80, _ALAW_TYPE, self._sequence, self._timestamp, self._ssrc) + self.sound[at]
            self._sequence = self._sequence + 1 & 0xFFFF
        self._timestamp = self._timestamp + PACKET_BYTES & 0xFFFF_FFFF
        with contextlib.suppress(OSError):  # refused, told by ICMP: the server has closed the port
            self.sock.send(data)
            self.sent += 1

    def press(self, key: str) -> None:
        """Press a key for 100 ms; the packets go out in the place of sound (RFC 4733)."""
        for packet in key_packets(key, KEY_TYPE, (self._sequence, self._timestamp, self._ssrc)):
            self._waiting.append(pack_packet(packet))
            self._sequence = self._sequence + 1 & 0xFFFF

    def drain(self) -> None:
        """Note what has come."""
        came, receive = self.came, self.sock.recvmsg
        while True:
            try:
                data, ancillary, _, _ = receive(2048, _ROOM)
            except BlockingIOError:
                return
            except OSError:  # told by ICMP
                continue
            if len(data) < 12:
                continue
            seconds, nanoseconds = _TIMESPEC(ancillary[0][2])
            at_s = seconds + nanoseconds / 1e9
            self._note(came, data[2] << 8 | data[3])
            if came.last_s:
                self.gaps_ms.append((at_s - came.last_s) * 1000)
            came.last_s = at_s
            if came.kept is not None:
                came.kept.append(data[12:])

    @staticmethod
    def _note(came: Came, sequence: int) -> None:
        came.packets += 1
        if came.packets == 1:
            came.first = came.highest = sequence
            return
        step = (sequence - came.highest + 0x8000 & 0xFFFF) - 0x8000
        came.highest = max(came.highest, came.highest + step)
        came.copies += step == 0

    def close(self) -> None:
        """Idempotent."""
        self.sock.close()
