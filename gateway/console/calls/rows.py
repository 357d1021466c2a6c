"""How a call looks in the list: as a row, and as a card on a small screen. Values are text to Vue, never HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from gateway.analytics.scribe import masked
from gateway.analytics.titles import SEVERITY_TITLES
from gateway.console.calls.labels import (
    DISPOSITIONS,
    MODES,
    REVIEWS,
    VERDICTS,
    Titles,
    duration,
    mood,
)
from gateway.store.search import GOING_ON, FoundCall, RaisedFlag

_NAMES = {
    "at": "时间", "number": "号码", "route": "诉求", "mood": "情绪", "flags": "标记", "duration": "时长",
    "end": "结束方式", "review": "复核", "hotline": "热线",
}  # fmt: skip
COLUMNS = [{"name": name, "label": label, "field": name, "align": "left"} for name, label in _NAMES.items()]
_LINK = """<a class="vg-item-link" :href="'/calls/' + encodeURIComponent(props.row.id)" @click.stop>"""
_FLAGS = """
<span v-for="flag in props.row.raised" :key="flag.name" class="vg-chip" :class="'vg-chip-' + flag.severity"
  :title="flag.hint"><b>{{ flag.level }}</b><span :class="flag.struck ? 'vg-struck' : ''">{{ flag.title }}</span></span>
<span v-if="props.row.more" class="vg-muted">{{ props.row.more }}</span>
"""
_MOOD = """<span :class="'vg-angry-' + props.row.anger">{{ props.row.mood }}</span>"""
_REVIEW = """<span :class="'vg-reviewed-' + props.row.reviewed">{{ props.row.review }}</span>"""
ROW = f"""
<q-tr :props="props" class="vg-item" @click="$event.currentTarget.querySelector('a').click()">
  <q-td key="at" :props="props">{_LINK}{{{{ props.row.at }}}}</a></q-td>
  <q-td key="number" :props="props">{{{{ props.row.number }}}}</q-td>
  <q-td key="route" :props="props">{{{{ props.row.route }}}}</q-td>
  <q-td key="mood" :props="props">{_MOOD}</q-td>
  <q-td key="flags" :props="props"><div class="vg-chips">{_FLAGS}</div></q-td>
  <q-td key="duration" :props="props" class="vg-digits">{{{{ props.row.duration }}}}</q-td>
  <q-td key="end" :props="props">{{{{ props.row.end }}}}</q-td>
  <q-td key="review" :props="props">{_REVIEW}</q-td>
  <q-td key="hotline" :props="props">{{{{ props.row.hotline }}}}</q-td>
</q-tr>
"""
CARD = f"""
<div class="vg-grid-card vg-item" @click="$event.currentTarget.querySelector('a').click()">
  <div class="vg-grid-head">{_LINK}{{{{ props.row.at }}}}</a>{_REVIEW}</div>
  <div>{{{{ props.row.number }}}} <span class="vg-muted">{{{{ props.row.hotline }}}}</span></div>
  <div class="vg-chips" v-if="props.row.raised.length">{_FLAGS}</div>
  <div class="vg-card-line"><span v-if="props.row.route">{{{{ props.row.route }}}}</span>{_MOOD}
    <span class="vg-muted">{{{{ props.row.duration }}}}</span>
    <span class="vg-muted">{{{{ props.row.end }}}}</span></div>
</div>
"""
_SHOWN_FLAGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How calls become rows."""

    zone: tzinfo
    titles: Titles
    now: datetime
    """To leave out the year, when it is this one."""

    def row(self, call: FoundCall, *, unmasked: bool) -> dict[str, Any]:
        """Everything in it is text, but for the flags and their number."""
        number = call.caller_number if unmasked else masked(call.caller_number)
        mode = "" if call.mode == "standard" else f" · {MODES.get(call.mode, call.mode)}"
        end = DISPOSITIONS.get(call.disposition or GOING_ON, call.disposition or "")
        hidden = len(call.flags) - _SHOWN_FLAGS
        return {
            "id": call.id,
            "at": self._at(call.started_at),
            "number": number or "未显示号码",
            "hotline": f"{self.titles.hotlines.get(call.flow, call.flow)}{mode}",
            "route": self.titles.routes.get(call.route or "", call.route or ""),
            "mood": mood(call.polarity, call.anger),
            "anger": call.anger or 0,
            "raised": [self._flag(flag) for flag in call.flags[:_SHOWN_FLAGS]],
            "more": f"+{hidden}" if hidden > 0 else "",
            "duration": duration(call.duration_ms),
            "end": f"{end} · {call.queue}" if call.queue else end,
            "review": REVIEWS.get(call.review or "", ""),
            "reviewed": call.review or "none",
        }

    def _at(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return local.strftime("%m-%d %H:%M:%S" if local.year == self.now.year else "%Y-%m-%d %H:%M:%S")

    def _flag(self, flag: RaisedFlag) -> dict[str, Any]:
        title = self.titles.flags.get(flag.flag, flag.title)
        level, verdict = SEVERITY_TITLES.get(flag.severity, flag.severity), VERDICTS.get(flag.verdict, "未复核")
        return {
            "name": flag.flag,
            "title": title,
            "severity": flag.severity if flag.severity in SEVERITY_TITLES else "low",
            "level": level,
            "hint": f"{title}（{level}，{verdict}）",
            "struck": flag.verdict == "dismissed",
        }
