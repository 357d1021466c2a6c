"""What the settings of every transport are made of."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator

MAX_PORT = 65535
BROWSER = "browser"
"""The name of the line that calls from browsers come in on; no other has it."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_PORTS = re.compile(r"(\d{4,5})-(\d{4,5})")


def numeric(host: str) -> str:
    """An IP address, without brackets. Raises ValueError for a name."""
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"'{host}' is no IP address; names are not looked up here") from None
    return host


def family(host: str) -> int | None:
    """4 or 6; None of a name."""
    try:
        return ip_address(host).version
    except ValueError:
        return None


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"'{text}' is no address or network; write 192.0.2.10 or 192.0.2.0/24") from None
    return text


def host(text: str) -> str:
    """An IP address or a name that others resolve. Raises ValueError for anything else."""
    try:
        ip_address(text)
    except ValueError:
        if not _HOST.fullmatch(text):
            raise ValueError(f"'{text}' is neither an IP address nor a host name") from None
    return text


def port_range(text: str) -> range:
    """Ports from `20000-21999`, both ends included. Raises ValueError for anything else."""
    found = _PORTS.fullmatch(text)
    ports = range(int(found[1]), int(found[2]) + 1) if found else range(0)
    if not 1024 <= ports.start <= ports.stop - 2 < MAX_PORT:
        raise ValueError(f"'{text}' is no range of ports between 1024 and 65535; write 20000-21999")
    return ports


Address = Annotated[str, AfterValidator(numeric)]
Host = Annotated[str, AfterValidator(host)]
Network = Annotated[str, AfterValidator(_network)]


def _ports(text: str) -> str:
    port_range(text)
    return text


Ports = Annotated[str, AfterValidator(_ports)]
