"""The JSON Schema of dialogue files, for editors: what `voice-gateway flow schema --dialogues` prints."""

from __future__ import annotations

from typing import Any

from gateway.desk.dialogues.model import DialogueFile

HELP = {
    "dialogues": "对话，名字随意取",
    "caller": "来电号码；或者号码连同客户资料，如 {number: '13900001001', age: 72}。不写就用第一位试用客户",
    "clock": "来电的日期和时间（北京时间），如 2026-11-23 10:30；不写就是 2026-11-23（星期一）10:30",
    "lookups": "各项查询的答案：{字段: 值}，或 fails；写成列表就依次作答。没写的由试用客户资料回答",
    "agents": "none：转人工时没有人接",
    "steps": "一步一步的对话",
    "at": "来电者这时应在哪个节点",
    "says": "来电者说的话；在留言处就是留言",
    "talks_over": "提示音没放完就说的话",
    "keys": '按键，写在引号里，如 "12#"',
    "silent": "不说话，等到超时；写数字就是连续几次",
    "records": "留言多长，如 30s",
    "hangs_up": "挂机",
    "confidence": "识别的把握，0 到 1，不写就是 1；只在文字测试里起作用",
    "audio": "这句话的录音文件，相对于本文件；用于 --audio",
    "hears": "之后应听到的话，按先后顺序；数字写成读法，标点不计",
    "not_hears": "之后不应听到的话",
    "ends": "通话怎么结束：completed 自助办结，transferred 转人工，abandoned 中途挂机；可再写 queue 队列、reason 原因",
    "slots": "结束时各槽位的值；null 表示没有填",
    "mode": "结束时的模式，如 elderly，标准模式是 standard",
    "ticket": "开过的工单至少有这些内容；none 表示没有开",
    "survey": "满意度答了几分",
    "path": "依次经过的全部节点",
}
"""What an editor shows for each key."""


def dialogues_schema() -> dict[str, Any]:
    """The schema, draft 2020-12, with a word of Chinese for every key."""
    schema = _told(DialogueFile.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "测试对话", **schema}


def _told(part: Any, key: str = "") -> Any:  # noqa: ANN401 -- a schema is any JSON
    """Keys with their help, and nothing of how the program calls them."""
    if isinstance(part, list):
        return [_told(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {name: value for name, value in part.items() if name not in {"title", "description"} or key == "properties"}
    told = {name: _told(value, name) for name, value in kept.items()}
    if key == "properties":
        told = {name: {"description": HELP[name]} | value if name in HELP else value for name, value in told.items()}
    return told
