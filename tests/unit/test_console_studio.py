"""The flow studio without its page: which files may be opened, what is checked, saved, kept, added and tried."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.console.rights import Scope
from gateway.console.studio.chat import Chat
from gateway.console.studio.dialogues import Run
from gateway.console.studio.files import MAX_BYTES, FlowFolder, hotlines
from gateway.console.studio.heard import heard
from gateway.console.studio.phrases import add_phrase
from gateway.console.studio.saving import KEPT, VERSIONS, Change, ConflictError, read_version, save, versions
from gateway.console.studio.texts import Texts
from gateway.console.studio.trial import examine
from gateway.desk.telling import Said
from gateway.dialogue.load import load_flow
from gateway.errors import ConsoleError, StoreError
from gateway.store import Store
from tests.support.clean_flow import ASK_NUMBER, CLEAN, write_clean
from tests.support.stored import StoredCall, store_calls

pytestmark = pytest.mark.unit

NOW = dt.datetime(2026, 11, 29, 3, 30, tzinfo=dt.UTC)
SMALL = CLEAN.replace("flow: clean", "flow: small")
"""Stored calls of the tests are through `small`."""
BILL = ("nodes", "main", "options", "bill", "phrases")
LAUGHS = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}' if i else '*a'] * 9)}]\n" for i in range(9))
DIALOGUES = """\
dialogues:
  says goodbye:
    steps: [{keys: "0"}]
    ends: {queue: general}
  goes wrong:
    steps: [{keys: "0"}]
    ends: {queue: nobody}
