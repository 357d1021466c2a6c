"""The smallest hotline that can be loaded, for tests of its recordings: it reads no values aloud."""

from __future__ import annotations

FLOW = """\
flow: tiny
title: 小热线
version: "1"
entry: hello
answers:
  confirm_prompt: 是{option | text}吗？
  confirm_again: [请说对。]
  denied: 好的。
  no_input: [没有声音。]
  no_match: [没听清。]
universals:
  agent: {label: 转人工, phrases: [人工], go: human}
  repeat: {phrases: [再说]}
  back: {phrases: [返回]}
nodes:
  hello: {menu: 您好，请按1。, options: {bye: {label: 再见, phrases: [再见], key: "1", go: bye}}}
  human: {transfer: {queue: all, say: 请稍候。}, unavailable: bye}
  bye: {hangup: 再见。}
"""
TEXTS = [
    "是",
    "吗",
    "请说对",
    "好的",
    "没有声音",
    "没听清",
    "转人工",
    "您好",
    "请按1",
    "再说",
    "返回",
    "再见",
    "请稍候",
]
"""Every clause of it that must be recorded."""
