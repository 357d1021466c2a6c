"""The map in gateway/__init__.py holds: imports run downward, in no circle, and modules stay readable.

Every import counts, wherever it stands: at the top, under `if TYPE_CHECKING`, inside a function, or as a literal given
to `importlib.import_module`. What is only deferred is still a dependency.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from gateway import LAYERS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PACKAGES = ("asr", "gateway")
MAX_LINES = 400
LAYER_OF = {unit: level for level, units in enumerate(LAYERS) for unit in units}
ACQUAINTED = {LAYER_OF["gateway.errors"], LAYER_OF["gateway.app"]}
"""The layers whose members may import each other."""


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, its length, and the line of each of our modules that it imports."""

    path: Path
    lines: int
    imports: Mapping[str, int]


def read_modules(root: Path) -> dict[str, Module]:
    """All modules of our packages below `root`, by dotted name (a package by its own name)."""
    paths = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: _read(name, path, frozenset(paths)) for name, path in paths.items()}


def _read(name: str, path: Path, known: frozenset[str]) -> Module:
    text = path.read_text(encoding="utf-8")
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imports: dict[str, int] = {}
    for node in ast.walk(ast.parse(text, str(path))):
        for stem, member in _imported(node, package):
            target = f"{stem}.{member}" if f"{stem}.{member}" in known else stem
            if target.split(".")[0] in PACKAGES and target != name:
                imports.setdefault(target, node.lineno)
    return Module(path, len(text.splitlines()), imports)


def _imported(node: Any, package: str) -> Iterator[tuple[str, str]]:
    """What one syntax node imports: a dotted module, and the name taken from it, which may be a module too."""
    match node:
        case ast.Import(names=names):
            yield from ((alias.name, "") for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            parents = package.split(".")
            base = parents[: len(parents) - level + 1] if level else []
            stem = ".".join([*base, *([module] if module else [])])
            yield from ((stem, alias.name) for alias in names)
        case ast.Call(
            func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
            args=[ast.Constant(value=str(target)), *_],
        ):
            yield target, ""


def unit_of(module: str) -> str:
    """The entry of the layer table that a module belongs to: `asr`, or `gateway.<first part>`."""
    return ".".join(module.split(".")[: 1 if module.startswith("asr") else 2])


def strangers(modules: Mapping[str, Module]) -> list[str]:
    """Parts of gateway that the layer table does not have."""
    units = {unit_of(name) for name in modules} - {"gateway"}
    return sorted(f"{unit}: not in gateway.LAYERS" for unit in units - set(LAYER_OF))


def upward_imports(modules: Mapping[str, Module]) -> list[str]:
    """Imports that don't go down. `gateway` itself, which holds the table, lies below all and imports nothing."""
    problems = []
    for name, module in modules.items():
        for target, line in module.imports.items():
            source_unit, target_unit = unit_of(name), unit_of(target)
            if source_unit == target_unit or target_unit == "gateway":
                continue
            source, level = LAYER_OF.get(source_unit, -1), LAYER_OF.get(target_unit, len(LAYERS))
            if level > source or (level == source and level not in ACQUAINTED):
                problems.append(f"{module.path}:{line}: {name} (layer {source}) imports {target} (layer {level})")
    return problems


def first_circle(modules: Mapping[str, Module]) -> list[str]:
    """The modules of one import circle, in order; empty when there is none."""
    graph = {name: [target for target in module.imports if target in modules] for name, module in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def oversized(modules: Mapping[str, Module]) -> list[str]:
    """Modules that want splitting, longest first."""
    by_size = sorted(modules.values(), key=lambda module: -module.lines)
    return [
        f"{module.path}: {module.lines} lines, at most {MAX_LINES}" for module in by_size if module.lines > MAX_LINES
    ]


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    return read_modules(ROOT)


def test_the_reader_sees_the_tree(modules):
    """Guards the tests below against looking at nothing."""
    assert {"asr.engine", "gateway.events", "gateway.call", "gateway.transport.leg"} <= set(modules)
    assert "asr.errors" in modules["gateway.errors"].imports
    assert "gateway.media.frames" in modules["gateway.transport.leg"].imports


def test_every_part_of_gateway_is_in_the_table(modules):
    assert not strangers(modules)


def test_imports_run_downward(modules):
    assert not upward_imports(modules)


def test_imports_make_no_circle(modules):
    assert not first_circle(modules)


def test_modules_stay_readable(modules):
    assert not oversized(modules)


SKELETON = {"gateway/__init__.py": "", "gateway/errors.py": "", "gateway/call/session.py": "", "asr/engine.py": ""}


def tree(root: Path, files: Mapping[str, str]) -> dict[str, Module]:
    """Write a small source tree and read it."""
    for path, text in {**SKELETON, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return read_modules(root)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("asr/engine.py", "import gateway.errors"),
        ("asr/engine.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gateway import errors"),
        ("gateway/media/frames.py", "def late():\n    from gateway.call.session import Session"),
        ("gateway/media/frames.py", "import importlib\nimportlib.import_module('gateway.call.session')"),
        ("gateway/media/frames.py", "from ..call import session"),
        ("gateway/media/frames.py", "from ..store.tables import Call"),
        ("gateway/speech/listener.py", "from gateway.prompts import player"),
        ("gateway/errors.py", "from gateway.media.frames import Frame"),
        ("gateway/call/session.py", "from gateway.settings import Settings"),
        ("gateway/__init__.py", "from gateway.errors import FlowError"),
        ("gateway/media/frames.py", "import gateway.unheard_of"),
    ],
)
def test_an_upward_import_is_found(tmp_path, path, text):
    found = upward_imports(tree(tmp_path, {path: text}))
    assert len(found) == 1
    assert f"{path}:{len(text.splitlines())}: " in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/call/session.py", "from gateway.media.frames import Frame\nfrom asr.engine import Engine"),
        ("gateway/call/session.py", "from . import outcome\nfrom gateway import LAYERS"),
        ("gateway/errors.py", "from gateway.privacy import mask"),
        ("gateway/app.py", "from gateway.settings import Settings"),
        ("gateway/media/frames.py", "import numpy\nfrom gatewayish import call"),
    ],
)
def test_a_downward_import_is_not(tmp_path, path, text):
    assert not upward_imports(tree(tmp_path, {path: text}))


def test_a_circle_is_found(tmp_path):
    """Also one through a type-checking import and a relative one."""
    files = {
        "gateway/call/__init__.py": "",
        "gateway/call/session.py": "if TYPE_CHECKING:\n    from gateway.call.outcome import Outcome",
        "gateway/call/outcome.py": "from . import transfer",
        "gateway/call/transfer.py": "def late():\n    import gateway.call.session",
    }
    assert set(first_circle(tree(tmp_path, files))) == {
        "gateway.call.session",
        "gateway.call.outcome",
        "gateway.call.transfer",
    }


def test_a_stranger_is_found(tmp_path):
    assert strangers(tree(tmp_path, {"gateway/helpers/__init__.py": ""})) == ["gateway.helpers: not in gateway.LAYERS"]


def test_a_long_module_is_found(tmp_path):
    modules = tree(tmp_path, {"asr/a.py": "\n" * MAX_LINES, "asr/b.py": "\n" * (MAX_LINES + 1)})
    assert oversized(modules) == [f"{tmp_path / 'asr/b.py'}: {MAX_LINES + 1} lines, at most {MAX_LINES}"]
