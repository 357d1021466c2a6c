"""The calls in progress as rows of a table, and the engine as lines; in Chinese. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from gateway.analytics.titles import SEVERITY_TITLES
from gateway.console.calls.labels import DISPOSITIONS, MODES, mood
from gateway.console.live.board import FRESH, LiveCall, LiveFlag, Raised
from gateway.console.live.engine import STEPS, EngineState
from gateway.desk.graph.drawing import KINDS
from gateway.findings import SEVERITIES

_RANKS: dict[str, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}

Row = dict[str, object]


def call_row(call: LiveCall, now: dt.datetime, hotlines: Mapping[str, str]) -> Row:
    """One call. `since` is when it began, ms since 1970; the browser counts on from there.

    Args:
        call: the call.
        now: aware.
        hotlines: their titles.
    """
    lost = call.lost(now)
    flags = sorted(call.flags.values(), key=lambda flag: (-_RANKS.get(flag.severity, 0), flag.seen_at))
    return {
        "id": call.id,
        "hotline": hotlines.get(call.hotline, call.hotline),
        "number": call.number or "隐藏号码",
        "node": call.node,
        "kind": KINDS.get(call.kind, call.kind),
        "mode": MODES.get(call.mode, call.mode),
        "mood": mood(call.polarity, call.anger),
        "tone": f"vg-tone-{_tone(call)}",
        "flags": [_flag(flag, now) for flag in flags],
        "words": call.words,
        "queue": call.queue,
        "since": int(call.started_at.timestamp() * 1000),
        "state": "ended" if call.ended_at else "lost" if lost else "up",
        "what": _state(call, now),
        "lasted": _clock((call.ended_at or call.heard_at) - call.started_at) if call.ended_at or lost else "",
    }


def raised_row(one: Raised, now: dt.datetime, hotlines: Mapping[str, str]) -> Row:
    """A grave flag as it is told at the top."""
    return {
        "id": one.call.id,
        "title": one.flag.title,
        "severity": one.flag.severity,
        "words": one.flag.words,
        "hotline": hotlines.get(one.call.hotline, one.call.hotline),
        "ago": ago(now - one.flag.seen_at),
    }


def ago(time: dt.timedelta) -> str:
    """How long ago, roughly."""
    seconds = max(0, int(time.total_seconds()))
    if seconds < 60:
        return "刚刚"
    minutes = seconds // 60
    return f"{minutes} 分钟前" if minutes < 60 else f"{minutes // 60} 小时前"


def engine_lines(state: EngineState | None, *, has_engine: bool) -> Iterator[tuple[str, str, str]]:
    """Title, value, and tone (`calm`, `warn`, `bad`) of what is known of the engine."""
    if not has_engine:
        yield "引擎", "没有接上：在设置里写 [console] metrics_url，即网关的 Prometheus 地址", "calm"
        return
    if state is None:
        yield "引擎", "正在询问网关…", "calm"
        return
    if state.error:
        yield "引擎", state.error, "bad"
        return
    if state.load_step is not None:
        step = max(0, min(state.load_step, len(STEPS) - 1))
        yield "识别负荷", f"{step} 档 · {STEPS[step]}", ("calm", "warn", "warn", "bad", "bad")[step]
    if state.recognise_s is not None:
        yield "识别一句", f"{state.recognise_s:.2f} 秒（{state.recognised} 句平均）", "calm"
    else:
        yield "识别一句", "近几秒没有人说话", "calm"
    if state.running is not None:
        yield "正在通话", f"{state.running} 通", "calm"
    yield from _documents("等着送出", state.waiting.items(), "calm")
    yield from _documents("送不出", ((sink, count) for sink, count in state.dead.items() if count), "bad")


def _documents(title: str, by_sink: Iterable[tuple[str, int]], tone: str) -> Iterator[tuple[str, str, str]]:
    text = "，".join(f"{sink} {count}" for sink, count in sorted(by_sink))
    if text:
        yield title, text, tone


def _tone(call: LiveCall) -> str:
    if call.anger >= 2:
        return "bad"
    return "warn" if call.anger or call.polarity == "negative" else "calm"


def _flag(flag: LiveFlag, now: dt.datetime) -> Row:
    severity = flag.severity if flag.severity in _RANKS else "low"
    return {
        "flag": flag.flag,
        "title": flag.title,
        "told": f"{flag.title}，{SEVERITY_TITLES[severity]}",
        "css": f"vg-live-flag vg-live-{severity}{' vg-live-fresh' if now - flag.seen_at < FRESH else ''}",
    }


def _state(call: LiveCall, now: dt.datetime) -> str:
    if call.ended_at:
        return DISPOSITIONS.get(call.disposition, "已结束")
    if call.lost(now):
        return f"失联 · {ago(now - call.heard_at).removesuffix('前')}没有动静"
    return f"转接 {call.queue}" if call.queue else "通话中"


def _clock(time: dt.timedelta) -> str:
    seconds = max(0, int(time.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60:02}:{rest % 60:02}"
