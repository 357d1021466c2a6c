"""The base of what people write and programs read: settings, rule files."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A table whose unknown names are mistakes, and that nobody changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
