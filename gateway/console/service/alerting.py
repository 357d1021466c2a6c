"""Figures that have crossed their line, for somebody: found out once a minute for all of the same scope."""

from __future__ import annotations

from gateway.analytics.report import FIGURES, Alert, Thresholds, alerts
from gateway.console.config import Settings
from gateway.console.rights import Scope
from gateway.console.service.sharing import shared
from gateway.console.service.words import with_unit
from gateway.store import Store


def standing(store: Store, settings: Settings, scope: Scope) -> tuple[Alert, ...]:
    """What has crossed its line among the calls in the scope. Blocks.

    Raises:
        StoreError: the database can't be read.
        RulesError: mistakes in thresholds.yaml.
    """

    def find() -> tuple[Alert, ...]:
        return alerts(store, Thresholds.load(settings.analytics.rules), settings.now(), scope=scope)

    return shared(store).get(("alerts", scope), find)


def told_alert(alert: Alert) -> str:
    """An alert's figures in one line."""
    figure = FIGURES[alert.figure]
    limit = f"{'应不高于' if alert.is_above else '应不低于'} {with_unit(figure.unit, alert.limit)}"
    where = f"{alert.hotline}：" if alert.hotline else ""
    value, since = with_unit(figure.unit, alert.value), f"{alert.since:%m-%d %H:%M} 起 {alert.calls} 通"
    return f"{where}{figure.title} {value}，{limit}（{since}）"
