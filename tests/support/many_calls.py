"""A store with very many calls, written in bulk: for searching among them. Fast, and the same for the same seed."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from gateway.findings import SEVERITIES, CallFindings, CallMood, Mood, Polarity, Route, TurnFindings, WordMood
from gateway.store import Store
from gateway.store.fulltext import fold, full_text

FIRST = datetime(2026, 5, 1, tzinfo=UTC)
DAYS = 200
ROUTES = {
    "billing_query": (18, ("我想查一下话费余额", "看看我还有多少钱", "这个月话费还剩多少")),
    "data_usage": (14, ("查一下流量还剩多少", "我的流量用完了吗", "本月流量套餐用了多少")),
    "plan_change": (12, ("我要换个便宜的套餐", "有没有十九块的套餐", "怎么改套餐")),
    "billing_dispute": (10, ("你们乱扣费", "这个月莫名其妙多扣了二十块钱", "我没开通过这个业务怎么扣钱")),
    "broadband_fault": (9, ("家里宽带断了", "宽带网速特别慢", "光猫红灯一直闪")),
    "complaint_progress": (6, ("我上次投诉的事怎么还没人回电话", "报修三天了还没人来")),
    "mobile_network": (6, ("手机没有信号", "打电话总是断断续续", "在地下室上不了网")),
    "value_added": (5, ("帮我把彩铃取消了", "退订视频会员")),
    "agent": (8, ("转人工", "我要找人工客服", "不要机器人给我转人工")),
    "roaming": (2, ("我要出国怎么开国际漫游",)),
    "other": (10, ("喂喂听得到吗", "没什么事", "我再想想")),
}
"""Share in a hundred, and what callers say."""
FLAGS: dict[str, tuple[str, str, float]] = {
    "repeat_contact": ("短时间内重复来电", "medium", 0.09),
    "asked_for_human_repeatedly": ("多次要求人工", "medium", 0.08),
    "churn": ("有离网倾向", "high", 0.05),
    "regulator": ("提到监管部门、媒体或法律途径", "high", 0.03),
    "abuse": ("辱骂", "medium", 0.02),
    "vulnerable": ("处境困难", "high", 0.01),
    "unsafe": ("言语涉及人身安全", "critical", 0.0005),
}
"""Title, severity, and the share of calls."""
FILLERS = ("那个", "嗯", "就是说", "我跟你讲", "你听我说", "上个礼拜", "我们家", "老人家用的", "麻烦快一点", "谢谢啊")
ANGRY = ("你们什么破公司", "我要去工信部投诉你们", "太过分了", "再这样我就转到联通去")


@dataclass(frozen=True, slots=True)
class _Made:
    """The rows of one call, in the order of the tables' columns as `_INSERTS` names them."""

    call: tuple[Any, ...]
    turns: list[tuple[Any, ...]]
    flags: list[tuple[Any, ...]]
    reviews: list[tuple[Any, ...]]
    words: str


_CALL = (
    "id, flow, flow_version, caller_number, called_number, transport, trunk, mode, started_at, ended_at, duration_ms, "
    "disposition, reason, path, options, slots, transfer, recording, tickets, messages, satisfaction, line, route, "
    "route_probability, polarity, anger, findings, queue, flags, severity, words_id"
)
_TURN = (
    'call_id, "index", node, kind, text, keys, alternatives, confidence, matched, score, outcome, start_ms, end_ms, '
    "heard_ms, silence_window_ms, recognise_ms, turn_latency_ms, voice"
)
_INSERTS = {"calls": _CALL, "turns": _TURN, "flags": "call_id, flag, severity, at_ms, body"} | {
    "reviews": "call_id, flag, verdict, comment, account, at, revision"
}
_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_BATCH = 5000


def make_calls(directory: Path, count: int, *, seed: int = 1) -> None:
    """Write so many calls into the store in `directory`, which is made; they have no events and no recordings.

    100,000 take some 30 s of one core, and 350 MB.
    """
    Store.open(directory).close()
    made = _calls(count, random.Random(seed))
    with Store.open(directory) as store, closing(sqlite3.connect(store.database)) as database:
        database.execute("PRAGMA synchronous=OFF")
        number = 0
        while batch := list(islice(made, _BATCH)):
            with database:
                for table, rows in (
                    ("calls", [one.call for one in batch]),
                    ("turns", [row for one in batch for row in one.turns]),
                    ("flags", [row for one in batch for row in one.flags]),
                    ("reviews", [row for one in batch for row in one.reviews]),
                ):
                    _insert(database, table, _INSERTS[table], rows)
                words = [(one.call[-1], one.call[0], one.words) for one in batch]
                database.executemany("INSERT INTO call_words VALUES (?, ?, ?, 0)", words)
            with store.writing() as session:
                for number, _, said in words:
                    full_text.add(session.connection(), number, said)
        assert number == count


