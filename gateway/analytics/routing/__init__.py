"""Routes: which of the hotline's matters a caller's words are about, how surely, and by which words."""

from __future__ import annotations

from gateway.analytics.routing.router import Router

__all__ = ["Router"]
