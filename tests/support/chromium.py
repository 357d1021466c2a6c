"""A caller with a real browser: Debian's Chromium, without a screen, driven by Playwright; a WAV is its microphone.

Chromium runs in the namespace of `tests.support.netns`, Playwright outside: they talk over a pipe.
"""

from __future__ import annotations

import base64
import io
import os
import shlex
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
import soundfile
from playwright.sync_api import Browser as PlaywrightBrowser
from playwright.sync_api import BrowserContext, Page, Playwright

from asr.audio import read_audio
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm

FLAGS = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
"""Without a question or a device for the microphone; with 127.0.0.1 among the addresses that are offered."""
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
_RECORD = """
() => {
  const recorder = new MediaRecorder(document.getElementById('remote').srcObject, {mimeType: 'audio/webm;codecs=opus'});
  window.__heard = [];
  recorder.ondataavailable = (event) => window.__heard.push(event.data);
  recorder.start(200);
  window.__recorder = recorder;
}
"""
_RECORDED = """
async () => {
  if (window.__recorder.state !== 'inactive') {
    await new Promise((stopped) => { window.__recorder.onstop = stopped; window.__recorder.stop(); });
  }
  const bytes = new Uint8Array(await new Blob(window.__heard).arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}
"""


def microphone(file: Path, script: Sequence[Path | float], tail_s: float = 60.0) -> Path:
    """Write what the caller says: files, and seconds of silence between them. 16-bit PCM, 16 kHz, as Chromium reads."""
    parts = [
        read_audio(part) if isinstance(part, Path) else np.zeros(round(part * SAMPLE_RATE_HZ), np.int16)
        for part in (*script, tail_s)
    ]
    soundfile.write(file, np.concatenate(parts), SAMPLE_RATE_HZ, subtype="PCM_16")
    return file


class Chromium:
    """A browser with its microphone.

    Args:
        playwright: the driver; one for all browsers of a test.
        folder: for its profile's launcher; the test's own.
        prefix: of a command that is to run in the namespace.
        microphone: WAV of 16 bits, read once from each `getUserMedia`; None: there is none.
        denied: the caller refuses it.
    """

    def __init__(
        self,
        playwright: Playwright,
        folder: Path,
        prefix: Sequence[str],
        microphone: Path | None,
        *,
        denied: bool = False,
    ) -> None:
        executable = shutil.which("chromium")
        assert executable, "no chromium: apt-get install chromium"
        folder.mkdir(parents=True, exist_ok=True)
        launcher = folder / "chromium"
        self._pid = folder / "pid"
        launcher.write_text(f'#!/bin/sh\necho $$ > "{self._pid}"\nexec {shlex.join(prefix)} {executable} "$@"\n')
        launcher.chmod(0o755)
        flags = list(FLAGS)
        if microphone is None:
            flags.remove("--use-fake-device-for-media-stream")
        else:
            flags.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
        if denied:
            flags.remove("--use-fake-ui-for-media-stream")
        self._browser: PlaywrightBrowser = playwright.chromium.launch(
            executable_path=launcher, headless=True, args=flags
        )

    def open(self, url: str, *, viewport: Mapping[str, int] = DESKTOP, init: str = "") -> Caller:
        """A caller who opens the page in a window of their own. They must `close` it.

        Args:
            url: of the page.
            viewport: width and height of the window.
            init: script that runs before the page's own.
        """
        context = self._browser.new_context(
            viewport={"width": viewport["width"], "height": viewport["height"]}, locale="zh-CN"
        )
        if init:
            context.add_init_script(init)
        return Caller(context, url)

    def kill(self) -> None:
        """End it as if the machine had lost its power."""
        os.kill(int(self._pid.read_text()), signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._browser.close()


class Caller:
    """A page and who looks at it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._context = context
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        """What the browser complained of: errors of scripts, breaches of the content security policy."""
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.page.goto(url)

    def dial(self, within_s: float = 15.0) -> None:
        """Press the big button, and be connected."""
        self.page.click("#call")
        self.wait_state("talking", within_s=within_s)

    def wait_state(self, *states: str, within_s: float = 10.0) -> str:
        """Until the page is in one of these states; which."""
        wanted = " || ".join(f"document.body.dataset.state === '{state}'" for state in states)
        self.wait(wanted, within_s)
        return self.state

    def wait(self, condition: str, within_s: float = 10.0) -> None:
        """Until an expression of the page's holds."""
        deadline = time.monotonic() + within_s
        while not self.page.evaluate(f"() => Boolean({condition})"):
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not within {within_s} s: {condition}; {self.state}, {self.words}, {self.complaints}"
                )
            self.page.wait_for_timeout(50)

    def wait_words(self, text: str, within_s: float = 20.0) -> None:
        """Until the captions have `text`."""
        deadline = time.monotonic() + within_s
        while text not in self.words:
            assert time.monotonic() < deadline, f"no {text!r} within {within_s} s: {self.words}; {self.state}"
            self.page.wait_for_timeout(50)

    @property
    def state(self) -> str:
        """The page's."""
        return str(self.page.evaluate("() => document.body.dataset.state"))

    @property
    def reason(self) -> str:
        """Why the call failed or ended, as a machine says it."""
        return str(self.page.evaluate("() => document.body.dataset.reason || ''"))

    @property
    def words(self) -> str:
        """All captions."""
        return self.page.inner_text("#captions")

    @property
    def line(self) -> str:
        """The state of the line, in words, and what to do."""
        return self.page.inner_text("#status")

    def record(self) -> None:
        """Keep what comes out of the page's loudspeaker from now on."""
        self.page.evaluate(_RECORD)

    def heard(self) -> Pcm:
        """What came out of it, int16 at 16 kHz."""
        data = base64.b64decode(self.page.evaluate(_RECORDED))
        with av.open(io.BytesIO(data)) as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
            frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames])

    def close(self) -> None:
        """Close the window; a call in it is over."""
        self._context.close()