def _insert(database: sqlite3.Connection, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(columns.split(",")))
    database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608  # names of ours


def _calls(count: int, chance: random.Random) -> Iterator[_Made]:
    step = timedelta(days=DAYS) / count
    shares = [share for share, _ in ROUTES.values()]
    for number in range(1, count + 1):
        route = chance.choices(list(ROUTES), shares)[0]
        yield _call(number, route, FIRST + step * number, chance)


def _call(number: int, route: str, at: datetime, chance: random.Random) -> _Made:
    call_id = f"{chance.getrandbits(128):032x}"
    anger = chance.choices((0, 1, 2, 3), (70, 15, 10, 5))[0]
    said = _said(route, anger, chance)
    raised = [(name, *FLAGS[name][:2]) for name in sorted(FLAGS) if chance.random() < FLAGS[name][2]]
    duration = round(chance.lognormvariate(11.2, 0.7), 1)
    disposition = chance.choices(("completed", "transferred", "abandoned", "failed"), (55, 30, 13, 2))[0]
    queue = chance.choice(("general", "billing", "broadband")) if disposition == "transferred" else None
    hotline = "mobile_hotline" if chance.random() < 0.8 else "bank_hotline"
    polarity: Polarity = "negative" if anger else chance.choices(("positive", "neutral"), (15, 85))[0]
    began, ended = _moment(at), _moment(at + timedelta(milliseconds=duration))
    findings = _findings(said, route, polarity, anger)
    call = (
        call_id, hotline, "1+aa", f"139{chance.randrange(10**8):08d}", "10086", "sip", "", _mode(chance), began, ended,
        duration, disposition, disposition, '["main"]', "[]", "{}", _json({"queue": queue} if queue else None), None,
        "[]", "[]", chance.choice((None, None, None, 5, 4, 3, 2, 1)), None, route, round(chance.uniform(0.5, 1), 3),
        polarity, anger, _json(findings), queue, f" {' '.join(one[0] for one in raised)} " if raised else "",
        max((_RANKS[one[2]] for one in raised), default=None), number,
    )  # fmt: skip
    turns = [
        (call_id, index, "main", "speech", text, "", "[]", 0.9, route, 0.9, "accept", 3000.0 * index, 3000.0 * index
         + 1500, 1500.0, 700.0, 90.0, 900.0, None)
        for index, text in enumerate(said)
    ]  # fmt: skip
    flags = [
        (call_id, flag, severity, 1000.0, _json({"flag": flag, "title": title, "evidence": []}))
        for flag, title, severity in raised
    ]
    reviews = [
        (call_id, flag, chance.choice(("confirmed", "dismissed")), "", "qa", ended, 1)
        for flag, _, _ in raised
        if chance.random() < 0.4
    ]
    return _Made(call, turns, flags, reviews, fold(said))


def _findings(said: Sequence[str], route: str, polarity: Polarity, anger: int) -> dict[str, Any]:
    whole = Route(route=route, probability=0.9, skill_group="general")
    words = WordMood(polarity=polarity, score=0.0, anger=anger)
    turns = tuple(
        TurnFindings(segment=at, route=whole, mood=Mood(polarity=polarity, anger=anger, words=words))
        for at, _ in enumerate(said)
    )
    mood = CallMood(polarity=polarity, anger=anger, at_end=polarity, trend="steady")
    return asdict(CallFindings(route=whole, mood=mood, flags=(), turns=turns, summary=said[0]))


def _said(route: str, anger: int, chance: random.Random) -> list[str]:
    texts = [chance.choice(FILLERS) + chance.choice(ROUTES[route][1]) for _ in range(chance.choice((1, 2, 2, 3, 4)))]
    if chance.random() < 0.3:
        texts.append(f"我的订单是{chance.randrange(100, 999)}号{chance.choice(FILLERS)}在{_place(chance)}")
    return [*texts, chance.choice(ANGRY)] if anger >= 2 else texts


def _place(chance: random.Random) -> str:
    """Of many, so that the index has many words."""
    return "".join(chance.choices("东西南北上下大小新老长平安兴华春江山河湖桥门街路村镇城关塘湾岭坡", k=3)) + "小区"


def _mode(chance: random.Random) -> str:
    return "elderly" if chance.random() < 0.08 else "standard"


def _moment(at: datetime) -> str:
    """As the store writes it."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
