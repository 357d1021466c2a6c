"""What an expression needs to have a value, and what is known once it is true or false.

A fact is the name of something that has a value: `slots.number`, `vars.light`, `survey.score`, or a record that a
look-up has saved, `account`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

Facts = frozenset[str]
NONE: Facts = frozenset()
_ORDERING = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_OWNERS = frozenset({"slots", "vars", "survey"})


def fact_of(tree: ast.expr, records: Facts) -> Facts:
    """The fact that a name with a field stands for, if it is one."""
    if isinstance(tree, ast.Attribute) and isinstance(tree.value, ast.Name):
        owner = tree.value.id
        if owner in _OWNERS:
            return frozenset({f"{owner}.{tree.attr}"})
        if owner in records:
            return frozenset({owner})
    return NONE


def missing(tree: ast.expr, known: Facts, records: Facts) -> Facts:
    """What the expression reads, and lacks, so that it has no value. `a or b` has one when either has."""
    match tree:
        case ast.Attribute():
            return fact_of(tree, records) - known
        case ast.BoolOp(op=ast.Or(), values=values):
            lacking = [missing(value, known, records) for value in values]
            return lacking[0] if all(lacking) else NONE
        case ast.BoolOp(values=values):
            lacking_any = NONE
            for value in values:
                lacking_any |= missing(value, known, records)
                known |= when_true(value, records)
            return lacking_any
        case ast.IfExp(test=test, body=body, orelse=orelse):
            then = missing(body, known | when_true(test, records), records)
            return then | missing(orelse, known | when_false(test, records), records)
        case ast.Compare(left=left, ops=ops, comparators=others) if any(isinstance(op, _ORDERING) for op in ops):
            return _union([left, *others], lambda one: missing(one, known, records))
        case ast.BinOp(left=left, right=right):
            return missing(left, known, records) | missing(right, known, records)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return missing(operand, known, records)
    return NONE


def when_true(tree: ast.expr, records: Facts) -> Facts:
    """What has a value, given that the condition holds."""
    match tree:
        case ast.Attribute():
            return fact_of(tree, records)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return when_false(operand, records)
        case ast.BoolOp(op=ast.And(), values=values):
            return _union(values, lambda one: when_true(one, records))
        case ast.BoolOp(values=values):
            return _common(values, lambda one: when_true(one, records))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            if isinstance(op, _ORDERING) or (isinstance(op, ast.Eq) and not is_none(right)):
                return fact_of(left, records) | fact_of(right, records)
            if isinstance(op, ast.NotEq | ast.IsNot) and is_none(right):
                return fact_of(left, records)
    return NONE


def when_false(tree: ast.expr, records: Facts) -> Facts:
    """What has a value, given that the condition doesn't hold."""
    match tree:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return when_true(operand, records)
        case ast.BoolOp(op=ast.And(), values=values):
            return _common(values, lambda one: when_false(one, records))
        case ast.BoolOp(values=values):
            return _union(values, lambda one: when_false(one, records))
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]) if is_none(right):
            return fact_of(left, records)
    return NONE


def is_none(tree: ast.expr) -> bool:
    """Whether it is the constant None."""
    return isinstance(tree, ast.Constant) and tree.value is None


def _union(trees: list[ast.expr], facts: Callable[[ast.expr], Facts]) -> Facts:
    return frozenset().union(*map(facts, trees))


def _common(trees: list[ast.expr], facts: Callable[[ast.expr], Facts]) -> Facts:
    first, *others = map(facts, trees)
    return first.intersection(*others)
