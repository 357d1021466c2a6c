"""What is named in a conversation: `EntityFinder` finds it, in figures and as people say it."""

from __future__ import annotations

from gateway.analytics.entities.finder import EntityFinder

__all__ = ["EntityFinder"]
