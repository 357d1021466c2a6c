"""Character error rate, and manifests with every kind of bad line."""

from __future__ import annotations

from pathlib import Path

import pytest

from asr.errors import ManifestError
from asr.scoring import REFUSED, CharacterErrors, ManifestEntry, character_error_rate, corpus_errors, read_manifest

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("查话费", "查话费", CharacterErrors(0, 0, 0, 3)),
        ("查话费", "查化肥", CharacterErrors(2, 0, 0, 3)),
        ("查话费", "话费", CharacterErrors(0, 1, 0, 3)),
        ("查话费", "我查话费", CharacterErrors(0, 0, 1, 3)),
        ("查话费", "", CharacterErrors(0, 3, 0, 3)),
        ("帮我查话费", "查花费吗", CharacterErrors(1, 2, 1, 5)),
        ("您好，请问？", "您好请问", CharacterErrors(0, 0, 0, 4)),
        ("查詢話費", "查询话费", CharacterErrors(0, 0, 0, 4)),
        ("三十五块六", "35.6元", CharacterErrors(0, 0, 0, 5)),
        ("幺三八零零", "13800", CharacterErrors(0, 0, 0, 5)),
        ("一三八", "一三九", CharacterErrors(1, 0, 0, 3)),
        ("", "", CharacterErrors(0, 0, 0, 0)),
        ("", "谢谢观看", CharacterErrors(0, 0, 4, 0)),
    ],
)
def test_edits_are_counted_by_kind(reference: str, hypothesis: str, expected: CharacterErrors) -> None:
    assert character_error_rate(reference, hypothesis) == expected


def test_rates() -> None:
    assert CharacterErrors(1, 1, 1, 12).rate == 0.25
    assert CharacterErrors(0, 0, 6, 3).rate == 2.0
    assert CharacterErrors().rate == 0.0
    assert CharacterErrors(insertions=2).rate == 1.0


def test_the_corpus_weighs_files_by_their_length() -> None:
    files = [CharacterErrors(1, 0, 0, 1), CharacterErrors(0, 0, 0, 9)]
    assert corpus_errors(files) == CharacterErrors(1, 0, 0, 10)
    assert corpus_errors(files).rate == 0.1
    assert corpus_errors([]) == CharacterErrors()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "audio").mkdir()
    for name in ("one.wav", "two.wav", "话费 三.wav"):
        (tmp_path / "audio" / name).write_bytes(b"RIFF")
    return tmp_path


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "manifest.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_manifest_is_read(folder: Path) -> None:
    path = write(
        folder, "notes\tfile\tvoice\ttext\nx\taudio/one.wav\tfemale\t查话费\n\n\taudio/话费 三.wav\t\t 转人工 \n"
    )
    assert read_manifest(path) == [
        ManifestEntry("audio/one.wav", folder / "audio" / "one.wav", "查话费"),
        ManifestEntry("audio/话费 三.wav", folder / "audio" / "话费 三.wav", "转人工"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "\ufefffile\ttext\naudio/one.wav\t查话费\n",
        "file\ttext\r\naudio/one.wav\t查话费\r\n",
        "file\ttext\naudio/one.wav\t查话费",
        " file \ttext\n\n   \naudio/one.wav\t查话费\n\n",
        "text\tfile\tnotes\n查话费\taudio/one.wav\n",
    ],
)
def test_editors_may_leave_their_marks(folder: Path, content: str) -> None:
    entries = read_manifest(write(folder, content))
    assert [(entry.file, entry.text) for entry in entries] == [("audio/one.wav", "查话费")]


def test_an_option_is_read_where_there_is_one(folder: Path) -> None:
    lines = (
        "option\tfile\ttext",
        "balance\taudio/one.wav\t查话费",
        " none\taudio/two.wav\t你好",
        "\taudio/one.wav\t好",
    )
    entries = read_manifest(write(folder, "\n".join(lines)))
    assert [entry.option for entry in entries] == ["balance", REFUSED, None]


def test_a_line_may_end_before_its_option(folder: Path) -> None:
    assert read_manifest(write(folder, "file\ttext\toption\naudio/one.wav\t查话费\n"))[0].option is None


def test_a_file_may_be_listed_twice(folder: Path) -> None:
    entries = read_manifest(write(folder, "file\ttext\naudio/one.wav\t查话费\naudio/one.wav\t查话费\n"))
    assert len(entries) == 2


def test_an_absolute_path_is_taken_as_it_is(folder: Path) -> None:
    audio = folder / "audio" / "two.wav"
    assert read_manifest(write(folder, f"file\ttext\n{audio}\t查话费\n"))[0].path == audio


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("audio/one.wav", "has no column `text`"),
        ("\t查话费", "`file` is empty"),
        ("audio/one.wav\t", "`text` has nothing to compare with"),
        ("audio/one.wav\t。？", "`text` has nothing to compare with"),
        ("audio/missing.wav\t查话费", "no audio file at"),
        ("audio\t查话费", "no audio file at"),
        ("x" * 5000 + "\t查话费", "no audio file at"),
        ("audio/one.wav\t查话费\t第三列", "has 3 columns, the header has 2"),
        (b"audio/one.wav\t\xb2\xe9\xbb\xb0\xb7\xd1", "byte 15 is not UTF-8"),
        (b"audio/one.wav\t\x00\x01", "holds a NUL byte"),
    ],
)
def test_a_bad_line_is_named_with_its_place(folder: Path, line: str | bytes, problem: str) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    path = write(folder, b"file\ttext\naudio/two.wav\t" + "转人工".encode() + b"\n" + raw + b"\n")
    with pytest.raises(ManifestError, match=problem) as caught:
        read_manifest(path)
    assert f"{path}:3: " in str(caught.value)
    assert caught.value.where == str(path)
    assert caught.value.remedy


def test_all_bad_lines_are_told_at_once_in_order(folder: Path) -> None:
    path = write(folder, b"file\ttext\n\t\xff\naudio/one.wav\n\naudio/missing.wav\ta\naudio/one.wav\tok\n")
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    message = str(caught.value)
    assert "3 bad lines" in message
    places = [line.strip().removeprefix(f"{path}:")[:2] for line in message.splitlines()[1:]]
    assert places == ["2:", "3:", "5:"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("\ufeff", "is empty"),
        ("file\ttext\n", "lists no files"),
        ("file,text\naudio/one.wav,查话费\n", "`file` and `text` exactly once"),
        ("file\tsentence\naudio/one.wav\t查话费\n", "the columns `text` exactly once"),
        ("file\ttext\ttext\naudio/one.wav\ta\tb\n", "the columns `text` exactly once"),
        ("audio/one.wav\t查话费\n", "`file` and `text` exactly once"),
        ("file\ttext\toption\toption\naudio/one.wav\ta\tb\tb\n", "`option` more than once"),
        ("file\ttext\naudio/one.wav\t查话费\n".encode("utf-16"), "not UTF-8"),
        (bytes(range(256)) * 20, "not UTF-8|NUL"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "NUL"),
    ],
)
def test_what_is_no_manifest_is_refused_in_one_error(folder: Path, content: str | bytes, problem: str) -> None:
    with pytest.raises(ManifestError, match=problem) as caught:
        read_manifest(write(folder, content))
    assert len(str(caught.value)) < 1000


def test_a_manifest_that_cannot_be_opened_is_refused(folder: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(folder / "nowhere.tsv")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(folder)
