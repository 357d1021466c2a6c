"""Asking the business back end: the protocol, an HTTP provider, and the bundled sample customers."""

from __future__ import annotations

from gateway.call.lookups.http import HttpLookups
from gateway.call.lookups.provider import LookupProvider, with_timeout
from gateway.call.lookups.sample import SampleLookups

__all__ = ["HttpLookups", "LookupProvider", "SampleLookups", "with_timeout"]
