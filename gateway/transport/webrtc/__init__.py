"""Callers from a browser: a page, an HTTP endpoint in the manner of WHIP (RFC 9725), sound by ICE, DTLS and SRTP."""
