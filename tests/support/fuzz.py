"""A seeded fuzzer: valid messages in, the same ones spoilt in some way out. The same seed spoils the same way."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

HUGE = (b"0", b"-1", b"2147483648", b"4294967296", b"99999999999999999999", b"1" * 400, b"0x7f", b"1e9", "٣".encode())
ODD = (b"\x00", b"\xff\xfe", b"\r", b"\n", b"\r\n\r\n", b"\t", b";", b",", b'"', b"<", b">", b"%00", b"%", b"@", b"\\")
WORDS = tuple(
    word.encode()
    for word in (
        *(
            "INVITE",
            "BYE",
            "sip:",
            "tel:+86",
            "SIP/2.0",
            "SIP/9.9",
            "z9hG4bK",
            ";tag=",
            ";branch=",
            ";rport",
            "127.0.0.1",
        ),
        *("RTP/SAVP", "m=audio 0 RTP/AVP 8", "a=sendonly", "a=inactive", "a=ptime:0", "a=rtpmap:8 PCMA/0"),
        *(
            "c=IN IP4 example.invalid",
            "c=IN IP6 ::1",
            "c=IN IP4 0.0.0.0",
            "a=crypto:1 AES inline:",
            "Supported: 100rel",
        ),
        *("Require: nothing", "Session-Expires: 1", "Content-Encoding: gzip", "Supported: 100rel"),
    )
)
_NUMBER = re.compile(rb"\d+")
LONGEST = 8000
"""Longer datagrams are cut: the point is what is in them."""


class Fuzzer:
    """Spoils messages.

    Args:
        seed: of everything that is random.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._texts: tuple[Callable[[bytes], bytes], ...] = (
            self.flip,
            self.cut,
            self._repeat_line,
            self._swap_lines,
            self._drop_line,
            self._huge_number,
            self._huge_number,
            self._odd_bytes,
            self._word,
            self._long,
            self._spoil_value,
        )

    def text(self, data: bytes) -> bytes:
        """A SIP message, spoilt one to four times."""
        for _ in range(self.random.choice((1, 1, 2, 4))):
            data = self.random.choice(self._texts)(data) or b"x"
        return data[:LONGEST]

    def binary(self, data: bytes) -> bytes:
        """A packet of RTP or RTCP, spoilt."""
        spoil = self.random.choice((self.flip, self.flip, self.cut, self._longer, self._other_bytes, self._garbage))
        return spoil(data)[:LONGEST] or b"\x80"

    def at(self, data: bytes) -> int:
        """A place in it."""
        return self.random.randrange(len(data)) if data else 0

    def flip(self, data: bytes) -> bytes:
        """Up to eight bits."""
        spoilt = bytearray(data)
        for _ in range(self.random.randint(1, 8)):
            spoilt[self.at(data)] ^= 1 << self.random.randrange(8)
        return bytes(spoilt)

    def cut(self, data: bytes) -> bytes:
        return data[: self.at(data)]

    def _longer(self, data: bytes) -> bytes:
        return data + self.random.randbytes(self.random.choice((1, 40, 1400, 3000)))

    def _other_bytes(self, data: bytes) -> bytes:
        """Four in the header."""
        at = self.random.randrange(min(12, len(data)))
        return data[:at] + self.random.randbytes(4) + data[at + 4 :]

    def _garbage(self, data: bytes) -> bytes:
        return self.random.randbytes(self.random.randint(1, 300))

    def _repeat_line(self, data: bytes) -> bytes:
        lines = data.split(b"\r\n")
        line = self.random.choice(lines)
        lines[self.at(data) % len(lines) : 0] = [line] * self.random.choice((1, 1, 2, 60))
        return b"\r\n".join(lines)

    def _swap_lines(self, data: bytes) -> bytes:
        lines = data.split(b"\r\n")
        one, other = self.random.randrange(len(lines)), self.random.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\r\n".join(lines)

    def _drop_line(self, data: bytes) -> bytes:
        lines = data.split(b"\r\n")
        del lines[self.random.randrange(len(lines))]
        return b"\r\n".join(lines)

    def _huge_number(self, data: bytes) -> bytes:
        numbers = list(_NUMBER.finditer(data))
        if not numbers:
            return data
        found = self.random.choice(numbers)
        return data[: found.start()] + self.random.choice(HUGE) + data[found.end() :]

    def _odd_bytes(self, data: bytes) -> bytes:
        at = self.at(data)
        return data[:at] + self.random.choice(ODD) * self.random.choice((1, 1, 3, 500)) + data[at:]

    def _word(self, data: bytes) -> bytes:
        """Something that has a meaning, as a line of its own or in the middle of one."""
        at, word = self.at(data), self.random.choice(WORDS)
        end = data.find(b"\r\n", at)
        if end >= 0 and self.random.random() < 0.5:
            return data[:end] + b"\r\n" + word + data[end:]
        return data[:at] + word + data[at:]

    def _long(self, data: bytes) -> bytes:
        at = self.at(data)
        return data[:at] + self.random.choice((b"a", b"1", b"(", b"\x80", b"%41")) * 2000 + data[at:]

    def _spoil_value(self, data: bytes) -> bytes:
        """Another value, or none, for one header or one line of the SDP."""
        lines = data.split(b"\r\n")
        at = self.random.randrange(len(lines))
        name, mark, _ = lines[at].partition(b": " if b": " in lines[at] else b"=")
        value = self.random.choice((b"", b"<>", b";;;", b"\xe4\xbd\xa0", self.random.randbytes(20), *HUGE))
        lines[at] = name + mark + value
        return b"\r\n".join(lines)
