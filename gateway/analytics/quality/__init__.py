"""Checking the quality of every call (智能质检): rules in quality.yaml, scorecards, and the words behind each point."""

from __future__ import annotations

from gateway.analytics.quality.cards import Scorecards

__all__ = ["Scorecards"]
