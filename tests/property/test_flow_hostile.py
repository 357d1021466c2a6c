"""Whatever a flow file has become: `check` ends, and what is broken gets an error with a place."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gateway.desk.check import Report, check
from gateway.dialogue.source import MAX_BYTES
from tests.support.clean_flow import ASK_NUMBER, CLEAN, write_clean

pytestmark = [pytest.mark.property, pytest.mark.timeout(60)]

Place = tuple[Any, ...]
REQUIRED = {
    *("flow", "title", "version", "entry", "answers", "universals", "nodes"),
    *("confirm_prompt", "confirm_again", "denied", "no_input", "no_match"),
    *("label", "enter_on", "leave_on", "entered", "struggling", "left", "phrases"),
    *("then", "otherwise", "slot", "save", "queue", "unavailable", "category", "summary", "deadline", "type"),
    *("play", "menu", "collect", "branch", "lookup", "ticket", "transfer", "survey", "message", "call", "hangup"),
}
TARGETS = {"entry", "then", "on_error", "otherwise", "unavailable", "go", "call", "include", "slot", "save", "mode"}


def data() -> Any:
    return YAML(typ="safe", pure=True).load(CLEAN)


def places(part: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place in it, the deepest last."""
    if at:
        yield at, part
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in items:
        yield from places(value, (*at, key))


def put(flow: Any, place: Place, value: Any) -> str:
    """The flow's text with another value there; `...` takes the key away."""
    parent = flow
    for key in place[:-1]:
        parent = parent[key]
    if value is ...:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return json.dumps(flow, ensure_ascii=False, indent=1)


def broken(report: Report, file: Path) -> None:
    """Each finding is at a place in one of its files."""
    assert report.findings
    sizes = {}
    for finding in report.findings:
        named = Path(finding.file)
        assert named == file or named.parent.name in {"parts", "elsewhere"} or not named.exists()
        if named not in sizes:
            sizes[named] = len(named.read_bytes().splitlines()) if named.is_file() else 1
        assert 1 <= finding.line <= sizes[named] + 1
        assert finding.column >= 1
        assert finding.message


def mutated(kind: str, seed: int) -> str:
    chance = random.Random(f"{kind} {seed}")
    flow = data()
    every = list(places(flow))
    if kind == "dropped":
        place, _ = chance.choice([one for one in every if one[0][-1] in REQUIRED and needed(one[0])])
        return put(flow, place, ...)
    if kind == "swapped":
        place, value = chance.choice(every)
        other: Any = {"a": 1} if isinstance(value, list) else [["x"]] if isinstance(value, str) else "甲 乙"
        return put(flow, place, other)
    if kind == "led astray":
        place, _ = chance.choice([one for one in every if one[0][-1] in TARGETS and isinstance(one[1], str)])
        return put(flow, place, f"nowhere_{seed}")
    return torn(chance, kind)


def needed(place: Place) -> bool:
    """Options may do without `phrases`, an override without everything."""
    return (
        place[-2:] != ("more", "label") and "options" not in place[:-1] and place[:3] != ("modes", "elderly", "nodes")
    )


def torn(chance: random.Random, kind: str) -> str:
    rows = CLEAN.splitlines()
    at = chance.randrange(5, len(rows) - 40)
    if kind == "cut off":
        return CLEAN[: chance.randrange(40, len(CLEAN) * 9 // 10)]
    if kind == "shifted":
        rows[at] = " " * chance.choice([1, 3, 7]) + rows[at]
        del rows[at + 1 : at + 3]
    elif kind == "doubled":
        rows.insert(at, rows[chance.choice([number for number, row in enumerate(rows) if row and row[0] != " "])])
    elif kind == "junk":
        rows.insert(at, chance.choice(["]", "}{", "\x00", "- x", "*b", "!x y", "@", "'", "? [", "x: y: z", "\tx: 1"]))
    return "\n".join(rows)


CASES = [
    (kind, seed)
    for kind, count in {
        "dropped": 45,
        "swapped": 50,
        "led astray": 30,
        "cut off": 20,
        "doubled": 15,
        "junk": 20,
    }.items()
    for seed in range(count)
]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_a_broken_flow_gets_errors_with_places(tmp_path: Path, kind: str, seed: int) -> None:
    file = write_clean(tmp_path, mutated(kind, seed))
    broken(check(file, synthesiser=True), file)


SHIFTED = range(10)


@pytest.mark.parametrize("seed", SHIFTED)
def test_shifted_lines_are_survived(tmp_path: Path, seed: int) -> None:
    file = write_clean(tmp_path, mutated("shifted", seed))
    report = check(file, synthesiser=True)
    if report.findings:
        broken(report, file)


def _laughs() -> bytes:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return "\n".join(rows).encode()


def _merges() -> bytes:
    rows = ["a0: &a0 {k0: 1, l0: 1}"]
    rows += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}], k{i}: 1}}" for i in range(1, 12)]
    return "\n".join(rows).encode()


