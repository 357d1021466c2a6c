"""What of a stored call is words, and how it is when the words are gone.

Everything else stays: what happened when, which question was answered how, and the figures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

WORDS = frozenset({"text", "keys", "key", "alternatives", "summary", "value", "facts", "handed_over", "slots"})
"""Names of the fields, in events, findings and what was handed over, that hold what somebody said, pressed or heard."""


def wordless(value: Any) -> Any:  # noqa: ANN401 -- plain JSON
    """A copy of plain JSON in which those fields are empty, each of the type that it was."""
    if isinstance(value, Mapping):
        return {name: _empty(inner) if name in WORDS else wordless(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [wordless(inner) for inner in value]
    return value


def _empty(value: Any) -> Any:  # noqa: ANN401 -- plain JSON
    return value if value is None else type(value)()


def size(value: Any) -> int:  # noqa: ANN401 -- plain JSON
    """Bytes that it takes."""
    return len(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass"))
