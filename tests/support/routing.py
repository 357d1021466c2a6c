"""A small hotline's routes.yaml: three matters and `other`, trained within a second."""

from __future__ import annotations

from pathlib import Path

from gateway.analytics.conversation import Segment

ROUTES = """
skill_groups: {billing: 账务组, network: 网络组, general: 综合}
around: {openings: [你好, 请问], closings: [谢谢], asides: [气死我了, 我八十岁了]}
routes:
  bill:
    label: 话费
    skill_group: billing
    examples: [查话费, 查一下话费, 话费还剩多少, 我要查话费账单, 余额还有多少, 话费余额, 这个月话费多少, 我想查余额]
  dispute:
    label: 争议
    skill_group: billing
    outweighs: [bill]
    examples: [乱扣我钱, 凭什么扣我钱, 多扣了我二十块, 把钱退给我, 我要退费, 莫名其妙扣费, 扣错钱了, 你们乱扣费]
  fault:
    label: 宽带
    skill_group: network
    examples: [宽带坏了, 家里宽带断了, 上不了网, 光猫亮红灯, 宽带太慢, 家里没网了, 宽带报修, 网断了]
  agent:
    label: 人工
    skill_group: general
    examples: [转人工, 人工服务, 找客服, 我要人工, 接人工客服, 找个真人]
  other:
    label: 其他
    skill_group: general
    examples: [你好, 好的, 谢谢, 不用了, 对, 没有了, 听不清, 今天天气怎么样, 打错了, 再见]
"""


def write_routes(folder: Path, text: str = ROUTES) -> Path:
    """A folder with a routes.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "routes.yaml").write_text(text.lstrip(), encoding="utf-8")
    return folder


def said(*texts: str) -> list[Segment]:
    """What a caller said, a second each."""
    return [
        Segment(index=index, participant="customer", text=text, begin_ms=1000.0 * index, end_ms=1000.0 * (index + 1))
        for index, text in enumerate(texts)
    ]
