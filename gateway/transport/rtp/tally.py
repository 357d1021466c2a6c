"""The figures of one stream, over all its sources and codecs, as they land on the call's record."""

from __future__ import annotations

from typing import Any

from gateway.transport.rtp.receiver import SoundReceiver
from gateway.transport.rtp.reporting import Reporting
from gateway.transport.rtp.sender import Line
from gateway.transport.rtp.statistics import ReceiveStatistics


class Tally:
    """Counts what isn't counted elsewhere, and adds up.

    Args:
        clock_hz: of the first codec.
    """

    def __init__(self, clock_hz: int) -> None:
        self.foreign = 0
        """Packets from others than the pinned source."""
        self.malformed = 0
        """Datagrams that are no RTP."""
        self.not_authentic = 0
        """Packets that SRTP refused: forged, copied, or with another key."""
        self.unexpected = 0
        """Packets of the pinned source of a payload type that wasn't agreed on."""
        self.source = ReceiveStatistics(clock_hz)
        """Of the source that is heard now."""
        self._received = 0
        self._lost = 0
        self._duplicates = 0
        self._reordered = 0
        self._late = 0
        self._undecodable = 0
        self._concealed_ms = 0

    def begin(self, clock_hz: int) -> None:
        """Another source is heard from now on."""
        self._received += self.source.received
        self._lost += self.source.lost
        self._duplicates += self.source.duplicates
        self._reordered += self.source.reordered
        self.source = ReceiveStatistics(clock_hz)

    def keep(self, receiver: SoundReceiver, clock_hz: int) -> None:
        """Another codec is heard from now on: keep the figures of this receiver."""
        self.begin(clock_hz)
        self._late += receiver.playout.late
        self._undecodable += receiver.undecodable
        self._concealed_ms += receiver.concealed_ms

    def figures(self, receiver: SoundReceiver) -> dict[str, Any]:
        """What came."""
        received = self._received + self.source.received
        lost = self._lost + self.source.lost
        return {
            "packets_received": received,
            "lost": lost,
            "loss_percent": round(100 * lost / (received + lost), 2) if received else 0.0,
            "duplicates": self._duplicates + self.source.duplicates,
            "reordered": self._reordered + self.source.reordered,
            "late": self._late + receiver.playout.late,
            "concealed_ms": self._concealed_ms + receiver.concealed_ms,
            "playout_delay_ms": round(receiver.playout.aim_ms),
            "jitter_ms": round(self.source.jitter_ms, 1),
            "foreign": self.foreign,
            "malformed": self.malformed,
            "unexpected": self.unexpected,
            "undecodable": self._undecodable + receiver.undecodable,
            "not_authentic": self.not_authentic,
        }

    def sent(self, line: Line) -> dict[str, Any]:
        """What went out."""
        pacer = line.pacer
        return {
            "packets_sent": line.packets,
            "send_errors": line.errors,
            "sent_silence": pacer.missed,
            "sent_too_late": pacer.late + pacer.overfull,
            "send_slots_skipped": pacer.skipped,
        }

    def remote(self, reporting: Reporting, clock_hz: int) -> dict[str, Any]:
        """What the other side says; None where it hasn't."""
        jitter = reporting.jitter_ticks
        return {
            "rtcp_received": reporting.reports_received,
            "remote_lost": reporting.lost,
            "remote_loss_percent": reporting.loss_percent,
            "remote_jitter_ms": None if jitter is None else round(jitter * 1000 / clock_hz, 1),
            "round_trip_ms": reporting.round_trip_ms,
        }
