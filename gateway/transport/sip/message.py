"""SIP messages from the wire, checked before anything acts on them; and how our answers begin.

aiosipua's parser is lenient. What a server must not let through is refused here, with the status that RFC 3261 names:
another version, a header that must stand once and stands twice or not at all, a CSeq that can't be counted, a body
shorter than it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email import message_from_bytes
from email.errors import MessageError
from urllib.parse import unquote

from aiosipua import SipMessage, SipRequest, SipResponse
from aiosipua.headers import Address, SipUri, Via, parse_address, parse_cseq, parse_uri, parse_via, stringify_via

SERVER = "voice-gateway"
METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "PRACK", "INFO", "NOTIFY")
EXTENSIONS = ("100rel", "timer")
"""Option tags that a caller may require."""
SDP_TYPE = "application/sdp"
MAX_CSEQ = 2**31 - 1
MAX_HEAD_BYTES = 16 * 1024
"""First line and headers; reading more than that would hold up the calls."""
MAX_MULTIPARTS = 4
"""Parts within parts cost more than their length to read."""

_REQUEST_LINE = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+) ([^\s<>\"]+) SIP/(\d+\.\d+)", re.IGNORECASE)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: .*)?", re.IGNORECASE)
_ONCE = ("from", "to", "call-id", "cseq")
_NUMBERS = ("max-forwards", "expires", "min-se", "session-expires")
_AT_MOST_ONCE = ("content-length", "content-type", "max-forwards", "expires", "session-expires", "min-se")
_COMPACT = {"x": "session-expires", "r": "refer-to", "o": "event", "b": "referred-by"}
"""Short forms that aiosipua doesn't know (RFC 4028, 3515, 6665, 3892)."""
_VIA = re.compile(r"SIP\s*/\s*2\.0\s*/\s*([^\s/;]+)\s+", re.IGNORECASE)
_QUOTED = re.compile(r'\\.|"(?:[^"\\]|\\.)*"')
_ADDRESS = re.compile(r"[^<>]*<[^<>]*>\s*(;[^<>]*)?|[^<>]*")
_URI_SCHEMES = ("sip", "sips", "tel")
_NOBODY = ("anonymous", "unavailable", "unknown", "restricted")
_COUNTRY = re.compile(r"^(\+|00)86(?=1\d{10}$)")
"""In front of a mobile number of this country, which customers are looked up without."""

REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
}


class BadMessageError(ValueError):
    """A message that can't be acted on.

    Args:
        status: what a request is to be answered with.
        request: the request as far as it could be read, when it says where to answer to.
    """

    def __init__(self, status: int, reason: str, request: SipRequest | None = None) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.request = request


def read_message(data: bytes, *, stream: bool = False) -> SipRequest | SipResponse:
    """Read one message.

    Args:
        data: a datagram, or what a stream's framing cut out (`stream`, which has the body's length right already).

    Raises:
        BadMessageError: it is none, or not one that a server may act on.
    """
    data = data.lstrip(b"\r\n")  # RFC 3261 7.5
    head, _, body = data.partition(b"\r\n\r\n") if b"\r\n\r\n" in data else data.partition(b"\n\n")
    if len(head) > MAX_HEAD_BYTES:
        raise BadMessageError(400, "Too long")
    first = head.split(b"\n", 1)[0].decode("utf-8", errors="replace").strip()
    request_line, status_line = _REQUEST_LINE.fullmatch(first), _STATUS_LINE.fullmatch(first)
    if not request_line and not status_line:
        raise BadMessageError(400, "Not a SIP message", _answerable(data, first))
    if status_line:
        data = b"SIP" + data.lstrip()[3:]  # aiosipua takes `sip/2.0` for a method
    try:
        message = SipMessage.parse(data)
        for short, name in _COMPACT.items():
            for value in message.headers.get(short):
                message.headers.append(name, value)
    except ValueError as error:
        raise BadMessageError(400, "Not a SIP message") from error
    _tidy_via(message)
    if isinstance(message, SipResponse):
        _check_response(message)
        return message
    if request_line and request_line[3] != "2.0":
        raise BadMessageError(505, REASONS[505], _if_answerable(message))
    try:
        _check_request(message, len(body), stream)
    except BadMessageError as error:
        error.request = _if_answerable(message)
        raise
    return message


def _tidy_via(message: SipMessage) -> None:
    """`SIP / 2.0 / UDP host` is as good as `SIP/2.0/UDP host` (RFC 3261 25.1), but aiosipua reads only the latter."""
    values = message.headers.get("via")
    message.headers.remove("via")
    for value in values:
        message.headers.append("Via", _VIA.sub(lambda found: f"SIP/2.0/{found[1]} ", value, count=1))


