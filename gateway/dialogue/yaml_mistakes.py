"""What the YAML library finds wrong with a file, in Chinese; it says so in English, and in its own words."""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError

_MEANINGS: tuple[tuple[str, str], ...] = (
    (r"found undefined alias '(.*)'", "没有名叫 `{}` 的锚点"),
    (r"single document in the stream", "一个文件里只能有一份文档，不要再写 `---`"),
    (r"mapping values are not allowed here", "这里不能再写 `键: 值`"),
    (r"sequence entries are not allowed here", "这里不能写以 `-` 开头的列表"),
    (r"mapping keys are not allowed here", "这里不能写 `?`"),
    (r"could not find expected ':'", "少了冒号"),
    (r"expected ',' or ']'", "方括号没有合上，或少了逗号"),
    (r"expected ',' or '}'", "花括号没有合上，或少了逗号"),
    (r"unclosed '\[' or '{'", "缩进不对，或括号没有合上"),
    (r"expected <block end>", "这里和上面接不上"),
    (r"expected the node content", "这里少了内容"),
    (r"scanning a .*quoted scalar found unexpected", "引号没有合上"),
    (r"found unknown escape character '(.)'", "双引号里不能写 `\\{}`"),
    (r"found character '\\t' that cannot start", "这里不能用制表符"),
    (r"found character '(.)' that cannot start", "没加引号的文字不能以“{}”开头"),
    (r"found unexpected ':'", "这里多了冒号"),
    (r"expected chomping or indentation indicators", "`|` 和 `>` 后面要换行再写"),
)
"""The likeliest first where two fit."""


def in_chinese(error: MarkedYAMLError) -> str:
    """What is wrong, without its place."""
    said = " ".join(str(part) for part in (error.context, error.problem) if part)
    for pattern, meaning in _MEANINGS:
        if found := re.search(pattern, said):
            return meaning.format(*found.groups())
    return "语法不对"