def _many(row: str, count: int) -> bytes:
    return CLEAN.encode() + "".join(row % (number, number + 1) for number in range(count)).encode()


def _phrases(count: int) -> list[str]:
    signs = [chr(code) for code in range(0x4E00, 0x4E00 + 2000)]
    chance = random.Random(2)
    return ["".join(chance.choices(signs, k=4)) for _ in range(count)]


def _homophones() -> list[str]:
    """They sound alike, and no two are written alike."""
    same = "四寺似饲肆伺祀"
    return [a + b + c + d for a in same for b in same for c in same for d in same]


def _subflows(count: int) -> bytes:
    one = "  s{0}: {{entry: a, nodes: {{a: {{call: s{1}, then: return}}}}}}"
    rows = [one.format(number, number + 1) for number in range(count)]
    return CLEAN.replace("subflows:\n", "\n".join(["subflows:", *rows, ""])).encode()


BYTES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "zeros": lambda: bytes(3000),
    "binary": lambda: random.Random(1).randbytes(5000),
    "utf-16": lambda: CLEAN.encode("utf-16"),
    "gbk": lambda: CLEAN.encode("gbk"),
    "a bad byte in the middle": lambda: CLEAN.encode()[:900] + b"\xff" + CLEAN.encode()[900:],
    "only a byte order mark": lambda: b"\xef\xbb\xbf",
    "a list": lambda: b"- flow: a\n",
    "a word": lambda: b"flow\n",
    "two documents": lambda: CLEAN.encode() + b"\n---\n" + CLEAN.encode(),
    "larger than allowed": lambda: CLEAN.encode() + b"# x\n" * (MAX_BYTES // 4),
    "one endless line": lambda: b"flow: " + b"x" * (MAX_BYTES - 100),
    "a prompt without an end": lambda: CLEAN.replace("再见。", "再见" * 100_000).encode(),
    "nested lists": lambda: b"a: " + b"[" * 5000,
    "nested mappings": lambda: CLEAN.encode() + b"x: " + b"{a: " * 3000 + b"1" + b"}" * 3000,
    "nested blocks": lambda: b"".join(b" " * depth + b"a:\n" for depth in range(1200)),
    "billion laughs": _laughs,
    "laughs by merging": _merges,
    "an anchor in itself": lambda: CLEAN.encode() + b"x: &x\n  y: *x\n",
    "a merge of itself": lambda: CLEAN.encode() + b"x: &x\n  <<: *x\n",
    "an unknown anchor": lambda: CLEAN.encode() + b"x: *gone\n",
    "a key twice": lambda: CLEAN.encode() + b"flow: again\n",
    "a mapping as a key": lambda: CLEAN.encode() + b"? {a: b}\n: c\n",
    "a python tag": lambda: CLEAN.encode() + b"x: !!python/object/apply:os.system [ls]\n",
    "an endless number": lambda: CLEAN.encode() + b"x: " + b"9" * 100_000 + b"\n",
    "an endless expression": lambda: CLEAN.replace("hours.office", "not " * 5000 + "hours.office").encode(),
    "nested brackets in an expression": lambda: CLEAN.replace("hours.office", "(" * 140 + "1" + ")" * 140).encode(),
    "a power of powers": lambda: CLEAN.replace("vars.tries + 1", "9 ** 9 ** 9 ** 9").encode(),
    "a million repetitions": lambda: CLEAN.replace("vars.tries + 1", "'x' * 999999999").encode(),
    "thousands of unknown keys": lambda: CLEAN.encode() + b"".join(b"key_%d: 1\n" % n for n in range(5000)),
    "thousands of unknown nodes": lambda: _many("  n%d: {play: 好。, then: gone_%d}\n", 2000),
    "thousands of nodes in a row": lambda: _many("  n%d: {play: 好。, then: n%d}\n", 2000),
    "thousands of nodes without a type": lambda: _many("  n%d: {pley: 好。, theen: n%d}\n", 2000),
    "thousands of questions": lambda: _many("  n%d: {collect: 问。, slot: pin, confirm: never, then: n%d}\n", 1000),
    "thousands of equal phrases": lambda: CLEAN.replace("[账单]", f"[{', '.join(['账单'] * 3000)}]").encode(),
    "thousands of sub-flows": lambda: _subflows(700),
}


