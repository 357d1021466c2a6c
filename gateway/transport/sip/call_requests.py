"""What the other side asks for within a call (RFC 3261 12.2.2): each request is answered, once and in order."""

from __future__ import annotations

import re

from aiosipua import SipRequest

from gateway.transport.sip.call import SipCall, State
from gateway.transport.sip.message import METHODS, BadMessageError, sdp_of, unsupported
from gateway.transport.sip.sdp import SdpError
from gateway.transport.sip.session_timer import TooSmallError, terms_of_request
from gateway.transport.sip.transactions import ServerTransaction

_KEYS = frozenset("0123456789*#ABCD")
_SIGNAL = re.compile(r"^\s*Signal\s*=\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_STAR, _HASH = "10", "11"
"""As some switches write * and # (the event numbers of RFC 4733)."""


def answer_request(call: SipCall, request: SipRequest, transaction: ServerTransaction) -> None:
    """Act on a request of `call`'s other side and answer it."""
    if not call.dialog.in_order(request):
        transaction.respond(call.dialog.reply(request, 500))
        return
    unknown = unsupported(request)
    match request.method:
        case "BYE":
            transaction.respond(call.dialog.reply(request, 200))
            call.hung_up()
        case _ if call.state is State.ENDED:
            transaction.respond(call.dialog.reply(request, 481))
        case _ if unknown:
            transaction.respond(call.dialog.reply(request, 420, unknown))
        case "INVITE" | "UPDATE":
            _change(call, request, transaction)
        case "PRACK":
            call.prack(request, transaction)
        case "INFO":
            _info(call, request, transaction)
        case "NOTIFY":
            _notify(call, request, transaction)
        case "OPTIONS":
            transaction.respond(call.dialog.reply(request, 200))
        case _:
            transaction.respond(call.dialog.reply(request, 405, {"Allow": ", ".join(METHODS)}))


def _change(call: SipCall, request: SipRequest, transaction: ServerTransaction) -> None:
    """A re-INVITE or an UPDATE: hold, resume, another address, or just a sign of life."""
    is_invite = request.method == "INVITE"
    try:
        offer = sdp_of(request)
        if wait := _has_to_wait(call, offer, is_invite=is_invite):
            transaction.respond(call.dialog.reply(request, *wait))
            return
        terms = terms_of_request(request, call.office.config)
        sdp = call.line.answer(offer) if offer is not None else call.line.offer() if is_invite else None
    except TooSmallError:
        transaction.respond(call.dialog.reply(request, 422, {"Min-SE": str(call.office.config.min_se_s)}))
        return
    except SdpError as error:  # the call goes on as it was
        transaction.respond(call.dialog.reply(request, 488, {"Warning": f'399 voice-gateway "{error}"'}))
        return
    except BadMessageError as error:
        transaction.respond(call.dialog.reply(request, error.status, {"Accept": "application/sdp"}))
        return
    call.dialog.refresh(request)
    headers = {}
    if call.state is State.TALKING:
        if terms.told:
            headers = terms.answer()
        call.session.begin(terms)
    response = call.dialog.reply(request, 200, headers, sdp)
    if not is_invite:
        transaction.respond(response)
        return
    if offer is None:
        call.offered_late()
    call.insist(transaction, response)


def _has_to_wait(call: SipCall, offer: str | None, *, is_invite: bool) -> tuple[int, dict[str, str]] | None:
    """Status and headers of the answer to a change that comes at the wrong moment; None for one that doesn't."""
    if call.session.asking or (call.offering and offer is not None):  # both sides' offers at once (RFC 3311 5.2)
        return 491, {}
    unanswered = call.state is not State.TALKING and (is_invite or offer is not None)
    if unanswered or (is_invite and call.insisting):  # our last answer isn't known to have arrived (14.2)
        return 500, {"Retry-After": "2"}
    return None


def _info(call: SipCall, request: SipRequest, transaction: ServerTransaction) -> None:
    """Keys, as `application/dtmf-relay` (Signal=5) or `application/dtmf` (5)."""
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind not in ("application/dtmf-relay", "application/dtmf"):
        transaction.respond(call.dialog.reply(request, 415 if request.body.strip() else 200))
        return
    transaction.respond(call.dialog.reply(request, 200))
    found = _SIGNAL.search(request.text)
    told = found[1] if found else request.text.strip()
    key = {_STAR: "*", _HASH: "#"}.get(told, told).upper()
    if key in _KEYS and call.state is State.TALKING:
        call.leg.press(key)


def _notify(call: SipCall, request: SipRequest, transaction: ServerTransaction) -> None:
    event = (request.headers.get_first("event") or "").partition(";")[0].strip().lower()
    if event != "refer":
        transaction.respond(call.dialog.reply(request, 489))
        return
    transaction.respond(call.dialog.reply(request, 200))
    if call.referral:
        call.referral.notified(request)
