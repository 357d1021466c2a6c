"""What we touch inside aiortc and aioice is where it was: a release that moves it fails here, by name, not in a call.

`peer.py`, `ice.py` and `sctp.py` of `gateway/transport/webrtc` are the only modules that reach inside. The pins of both
libraries in pyproject.toml are raised when this passes and `tests/peers/test_webrtc_*.py` do.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol, get_host_addresses, server_reflexive_candidate
from aiortc import (
    RTCCertificate,
    RTCDataChannel,
    RTCDataChannelParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceServer,
    RTCIceTransport,
    RTCSctpTransport,
)
from aiortc.rtcdtlstransport import RTCDtlsTransport as Dtls
from aiortc.rtcdtlstransport import State
from aiortc.rtcicetransport import connection_kwargs
from pydantic import SecretStr

from gateway.transport.webrtc.config import IceServer, WebrtcConfig
from gateway.transport.webrtc.ice import IceConnection, _Port
from gateway.transport.webrtc.sctp import BoundedSctp

pytestmark = pytest.mark.unit

HERE = "127.0.0.1"


def holds(fact: bool, what: str) -> None:
    """Say what a release has moved."""
    assert fact, f"{what}; see what peer.py, ice.py and sctp.py of gateway/transport/webrtc do with it first"


def parameters(function: Callable[..., Any]) -> list[str]:
    """Names of its parameters, in order."""
    return list(inspect.signature(function).parameters)


def in_a_loop(check: Callable[[], None]) -> None:
    """Run what wants an event loop to be there."""

    async def whole() -> None:
        check()

    asyncio.run(whole())


def connection(**settings: Any) -> tuple[IceConnection, list[bytes]]:
    """Our ICE agent, and what it takes for sound."""
    heard: list[bytes] = []
    return IceConnection(WebrtcConfig(**settings), heard.append, lambda: None), heard


def test_the_gatherer_s_connection_can_be_ours() -> None:
    def check() -> None:
        gatherer = RTCIceGatherer(iceServers=[])
        holds(
            isinstance(gatherer._connection, Connection), "RTCIceGatherer._connection is no aioice Connection any more"
        )
        own, _ = connection()
        gatherer._connection = own
        ice = RTCIceTransport(gatherer)
        holds(ice._connection is own, "RTCIceTransport doesn't take its connection from RTCIceGatherer._connection")
        holds(ice._recv == own.recv, "RTCIceTransport._recv isn't its connection's recv, which DTLS reads from")
        holds(ice._send == own.send, "RTCIceTransport._send isn't its connection's send")
        told = gatherer.getLocalParameters()
        holds(
            (told.usernameFragment, told.password) == (own.local_username, own.local_password),
            "RTCIceGatherer.getLocalParameters doesn't tell its connection's name and password",
        )
        holds(ice.state == "new", "RTCIceTransport.state doesn't begin as 'new'")

    in_a_loop(check)


def test_dtls_has_its_srtp_sessions_its_role_and_its_state() -> None:
    def check() -> None:
        dtls = RTCDtlsTransport(RTCIceTransport(RTCIceGatherer(iceServers=[])), [RTCCertificate.generateCertificate()])
        holds(
            dtls._rx_srtp is None and dtls._tx_srtp is None,
            "RTCDtlsTransport._rx_srtp and _tx_srtp aren't None before the handshake",
        )
        source = inspect.getsource(Dtls._setup_srtp)
        holds(
            "self._rx_srtp = Session(" in source and "self._tx_srtp = Session(" in source,
            "RTCDtlsTransport._setup_srtp doesn't make pylibsrtp sessions in _rx_srtp and _tx_srtp",
        )
        dtls._set_role("client")
        holds(dtls._role == "client", "RTCDtlsTransport._set_role doesn't set the role that DTLS begins by")
        heard: list[str] = []
        dtls.on("statechange", lambda: heard.append(dtls.state))
        for state in (State.CONNECTING, State.CONNECTED, State.CLOSED):
            dtls._set_state(state)
        holds(
            heard == ["connecting", "connected", "closed"],
            "RTCDtlsTransport doesn't tell 'connecting', 'connected' and 'closed' by statechange",
        )

    in_a_loop(check)


def test_a_data_channel_can_be_agreed_on_without_asking() -> None:
    def check() -> None:
        dtls = RTCDtlsTransport(RTCIceTransport(RTCIceGatherer(iceServers=[])), [RTCCertificate.generateCertificate()])
        sctp = RTCSctpTransport(dtls)
        channel = RTCDataChannel(sctp, RTCDataChannelParameters(label="call", negotiated=True, id=0))
        holds(
            (channel.id, channel.readyState, channel.bufferedAmount) == (0, "connecting", 0),
            "a negotiated RTCDataChannel with id 0 isn't 'connecting' with nothing buffered",
        )
        holds(sctp._data_channels.get(0) is channel, "RTCSctpTransport doesn't know a negotiated channel by its id")
        opened: list[str] = []
        channel.on("open", lambda: opened.append(channel.readyState))
        channel._setReadyState("open")
        holds(opened == ["open"], "RTCDataChannel doesn't tell by 'open' that it is open")
        holds(parameters(sctp.start) == ["remoteCaps", "remotePort"], "RTCSctpTransport.start takes something else")

    in_a_loop(check)


def test_what_sctp_keeps_is_where_we_bound_it() -> None:
    def check() -> None:
        dtls = RTCDtlsTransport(RTCIceTransport(RTCIceGatherer(iceServers=[])), [RTCCertificate.generateCertificate()])
        sctp = BoundedSctp(dtls, 0)
        holds(
            sctp._sack_misordered == set(), "RTCSctpTransport._sack_misordered isn't the set of what came out of order"
        )
        holds(sctp._last_received_tsn is None, "RTCSctpTransport._last_received_tsn isn't None at first")
        holds(sctp._inbound_streams == {}, "RTCSctpTransport._inbound_streams isn't an empty dict at first")
        holds(sctp._get_inbound_stream(0).reassembly == [], "InboundStream.reassembly isn't an empty list at first")
        sctp._last_received_tsn = 7
        holds(sctp._mark_received(9) is False, "RTCSctpTransport._mark_received doesn't tell what is new")
        holds(sctp._sack_misordered == {9}, "RTCSctpTransport._mark_received doesn't note what came out of order")
        sctp._mark_received(8)
        holds(sctp._last_received_tsn == 9, "RTCSctpTransport._last_received_tsn isn't the last one without a gap")

    in_a_loop(check)


def test_what_ice_keeps_is_where_we_look_for_it() -> None:
    def check() -> None:
        own = Connection(ice_controlling=False)
        holds(own._protocols == [], "Connection._protocols, its open sockets, isn't an empty list at first")
        holds(own._nominated == {}, "Connection._nominated, the chosen pair by component, isn't an empty dict at first")
        holds(own._remote_candidates == [], "Connection._remote_candidates isn't an empty list at first")
        holds(isinstance(own._queue, asyncio.Queue), "Connection._queue, what recv reads, is no asyncio.Queue")
        own.data_received(b"\x16", 1)
        holds(
            own._queue.get_nowait() == (b"\x16", 1),
            "Connection.data_received doesn't put (data, component) into _queue",
        )
        protocol = StunProtocol(own)
        holds(protocol.receiver is own, "StunProtocol.receiver isn't who it was made for")
        protocol.local_candidate = candidate(1)
        pair = CandidatePair(protocol, candidate(2))
        holds(
            (pair.protocol, pair.remote_addr) == (protocol, (HERE, 2)),
            "CandidatePair hasn't the protocol and the remote_addr that sound is sent by",
        )
        holds(
            (pair.local_candidate.port, pair.remote_candidate.port) == (1, 2),
            "CandidatePair hasn't its local_candidate and remote_candidate",
        )

    in_a_loop(check)


def candidate(port: int) -> Candidate:
    """A host candidate."""
    return Candidate("1", 1, "udp", candidate_priority(1, "host"), HERE, port, "host")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (IceConnection.get_component_candidates, Connection.get_component_candidates),
        (IceConnection.data_received, Connection.data_received),
        (IceConnection.check_incoming, Connection.check_incoming),
        (IceConnection.close, Connection.close),
        (_Port.datagram_received, StunProtocol.datagram_received),
        (BoundedSctp._handle_data, RTCSctpTransport._handle_data),
        (BoundedSctp._receive_data_chunk, RTCSctpTransport._receive_data_chunk),
    ],
    ids=lambda function: function.__qualname__,
)
def test_what_we_put_in_its_place_is_called_as_the_library_s_own(
    ours: Callable[..., Any], theirs: Callable[..., Any]
) -> None:
    holds(parameters(ours) == parameters(theirs), f"{theirs.__qualname__} takes {parameters(theirs)} now")
    holds(
        inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs),
        f"{theirs.__qualname__} has become a coroutine, or is none any more",
    )


def test_the_library_calls_what_we_put_in_its_place() -> None:
    for caller, called in {
        Connection.gather_candidates: "self.get_component_candidates(component=component, addresses=addresses)",
        StunProtocol.datagram_received: "self.receiver.data_received(data, ",
        Connection.request_received: "self.check_incoming(message, addr, protocol)",
        Connection.close: "for protocol in self._protocols:",
        Connection.query_consent: "self.close()",
        RTCDtlsTransport._recv_next: "self._data_receiver._handle_data(data)",
        RTCSctpTransport._receive_chunk: "self._receive_data_chunk(chunk)",
        RTCSctpTransport._receive_data_chunk: "if self._mark_received(chunk.tsn):",
    }.items():
        holds(called in inspect.getsource(caller), f"{caller.__qualname__} doesn't do `{called}` any more")


def test_the_library_s_helpers_take_what_we_give_them() -> None:
    holds(len(parameters(candidate_foundation)) == 3, "candidate_foundation takes something else")
    holds(parameters(candidate_priority)[:2] == ["candidate_component", "candidate_type"], "candidate_priority moved")
    holds(parameters(get_host_addresses) == ["use_ipv4", "use_ipv6"], "get_host_addresses takes something else")
    holds(parameters(server_reflexive_candidate) == ["protocol", "stun_server"], "server_reflexive_candidate has moved")


def test_servers_of_the_settings_reach_ice() -> None:
    told = connection_kwargs(
        [RTCIceServer("stun:stun.example.com:3478"), RTCIceServer("turn:turn.example.com", "u", "p")]
    )
    holds(told["stun_server"] == ("stun.example.com", 3478), "connection_kwargs doesn't name the STUN server")
    holds(told["turn_server"] == ("turn.example.com", 3478), "connection_kwargs doesn't name the TURN server")

    def check() -> None:
        own, _ = connection(
            ice_servers=(
                IceServer(url="stun:stun.example.com:3478"),
                IceServer(url="turn:turn.example.com:3479?transport=tcp", username="u", password=SecretStr("p")),
            )
        )
        holds(own.stun_server == ("stun.example.com", 3478), "Connection.stun_server isn't the one it was given")
        holds(own.turn_server == ("turn.example.com", 3479), "Connection.turn_server isn't the one it was given")
        holds(
            (own.turn_transport, own.turn_username, own.turn_password) == ("tcp", "u", "p"),
            "Connection.turn_transport, turn_username and turn_password aren't those that it was given",
        )

    in_a_loop(check)


def test_sound_goes_its_short_way_dtls_waits_and_everything_else_is_dropped() -> None:
    def check() -> None:
        own, heard = connection()
        port = _Port(own)
        port.local_candidate = candidate(1)
        for data in (b"\x80\x6f sound", b"\x16 dtls", b"", b"\x80", b"\x16", b"\x02", b"\x40 turn", b"\xc8 nothing"):
            port.datagram_received(data, (HERE, 2))
        assert heard == [b"\x80\x6f sound"]
        assert own._queue.qsize() == 1
        assert own._queue.get_nowait() == (b"\x16 dtls", 1)
        assert own.selected is None

    in_a_loop(check)
