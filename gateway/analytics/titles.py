"""What people read of findings, wherever they read it: terminal, console, reports."""

from __future__ import annotations

from collections.abc import Mapping

SEVERITY_TITLES: Mapping[str, str] = {"critical": "紧急", "high": "高", "medium": "中", "low": "低"}
TREND_TITLES: Mapping[str, str] = {"better": "好转", "steady": "平稳", "worse": "变差"}
ENTITY_TITLES: Mapping[str, str] = {
    "phone": "电话",
    "id_card": "身份证",
    "bank_card": "银行卡",
    "verification_code": "验证码",
    "amount": "金额",
    "date": "日期",
    "data_volume": "流量",
    "product": "产品",
    "place": "地点",
    "address": "地址",
    "number": "号码",
}
