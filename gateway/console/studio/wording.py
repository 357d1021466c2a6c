"""What the studio calls things, in Chinese. Pure."""

from __future__ import annotations

RULES: dict[str, str] = {
    "unfit": "不能保存的文字",
    "unreadable": "读不懂的 YAML",
    "language": "流程写法",
    "unrecorded": "没有录音",
    "dialogue": "测试对话",
    "unreachable": "走不到的节点",
    "dead_end": "走不下去",
    "endless_loop": "死循环",
    "silent_loop": "不出声的循环",
    "no_human": "找不到人工",
    "far_human": "人工太远",
    "no_error_path": "出错没有出路",
    "recorded_before_notice": "录音前没有告知",
    "unfilled": "用了还没有的值",
    "unsayable_text": "读不出来的文字",
    "key_clash": "按键冲突",
    "spoken_key": "说的按键不对",
    "untold_key": "按键没有告诉来电者",
    "duplicate_phrase": "重复的说法",
    "confusable_phrase": "容易混淆的说法",
    "too_many_options": "选项太多",
    "unheard_group": "听不到的选项",
    "long_prompt": "提示音太长",
    "same_words": "重复的提示",
    "unused": "没有用到",
}
"""The rules of `flow check`, and the studio's own."""


def counted(errors: int, warnings: int) -> str:
    """How many findings, in words."""
    if not errors and not warnings:
        return "没有问题"
    parts = [f"{errors} 个错误"] if errors else []
    parts += [f"{warnings} 个提醒"] if warnings else []
    return "，".join(parts)
