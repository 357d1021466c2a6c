"""Small models for tests of the catalogue: what an installation needs, with no weights in it."""

from __future__ import annotations

import hashlib

from asr.models import CatalogEntry, Download
from tests.support.archives import tar_of

FILES = {"tokens.txt": b"a 1\n" * 50, "model.onnx": bytes(range(256)) * 3000}
"""768 KB: several pieces on the line, and quick to unpack."""


def archive(name: str = "tiny", files: dict[str, bytes] | None = None) -> bytes:
    """The model as its makers pack it: in a folder of its name. Not made smaller, so that ranges mean something."""
    return tar_of(*((f"{name}/{file}", content) for file, content in (files or FILES).items()), packed="gz")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(
    url: str, content: bytes, *, published: bool = True, name: str = "tiny", size: int | None = None
) -> CatalogEntry:
    """A catalogue entry for a model in one archive at this address."""
    download = Download(url, len(content) if size is None else size, sha256(content) if published else None)
    return CatalogEntry(
        name=name,
        engine="sherpa",
        kind="test",
        streaming=True,
        hints=False,
        word_times=False,
        downloads=(download,),
        files={"model": "model.onnx", "tokens": "tokens.txt"},
    )
