"""Service figures: what the stored calls came to, by formulas that docs/figures.zh.md publishes, and alerts on them."""

from __future__ import annotations

from gateway.analytics.report.alerts import Alert, alerts
from gateway.analytics.report.figures import FIGURES, Figure
from gateway.analytics.report.query import Asked, Report, report
from gateway.analytics.report.sums import Sums
from gateway.analytics.report.thresholds import Thresholds

__all__ = ["FIGURES", "Alert", "Asked", "Figure", "Report", "Sums", "Thresholds", "alerts", "report"]
