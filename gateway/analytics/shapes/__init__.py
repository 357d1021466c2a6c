"""The shape of the documents that leave, version 1.0: what the JSON Schemas in `schemas/` are made from.

Names are in PascalCase throughout, those of Amazon Contact Lens where it has one. Values that it has are written as it
writes them (`CUSTOMER`, `NEGATIVE`); names of our own (routes, flags, nodes, events) as our files write them. Every
field is always there, null or empty where nothing is known. Within version 1 fields may be added, and none is changed
or taken away. Times in a recording are whole milliseconds from its beginning, moments ISO 8601 with an offset.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from gateway.analytics.shapes.call import CallDocument
from gateway.analytics.shapes.event import EventDocument
from gateway.analytics.shapes.parts import VERSION

Kind = Literal["call", "event"]
SCHEMAS = Path(__file__).parents[1] / "schemas"


class _Schema(GenerateJsonSchema):
    """In a dialect that is named, without titles that repeat the names."""

    def generate(self, *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 -- the library's signature
        return {"$schema": self.schema_dialect, **super().generate(*args, **options)}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002
        return False


def make_schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema (2020-12) of such documents, from the shapes: strict, so that it also finds what is new."""
    adapter: TypeAdapter[Any] = TypeAdapter(CallDocument if kind == "call" else EventDocument)
    made = adapter.json_schema(mode="serialization", schema_generator=_Schema)
    return {**made, "title": f"voice-gateway {kind} document {VERSION}"}


def schema_text(kind: Kind) -> str:
    """What the file of it holds."""
    return json.dumps(make_schema(kind), ensure_ascii=False, indent=2) + "\n"


def schema_file(kind: Kind) -> Path:
    """The file in the package."""
    return SCHEMAS / f"{kind}-{VERSION}.json"
