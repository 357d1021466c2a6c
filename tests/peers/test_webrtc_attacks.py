"""What a page that has its keys, or anybody, could do to a gateway and to all its other calls; on real sockets."""

from __future__ import annotations

import asyncio
import struct
import subprocess
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
from OpenSSL import SSL

from gateway.errors import TransportError
from gateway.transport.switchboard import Refusal
from gateway.transport.webrtc import ice
from gateway.transport.webrtc.calls import Wanted
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.endpoint import WebrtcTransport
from gateway.transport.webrtc.offer import parse_offer
from gateway.transport.webrtc.peer import MAX_SOURCES, Peer
from gateway.transport.webrtc.stream import KEYS_PER_S
from tests.support.webrtc_client import OPUS_TYPE, LightCall
from tests.support.webrtc_leg import EVENT, Talk
from tests.support.webrtc_offers import CHROMIUM
from tests.support.webrtc_switchboard import Office, Switchboard, TakenCall, office, soon, udp_ports

pytestmark = pytest.mark.peers

SACK, FORWARD_TSN = 3, 192
Attack = Callable[[Office, LightCall, TakenCall, Peer], Coroutine[Any, Any, None]]


def attack(how: Attack) -> None:
    """Have a page that is up do something; nothing of its call may be left in the end."""

    async def whole() -> None:
        async with office() as there:
            page = await there.callers.call(there.url)
            call = await there.taken()
            await soon(lambda: bool(page.messages), name="the first message")
            opened = there.transport.get(page.location.rpartition("/")[2])
            assert opened is not None
            await how(there, page, call, opened._peer)
            await there.callers.let_go(page)
            await there.freed()

    asyncio.run(whole())


def sctp_packet(tag: int, kind: int, body: bytes) -> bytes:
    """One chunk in a packet of SCTP (RFC 9260 section 3)."""
    chunk = struct.pack("!BBH", kind, 0, 4 + len(body)) + body
    packet = bytearray(struct.pack("!HHLL", 5000, 5000, tag, 0) + chunk)
    struct.pack_into("<L", packet, 8, google_crc32c.value(bytes(packet)))
    return bytes(packet)


def test_an_acknowledgement_of_millions_of_packets_is_not_gone_through() -> None:
    async def how(there: Office, page: LightCall, call: TakenCall, peer: Peer) -> None:
        assert page._sctp is not None
        assert peer._sctp is not None
        before = peer._sctp._last_sacked_tsn
        gaps = struct.pack("!HH", 1, 65_535) * 300
        reaches = before + 1 & 0xFFFF_FFFF
        body = struct.pack("!LLHH", reaches, 100_000, 300, 0) + gaps
        await page._dtls._send_data(sctp_packet(page._sctp._remote_verification_tag, SACK, body))
        await asyncio.sleep(0.2)
        assert peer._sctp._last_sacked_tsn != reaches, "it was read"
        page.tell({"type": "key", "key": "4"})
        await soon(lambda: call.keys == ["4"], 4.0, "a key after that")

    attack(how)


def test_a_packet_of_hundreds_of_chunks_is_not_read() -> None:
    async def how(there: Office, page: LightCall, call: TakenCall, peer: Peer) -> None:
        assert page._sctp is not None
        answers = 0
        sent = peer._dtls._send_data

        async def count(data: bytes) -> None:
            nonlocal answers
            answers += 1
            await sent(data)

        peer._dtls._send_data = count  # type: ignore[method-assign]
        heartbeats = struct.pack("!BBH", 4, 0, 4) * 300
        tag = page._sctp._remote_verification_tag
        packet = bytearray(struct.pack("!HHLL", 5000, 5000, tag, 0) + heartbeats)
        struct.pack_into("<L", packet, 8, google_crc32c.value(bytes(packet)))
        await page._dtls._send_data(bytes(packet))
        await asyncio.sleep(0.3)
        assert answers < 20

    attack(how)


def test_what_was_never_agreed_on_skips_nothing_and_opens_no_streams() -> None:
    async def how(there: Office, page: LightCall, call: TakenCall, peer: Peer) -> None:
        assert page._sctp is not None
        assert peer._sctp is not None
        before = peer._sctp._last_received_tsn
        assert before is not None
        streams = b"".join(struct.pack("!HH", number, 0) for number in range(300))
        body = struct.pack("!L", before + 5 & 0xFFFF_FFFF) + streams
        await page._dtls._send_data(sctp_packet(page._sctp._remote_verification_tag, FORWARD_TSN, body))
        await asyncio.sleep(0.2)
        assert len(peer._sctp._inbound_streams) <= 1
        page.tell({"type": "key", "key": "4"})
        await soon(lambda: call.keys == ["4"], 4.0, "a key after that: no number was skipped")

    attack(how)


