"""What the page of a call says in Chinese beside `gateway.console.calls.labels`: titles, moments, plain JSON as lines.
Pure, but for the titles of skill groups, which stand in their rule file."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gateway.analytics.routing.book import NAME
from gateway.analytics.rulefiles import rule_file

DECISIONS = {"upheld": "申诉成立", "rejected": "申诉不成立"}
LINE = {
    "codec": "编码",
    "ptime_ms": "每包毫秒",
    "packets_received": "收到的包",
    "lost": "丢失的包",
    "loss_percent": "丢包率 %",
    "jitter_ms": "抖动 ms",
    "late": "迟到的包",
    "concealed_ms": "补偿 ms",
    "playout_delay_ms": "播放延迟 ms",
    "packets_sent": "发出的包",
    "remote_loss_percent": "对端丢包率 %",
    "remote_jitter_ms": "对端抖动 ms",
    "round_trip_ms": "往返 ms",
}
_HANDED = {
    "reason": "原因",
    "mode": "模式",
    "caller": "来电者",
    "number": "号码",
    "known": "已识别",
    "age": "年龄",
    "vip": "贵宾",
    "options": "所选菜单",
    "slots": "已问到的",
    "variables": "流程变量",
    "records": "查询结果",
    "path": "路径",
    "transcript": "已说的话",
    "tickets": "工单",
    "messages": "留言",
    "node": "节点",
    "text": "内容",
    "queue": "队列",
    "category": "类别",
    "summary": "摘要",
    "due": "时限",
}
MAX_LINE = 600
_MAX_DEPTH = 4


@functools.lru_cache(maxsize=4)
def skill_groups(rules: Path | None) -> Mapping[str, str]:
    """What supervisors call the skill groups; empty when the rule file can't be read. Blocking: 0.3 s, once.

    Args:
        rules: folder of the rule files that were changed.
    """
    try:
        with rule_file(NAME, rules).open(encoding="utf-8") as file:
            groups = YAML(typ="safe").load(file)["skill_groups"]
        return {str(name): str(title) for name, title in groups.items()}
    except (OSError, YAMLError, KeyError, TypeError, AttributeError, ValueError):
        return {}


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A day and a time."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def clock(at_ms: float) -> str:
    """A place in a call: `02:05`, `1:02:05`."""
    seconds = int(at_ms // 1000)
    hours = f"{seconds // 3600}:" if seconds >= 3600 else ""
    return f"{hours}{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def lines(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Plain JSON as title and text, what is empty left out."""
    for name, inner in value.items():
        text = _text(inner, 0)
        if text:
            yield _HANDED.get(str(name), str(name)), text[:MAX_LINE]


def _text(value: Any, depth: int) -> str:  # noqa: ANN401 -- plain JSON
    if isinstance(value, bool):
        return "是" if value else "否"
    if value is None or depth > _MAX_DEPTH:
        return ""
    if isinstance(value, Mapping):
        told = ((_HANDED.get(str(name), str(name)), _text(inner, depth + 1)) for name, inner in value.items())
        return "，".join(f"{title}：{text}" for title, text in told if text)
    if isinstance(value, list | tuple):
        between = "；" if any(isinstance(inner, Mapping) for inner in value) else "、"
        return between.join(text for text in (_text(inner, depth + 1) for inner in value[:100]) if text)
    return str(value)