def _answerable(data: bytes, first: str) -> SipRequest | None:
    """A request whose first line is broken, when the rest says where to answer to."""
    method = first.split(" ", 1)[0]
    if not method.isalpha() or not first.upper().endswith("SIP/2.0"):
        return None
    try:
        message = SipMessage.parse(b"%s sip:broken SIP/2.0\r\n%s" % (method.encode(), data.partition(b"\n")[2]))
    except ValueError:
        return None
    _tidy_via(message)
    return _if_answerable(message) if isinstance(message, SipRequest) else None


def _if_answerable(request: SipRequest) -> SipRequest | None:
    complete = all(request.headers.get_first(name) for name in ("via", *_ONCE))
    if not complete or request.method == "ACK":
        return None
    try:
        return request if top_via(request).host else None
    except BadMessageError:
        return None


def _check_response(response: SipResponse) -> None:
    missing = [name for name in ("via", *_ONCE) if not response.headers.get_first(name)]
    if missing:
        raise BadMessageError(400, f"Missing {missing[0]}")
    cseq_of(response)
    top_via(response)


def _check_request(request: SipRequest, body_bytes: int, stream: bool) -> None:
    headers = request.headers
    for name in ("via", *_ONCE):
        values = headers.get(name)
        if not values or not values[0]:
            raise BadMessageError(400, f"Missing {name}")
        if name in _ONCE and len(values) > 1:
            raise BadMessageError(400, f"More than one {name}")
    for name in _AT_MOST_ONCE:
        if len(headers.get(name)) > 1:
            raise BadMessageError(400, f"More than one {name}")
    number, method = cseq_of(request)
    if method != request.method or number > MAX_CSEQ:
        raise BadMessageError(400, "Bad CSeq")
    for via in headers.get("via"):
        _via(via)
    declared = number_of(request, "content-length")
    if declared is not None and declared > body_bytes and not stream:
        raise BadMessageError(400, "Body shorter than Content-Length")
    for name in _NUMBERS:
        number_of(request, name)
    for name in ("from", "to"):
        address_of(request, name)
    if not address_of(request, "from").tag and request.method != "ACK":
        raise BadMessageError(400, "From without tag")
    _check_uri(request)


def _check_uri(request: SipRequest) -> None:
    if parse_scheme(request.uri) not in _URI_SCHEMES:
        raise BadMessageError(416, REASONS[416])
    if "?" in request.uri.rpartition("@")[2]:
        raise BadMessageError(400, "Headers in the Request-URI")  # 19.1.1: they have no place there


def cseq_of(message: SipMessage) -> tuple[int, str]:
    """Number and method. Raises BadMessageError."""
    try:
        cseq = parse_cseq(message.headers.get_first("cseq") or "")
    except ValueError:
        cseq = None
    if cseq is None or cseq.seq < 0 or not cseq.method:
        raise BadMessageError(400, "Bad CSeq")
    return cseq.seq, cseq.method


def top_via(message: SipMessage) -> Via:
    """Where the message came from by its own account. Raises BadMessageError."""
    return _via(message.headers.get_first("via") or "")


def _via(raw: str) -> Via:
    via = parse_via(raw) if _VIA.match(raw) else Via()
    if not via.host or " " in via.host or (via.port is not None and not 0 < via.port < 65536):
        raise BadMessageError(400, "Bad Via")
    return via


def address_of(message: SipMessage, name: str) -> Address:
    """A From, To or Contact, without its display name. Raises BadMessageError."""
    raw = unquoted(message.headers.get_first(name) or "")
    if '"' in raw or not _ADDRESS.fullmatch(raw):
        raise BadMessageError(400, f"Bad {name}")
    address = parse_address(raw)
    if not address.uri.host and parse_scheme(raw.partition("<")[2] or raw) == "sip":
        raise BadMessageError(400, f"Bad {name}")
    return address


def unquoted(raw: str) -> str:
    """Without quoted strings, such as a display name, in which `<`, `;` and escaped quotes may stand."""
    return _QUOTED.sub("", raw)


def number_of(message: SipMessage, name: str) -> int | None:
    """A header that is a number, None when it isn't there. Raises BadMessageError."""
    raw = message.headers.get_first(name)
    if raw is None:
        return None
    text = raw.partition(";")[0].strip()
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise BadMessageError(400, f"Bad {name}")
    return int(text)


def parse_scheme(uri: str) -> str:
    """`sip` of `sip:10086@example.com`, lower case."""
    return uri.strip().partition(":")[0].lower()


def number_called(uri: str) -> str:
    """The user part of a SIP URI, the number of a `tel:` one, without parameters; empty if it isn't plain text."""
    rest = uri.partition(":")[2]
    user = rest if parse_scheme(uri) == "tel" else rest.rpartition("@")[0]
    number = unquote(user.partition(";")[0].partition(":")[0])
    return number if number.isprintable() else ""


