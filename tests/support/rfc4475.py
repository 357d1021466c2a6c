"""The messages of RFC 4475, as that document describes them: what it wants of a server, and what this one does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.sip import sdp

SOUND = sdp("0 12", events=None).replace("192.0.2.10", "192.0.2.1").replace("40000", "49217")
DROPPED = 0


@dataclass(frozen=True)
class Case:
    """One message of the RFC."""

    section: str
    message: bytes
    wanted: str
    """Of a server that is called, by the RFC."""
    done: int
    """The status that we answer with, or DROPPED."""


def lines(first: str, *headers: str, body: str = "", length: str | None = None) -> bytes:
    """A message of just these lines."""
    declared = f"Content-Length: {len(body)}" if length is None else length
    return "\r\n".join([first, *headers, *([declared] if declared else []), "", body]).encode()


def usual(
    method: str = "OPTIONS", changed: Mapping[str, str] | None = None, first: str = "", body: str = "", **how: str
) -> bytes:
    """A message with nothing remarkable but what is changed."""
    headers = {
        "Via": "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK.torture",
        "From": "From: <sip:caller@example.net>;tag=323",
        "To": "To: <sip:user@example.com>",
        "Call-ID": "Call-ID: torture@192.0.2.10",
        "CSeq": f"CSeq: 60 {method}",
        "Max-Forwards": "Max-Forwards: 70",
        "Contact": "Contact: <sip:caller@host.example.net>",
        **({"Content-Type": "Content-Type: application/sdp"} if body else {}),
        **(changed or {}),
    }
    return lines(first or f"{method} sip:user@example.com SIP/2.0", *filter(None, headers.values()), body=body, **how)


def answer(first: str, cseq: str = "8 INVITE", *more: str) -> bytes:
    """A response to something."""
    return lines(
        first,
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK10fskdjr",
        "From: <sip:user@example.com>;tag=aasdf",
        "To: <sip:caller@example.net>;tag=bb",
        "Call-ID: answer@192.0.2.1",
        f"CSeq: {cseq}",
        *more,
    )


WSINV = lines(
    "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
    "TO :",
    " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
    'From   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
    "  ;",
    "  tag = 98asjd8",
    "MaX-fOrWaRdS: 0068",
    "Call-ID: wsinv.ndaksdj@192.0.2.1",
    "Content-Length   : 150",
    "cseq: 0009",
    "  INVITE",
    "Via  : SIP  /   2.0",
    " /UDP",
    "    192.0.2.2;branch=390skdjuw",
    "s :",
    "NewFangledHeader:   newfangled value",
    " continued newfangled value",
    "UnknownHeaderWithUnusualValue: ;;,,;;,;",
    "Content-Type: application/sdp",
    "Route:",
    " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
    "v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
    "  branch  =   z9hG4bK9ikj8  ,",
    " SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
    " z9hG4bK30239",
    'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
    "      newvalue ;",
    "  secondparam ; q = 0.33",
    body=SOUND.ljust(150),
    length="",
).replace(b"150\r\ncseq", f"{len(SOUND.ljust(150))}\r\ncseq".encode())

INTMETH = lines(
    "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    ":&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0",
    "Via: SIP/2.0/UDP host1.example.com;rport;branch=z9hG4bK-.!%66*_+`'~",
    'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>',
    "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\""
    ";tag=_token~1'+`*%!-.",
    "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
    "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
    "Max-Forwards: 255",
    "extensionHeader-!.%*+_`'~: 大停電",
)

LONG = "".join(f"longvalue{number}" for number in range(60))
LONGREQ = lines(
    f"INVITE sip:user@example.com;unknownparam1=very{LONG} SIP/2.0",
    f'To: "I have a user name of extreme{LONG} proportion" <sip:user@example.com:6000;unknownparam1=very{LONG}>',
    f"F: sip:amanuensis@example.net;tag=12982982982982982982982982982982982982982982;unknownheaderparam{LONG}={LONG}",
    f"Call-ID: longreq.one{LONG}",
    "CSeq: 3882340 INVITE",
    *(f"Unknown-{LONG}{number}: unknown-{LONG}-value" for number in range(3)),
    *(f"Via: SIP/2.0/TCP sip{number}.example.com" for number in range(33, 0, -1)),
    "v: SIP/2.0/TCP host.example.com;received=192.0.2.5;branch=verylong" + LONG,
    "Max-Forwards: 70",
    f"Contact: <sip:amanuensis{LONG}@host5.example.net>",
    "Content-Type: application/sdp",
    body=SOUND + "m=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC/8000\r\n",
)

VALID = {
    "wsinv": Case("3.1.1.1", WSINV, "parse it; it belongs to a dialog that isn't there", 481),
    "intmeth": Case("3.1.1.2", INTMETH, "parse it; an unknown method", 405),
    "esc01": Case(
        "3.1.1.3",
        usual("INVITE", first="INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", body=SOUND),
        "accept it; the user is no URI",
        200,
    ),
    "escnull": Case(
        "3.1.1.4",
        usual(
            "REGISTER",
            {"To": "To: sip:null-%00-null@example.com", "Contact": "Contact: <sip:%00@host5.example.com>"},
            "REGISTER sip:example.com SIP/2.0",
        ),
        "parse it; the method is not ours",
        405,
    ),
    "esc02": Case(
        "3.1.1.5",
        usual("RE%47IST%45R", {"To": 'To: "%Z%45" <sip:resource@example.com>'}),
        "an unknown method: escapes have no meaning there",
        405,
    ),
    "lwsdisp": Case("3.1.1.6", usual(changed={"From": "From: caller<sip:caller@example.com>;tag=323"}), "accept", 200),
    "longreq": Case("3.1.1.7", LONGREQ, "accept it, or 513 for one who can't", 200),
    "dblreq": Case(
        "3.1.1.8",
        usual("REGISTER", first="REGISTER sip:example.com SIP/2.0") + usual("INVITE", body=SOUND),
        "answer the first message and leave what follows",
        405,
    ),
    "semiuri": Case(
        "3.1.1.9",
        usual(first="OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
        "accept it; the semicolon belongs to the user",
        200,
    ),
    "transports": Case(
        "3.1.1.10",
        usual(
            changed={
                "Via": "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\r\n"
                + "\r\n".join(
                    f"Via: SIP/2.0/{one} t.example.com;branch=z9hG4bK3{one}" for one in ("SCTP", "TLS", "UNKNOWN")
                )
            }
        ),
        "accept it; other transports are no concern",
        200,
    ),
    "mpart01": Case(
        "3.1.1.11",
        usual("MESSAGE", {"Content-Type": "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655"}, body="--7a\r\n"),
        "accept its body; the method is not ours",
        405,
    ),
    "unreason": Case("3.1.1.12", answer("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять"), "take it", DROPPED),
    "noreason": Case("3.1.1.13", answer("SIP/2.0 100 "), "take it", DROPPED),
}

INVALID = {
    "badinv01": Case(
        "3.1.2.1",
        usual(
            "INVITE",
            {"Via": "Via: SIP/2.0/UDP 192.0.2.15;;,;,,", "Contact": 'Contact: "Joe" <sip:joe@example.org>;;;;'},
        ),
        "400",
        400,
    ),
    "clerr": Case("3.1.2.2", usual("INVITE", body=SOUND, length="Content-Length: 9999"), "400", 400),
    "ncl": Case("3.1.2.3", usual("INVITE", body=SOUND, length="Content-Length: -999"), "400", 400),
    "scalar02": Case(
        "3.1.2.4",
        usual("REGISTER", {"CSeq": "CSeq: 36893488147419103232 REGISTER", "Max-Forwards": "Max-Forwards: 300"}),
        "400",
        400,
    ),
    "scalarlg": Case(
        "3.1.2.5",
        answer(
            "SIP/2.0 503 Service Unavailable",
            "9292394834772304023312 OPTIONS",
            "Retry-After: 949302838503028349304023988",
        ),
        "drop it",
        DROPPED,
    ),
    "quotbal": Case("3.1.2.6", usual("INVITE", {"To": 'To: "Mr. J. User <sip:j.user@example.com>'}), "400", 400),
    "ltgtruri": Case("3.1.2.7", usual("INVITE", first="INVITE <sip:user@example.com> SIP/2.0"), "400", 400),
    "lwsruri": Case("3.1.2.8", usual("INVITE", first="INVITE sip:user@example.com; lr SIP/2.0"), "400", 400),
    "lwsstart": Case("3.1.2.9", usual("INVITE", first="INVITE  sip:user@example.com  SIP/2.0"), "400, or liberal", 400),
    "trws": Case("3.1.2.10", usual(first="OPTIONS sip:remote-target@example.com SIP/2.0  "), "400, or liberal", 200),
    "escruri": Case(
        "3.1.2.11",
        usual("INVITE", first="INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"),
        "400",
        400,
    ),
    "baddate": Case(
        "3.1.2.12",
        usual("INVITE", {"Date": "Date: Fri, 01 Jan 2010 16:00:00 EST"}, body=SOUND),
        "400, or pass the date over",
        200,
    ),
    "regbadct": Case(
        "3.1.2.13",
        usual("REGISTER", {"Contact": "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E"}),
        "400; but the method is not ours",
        405,
    ),
    "badaspec": Case(
        "3.1.2.14",
        usual(changed={"To": 'To: "Watson, Thomas" < t.watson@example.org >'}),
        "400, or liberal",
        200,
    ),
    "baddn": Case(
        "3.1.2.15",
        usual(changed={"From": "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43"}),
        "400, or liberal",
        200,
    ),
    "badvers": Case("3.1.2.16", usual(first="OPTIONS sip:t.watson@example.org SIP/7.0"), "505", 505),
    "mismatch01": Case("3.1.2.17", usual("OPTIONS", {"CSeq": "CSeq: 8 INVITE"}), "400", 400),
    "mismatch02": Case("3.1.2.18", usual("NEWMETHOD", {"CSeq": "CSeq: 139122385 INVITE"}), "400 or 501", 400),
    "bigcode": Case("3.1.2.19", answer("SIP/2.0 4294967301 better not break the receiver"), "drop it", DROPPED),
}

TRANSACTION = {
    "badbranch": Case(
        "3.2.1",
        usual(changed={"Via": "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"}),
        "tell requests apart as RFC 2543 did",
        200,
    ),
}

APPLICATION = {
    "insuf": Case(
        "3.3.1",
        usual("INVITE", dict.fromkeys(("Call-ID", "From", "To"), "")),
        "400 if it can be; there is nothing to copy",
        DROPPED,
    ),
    "unkscm": Case("3.3.2", usual(first="OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"), "416", 416),
    "novelsc": Case("3.3.3", usual(first="OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"), "416", 416),
    "unksm2": Case(
        "3.3.4",
        usual("REGISTER", {"To": "To: isbn:2983792873", "From": "From: <http://www.example.com>;tag=3234233"}),
        "400; but the method is not ours",
        405,
    ),
    "bext01": Case(
        "3.3.5",
        usual(
            changed={
                "Require": "Require: nothingSupportsThis, nothingSupportsThisEither",
                "P": "Proxy-Require: noProxy",
            }
        ),
        "420 with Unsupported",
        420,
    ),
    "invut": Case(
        "3.3.6",
        usual("INVITE", {"Content-Type": "Content-Type: application/unknownformat"}, body="<audio><pcmu/></audio>"),
        "415 with Accept",
        415,
    ),
    "regaut01": Case(
        "3.3.7",
        usual("REGISTER", {"Authorization": "Authorization: NoOneKnowsThisScheme opaque-data=here"}),
        "401; but the method is not ours",
        405,
    ),
    "multi01": Case(
        "3.3.8",
        usual(
            "INVITE",
            {
                f"again {name}": f"{name}: {value}"
                for name, value in {"CSeq": "59 INVITE", "Call-ID": "x", "To": "<sip:x@y>"}.items()
            },
            body=SOUND,
        ),
        "400",
        400,
    ),
    "mcl01": Case("3.3.9", usual(length="Content-Length: 13\r\nContent-Length: 5", body="no one knows"), "400", 400),
    "bcast": Case(
        "3.3.10", answer("SIP/2.0 200 OK", "8 INVITE", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9"), "drop", DROPPED
    ),
    "zeromf": Case("3.3.11", usual(changed={"Max-Forwards": "Max-Forwards: 0"}), "accept: we are no proxy", 200),
    "cparam01": Case(
        "3.3.12", usual("REGISTER", {"Contact": "Contact: sip:+19725552222@gw1.example.net;unknownparam"}), "-", 405
    ),
    "cparam02": Case(
        "3.3.13", usual("REGISTER", {"Contact": "Contact: <sip:+19725552222@gw1.example.net;unknown>"}), "-", 405
    ),
    "regescrt": Case(
        "3.3.14", usual("REGISTER", {"Contact": "Contact: <sip:u@e.com?Route=%3Csip:e.com%3E>"}), "-", 405
    ),
    "sdp01": Case(
        "3.3.15",
        usual("INVITE", {"Accept": "Accept: text/nobodyKnowsThis"}, body=SOUND),
        "406; but telephones that list what they like beside SDP are many",
        200,
    ),
    "inv2543": Case(
        "3.4.1",
        lines(
            "INVITE sip:UserB@example.com SIP/2.0",
            "Via: SIP/2.0/UDP iftgw.example.com",
            "From: <sip:+13035551111@ift.client.example.net;user=phone>",
            "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>",
            "To: sip:+16505552222@ss1.example.net;user=phone",
            "Call-ID: inv2543.1717@ift.client.example.com",
            "CSeq: 56 INVITE",
            "Content-Type: application/sdp",
            body=SOUND,
        ),
        "accept it, or 400 where RFC 2543 is not spoken",
        400,
    ),
}
CASES = VALID | INVALID | TRANSACTION | APPLICATION