def test_a_page_that_begins_dtls_anew_and_falls_silent_is_freed_like_any_other() -> None:
    async def how(there: Office, page: LightCall, call: TakenCall, peer: Peer) -> None:
        assert page._dtls._task is not None
        page._dtls._task.cancel()
        connection = page._dtls._ssl
        assert connection is not None
        connection.renegotiate()
        with suppress(SSL.Error):  # it would wait for our answer
            connection.do_handshake()
        await page._dtls._write_ssl()
        await asyncio.sleep(0.3)
        assert peer._dtls._ssl is not None
        peer._dtls._ssl.send(b"we can still write")
        page.vanish()
        await soon(lambda: call.reason is not None, 5.0, "the end of the call")

    attack(how)


def test_when_one_part_of_a_connection_cannot_be_closed_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    async def how(there: Office, page: LightCall, call: TakenCall, peer: Peer) -> None:
        async def broken() -> None:
            raise SSL.WantReadError

        monkeypatch.setattr(peer._sctp, "stop", broken)
        page.vanish()
        await soon(lambda: call.reason is not None, 5.0, "the end of the call")

    attack(how)


def test_sound_from_ever_other_sources_is_not_kept() -> None:
    async def how(there: Office, page: LightCall, call: TakenCall, peer: Peer) -> None:
        protect = page._dtls._tx_srtp.protect
        payload = page.sound.payloads[0]
        for ssrc in range(1, 3 * MAX_SOURCES):
            peer._connection.data_received(protect(struct.pack("!BBHII", 0x80, OPUS_TYPE, 1, 0, ssrc) + payload), 1)
        assert len(peer._sources) == MAX_SOURCES
        assert peer.not_authentic >= 2 * MAX_SOURCES - 2
        assert (call.leg.line or {})["not_authentic"] == peer.not_authentic, "it is on the call's record"

    attack(how)


def test_keys_that_nobody_presses_so_fast_are_not_taken() -> None:
    talk = Talk()
    talk.tick()
    for number in range(500):
        end = bytes((number % 10, 0x80)) + (4800).to_bytes(2, "big")
        talk.stream.accept(talk.packet(EVENT, end, at=number * 50))
    pressed = talk.tick().keys
    assert 0 < len(pressed) <= KEYS_PER_S


def test_a_way_that_is_lost_is_not_the_callers_hanging_up() -> None:
    async def whole() -> None:
        async with office(vanished_after_ms=60_000) as there:
            page = await there.callers.call(there.url)
            call = await there.taken()
            opened = there.transport.get(page.location.rpartition("/")[2])
            assert opened is not None
            await opened._peer._connection.close()  # as aioice does when nobody answers its checks
            await soon(lambda: call.reason is not None, 3.0, "the end of the call")
            assert call.reason == "connection_lost"
            await there.callers.let_go(page)
            await there.freed()

    asyncio.run(whole())


def test_stopping_while_a_call_is_being_answered_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slowly(*_: Any) -> None:
        await asyncio.sleep(0.5)

    monkeypatch.setattr(ice.IceConnection, "_reflexive", slowly)

    async def whole() -> None:
        board, ports = Switchboard(), udp_ports()
        transport = WebrtcTransport(WebrtcConfig(listen=("http://127.0.0.1:0",)), board, "热线")
        await transport.start()
        opening = asyncio.create_task(transport.open(parse_offer(CHROMIUM.encode()), Wanted()))
        await asyncio.sleep(0.1)
        await transport.stop()
        assert await asyncio.wait_for(opening, 5) is Refusal.DRAINING
        assert (transport.calls, board.places, udp_ports() - ports) == (0, 0, set())

    asyncio.run(whole())


def test_a_key_with_a_pass_phrase_is_an_error_and_no_question(tmp_path: Path) -> None:
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:secret", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    config = WebrtcConfig(listen=("https://127.0.0.1:0",), tls_certificate=made, tls_key=key)

    async def whole() -> None:
        with pytest.raises(TransportError, match="pass phrase"):
            await WebrtcTransport(config, Switchboard(), "热线").start()

    asyncio.run(whole())
