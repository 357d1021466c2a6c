"""What a caller says and reads in SIP over UDP: templates, and the few fields that it needs. Not for strangers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from secrets import token_hex

_ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY"
_FIELD = re.compile(r"([\w-]+)[ \t]*:[ \t]*(.*)")
_COPIED = ("via", "from", "to", "call-id", "cseq")


@dataclass(slots=True)
class Message:
    """A message of the server."""

    status: int
    """0: it is a request."""
    method: str
    """Of the request that it is or answers."""
    headers: dict[str, list[str]]
    body: str

    def first(self, name: str) -> str:
        """The first value of a header, empty without one."""
        return self.headers.get(name, [""])[0]


def read(data: bytes) -> Message:
    """Read what the server sent. Raises ValueError for what is no SIP."""
    head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        if found := _FIELD.match(line):
            headers.setdefault(found[1].lower(), []).append(found[2])
    method = headers.get("cseq", [""])[0].rpartition(" ")[2]
    if not method:
        raise ValueError(f"no SIP: {start}")
    return Message(int(start.split(" ")[1]) if start.startswith("SIP/2.0 ") else 0, method, headers, body)


@dataclass(slots=True)
class Words:
    """The words of one call, from the caller's side: requests in order, answers to theirs."""

    server: tuple[str, int]
    here: tuple[str, int]
    caller: str
    number: str
    sound_port: int
    call_id: str = field(default_factory=lambda: token_hex(8))
    tag: str = field(default_factory=lambda: token_hex(4))
    to: str = ""
    """The To header with the server's tag, once it is known."""
    target: str = ""
    """Where requests within the call are sent to: the server's Contact."""
    cseq: int = 1
    branch: str = ""

    def invite(self) -> bytes:
        """The one that begins the call; the same again each time."""
        self.branch = self.branch or token_hex(8)
        return self._request("INVITE", f"sip:{self.number}@{self._at(self.server)}", 1, self.branch, self.sdp())

    def cancel(self) -> bytes:
        return self._request("CANCEL", f"sip:{self.number}@{self._at(self.server)}", 1, self.branch)

    def ack(self, status: int, number: int = 1) -> bytes:
        """Of the final answer to an INVITE, whose CSeq is `number`."""
        if status < 300:
            return self._request("ACK", self.target, number, token_hex(8))
        return self._request("ACK", f"sip:{self.number}@{self._at(self.server)}", 1, self.branch)

    def within(self, method: str, body: str = "", kind: str = "application/sdp") -> bytes:
        """The next request within the call."""
        self.cseq += 1
        return self._request(method, self.target, self.cseq, token_hex(8), body, kind)

    def answer(self, request: Message, status: int = 200) -> bytes:
        """To a request of theirs."""
        lines = [f"SIP/2.0 {status} OK"]
        lines += [f"{name}: {value}" for name in _COPIED for value in request.headers.get(name, ())]
        body = self.sdp() if request.method == "INVITE" else ""
        return self._end([*lines, f"Contact: <sip:{self.caller}@{self._at(self.here)}>"], body, "application/sdp")

    def sdp(self) -> str:
        """PCMA and keys."""
        host = self.here[0]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {self.sound_port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
        )

    @staticmethod
    def _at(address: tuple[str, int]) -> str:
        return f"{address[0]}:{address[1]}"

    def _request(
        self, method: str, uri: str, cseq: int, branch: str, body: str = "", kind: str = "application/sdp"
    ) -> bytes:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._at(self.here)};branch=z9hG4bK{branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.caller}@{self.here[0]}>;tag={self.tag}",
            f"To: {self.to or f'<sip:{self.number}@{self.server[0]}>'}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.caller}@{self._at(self.here)}>",
            f"Allow: {_ALLOW}",
        ]
        return self._end(lines, body, kind)

    @staticmethod
    def _end(lines: list[str], body: str, kind: str) -> bytes:
        if body:
            lines.append(f"Content-Type: {kind}")
        lines.append(f"Content-Length: {len(body.encode())}")
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
