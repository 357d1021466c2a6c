"""What a server's answer to a request for a file, or for the rest of it, is worth."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

import httpx

from asr.models.entry import Download
from asr.models.partial import Version

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,18})")


class RefusedError(Exception):
    """Trying again won't help.

    Args:
        message: what is wrong.
        remedy: what to do about it.
        spoilt: what has come so far is worth nothing.
    """

    def __init__(self, message: str, remedy: str, *, spoilt: bool = False) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.spoilt = spoilt


class Gone(Exception):  # noqa: N818 - no error: the file has changed, begin anew
    """What has come so far is of no use any more."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The bytes that a server is about to send."""

    response: httpx.Response
    version: Version
    starts_at: int
    is_whole: bool = False
    """All of the file has come already."""


def shown(address: str) -> str:
    """The address without what may be secret in it: a password, a signed query."""
    try:
        return str(httpx.URL(address).copy_with(userinfo=b"", query=None, fragment=None))
    except httpx.InvalidURL:
        return address


def check_address(url: httpx.URL, origin: httpx.URL | None) -> httpx.URL:
    """The address, if a file may be loaded from it: https, or http on this machine and not after https.

    Args:
        url: the address.
        origin: the address that redirects to it.

    Raises:
        RefusedError: it may not.
    """
    if url.scheme == "https" and url.host:
        return url
    remedy = "give an https address; files without encryption are taken from this machine only"
    if url.scheme == "http" and _is_loopback(url.host):
        if origin is None or origin.scheme == "http":
            return url
        raise RefusedError(f"the server redirects from https to {shown(str(url))}", remedy)
    if origin is not None:
        raise RefusedError(f"the server redirects to {shown(str(url))}, which is not https", remedy)
    raise RefusedError("the address is not https", remedy)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def offer_of(response: httpx.Response, url: str, download: Download, known: Version | None, have: int) -> Offer:
    """Read the answer's head.

    Args:
        response: the answer, its body not read.
        url: the address that was asked for, before redirects, as it may be shown.
        download: what is wanted.
        known: the version that the rest was asked of; None: the whole file was asked for.
        have: bytes that are there.

    Raises:
        RefusedError: the server refuses, or has a file of another size.
        Gone: what is there can't be gone on with.
    """
    if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and known is not None:
        return _nothing_left(response, known, have, download)
    if response.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        raise RefusedError(
            f"the server answers {response.status_code} {response.reason_phrase}",
            "check the address, or name a mirror with --url",
        )
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError("the server packs the file once more, unasked", "name a mirror with --url")
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        return _rest(response, known, have, download)
    total = _length(response)
    _check_size(total, download)
    return Offer(response, Version(url, _validator(response), total), 0)


def _rest(response: httpx.Response, known: Version | None, have: int, download: Download) -> Offer:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if known is None or found is None or int(found[1]) != have:
        raise Gone("the server sent another part than was asked for")
    if _validator(response) not in (None, known.validator):
        raise Gone("the file has changed on the server")
    total = known.total if found[3] == "*" else int(found[3])
    if known.total not in (None, total):
        raise Gone("the file has changed on the server")
    _check_size(total, download)
    return Offer(response, Version(known.url, known.validator, total), have)


def _nothing_left(response: httpx.Response, known: Version, have: int, download: Download) -> Offer:
    found = _UNSATISFIED.fullmatch(response.headers.get("content-range", ""))
    if found is not None and int(found[1]) == have and known.total in (None, have) and have >= download.sizes[0]:
        return Offer(response, known, have, is_whole=True)
    raise Gone("the file has changed on the server, or it is shorter than the server said")


def _check_size(total: int | None, download: Download) -> None:
    least, most = download.sizes
    if total is not None and not least <= total <= most:
        raise RefusedError(
            f"the server has a file of {total} bytes where {download.size} are expected",
            "this is another file: check the address, or name a mirror with --url",
            spoilt=True,
        )


def _length(response: httpx.Response) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) <= 18 else None


def _validator(response: httpx.Response) -> str | None:
    etag: str = response.headers.get("etag", "")
    if etag.startswith('"'):
        return etag  # a weak one (W/) may not be used for ranges: RFC 9110, section 13.1.5
    modified: str | None = response.headers.get("last-modified")
    return modified
