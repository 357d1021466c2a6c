"""Session timers (RFC 4028): a call whose other side has silently gone is noticed, whoever does the refreshing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from aiosipua.message import SipMessage
from aiosipua.session_timer import parse_session_expires, watchdog_delay

from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.message import BadMessageError, number_of, option_tags
from gateway.transport.timers import Timer, Timers

TIMER = "timer"
"""The option tag."""
LONGEST_S = 86_400
"""We ask for no more, whoever wants it."""
SHORTEST_S = 90
"""Nobody may ask for less (RFC 4028 4)."""


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """How long a session lasts without a refresh, and who sends it."""

    interval_s: int
    we_refresh: bool
    told: bool = True
    """The other side knows of it; else we look after the session alone."""
    shortest_s: int = 0
    """Somebody on the way refused anything shorter."""

    def question(self) -> dict[str, str]:
        """The headers of a refresh of ours (RFC 4028 7.4)."""
        asked = {"Session-Expires": self.header("uac"), "Supported": TIMER}
        return asked | {"Min-SE": str(self.shortest_s)} if self.shortest_s else asked

    def answer(self) -> dict[str, str]:
        """The headers that agree to it in a 2xx of ours (RFC 4028 9)."""
        agreed = {"Session-Expires": self.header("uas")}
        return agreed if self.we_refresh else agreed | {"Require": TIMER}

    def header(self, ours: Literal["uas", "uac"]) -> str:
        """The Session-Expires header; `ours` is what we are in that transaction."""
        theirs = "uac" if ours == "uas" else "uas"
        return f"{self.interval_s};refresher={ours if self.we_refresh else theirs}"


class TooSmallError(ValueError):
    """The interval asked for is shorter than we accept (422)."""


def terms_of_request(request: SipMessage, config: SipConfig) -> SessionTerms:
    """What we agree to for an INVITE or UPDATE of theirs. A side that can refresh, and doesn't say who is to, does.

    Raises:
        TooSmallError: it asks for less than `min_se_s`.
    """
    raw = request.headers.get_first("session-expires")
    supports = TIMER in option_tags(request, "supported") | option_tags(request, "require")
    if raw is None:
        interval_s = max(config.session_expires_s, number_of(request, "min-se") or 0)
        return SessionTerms(interval_s, we_refresh=True, told=supports)
    interval_s, refresher = parse_session_expires(raw)
    if interval_s < config.min_se_s:
        raise TooSmallError(str(interval_s))
    interval_s = min(interval_s, max(config.session_expires_s, number_of(request, "min-se") or 0))  # 9: may be lowered
    return SessionTerms(interval_s, we_refresh=refresher == "uas" or not supports)


def terms_of_response(response: SipMessage, before: SessionTerms) -> SessionTerms:
    """What they agree to in a 2xx to a request of ours (in which we are the uac)."""
    raw = response.headers.get_first("session-expires")
    if raw is None:
        return before
    interval_s, refresher = parse_session_expires(raw)
    interval_s = min(max(interval_s, SHORTEST_S), before.interval_s)
    return replace(before, interval_s=interval_s, we_refresh=refresher != "uas", told=True)


def longer_terms(refusal: SipMessage, before: SessionTerms) -> SessionTerms | None:
    """What to ask for after a 422 to a request of ours; None if that says nothing new, or nothing sensible."""
    try:
        wanted_s = number_of(refusal, "min-se") or 0
    except BadMessageError:
        return None
    if not before.interval_s < wanted_s <= LONGEST_S:
        return None
    return replace(before, interval_s=wanted_s, shortest_s=wanted_s)


class SessionTimer:
    """Watches one session.

    Args:
        refresh: send a refresh now.
        expire: no refresh came in time: the session is dead.
    """

    def __init__(self, timers: Timers, refresh: Callable[[], None], expire: Callable[[], None]) -> None:
        self._timers = timers
        self._refresh = refresh
        self._expire = expire
        self._running: list[Timer] = []

    def begin(self, terms: SessionTerms) -> None:
        """The session is good from now on for as long as the terms say; also at each refresh."""
        self.stop()
        self._running.append(self._timers.later(watchdog_delay(terms.interval_s) * 1000, self._expire))
        if terms.we_refresh:
            self._running.append(self._timers.later(terms.interval_s * 500, self._refresh))

    def stop(self) -> None:
        """The session is over; idempotent."""
        for timer in self._running:
            timer.cancel()
        self._running.clear()
