"""What a check finds, and the form that every check has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.dialogue.check.inspection import Inspection
from gateway.dialogue.nodes.base import Place

Severity = Literal["error", "warning"]
"""An error is a call that goes wrong; a warning is one that goes badly."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where in the flow, and what with its remedy."""

    place: Place
    what: str
    at_key: bool = False
    """It is the key that is meant, not its value."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a hotline demands."""

    name: str
    severity: Severity
    find: Callable[[Inspection], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found."""

    rule: str
    severity: Severity
    place: Place
    what: str
    at_key: bool = False
