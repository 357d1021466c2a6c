"""Conditions and values in a flow: a small, safe part of Python's expressions, evaluated by simpleeval.

Names and their fields (`caller.age`), texts, numbers, comparisons, `and` / `or` / `not`, `+ - * /` and `a if b else c`.
No calls, no subscripts. A field that a record lacks is None.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from simpleeval import DEFAULT_OPERATORS, InvalidExpression, SimpleEval

from gateway.dialogue.quoting import quoted

MAX_LENGTH = 300
_ALLOWED = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub),
    *(ast.Mult, ast.Div, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
    *(ast.IfExp, ast.Name, ast.Attribute, ast.Constant, ast.Load, ast.Is, ast.IsNot),
)

_REFUSED: Mapping[type[ast.AST], str] = {
    ast.Call: "函数",
    ast.Subscript: "下标",
    ast.JoinedStr: "拼接的文字",
    ast.Pow: "乘方",
    **dict.fromkeys((ast.List, ast.Tuple, ast.Dict, ast.Set), "列表"),
}
"""What designers may have meant by it; the rest are told by Python's names."""


def _with_decimals(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Amounts are decimals, a flow's 0.9 is a float, and Python won't mix them."""

    def exactly(left: Any, right: Any) -> Any:  # noqa: ANN401 -- whatever the expression names
        if isinstance(left, Decimal) and isinstance(right, float):
            return operate(left, Decimal(str(right)))
        if isinstance(left, float) and isinstance(right, Decimal):
            return operate(Decimal(str(left)), right)
        return operate(left, right)

    return exactly


_ARITHMETIC = {kind: _with_decimals(DEFAULT_OPERATORS[kind]) for kind in (ast.Add, ast.Sub, ast.Mult, ast.Div)}
_OPERATORS = DEFAULT_OPERATORS | _ARITHMETIC


class EvaluationError(Exception):
    """An expression that has no value for this caller, such as None >= 65."""


class Record:
    """Named values whose missing fields are None: what `caller`, `slots` and saved look-ups are in an expression."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the back end said
        value = self._fields.get(name)
        return Record(value) if isinstance(value, Mapping) else value

    def __bool__(self) -> bool:
        return bool(self._fields)


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; `fields` are the dotted names that it reads, for checking against what the flow declares."""

    source: str
    tree: ast.expr = field(repr=False, compare=False)
    names: frozenset[str]
    fields: frozenset[tuple[str, str]]

    @property
    def comparisons(self) -> Iterator[tuple[str, str, Any]]:
        """Name, field and constant of every comparison of a field with a constant."""
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Compare) or any(isinstance(one, ast.In | ast.NotIn) for one in node.ops):
                continue
            sides = [node.left, *node.comparators]
            for one, other in (*pairwise(sides), *pairwise(sides[::-1])):
                match one, other:
                    case ast.Attribute(value=ast.Name(id=name), attr=attribute), ast.Constant(value=constant):
                        yield name, attribute, constant

    @classmethod
    def parse(cls, source: str) -> Expression:
        """Raises ValueError saying what isn't understood."""
        tree = _tree(source)
        for node in ast.walk(tree):
            _refuse_unknown(node)
        names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        return cls(source, tree, names, frozenset(_fields(tree)))

    def evaluate(self, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- an expression may be of any type
        """The value with `names` (mappings read as records). Raises EvaluationError, nothing else."""
        records = {name: Record(value) if isinstance(value, Mapping) else value for name, value in names.items()}
        try:
            value = SimpleEval(operators=_OPERATORS, functions={}, names=records).eval(
                self.source, previously_parsed=self.tree
            )
        except (InvalidExpression, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise EvaluationError(f"{self.source}: {type(error).__name__}") from error
        if callable(value):  # a method of a text
            raise EvaluationError(f"{self.source}: no such field")
        return value._fields if isinstance(value, Record) else value


def _tree(source: str) -> ast.expr:
    if len(source) > MAX_LENGTH:
        raise ValueError(f"条件式超过 {MAX_LENGTH} 个字符；请缩短")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{quoted(source)} 不是条件式；请写成 `caller.age >= 65` 这样") from error


def _refuse_unknown(node: ast.AST) -> None:
    if not isinstance(node, _ALLOWED):
        used = _REFUSED.get(type(node), f" {quoted(type(node).__name__)} ")
        raise ValueError(f"条件式里不能用{used}；请只用名字、字段、数、文字和比较")
    if isinstance(node, ast.Attribute) and node.attr.startswith(("_", "func_")):
        raise ValueError(f"{quoted(node.attr)} 不是字段；字段的名字请以字母开头")
    if isinstance(node, ast.Constant) and not isinstance(node.value, str | int | float | bool | None):
        raise ValueError("条件式里的值只能是数或文字；请改正")


def _fields(tree: ast.expr) -> list[tuple[str, str]]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return [(node.value.id, node.attr) for node in nodes if isinstance(node.value, ast.Name)]
