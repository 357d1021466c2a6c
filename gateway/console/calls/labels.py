"""What the store's words are called in the console, in Chinese."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.analytics.flags.model import FlagFile
from gateway.analytics.flags.rules import FILE
from gateway.analytics.routing.book import load_book
from gateway.analytics.rulefiles import load_rules, rule_file
from gateway.dialogue.source import read
from gateway.errors import FlowError, RulesError
from gateway.store.places import Sort
from gateway.store.search import GOING_ON

POLARITIES = {"negative": "负面", "neutral": "平静", "positive": "正面"}
ANGER = {0: "", 1: "不满", 2: "生气", 3: "愤怒"}
MODES = {"standard": "普通", "elderly": "长辈"}
DISPOSITIONS = {
    "completed": "自助办结",
    "transferred": "转人工",
    "abandoned": "来电者挂断",
    "failed": "故障中断",
    GOING_ON: "通话中",
}
REVIEWS = {"open": "待复核", "done": "已复核"}
VERDICTS = {"confirmed": "属实", "dismissed": "不属实"}
SORTS: Mapping[Sort, str] = {
    "newest": "最新在前",
    "oldest": "最早在前",
    "longest": "最长在前",
    "shortest": "最短在前",
    "angriest": "最生气在前",
}


@dataclass(frozen=True, slots=True)
class Titles:
    """What the rule files call routes and flags, and the flows hotlines."""

    routes: Mapping[str, str]
    flags: Mapping[str, str]
    hotlines: Mapping[str, str]


@functools.cache
def titles(rules: Path | None, flows_dir: Path | None = None) -> Titles:
    """Of the operator's rule files in the folder `rules`, or the package's, and of the flows in `flows_dir`; read once,
    in 1 s. Where a file can't be read names stay as they are: whoever looks for calls can't mend it."""
    return Titles(_routes(rules), _flags(rules), _hotlines(flows_dir))


def _routes(rules: Path | None) -> dict[str, str]:
    try:
        return {name: rule.label for name, rule in load_book(rules).rules.routes.items()}
    except RulesError:
        return {}


def _flags(rules: Path | None) -> dict[str, str]:
    try:
        return {name: rule.title for name, rule in load_rules(FlagFile, rule_file(FILE, rules))[0].flags.items()}
    except RulesError:
        return {}


def _hotlines(flows_dir: Path | None) -> dict[str, str]:
    found = {}
    for file in sorted(flows_dir.glob("*/flow.yaml")) if flows_dir else ():
        try:
            data = read(file).data
        except FlowError:
            continue
        if isinstance(data, Mapping) and isinstance(data.get("title"), str):
            found[file.parent.name] = data["title"]
    return found


def mood(polarity: str | None, anger: int | None) -> str:
    """`负面 · 愤怒`; empty when nobody has looked for it."""
    return " · ".join(filter(None, (POLARITIES.get(polarity or "", polarity), ANGER.get(anger or 0, ""))))


def duration(ms: float | None) -> str:
    """`3:05`, `1:02:03`; empty without one."""
    if ms is None:
        return ""
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
