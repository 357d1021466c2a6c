"""What carries SIP: TCP, TLS, IPv6. UDP over IPv4 is what all other tests speak."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.sip_process import SipServer
from tests.support.sipp import Sipp, caller, free_port

pytestmark = pytest.mark.peers

SDP = """v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio 40000 RTP/SAVP 8\r
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5\r
"""


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SipServer]:
    """A server that speaks TCP."""
    with SipServer(tmp_path_factory.mktemp("streams"), listen="tcp") as server:
        yield server


@pytest.mark.parametrize(("scenario", "reason"), [("call", "caller_hung_up"), ("hung_up", "done"), ("hold", "")])
def test_a_whole_call_over_tcp(streams: SipServer, tmp_path: Path, scenario: str, reason: str) -> None:
    who = caller()
    service = "hangup-after-300" if scenario == "hung_up" else "echo"
    sipp = Sipp(scenario, streams.address, tmp_path, caller=who, carrier="tcp", service=service).finish()
    assert streams.ended(who)["reason"] == (reason or "caller_hung_up")
    assert streams.of(who, "began")[0]["transport"] == "sip+tcp"
    streams.settled()
    answer = sipp.received("SIP/2.0 200", "INVITE")[0]
    assert answer.header("Contact") == f"<sip:{streams.address};transport=tcp>"
    for bye in sipp.received("BYE"):
        assert bye.header("Via").startswith("SIP/2.0/TCP ")


def test_many_calls_share_one_connection(streams: SipServer, tmp_path: Path) -> None:
    who = caller()
    Sipp("hung_up", streams.address, tmp_path, caller=who, carrier="tcp", service="hangup-after-200", calls=20).finish()
    streams.wait(lambda event: event["event"] == "ended" and event["caller"] == who, count=20)
    streams.settled()


def test_a_connection_that_breaks_leaves_no_call_behind(tmp_path: Path) -> None:
    with SipServer(tmp_path, listen="tcp", rtp_timeout_s=1) as server:
        who = caller()
        sipp = Sipp("hung_up", server.address, tmp_path, caller=who, carrier="tcp", service="echo")
        server.wait(lambda event: event["event"] == "began")
        sipp.kill()
        assert server.ended(who)["reason"] == "rtp_timeout"


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
def test_a_whole_call_over_ipv6(tmp_path: Path, carrier: str) -> None:
    with SipServer(tmp_path, host="::1", listen=carrier) as server:
        who = caller()
        how = {"host": "::1", "carrier": carrier, "service": "hangup-after-300"}
        sipp = Sipp("hung_up", server.address, tmp_path, caller=who, **how).finish()
        assert server.ended(who)["reason"] == "done"
        answer = sipp.received("SIP/2.0 200", "INVITE")[0]
        assert re.search(r"^c=IN IP6 ::1$", answer.text, re.MULTILINE)
        assert answer.header("Contact").startswith("<sip:[::1]:")
        server.settled()


# ----------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    folder = tmp_path_factory.mktemp("pem")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return certificate, key


class TlsCaller:
    """A caller over TLS, which SIPp of Debian doesn't speak: sends what it is told, reads message after message."""

    def __init__(self, stream: ssl.SSLSocket, who: str) -> None:
        self._stream = stream
        self._file = stream.makefile("rb")
        self._who = who
        self._port = stream.getsockname()[1]

    def request(self, method: str, called: str, number: int, tag: str = "", body: str = "") -> None:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        to_tag = f";tag={tag}" if tag else ""
        self.send(
            f"{method} sips:{called}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/TLS 127.0.0.1:{self._port};branch=z9hG4bK-{self._who}-{number}-{method};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sips:{self._who}@127.0.0.1>;tag=a\r\nTo: <sips:{called}@127.0.0.1>{to_tag}\r\n"
            f"Call-ID: {self._who}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sips:{self._who}@127.0.0.1:{self._port};transport=tls>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def send(self, text: str) -> None:
        self._stream.sendall(text.encode())

    def read(self) -> str:
        """The next message; empty at the end of the connection."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._file.readline()
            if not line:
                return ""
            head += line
        length = re.search(rb"content-length\s*:\s*(\d+)", head, re.IGNORECASE)
        return (head + self._file.read(int(length[1]) if length else 0)).decode()

    def read_final(self) -> str:
        """The next message that is no provisional answer."""
        while (message := self.read()).startswith("SIP/2.0 1"):
            pass
        return message

    def answer(self, request: str) -> None:
        """200 to a request of theirs."""
        copied = re.findall(r"^(?:Via|From|To|Call-ID|CSeq):.*\r\n", request, re.MULTILINE | re.IGNORECASE)
        self.send(f"SIP/2.0 200 OK\r\n{''.join(copied)}Content-Length: 0\r\n\r\n")


@contextmanager
def tls_caller(server: SipServer, certificate: Path, mine: tuple[Path, Path] | None = None) -> Iterator[TlsCaller]:
    """A connection to the server, whose certificate is checked."""
    context = ssl.create_default_context(cafile=str(certificate))
    if mine:
        context.load_cert_chain(*map(str, mine))
    host, _, port = server.addresses["tls"].rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as stream,
    ):
        caller_there = TlsCaller(stream, caller())
        try:
            yield caller_there
        finally:
            caller_there._file.close()


def tag_of(message: str) -> str:
    found = re.search(r"^To:.*;tag=(\S+)", message, re.MULTILINE)
    assert found, message
    return found[1]


def test_a_whole_call_over_tls_with_encrypted_sound(tmp_path: Path, pem: tuple[Path, Path]) -> None:
    certificate, key = pem
    with SipServer(tmp_path, listen="tls", tls_certificate=str(certificate), tls_key=str(key)) as server:
        with tls_caller(server, certificate) as there:
            there.request("INVITE", "hangup-after-300", 1, body=SDP)
            answer = there.read_final()
            assert answer.startswith("SIP/2.0 200"), answer
            assert f"Contact: <sip:{server.addresses['tls']};transport=tls>" in answer
            assert "RTP/SAVP 8" in answer
            assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" in answer
            there.request("ACK", "hangup-after-300", 1, tag_of(answer))
            bye = there.read()
            assert bye.startswith("BYE "), bye
            assert "Via: SIP/2.0/TLS 127.0.0.1:" in bye
            there.answer(bye)
            ended = server.ended(there._who)
        assert ended["reason"] == "done"
        assert ended["line"]["srtp"]
        assert server.of(there._who, "began")[0]["transport"] == "sip+tls"
        server.settled()


def test_a_peer_without_the_certificate_that_is_demanded_is_not_heard(tmp_path: Path, pem: tuple[Path, Path]) -> None:
    certificate, key = pem
    settings = {"tls_certificate": str(certificate), "tls_key": str(key), "tls_ca": str(certificate)}
    with SipServer(tmp_path, listen="tls", **settings) as server:
        with pytest.raises((ssl.SSLError, ConnectionError)), tls_caller(server, certificate) as stranger:  # noqa: PT012
            stranger.request("OPTIONS", "echo", 1)
            if not stranger.read():
                raise ConnectionResetError
        with tls_caller(server, certificate, pem) as known:
            known.request("OPTIONS", "echo", 1)
            assert known.read().startswith("SIP/2.0 200")


def test_plain_bytes_to_the_tls_port_do_no_harm(tmp_path: Path, pem: tuple[Path, Path]) -> None:
    certificate, key = pem
    with SipServer(tmp_path, listen="udp tls", tls_certificate=str(certificate), tls_key=str(key)) as server:
        host, _, port = server.addresses["tls"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(b"OPTIONS sip:x SIP/2.0\r\n\r\n")
            with pytest.raises(ConnectionError):  # noqa: PT012
                if not plain.recv(100).startswith(b"SIP/2.0"):  # an alert, perhaps, and the end
                    raise ConnectionResetError
        Sipp("options", server.addresses["udp"], tmp_path, port=free_port(), fill={"status": "200"}).finish()


def test_a_peer_that_stalls_in_the_handshake_holds_nobody_up_and_is_let_go(
    tmp_path: Path, pem: tuple[Path, Path]
) -> None:
    certificate, key = pem
    with SipServer(tmp_path, listen="tls", tls_certificate=str(certificate), tls_key=str(key)) as server:
        host, _, port = server.addresses["tls"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=15) as stalled:
            with tls_caller(server, certificate) as there:
                there.request("INVITE", "hangup-after-300", 1, body=SDP)
                answer = there.read_final()
                assert answer.startswith("SIP/2.0 200"), answer
                there.request("ACK", "hangup-after-300", 1, tag_of(answer))
                there.answer(there.read())
            assert stalled.recv(1) == b""