@pytest.mark.parametrize("name", BYTES)
def test_any_bytes_get_an_error_with_a_place(tmp_path: Path, name: str) -> None:
    file = write_clean(tmp_path)
    file.write_bytes(BYTES[name]())
    broken(check(file, synthesiser=True), file)


def test_phrases_that_choose_the_same_may_sound_alike_by_the_thousand(tmp_path: Path) -> None:
    file = write_clean(tmp_path, CLEAN.replace("[账单]", f"[{', '.join(_homophones())}]"))
    assert not check(file, synthesiser=True).findings


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = write_clean(tmp_path)
    file.write_bytes(b"\xef\xbb\xbf" + CLEAN.replace("\n", "\r\n").encode())
    assert not check(file, synthesiser=True).findings


SUBFLOW_FILES = {
    "missing": ("parts/gone.yaml", ASK_NUMBER),
    "outside": ("../../../../etc/passwd", ASK_NUMBER),
    "absolute": ("/etc/passwd", ASK_NUMBER),
    "absolute yaml": ("/etc/flow.yaml", ASK_NUMBER),
    "a folder": ("parts", ASK_NUMBER),
    "nothing": ("''", ASK_NUMBER),
    "with a zero": ('"a\\0b.yaml"', ASK_NUMBER),
    "endless": (f"{'x' * 5000}.yaml", ASK_NUMBER),
    "the flow itself": ("flow.yaml", ASK_NUMBER),
    "a list": ("parts/ask_number.yaml", "- a\n"),
    "empty": ("parts/ask_number.yaml", ""),
    "no YAML": ("parts/ask_number.yaml", "entry: [\n"),
    "a file of its own": ("parts/ask_number.yaml", "ask_number.yaml\n"),
    "without an entry": ("parts/ask_number.yaml", ASK_NUMBER.replace("entry: ask\n", "")),
    "another entry": ("parts/ask_number.yaml", ASK_NUMBER.replace("entry: ask\n", "entry: asc\n")),
    "a call to itself": (
        "parts/ask_number.yaml",
        ASK_NUMBER.replace("otherwise: return}", "otherwise: deeper}\n  deeper: {call: ask_number, then: return}"),
    ),
    "no way back": ("parts/ask_number.yaml", ASK_NUMBER.replace("return", "spoken")),
    "a wrong way": ("parts/ask_number.yaml", ASK_NUMBER.replace("then: spoken", "then: spooken")),
    "a name of the flow's": ("parts/ask_number.yaml", ASK_NUMBER.replace("spoken", "goodbye")),
    "another mode": ("parts/ask_number.yaml", ASK_NUMBER.replace("elderly", "childish")),
    "in circles": ("parts/ask_number.yaml", ASK_NUMBER.replace("go: return", "go: spoken")),
}


@pytest.mark.parametrize("name", SUBFLOW_FILES)
def test_bad_files_of_sub_flows_get_an_error_with_a_place(tmp_path: Path, name: str) -> None:
    written, text = SUBFLOW_FILES[name]
    file = write_clean(tmp_path, CLEAN.replace("parts/ask_number.yaml", written), text)
    broken(check(file, synthesiser=True), file)


def test_a_sub_flow_by_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    file = write_clean(tmp_path / "flows" / "clean")
    link = file.parent / "parts" / "ask_number.yaml"
    secret = tmp_path.parent / "secret.yaml"
    secret.write_text(ASK_NUMBER, encoding="utf-8")
    link.unlink()
    link.symlink_to(secret)
    broken(check(file, synthesiser=True), file)


@pytest.mark.parametrize("name", ["gone.yaml", ".", "/dev/zero", "a/b/c.yaml"])
def test_what_is_no_file_is_said_to_be_none(tmp_path: Path, name: str) -> None:
    report = check(tmp_path / name, synthesiser=True)
    assert not report.readable
    assert [(finding.line, finding.column, finding.rule) for finding in report.findings] == [(1, 1, "unreadable")]


def test_the_mutations_are_enough() -> None:
    assert len(CASES) + len(SHIFTED) + len(BYTES) + len(SUBFLOW_FILES) >= 200
