"""Calls by HTTP in the manner of WHIP (RFC 9725): POST an offer, PATCH candidates that come later, DELETE hangs up.

Who has the key of a call has the call, so it stands in its Location and nowhere else. The token is asked for with every
request all the same (RFC 9725 section 4.7): proxies write paths into their logs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence

from aiohttp import web

from gateway.transport.switchboard import Refusal
from gateway.transport.webrtc.calls import Calls, OpenCall, Opened, Wanted
from gateway.transport.webrtc.config import IceServer, WebrtcConfig
from gateway.transport.webrtc.door import Door, ProblemError, Visit
from gateway.transport.webrtc.offer import OfferError, parse_fragment, parse_offer

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
MAX_BODY_BYTES = 64 * 1024
BODY_WITHIN_S = 5.0
VISIT = web.RequestKey("visit", Visit)
"""Where the middleware of the site leaves what the door sees of a request."""
_CHUNK_BYTES = 16 * 1024
_NUMBER = re.compile(r"[0-9+*#]{0,32}")
_KEY = re.compile(r"[A-Za-z0-9_-]{0,64}")
_REFUSALS = {
    Refusal.UNKNOWN_NUMBER: (404, "no hotline has that number; leave number out, or correct it", None),
    Refusal.BUSY: (503, "all the calls that this line may have are there; try again later", 10),
    Refusal.FULL: (503, "the gateway has all the calls that it may have; try again later", 10),
    Refusal.DRAINING: (503, "the gateway is shutting down; try again later", 30),
}


class Whip:
    """The two resources: `/whip` (RFC 9725 section 4.2), and `/whip/KEY` of each call (section 4.3).

    Args:
        now_ms: a clock that never goes back, ms.
    """

    def __init__(self, config: WebrtcConfig, calls: Calls, door: Door, now_ms: Callable[[], float]) -> None:
        self._claimed_numbers = config.claimed_numbers
        self._links = tuple(map(ice_link, config.ice_servers))
        self._calls = calls
        self._door = door
        self._now_ms = now_ms

    @property
    def routes(self) -> Sequence[web.RouteDef]:
        """For the application; every other method gets 405 from its router."""
        return (
            web.post("/whip", self._offer),
            web.options("/whip", self._endpoint_options),
            web.patch("/whip/{key}", self._trickle),
            web.delete("/whip/{key}", self._hang_up),
            web.options("/whip/{key}", self._session_options),
        )

    async def _endpoint_options(self, request: web.Request) -> web.Response:  # noqa: ARG002 -- aiohttp's signature
        return web.Response(status=204, headers={"Allow": "OPTIONS, POST", "Accept-Post": SDP})

    async def _session_options(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.Response(status=204, headers={"Allow": "DELETE, OPTIONS, PATCH", "Accept-Patch": FRAGMENT})

    async def _offer(self, request: web.Request) -> web.Response:
        visit, now_ms = request[VISIT], self._now_ms()
        self._door.check_rate(visit, now_ms)
        self._door.check_token(visit, now_ms)
        wanted = self._wanted(request)
        body = await _read(request, SDP, {"Accept-Post": SDP})
        try:
            opened = await self._calls.open(parse_offer(body), wanted)
        except OfferError as error:
            raise ProblemError(400, "bad_offer", str(error)) from error
        if isinstance(opened, Refusal):
            status, detail, retry_s = _REFUSALS[opened]
            raise ProblemError(status, opened.value, detail, {"Retry-After": str(retry_s)} if retry_s else None)
        return self._created(opened)

    def _created(self, opened: Opened) -> web.Response:
        headers = {
            "Location": f"/whip/{opened.key}",
            "ETag": f'"{opened.etag}"',
            "Accept-Patch": FRAGMENT,
            "Cache-Control": "no-store",
        }
        created = web.Response(status=201, headers=headers, body=opened.answer.encode(), content_type=SDP)
        for link in self._links:
            created.headers.add("Link", link)
        return created

    async def _trickle(self, request: web.Request) -> web.Response:
        call = self._call(request)
        body = await _read(request, FRAGMENT, {"Accept-Patch": FRAGMENT})
        _check_precondition(request, call)
        try:
            fragment = parse_fragment(body)
        except OfferError as error:
            raise ProblemError(400, "bad_offer", str(error)) from error
        if fragment.ufrag is not None and fragment.ufrag != call.ufrag:
            raise _no_restart()
        await call.add_candidates(fragment)
        return web.Response(status=204)

    async def _hang_up(self, request: web.Request) -> web.Response:
        self._call(request).hang_up()
        return web.Response()

    def _call(self, request: web.Request) -> OpenCall:
        self._door.check_token(request[VISIT], self._now_ms())
        call = self._calls.get(request.match_info["key"])
        if call is None:
            raise ProblemError(404, "gone", "there is no such call, or it has ended; call again")
        return call

    def _wanted(self, request: web.Request) -> Wanted:
        number, claimed = (_parameter(request, name, _NUMBER) for name in ("number", "from"))
        if claimed and not self._claimed_numbers:
            raise ProblemError(
                403, "number_not_allowed", "pages may not say which number they call from; see webrtc.claimed_numbers"
            )
        return Wanted(number, claimed, _parameter(request, "resume", _KEY))


def ice_link(server: IceServer) -> str:
    """The Link header that tells a client of a STUN or TURN server (RFC 9725 section 4.6)."""
    link = f'<{server.url}>; rel="ice-server"'
    if server.username is not None and server.password is not None:
        user, password = _quoted(server.username), _quoted(server.password.get_secret_value())
        link += f'; username={user}; credential={password}; credential-type="password"'
    return link


def _quoted(text: str) -> str:
    """A quoted-string (RFC 9110 section 5.6.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parameter(request: web.Request, name: str, pattern: re.Pattern[str]) -> str:
    value = request.query.get(name, "")
    if not pattern.fullmatch(value):
        reason = "bad_number" if pattern is _NUMBER else "bad_request"
        raise ProblemError(400, reason, f"the parameter '{name}' is too long or has wrong characters; correct it")
    return value


def _check_precondition(request: web.Request, call: OpenCall) -> None:
    """RFC 9725 section 4.3.1: If-Match names the ICE session, or `*` for a new one, which we don't do."""
    tags = request.if_match
    if tags is None:
        raise ProblemError(428, "precondition", "candidates need If-Match with the ETag of the call; send it along")
    if any(tag.value == "*" for tag in tags):
        raise _no_restart()
    if not any(tag.value == call.etag and not tag.is_weak for tag in tags):
        raise ProblemError(412, "precondition", "If-Match names another ICE session than that of this call; call again")


def _no_restart() -> ProblemError:
    return ProblemError(422, "no_restart", "the ICE session of a call can't be restarted; call again with resume")


async def _read(request: web.Request, media_type: str, accepted: dict[str, str]) -> bytes:
    """The body, bounded in size and time.

    Raises:
        ProblemError: 415 for another type or an encoded body, 413, 408, or 400 when the client breaks off.
    """
    if request.content_type != media_type:
        raise ProblemError(415, "media_type", f"the body must be {media_type}; say so in Content-Type", accepted)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":  # a little can unpack to a lot
        raise ProblemError(415, "media_type", "the body must not be compressed", {"Accept-Encoding": "identity"})
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise ProblemError(408, "slow", f"the body has to be there within {BODY_WITHIN_S:g} s; send it again") from None
    except (web.RequestPayloadError, ConnectionError) as error:
        raise ProblemError(400, "bad_offer", "the body broke off or is badly chunked; send it again") from error
    return bytes(body)


def _too_large() -> ProblemError:
    return ProblemError(413, "too_large", f"the body is over {MAX_BODY_BYTES} bytes; offer less media")
