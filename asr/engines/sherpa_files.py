"""What is in the folder of a sherpa-onnx model, found out without loading it.

sherpa-onnx ends the whole process when a model lacks what it expects (`exit(-1)`), so everything that it would look for
is looked for here first: the files, the metadata of each, the tokens. An ONNX file is a protobuf `ModelProto`; walking
over its top-level fields gives the metadata and shows a file that was cut short, for a few reads of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from asr.engines.sherpa_kinds import KINDS, Kind, Metadata, likeliest
from asr.errors import ModelError

REMEDY = "unpack a Mandarin model of sherpa-onnx's releases again and name its folder, the one with tokens.txt in it"

_METADATA_FIELD = 14
_BLANKS = frozenset({"<blk>", "<blank>", "<eps>"})


@dataclass(frozen=True, slots=True)
class Found:
    """A model that sherpa-onnx can load."""

    kind: Kind
    files: dict[str, Path]
    """By role: `encoder`, `decoder` and `joiner`, or `model`."""
    tokens: Path
    symbols: frozenset[str]
    """What the model can write."""
    model_type: str = field(default="")
    """As the metadata of its encoder or model say."""


def find_model(folder: Path, kind: str | None = None) -> Found:
    """The model of a folder as sherpa-onnx's releases unpack it; int8 files before others, streaming before offline.

    Args:
        kind: one of `asr.engines.sherpa_kinds.KINDS`, for a folder that has several or says of itself too little.

    Raises:
        ModelError: no folder, no such kind, files missing or cut short, tokens unreadable, or a kind nobody knows.
    """
    if kind is not None and kind not in KINDS:
        raise ModelError(
            "there is no such kind of model", where=repr(kind), remedy=f"choose one of: {', '.join(KINDS)}"
        )
    if not folder.is_dir():
        raise ModelError("there is no such folder", where=str(folder), remedy=REMEDY)
    tokens = read_tokens(folder / "tokens.txt")
    symbols = frozenset(tokens.values())
    problems = []
    for files in _sets_of_files(folder):
        about = {role: read_metadata(path) for role, path in files.items()}
        candidate = likeliest(about) if kind is None else KINDS[kind]
        _check_size(about, len(tokens), folder)
        missing = candidate.missing(about)
        if not missing and candidate.needs_blank and not _BLANKS & symbols:
            missing = [f"a blank in tokens.txt, one of {', '.join(sorted(_BLANKS))}"]
        if not missing:
            main = about.get("model", about.get("encoder", {}))
            return Found(candidate, files, folder / "tokens.txt", symbols, main.get("model_type", ""))
        problems.append(
            f"{', '.join(path.name for path in files.values())} as {candidate.name} lacks {', '.join(missing)}"
        )
    there = ", ".join(sorted(path.name for path in folder.glob("*.onnx"))) or "no .onnx file"
    reason = f" ({'; '.join(problems)})" if problems else ""
    raise ModelError(
        f"this is no model of a kind that is known{reason}; there is: {there}; "
        "needed: encoder, decoder and joiner, or encoder and decoder, or one model",
        where=str(folder),
        remedy=REMEDY,
    )


def read_tokens(path: Path) -> dict[str, str]:
    """The symbols of a tokens.txt by their numbers (as written); in each line a symbol and its number.

    Raises:
        ModelError: there is no such file, it is empty, or a line is something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # not splitlines: U+2028 may be a symbol
    except OSError as error:
        raise ModelError("there is no tokens.txt", where=str(path), remedy=REMEDY) from error
    except UnicodeDecodeError as error:
        raise ModelError("this is no text in UTF-8", where=str(path), remedy=REMEDY) from error
    symbols: dict[str, str] = {}
    for line, text in enumerate(map(str.strip, lines), start=1):
        number = text.split()[-1] if text else ""
        if text and (not number.isdecimal() or number in symbols):
            raise ModelError("expected a symbol and a number of its own", where=f"{path}:{line}", remedy=REMEDY)
        if text:
            symbols[number] = text[: -len(number)].strip()
    if not symbols:
        raise ModelError("there are no tokens in it", where=str(path), remedy=REMEDY)
    return symbols


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of an ONNX file.

    Raises:
        ModelError: it is no ONNX file, or it was cut short.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            properties = [body for number, body in _fields(file, size, {_METADATA_FIELD}) if number == _METADATA_FIELD]
    except (EOFError, OSError) as error:
        raise ModelError("this file is damaged or cut short", where=str(path), remedy=REMEDY) from error
    return dict(map(_key_and_value, properties))


def _sets_of_files(folder: Path) -> Iterator[dict[str, Path]]:
    """What may be one model each, the best first."""
    every = sorted(folder.glob("*.onnx"), key=lambda path: (".int8." not in path.name, path.name))
    parts = {
        role: path for role in ("joiner", "decoder", "encoder") for path in reversed(every) if role in path.name.lower()
    }
    if "encoder" in parts and "decoder" in parts:
        yield parts
    single = [path for path in every if path not in parts.values()]
    yield from ({"model": path} for path in sorted(single, key=lambda path: "streaming" not in path.name))


def _check_size(about: Metadata, tokens: int, folder: Path) -> None:
    """Refuse a tokens.txt that was cut short. (Not one a few short of the network's size: nobody promises those.)"""
    sizes = [int(size) for one in about.values() if (size := one.get("vocab_size", "")).isdecimal()]
    if sizes and tokens < 0.9 * max(sizes):
        reason = f"{max(sizes) - tokens} of {max(sizes)} tokens are missing"
        raise ModelError(reason, where=str(folder / "tokens.txt"), remedy=REMEDY)


def _key_and_value(body: bytes) -> tuple[str, str]:
    """A `StringStringEntryProto`: 1 is the key, 2 the value."""
    parts = {}
    at = 0
    while at < len(body):
        number, at = body[at] >> 3, at + 1
        length, at = _varint(body, at)
        parts[number], at = body[at : at + length], at + length
    return parts.get(1, b"").decode(errors="replace"), parts.get(2, b"").decode(errors="replace")


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(body) and shift < 64:
        byte, at = body[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise EOFError


def _fields(file: BinaryIO, size: int, wanted: set[int]) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields of a protobuf message: number and, of the wanted ones, the bytes.

    Raises:
        EOFError: a field goes beyond the end, or there is none that a `ModelProto` must have.
    """
    at, seen = 0, set[int]()
    while at < size:
        file.seek(at)
        head = file.read(20)
        key, used = _varint(head, 0)
        number, wire = key >> 3, key & 7
        seen.add(number)
        value, used = _varint(head, used) if wire in (0, 2) else (0, used)
        length = {0: 0, 1: 8, 2: value, 5: 4}.get(wire)
        if number == 0 or length is None or at + used + length > size:
            raise EOFError
        file.seek(at + used)
        yield number, file.read(length) if number in wanted and wire == 2 else b""
        at += used + length
    if not {1, 7} <= seen:  # the format's version and the graph
        raise EOFError
