"""What the audit's words mean, in Chinese. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.console.rights import ROLES, TITLES
from gateway.privacy import mask

ACTIONS: dict[str, str] = {
    "login": "登录",
    "login_failed": "登录失败",
    "locked": "账号锁定",
    "logout": "退出登录",
    "account_added": "添加账号",
    "account_changed": "修改账号",
    "account_disabled": "停用账号",
    "account_enabled": "启用账号",
    "password_set": "重设口令",
    "password_changed": "修改自己的口令",
    "listen": "听录音",
    "unmask": "查看完整号码",
    "export": "导出",
    "review": "复核",
    "appeal": "申诉",
    "decide": "申诉裁定",
    "flow_saved": "保存流程",
}
"""Every action that is on record; another's name shows as it is."""
_FIELDS = {
    "account": "账号",
    "role": "角色",
    "reason": "原因",
    "minutes": "分钟",
    "extent": "范围",
    "title": "姓名",
    "queues": "队列",
    "hotlines": "热线",
    "flag": "标记",
    "verdict": "结论",
    "comment": "说明",
    "decision": "裁定",
    "rows": "条数",
    "original": "未遮住号码的录音",
    "message": "留言",
    "about": "对象",
    "number": "号码",
    "q": "搜索",
    "severity": "级别",
    "route": "诉求",
    "mood": "情绪",
    "anger": "怒气",
    "hotline": "热线",
    "mode": "模式",
    "when": "时间",
    "from": "从",
    "to": "到",
    "min_s": "最短秒数",
    "max_s": "最长秒数",
    "end": "结束方式",
    "review": "复核",
    "stars": "满意度",
    "sort": "排序",
    "revision": "第几次",
    "was": "原结论",
    "flow": "流程",
}
_VALUES: dict[str, dict[str, str]] = {
    "reason": {
        "unknown": "没有这个账号",
        "disabled": "账号已停用",
        "locked": "账号已锁定",
        "password": "口令不对",
    },
    "extent": {"here": "本次登录", "everywhere": "所有设备"},
    "role": {role: TITLES[role] for role in ROLES},
    "verdict": {"confirmed": "属实", "dismissed": "不属实"},
    "decision": {"upheld": "申诉成立", "rejected": "申诉不成立"},
}
_CHANGED = frozenset({"title", "role", "queues", "hotlines"})
"""Fields of `account_changed`: before, and after."""
MAX_LENGTH = 300


def told_detail(detail: Mapping[str, object]) -> str:
    """An entry's detail as one line; personal numbers in it are masked."""
    return mask("；".join(f"{_FIELDS.get(field, field)}：{_told(field, value)}" for field, value in detail.items()))[
        :MAX_LENGTH
    ]


def _told(field: str, value: object) -> str:
    if isinstance(value, list) and len(value) == 2 and field in _CHANGED:
        return f"{_told_one(field, value[0])} → {_told_one(field, value[1])}"
    return _told_one(field, value)


def _told_one(field: str, value: object) -> str:
    if isinstance(value, list):
        return "、".join(map(str, value)) or "无"
    if field == "message" and str(value).isdecimal():
        return f"第 {int(str(value)) + 1} 条"  # as the page of the call counts them
    text = {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)
    return _VALUES.get(field, {}).get(text, text) or "无"
