"""How loud a recording is to an ear: EBU R128, as FFmpeg measures it."""

from __future__ import annotations

import av
import av.filter
import numpy as np

from gateway.media.frames import SAMPLE_RATE_HZ, Pcm

_LEAST_SAMPLES = 2 * SAMPLE_RATE_HZ


def loudness_lufs(pcm: Pcm) -> float:
    """Integrated loudness, LUFS (ITU-R BS.1770). A short clip is played again and again until there are 2 s of it,
    because the measure is not defined below 0.4 s and a number word is shorter.
    """
    looped = np.tile(pcm, -(-_LEAST_SAMPLES // len(pcm)))
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE_HZ, format="s16", layout="mono")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(looped[np.newaxis], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE_HZ
    graph.push(frame)
    graph.push(None)
    loudness = float("-inf")
    while True:
        try:
            measured = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return loudness
        # the last one speaks for the whole clip
        loudness = float(measured.metadata.get("lavfi.r128.I", loudness))