def number_calling(request: SipRequest, *, trusted: bool) -> str:
    """The caller's number, empty when it is withheld.

    Args:
        trusted: it comes from a trunk, whose P-Asserted-Identity (RFC 3325) says more than the From header.
    """
    asserted = request.headers.get_first("p-asserted-identity") if trusted else None
    wishes = (request.headers.get_first("privacy") or "").lower().replace(",", ";").split(";")
    if "id" in map(str.strip, wishes):
        return ""
    raw = unquoted(asserted or request.headers.get_first("from") or "")
    uri = raw.partition("<")[2].partition(">")[0] if "<" in raw else raw.partition(";")[0]
    number = number_called(uri)
    return "" if number.lower() in _NOBODY else _COUNTRY.sub("", number)


def option_tags(message: SipMessage, name: str) -> frozenset[str]:
    """The option tags of a Require or Supported header, lower case."""
    return frozenset(value.strip().lower() for value in message.headers.get(name) if value.strip())


def unsupported(request: SipRequest) -> dict[str, str]:
    """The header that says which option tags it requires in vain, for a 420 (RFC 3261 8.2.2.3); empty if none."""
    unknown = option_tags(request, "require") - set(EXTENSIONS)
    return {"Unsupported": ", ".join(sorted(unknown))} if unknown else {}


def sdp_of(message: SipMessage) -> str | None:
    """The session description in the body, also as a part of a multipart one (SIP-I); None without a body.

    Raises:
        BadMessageError: a body of another kind (415).
    """
    if not message.body.strip():
        return None
    kind = (message.content_type or "").partition(";")[0].strip().lower()
    if (message.headers.get_first("content-encoding") or "identity").lower() != "identity":
        raise BadMessageError(415, REASONS[415])
    if kind == SDP_TYPE:
        return message.text
    if kind.startswith("multipart/"):
        if message.body.lower().count(b"multipart/") >= MAX_MULTIPARTS:
            raise BadMessageError(400, "Bad multipart body")
        try:
            whole = message_from_bytes(f"Content-Type: {message.content_type}\n\n".encode() + message.body)
            for part in whole.walk():
                content = part.get_payload(decode=True)
                if part.get_content_type() == SDP_TYPE and isinstance(content, bytes):
                    return content.decode("utf-8", errors="replace")
        except (MessageError, ValueError, LookupError) as error:
            raise BadMessageError(400, "Bad multipart body") from error
    raise BadMessageError(415, REASONS[415])


def stamp_source(request: SipRequest, source: tuple[str, int]) -> None:
    """Write into the topmost Via where the request really came from (RFC 3261 18.2.1, RFC 3581)."""
    first, *others = request.headers.get("via")
    via = parse_via(first)
    wants_port = "rport" in via.params
    if via.host.strip("[]").lower() != source[0].lower() or wants_port:
        via.params["received"] = source[0]
    if wants_port:
        via.params["rport"] = str(source[1])
    request.headers.set_single("Via", stringify_via(via))
    for other in others:
        request.headers.append("Via", other)


def reply(
    request: SipRequest, status: int, *, tag: str | None = None, headers: Mapping[str, str] | None = None
) -> SipResponse:
    """An answer to `request`: the headers that RFC 3261 8.2.6 has copied, and those given.

    Args:
        tag: ours, for the To header; left out, there is none.
    """
    response = SipResponse(status_code=status, reason_phrase=REASONS.get(status, "Error"))
    for name in ("Via", "From", "Call-ID", "CSeq"):
        for value in request.headers.get(name):
            response.headers.append(name, value)
    to = request.headers.get_first("to") or ""
    if tag and not parse_address(unquoted(to)).tag:
        to += f";tag={tag}"
    response.headers.set_single("To", to)
    if 100 < status < 300:
        for value in request.headers.get("record-route"):
            response.headers.append("Record-Route", value)
    response.headers.set_single("Server", SERVER)
    for name, value in (headers or {}).items():
        response.headers.set_single(name, value)
    return response


def target_of(uri: str) -> SipUri:
    """Where a URI points. Without its user, in which aiosipua doesn't expect the `;` and `?` that may stand there."""
    scheme, _, rest = uri.strip().partition(":")
    return parse_uri(f"{scheme}:{rest.rpartition('@')[2]}")


def uri_address(uri: SipUri) -> tuple[str, int]:
    """Host without brackets, and the port that stands there or is usual."""
    usual = 5061 if uri.scheme == "sips" or uri.params.get("transport") == "tls" else 5060
    return uri.host.strip("[]"), uri.port or usual
