"""When we report and what the other side's reports tell: loss and jitter at its end, and the way there and back."""

from __future__ import annotations

import random
from typing import NamedTuple

from gateway.transport.rtp.packet import signed_32
from gateway.transport.rtp.rtcp import Report, ReportBlock, SenderInfo, middle_32, ntp_time, pack_report
from gateway.transport.rtp.statistics import ReceiveStatistics

INTERVAL_MS = 5000.0
"""RFC 3550 section 6.2: the least mean interval; each is between half and one and a half of it."""
_MAX_ROUND_TRIP_MS = 60_000.0


class Sent(NamedTuple):
    """What we have sent so far."""

    timestamp: int
    """RTP time of now."""
    packets: int
    octets: int


class Reporting:
    """The reports of one stream, both ways. Pure: steady `now_ms` for when, `unix_s` for what is written in them.

    Args:
        ssrc: ours.
        cname: our name in this call.
        now_ms: the beginning; the first report comes after half an interval or so.
    """

    __slots__ = (
        "_cname",
        "_due_ms",
        "_heard_sr",
        "_heard_sr_ms",
        "_packets_before",
        "_ssrc",
        "jitter_ticks",
        "left",
        "loss_percent",
        "lost",
        "reports_received",
        "reports_sent",
        "round_trip_ms",
    )

    def __init__(self, ssrc: int, cname: str, now_ms: float) -> None:
        self._ssrc = ssrc
        self._cname = cname
        self._packets_before = 0
        self._heard_sr = 0
        self._heard_sr_ms = 0.0
        self.reports_sent = 0
        self.reports_received = 0
        self.lost: int | None = None
        """Of our packets, as the other side counts."""
        self.loss_percent: float | None = None
        """Of our packets, in the time of its last report."""
        self.jitter_ticks: int | None = None
        self.round_trip_ms: float | None = None
        self.left = False
        """The other side has said good-bye."""
        self._due_ms = now_ms + self._interval_ms() / 2

    def _interval_ms(self) -> float:
        return INTERVAL_MS * (0.5 + random.random())  # noqa: S311 - spreads reports in time, keeps no secret

    def forget_source(self) -> None:
        """Another source is heard: reports must not refer to what the old one said."""
        self._heard_sr = 0

    def is_due(self, now_ms: float) -> bool:
        """Time for a report."""
        return now_ms >= self._due_ms

    def write(
        self,
        now_ms: float,
        unix_s: float,
        sent: Sent,
        heard: tuple[int, ReceiveStatistics] | None,
        *,
        last: bool = False,
    ) -> bytes:
        """The report that is due now.

        Args:
            now_ms: steady.
            unix_s: wall clock.
            sent: so far.
            heard: SSRC and figures of the other side, None before anything came.
            last: say good-bye.
        """
        self._due_ms = now_ms + self._interval_ms()
        self.reports_sent += 1
        sender = None
        if sent.packets != self._packets_before:
            sender = SenderInfo(ntp_time(unix_s), *(number & 0xFFFF_FFFF for number in sent))
        self._packets_before = sent.packets
        block = self._block(now_ms, *heard) if heard is not None else None
        return pack_report(self._ssrc, self._cname, sender, block, goodbye=last)

    def _block(self, now_ms: float, ssrc: int, figures: ReceiveStatistics) -> ReportBlock:
        delay = int((now_ms - self._heard_sr_ms) * 65.536) & 0xFFFF_FFFF if self._heard_sr else 0
        return ReportBlock(
            ssrc,
            figures.fraction_lost(),
            figures.lost_reported,
            figures.highest_extended,
            figures.jitter_ticks,
            self._heard_sr,
            delay,
        )

    def read(self, report: Report, arrival_ms: float, unix_s: float) -> None:
        """Take a report of the source that is heard.

        Args:
            report: it.
            arrival_ms: steady.
            unix_s: wall clock when it came.
        """
        self.reports_received += 1
        self.left = self.left or report.goodbye
        if report.sender is not None:
            self._heard_sr = middle_32(report.sender.ntp)
            self._heard_sr_ms = arrival_ms
        for block in report.blocks:
            if block.ssrc == self._ssrc:
                self._read_block(block, unix_s)

    def _read_block(self, block: ReportBlock, unix_s: float) -> None:
        self.loss_percent = round(block.fraction_lost * 100 / 256, 1)
        self.lost = block.lost
        self.jitter_ticks = block.jitter
        if block.last_sr:
            way = signed_32(middle_32(ntp_time(unix_s)) - block.last_sr - block.delay_since_sr) / 65.536
            if way <= _MAX_ROUND_TRIP_MS:  # else one of the clocks was set, or it is nonsense
                self.round_trip_ms = round(max(0.0, way), 1) if way > -1 else self.round_trip_ms