"""


@pytest.fixture
def folder(tmp_path: Path) -> FlowFolder:
    write_clean(tmp_path / "flows" / "small", SMALL)
    return FlowFolder(tmp_path / "flows", "small")


def change(folder: FlowFolder, name: str = "flow.yaml", **replaced: str) -> Change:
    """The file opened, and words of it replaced."""
    opened = folder.read(name)
    text = opened.text
    for old, new in replaced.items():
        text = text.replace(old, new)
    return Change(opened, text)


# --------------------------------------------------------------------------------------------------------------- files


def test_only_the_flow_its_subflows_and_its_dialogues_can_be_opened(folder: FlowFolder, tmp_path: Path) -> None:
    (folder.folder / "dialogues").mkdir()
    (folder.folder / "dialogues" / "a.yaml").write_text("dialogues: {}")
    (folder.folder / "customers.yaml").write_text("secret: 1")
    (folder.folder / "dialogues" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (tmp_path / "outside.yaml").write_text("secret: 1")
    assert list(folder.files()) == ["flow.yaml", "parts/ask_number.yaml", "dialogues/a.yaml"]
    for name in (
        "customers.yaml",
        "../small/flow.yaml",
        "/etc/passwd",
        "dialogues/link.yaml",
        "",
        "dialogues/../flow.yaml",
    ):
        with pytest.raises(ConsoleError, match="没有这个文件"):
            folder.read(name)


@pytest.mark.parametrize("name", ["..", ".", "", "../flows/small", "small/", "/etc", "small\0", "nobody"])
def test_a_hotline_is_one_of_those_that_are_there(folder: FlowFolder, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConsoleError, match="没有这条热线"):
        FlowFolder(tmp_path / "flows", name)


@pytest.mark.parametrize(
    "inner", ["../../outside.yaml", "/etc/hostname", "parts/link.yaml", "parts", "x\\0.yaml", ".versions/flow.old.yaml"]
)
def test_a_flow_that_names_a_file_elsewhere_does_not_open_it(folder: FlowFolder, tmp_path: Path, inner: str) -> None:
    (tmp_path / "outside.yaml").write_text(ASK_NUMBER)
    (folder.folder / "parts" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder.folder / VERSIONS).mkdir()
    (folder.folder / VERSIONS / "flow.old.yaml").write_text(ASK_NUMBER)
    text = SMALL.replace("parts/ask_number.yaml", f'"{inner}"')
    folder.flow_file.write_text(text)
    assert list(folder.files()) == ["flow.yaml"]
    assert "language" in {told.rule for told in examine(folder, {"flow.yaml": text}).errors}


def test_a_flow_that_is_a_link_out_of_the_folder_is_not_opened(folder: FlowFolder, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(SMALL)
    folder.flow_file.unlink()
    folder.flow_file.symlink_to(tmp_path / "outside.yaml")
    with pytest.raises(ConsoleError, match="之外"):
        FlowFolder(tmp_path / "flows", "small")


def test_a_file_that_is_no_text_or_too_large_is_refused_in_words(folder: FlowFolder) -> None:
    folder.flow_file.write_bytes(b"flow: \xff")
    with pytest.raises(ConsoleError, match="UTF-8"):
        folder.read("flow.yaml")
    folder.flow_file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConsoleError, match="超过 256 KB"):
        folder.read("flow.yaml")


# ------------------------------------------------------------------------------------------------------------ checking


def test_an_unsaved_text_is_checked_at_its_lines_and_nothing_is_written(folder: FlowFolder) -> None:
    before = sorted(folder.folder.rglob("*"))
    broken = SMALL.replace("then: welcome\n", "then: nowhere\n")
    trial = examine(folder, {"flow.yaml": broken}, synthesiser=True)
    line = next(number for number, line in enumerate(broken.splitlines(), 1) if "nowhere" in line)
    assert [(told.file, told.line) for told in trial.errors] == [("flow.yaml", line)]
    assert "nowhere" in trial.errors[0].message
    assert trial.compiled is None
    assert sorted(folder.folder.rglob("*")) == before
    assert folder.read("flow.yaml").text == SMALL


def test_a_clean_text_is_compiled_drawn_and_its_nodes_have_lines(folder: FlowFolder) -> None:
    trial = examine(folder, {}, synthesiser=True)
    assert trial.findings == ()
    assert trial.compiled is not None
    assert trial.image is not None
    assert trial.spots["main"] == (
        "flow.yaml",
        next(n for n, line in enumerate(SMALL.splitlines(), 1) if line == "  main:"),
    )
    assert trial.spots["ask_number.ask"] == ("parts/ask_number.yaml", 5)
    names = {name for name, *_ in trial.image.boxes}
    assert set(trial.spots) <= names
    name, left, top, right, bottom = trial.image.boxes[0]
    assert trial.image.at((left + right) / 2, (top + bottom) / 2) == name


def test_an_unsaved_subflow_counts_and_its_findings_are_told_in_its_file(folder: FlowFolder) -> None:
    broken = ASK_NUMBER.replace("then: spoken", "then: nowhere")
    trial = examine(folder, {"parts/ask_number.yaml": broken}, synthesiser=True)
    assert [(told.file, told.line) for told in trial.errors] == [("parts/ask_number.yaml", 12)]


def test_a_changed_dialogue_file_must_fit_the_flow(folder: FlowFolder) -> None:
    (folder.folder / "dialogues").mkdir()
    (folder.folder / "dialogues" / "a.yaml").write_text(DIALOGUES)
    changed = DIALOGUES.replace('keys: "0"', "at: nowhere", 1)
    trial = examine(folder, {"dialogues/a.yaml": changed}, synthesiser=True)
    told = {(told.rule, told.file, told.line) for told in trial.errors}
    assert ("dialogue", "dialogues/a.yaml", 3) in told


def test_what_is_not_recorded_is_an_error_as_for_the_command(folder: FlowFolder) -> None:
    assert {told.rule for told in examine(folder, {}).errors} == {"unrecorded"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "x" * 1_000_000, "超过 256 KB"),
        (SMALL + "# \ud83d", "代理对"),
        (SMALL + "# \x07", "控制字符"),
        (LAUGHS, "锚点"),
        ("- " * 20_000, "嵌套太深"),
        ("- - -", "这不是流程"),
        ("", "文件是空的"),
        ("x: !!python/object:os.system ls", "标签"),
    ],
)
def test_a_hostile_text_is_refused_in_words(folder: FlowFolder, text: str, words: str) -> None:
    trial = examine(folder, {"flow.yaml": text}, synthesiser=True)
    assert any(words in told.message for told in trial.errors)
    assert trial.compiled is None


# -------------------------------------------------------------------------------------------------------------- saving


def test_saving_keeps_the_former_version_with_its_time_and_account(folder: FlowFolder) -> None:
    noted: list[str] = []
    folder.flow_file.chmod(0o640)
    one = change(folder, 账单是="账单共")
    [now] = save(folder, [one], "zhang", NOW, lambda: noted.append(folder.flow_file.read_text()))
    assert noted == [SMALL]  # on record before the file is in its place
    assert folder.flow_file.read_text() == now.text == one.text
    assert folder.flow_file.stat().st_mode & 0o777 == 0o640
    [version] = versions(folder, "flow.yaml")
    assert (version.until, version.account) == (NOW, "zhang")
    assert read_version(folder, "flow.yaml", version.key) == SMALL
    assert not list(folder.folder.glob("*.new"))
    assert not list(folder.folder.glob(".*.new"))


def test_no_version_is_taken_for_a_flow(folder: FlowFolder) -> None:
    save(folder, [change(folder, 抱歉="对不起")], "zhang", NOW)
    save(folder, [change(folder, "parts/ask_number.yaml", 请按键输入="请用键盘")], "li", NOW)
    assert hotlines(folder.root) == ["small"]
    assert list(folder.files()) == ["flow.yaml", "parts/ask_number.yaml"]
    assert "对不起" in str(load_flow(folder.flow_file).nodes["sorry"])
    assert examine(folder, {}, synthesiser=True).findings == ()
    assert [version.account for version in versions(folder, "parts/ask_number.yaml")] == ["li"]


def test_a_file_that_was_changed_meanwhile_is_not_written_over(folder: FlowFolder) -> None:
    mine, other = change(folder, 抱歉="对不起"), change(folder, "parts/ask_number.yaml", 请按键输入="请用键盘")
    theirs = SMALL.replace("抱歉", "很抱歉")
    folder.flow_file.write_text(theirs)
    with pytest.raises(ConflictError) as conflict:
        save(folder, [other, mine], "zhang", NOW)
    assert conflict.value.now.text == theirs
    assert folder.flow_file.read_text() == theirs
    assert (folder.folder / "parts" / "ask_number.yaml").read_text() == ASK_NUMBER
    assert versions(folder, "flow.yaml") == []
    texts = Texts()
    texts.open(mine.opened)
    texts.put("flow.yaml", mine.text)
    texts.rebase(conflict.value.now)
    save(folder, texts.changes(), "zhang", NOW)
    assert folder.flow_file.read_text() == mine.text
    assert read_version(folder, "flow.yaml", versions(folder, "flow.yaml")[0].key) == theirs


def test_what_cannot_be_put_on_record_is_not_saved(folder: FlowFolder) -> None:
    def fail() -> None:
        raise StoreError("locked")

    with pytest.raises(StoreError):
        save(folder, [change(folder, 抱歉="对不起")], "zhang", NOW, fail)
    assert folder.flow_file.read_text() == SMALL
    assert sorted(file.name for file in folder.folder.iterdir()) == [VERSIONS, "flow.yaml", "parts"]


def test_a_text_of_a_megabyte_is_not_saved(folder: FlowFolder) -> None:
    with pytest.raises(ConsoleError, match="超过 256 KB"):
        save(folder, [Change(folder.read("flow.yaml"), "#" * 1_000_000)], "zhang", NOW)
    assert folder.flow_file.read_text() == SMALL


def test_a_file_that_is_gone_is_told(folder: FlowFolder) -> None:
    one = change(folder, "parts/ask_number.yaml", 请按键输入="请用键盘")
    (folder.folder / "parts" / "ask_number.yaml").unlink()
    with pytest.raises(ConsoleError, match="已经不在了"):
        save(folder, [one], "zhang", NOW)


def test_lines_end_as_they_did(folder: FlowFolder) -> None:
    folder.flow_file.write_bytes(SMALL.replace("\n", "\r\n").encode())
    one = change(folder, 抱歉="对不起")
    assert "\r" not in one.text
    save(folder, [one], "zhang", NOW)
    assert folder.flow_file.read_bytes() == one.text.replace("\n", "\r\n").encode()


def test_only_so_many_versions_stay_the_newest_ones(folder: FlowFolder) -> None:
    shelf = folder.folder / VERSIONS
    shelf.mkdir()
    for second in range(KEPT + 3):
        (shelf / f"flow.20260101T00{second // 60:02d}{second % 60:02d}000Z.old.yaml").write_text("flow: old")
    (shelf / "notes.txt").write_text("somebody's own")
    save(folder, [change(folder, 抱歉="对不起")], "zhang", NOW)
    kept = versions(folder, "flow.yaml")
    assert len(kept) == KEPT
    assert (kept[0].account, kept[-1].until.second) == ("zhang", 4)
    assert (shelf / "notes.txt").is_file()


@pytest.mark.parametrize("key", ["../flow.yaml", "flow.yaml", "/etc/passwd", "", "flow.20260101T000000000Z.x.yaml"])
def test_only_a_version_that_is_there_can_be_read(folder: FlowFolder, key: str) -> None:
    save(folder, [change(folder, 抱歉="对不起")], "zhang", NOW)
    with pytest.raises(ConsoleError, match="没有这个版本"):
        read_version(folder, "flow.yaml", key)


def test_two_savings_in_one_millisecond_keep_two_versions(folder: FlowFolder) -> None:
    save(folder, [change(folder, 抱歉="对不起")], "zhang", NOW)
    save(folder, [change(folder, 对不起="不好意思")], "zhang", NOW)
    assert len(versions(folder, "flow.yaml")) == 2


def test_what_was_typed_while_it_was_saved_stays_unsaved(folder: FlowFolder) -> None:
    texts = Texts()
    texts.open(folder.read("flow.yaml"))
    texts.put("flow.yaml", SMALL.replace("抱歉", "对不起"))
    [saved] = save(folder, texts.changes(), "zhang", NOW)
    texts.put("flow.yaml", SMALL.replace("抱歉", "不好意思"))
    texts.saved(saved)
    assert list(texts.unsaved) == ["flow.yaml"]
    texts.put("flow.yaml", saved.text)
    assert texts.unsaved == {}


# ------------------------------------------------------------------------------------------------------------- phrases


def test_a_phrase_comes_after_the_others_and_all_else_stays(folder: FlowFolder) -> None:
    text = "# first\n" + SMALL.replace(
        'phrases: [账单], key: "1", go: whose}', 'phrases: [账单], key: "1", go: whose}  # kept'
    )
    changed = add_phrase(text, BILL, "花了多少")
    assert changed == text.replace("phrases: [账单]", "phrases: [账单, 花了多少]")
    assert examine(folder, {"flow.yaml": changed}, synthesiser=True).findings == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "o:\n  phrases:\n    - 一  # why\n    # note\n  key: 1\n",
            "o:\n  phrases:\n    - 一  # why\n    - 新话\n    # note\n  key: 1\n",
        ),
        ("o:\n  phrases:\n  - 一\n  - '二'", "o:\n  phrases:\n  - 一\n  - '二'\n  - 新话\n"),
        (
            "o: {phrases: [一,\n     '二',  # why\n     ], key: 1}",
            "o: {phrases: [一,\n     '二', 新话,  # why\n     ], key: 1}",
        ),
        ("o: {phrases: []}", "o: {phrases: [新话]}"),
        ("o: {}", "o: {phrases: [新话]}"),
        ("o: {key: 1}  # why", "o: {phrases: [新话], key: 1}  # why"),
        ("o:\n  # why\n  key: 1\n", "o:\n  # why\n  phrases: [新话]\n  key: 1\n"),
    ],
)
def test_a_phrase_is_written_as_its_neighbours_are(before: str, after: str) -> None:
    assert add_phrase(before, ("o", "phrases"), "新话") == after


@pytest.mark.parametrize("phrase", ['说"是"', "a: b", "# no", "[", "- x", "{y}", "*z", "是"])
def test_a_phrase_that_yaml_would_misread_is_quoted(phrase: str, tmp_path: Path) -> None:
    changed = add_phrase("o: {phrases: [一]}", ("o", "phrases"), phrase)
    with pytest.raises(ConsoleError, match="已经在"):
        add_phrase(changed, ("o", "phrases"), phrase)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [一]\no: {phrases: *a}\np: {phrases: *a}",  # it would be in both
        "a: &a {phrases: [一]}\no: *a",
        "a: &a {phrases: [一]}\no: {<<: *a}\np: 1",
        "o: 1",
        "p: 1",
        "o:",
        "o: {phrases: 一}",
        "o: {phrases: [一",
        "",
    ],
)
def test_where_more_would_change_it_is_left_to_the_designer(text: str) -> None:
    with pytest.raises(ConsoleError):
        add_phrase(text, ("o", "phrases"), "新话")


# ------------------------------------------------------------------------------------------------------------- trying


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    calls = [
        StoredCall(f"c{number}").enters("main").says("用了多少钱").says("账单", matched="bill").ends()
        for number in range(3)
    ]
    calls.append(StoredCall("own").enters("main").says("我的号码是13800138000你查一查").ends())
    store_calls(tmp_path / "store", calls)
    with Store.open_for_reading(tmp_path / "store") as opened:
        yield opened


def test_what_nothing_matched_is_told_with_where_it_could_be_added(folder: FlowFolder, store: Store) -> None:
    compiled = examine(folder, {}, synthesiser=True).compiled
    assert compiled is not None
    found = heard(store, compiled, Scope(view="all"), NOW - dt.timedelta(days=30))
    assert found.calls == 4
    first, second = found.groups
    assert (first.node, first.count, first.proposed, first.phrases) == ("main", 3, "bill", ("用了多少钱",))
    assert first.places["bill"] == BILL
    assert (second.phrases, "138****8000" in second.texts[0][0]) == ((), True)
    changed = add_phrase(SMALL, first.places["bill"], first.phrases[0])
    again = examine(folder, {"flow.yaml": changed}, synthesiser=True).compiled
    assert again is not None
    assert "已认得：bill" in heard(store, again, Scope(view="all"), NOW - dt.timedelta(days=30)).groups[0].advice
    assert heard(store, compiled, Scope(view="own"), NOW - dt.timedelta(days=30)).calls == 0
    assert heard(store, compiled, Scope(view="all"), NOW).calls == 0


def test_a_call_is_tried_on_the_unsaved_text(folder: FlowFolder) -> None:
    trial = examine(folder, {"flow.yaml": SMALL.replace("请说要办什么", "请讲要办什么")}, synthesiser=True)
    assert trial.compiled is not None
    chat = Chat(
        trial.compiled, folder.folder, "", dt.datetime(2026, 11, 30, 10, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    )
    assert any(isinstance(line, Said) and "请讲要办什么" in line.text for line in chat.start())
    assert any(isinstance(line, Said) and line.node == "pin" for line in chat.says("密码"))
    assert chat.says("  ") == []
    assert any(isinstance(line, Said) for line in chat.silent())
    assert not chat.is_over
    chat.hangs_up()
    assert chat.is_over
    assert chat.says("还在吗") == []


def test_dialogues_are_held_with_the_unsaved_text_and_can_be_stopped(folder: FlowFolder) -> None:
    (folder.folder / "dialogues").mkdir()
    (folder.folder / "dialogues" / "a.yaml").write_text(DIALOGUES.replace("nobody", "general"))
    trial = examine(folder, {}, synthesiser=True)
    assert trial.compiled is not None
    run = Run()
    run.hold(folder, {}, trial.compiled)
    assert (run.total, [result.passed for result in run.results]) == (2, [True, True])
    texts = {
        "dialogues/a.yaml": DIALOGUES.replace(
            'goes wrong:\n    steps: [{keys: "0"}]', 'goes wrong:\n    steps: [{keys: "0", hears: [您找错了]}]'
        ).replace("nobody", "general")
    }
    run = Run()
    run.hold(folder, texts, trial.compiled)
    [wrong] = run.failed
    assert (wrong.name, wrong.file, wrong.line) == ("goes wrong", "dialogues/a.yaml", 6)
    assert "您找错了" in wrong.expected
    stopped = Run()
    stopped.stop()
    stopped.hold(folder, {}, trial.compiled)
    assert (stopped.total, stopped.results) == (2, [])
    late = Run()
    late.hold(folder, {}, trial.compiled, max_s=-1)
    assert (late.out_of_time, late.results) == (True, [])
