"""Loading one file over HTTP: slowly, in pieces, from servers that break off, change the file or lie about it.

Resuming follows RFC 9110: a Range request with If-Range and the validator that the first part came with, so a server
whose file has changed sends all of the new one. What arrives is bounded by what the catalogue says, every wait is
bounded, and a transfer of less than 1 KiB a second counts as stalled. Proxies are taken from the environment, as httpx
does (HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from asr.errors import ModelError
from asr.models.entry import Download
from asr.models.partial import Partial
from asr.models.response import Gone, Offer, RefusedError, check_address, offer_of, shown

_REDIRECTS = 5
_OTHER_FILE = "this is another file: check the address, or name a mirror with --url"
_LONGEST_RETRY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for."""

    connect_s: float = 15.0
    stall_s: float = 30.0
    """Longest wait for the next bytes, and the span over which the least speed is reckoned."""
    least_bytes_per_s: int = 1024
    tries: int = 6
    pause_s: float = 1.0
    """Before the second try; doubled before each further one, up to half a minute."""
    longest_pause_s: float = 30.0

    def pause_before(self, tries: int) -> float:
        """Seconds to wait after so many tries that failed."""
        return min(self.longest_pause_s, self.pause_s * 2.0 ** (tries - 1))


Report = Callable[[int, int | None], None]
"""Called with the bytes that have come and the bytes in all, None while nobody has said."""


class _BrokenError(Exception):
    """The line broke or the server is busy: trying again may help."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Loader:
    """Loads the files of one model.

    Args:
        patience: how long a server is waited for.
        sleep: waits between tries; another one in tests.
    """

    def __init__(self, patience: Patience | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._patience = patience or Patience()
        self._sleep = sleep

    def load(
        self, download: Download, target: Path, *, url: str | None = None, report: Report = lambda _done, _total: None
    ) -> None:
        """Load the file to `target`, going on where an earlier try ended. Blocking. Its sha256 is not looked at.

        Args:
            download: what to load, and what size it may have.
            target: where the whole file goes. Until then `<target>.partial` lies there, and stays after an error that
                another try may mend.
            url: load it from this address instead (a mirror).
            report: told how far the file is.

        Raises:
            ModelError: the address is not https, the server refuses, lies about the length or can't be reached.
            OSError: the disk refuses.
        """
        address = download.url if url is None else url
        partial = Partial(target)
        tries = 0
        while True:
            tries += 1
            try:
                with ExitStack() as stack:
                    self._once(download, address, partial, report, stack)
            except _BrokenError as error:
                if tries >= self._patience.tries:
                    raise _given_up(address, error, tries, partial.size()) from error
                self._sleep(max(self._patience.pause_before(tries), error.wait_s))
            except RefusedError as error:
                if error.spoilt:
                    partial.drop()
                raise ModelError(str(error), where=shown(address), remedy=error.remedy) from None
            else:
                partial.finish(target)
                return

    def _once(self, download: Download, address: str, partial: Partial, report: Report, stack: ExitStack) -> None:
        try:
            client = stack.enter_context(self._client())
            offer = self._ask(client, download, address, partial, stack)
            if offer.is_whole:
                return
            if offer.starts_at == 0:
                partial.begin(offer.version)
            self._receive(offer, download, partial, report)
        except httpx.TransportError as error:
            raise _BrokenError(_plainly(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RefusedError(f"this can't be loaded ({error})", "check the address") from error

    def _client(self) -> httpx.Client:
        timeout = httpx.Timeout(self._patience.stall_s, connect=self._patience.connect_s)
        try:
            return httpx.Client(timeout=timeout, follow_redirects=False)
        except (ImportError, ValueError) as error:
            remedy = "set HTTPS_PROXY to an http or https address, or unset it"
            raise RefusedError(f"the proxy of the environment can't be used ({error})", remedy) from error

    def _ask(self, client: httpx.Client, download: Download, address: str, partial: Partial, stack: ExitStack) -> Offer:
        """What the server offers, redirects followed."""
        known = partial.version(shown(address))
        headers = {"Accept-Encoding": "identity", "User-Agent": "voice-gateway"}
        if known is not None and known.validator is not None:
            headers |= {"Range": f"bytes={partial.size()}-", "If-Range": known.validator}
        at = check_address(httpx.URL(address), None)
        for _ in range(_REDIRECTS + 1):
            response = stack.enter_context(client.stream("GET", at, headers=headers))
            if response.has_redirect_location:
                at = check_address(at.join(response.headers["location"]), at)
                continue
            if busy := _busy(response):
                raise busy
            try:
                return offer_of(response, shown(address), download, known, partial.size())
            except Gone as gone:
                partial.drop()
                raise _BrokenError(str(gone)) from None
        raise RefusedError(f"the server redirects more than {_REDIRECTS} times", "name a mirror with --url")

    def _receive(self, offer: Offer, download: Download, partial: Partial, report: Report) -> None:
        done, most = offer.starts_at, download.sizes[1]
        total = offer.version.total
        span_began, span_bytes = time.monotonic(), 0
        with partial.path.open("ab") as stream:
            for chunk in offer.response.iter_raw():  # without a size: a buffer would be lost when the line breaks
                done += len(chunk)
                if done > most:
                    raise RefusedError(
                        f"the server sends more than the {most} bytes that this file has", _OTHER_FILE, spoilt=True
                    )
                stream.write(chunk)
                report(done, total)
                span_bytes += len(chunk)
                if (passed := time.monotonic() - span_began) >= self._patience.stall_s:
                    if span_bytes < passed * self._patience.least_bytes_per_s:
                        raise _BrokenError(f"the server sent {span_bytes} bytes in {passed:.0f} s")
                    span_began, span_bytes = time.monotonic(), 0
        if total is not None and done < total:
            raise _BrokenError(f"the server promised {total} bytes and sent {done}")
        if done < download.sizes[0]:
            raise RefusedError(
                f"the server sent {done} bytes of a file that has {download.size}", _OTHER_FILE, spoilt=True
            )


def _busy(response: httpx.Response) -> _BrokenError | None:
    if response.status_code not in (408, 425, 429, 500, 502, 503, 504):
        return None
    after = response.headers.get("retry-after", "")
    wait_s = min(float(after), _LONGEST_RETRY_AFTER_S) if after.isascii() and after.isdigit() else 0.0
    return _BrokenError(f"the server answers {response.status_code} {response.reason_phrase}", wait_s)


def _plainly(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return f"the server can't be reached ({error or type(error).__name__})"
    if isinstance(error, httpx.TimeoutException):
        return "the server has stopped sending"
    return f"the line broke ({error or type(error).__name__})"


def _given_up(address: str, error: _BrokenError, tries: int, kept: int) -> ModelError:
    kept_too = f"; {kept} bytes are kept and the same command goes on from there" if kept else ""
    return ModelError(
        f"{error}, {tries} times",
        where=shown(address),
        remedy=f"check the network and the proxy (HTTPS_PROXY), or name a mirror with --url{kept_too}",
    )
