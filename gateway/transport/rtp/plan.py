"""What signalling has agreed on for a stream."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from gateway.media.codecs import Codec
from gateway.transport.rtp.datagrams import Address
from gateway.transport.rtp.srtp import SrtpKeys

MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One agreement. Another one (re-INVITE, the answer to a late offer) goes to `RtpStream.update`.

    Raises:
        ValueError: a remote address that isn't numeric or a port that is none. Names are never looked up here.
    """

    codec: Codec
    payload_type: int
    """Of the codec, both ways."""
    telephone_event: int | None
    """Payload type of keys (RFC 4733). None: not agreed on; then whatever looks like an event of a key, in packets of
    any dynamic type that isn't the codec's, is taken for one, since there are senders that don't ask."""
    comfort_noise: int | None
    """Payload type of comfort noise (RFC 3389). The static one, 13, is understood in any case."""
    ptime_ms: int
    """What we send; packets of any length are received."""
    remote: Address | None
    """Where the other side's SDP says that it is; None while it hasn't said, and then nobody is heard."""
    remote_rtcp: Address | None
    """From `a=rtcp` (RFC 3605); None: the port above."""
    rtcp_mux: bool
    """RTCP shares the port (RFC 5761)."""
    sends: bool
    """We send; not while on hold."""
    receives: bool
    """What comes is heard."""
    srtp: SrtpKeys | None
    inband_dtmf: bool = False
    """Listen for key tones in the sound too."""

    def __post_init__(self) -> None:
        for name in ("remote", "remote_rtcp"):
            address: Address | None = getattr(self, name)
            if address is not None:
                host, port = address
                if not 0 <= port <= MAX_PORT:
                    raise ValueError(f"{port} is no port")
                # As the kernel writes it, since sources are compared with it.
                object.__setattr__(self, name, (str(ip_address(host)), port))

    @property
    def destination(self) -> Address | None:
        """Where to send at first; None when the SDP named nobody (port 0 or address 0)."""
        if self.remote is None or not self.remote[1] or ip_address(self.remote[0]).is_unspecified:
            return None
        return self.remote
