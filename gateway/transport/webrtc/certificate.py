"""Our certificate for DTLS, of any number of calls: it proves nothing but that the answer is ours."""

from __future__ import annotations

import ssl
from typing import Any

from aiortc import RTCCertificate


class OwnCertificate(RTCCertificate):
    """Without renegotiation, which nobody needs and which leaves a connection, when the page falls silent in the middle
    of it, that can neither be written to nor be closed."""

    def _create_ssl_context(self, srtp_profiles: Any) -> Any:  # noqa: ANN401 - the library's own
        context = super()._create_ssl_context(srtp_profiles)
        context.set_options(ssl.OP_NO_RENEGOTIATION)
        return context
