"""Lines of text go in, a JSON line for each comes out, whatever is in them."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.analytics.analyser import Analyser
from gateway.cli.classify import MAX_CHARACTERS, Line, classify, read_lines
from gateway.errors import VoiceGatewayError

pytestmark = pytest.mark.unit

FIELDS = ["text", "route", "route_probability", "skill_group", "polarity", "anger", "flags", "entities", "evidence"]

app = typer.Typer()
app.command()(classify)


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


@pytest.fixture(autouse=True)
def _loaded_once(analyser, monkeypatch) -> None:
    """Loading takes longer than all these tests; only an operator's own rules are loaded anew."""
    load = Analyser.load
    monkeypatch.setattr(Analyser, "load", lambda rules=None: load(rules) if rules else analyser)


def run(given: str | bytes, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], input=given, catch_exceptions=False)


def answers(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def lines(given: bytes) -> list[Line]:
    return list(read_lines(io.BytesIO(given)))


def test_every_line_is_answered_in_its_place_with_all_fields():
    found = answers(run("查话费\n我要去工信部投诉你们\n"))
    assert [one["text"] for one in found] == ["查话费", "我要去工信部投诉你们"]
    assert [list(one) for one in found] == [FIELDS, FIELDS]
    assert (found[0]["route"], found[0]["skill_group"], found[0]["anger"]) == ("billing_query", "billing", 0)
    assert 0.0 < found[0]["route_probability"] <= 1.0
    assert (found[1]["polarity"], found[1]["flags"]) == ("negative", ["regulator"])


def test_evidence_and_entities_say_where_they_stand_in_the_text():
    [found] = answers(run("上个月多扣了我三十五块六 我要去工信部投诉你们\n"))
    amounts = [one for one in found["entities"] if one["kind"] == "amount"]
    assert [one["value"] for one in amounts] == ["35.60"]
    assert {one["for"] for one in found["evidence"]} >= {"route", "mood", "regulator"}
    for place in (*found["entities"], *found["evidence"]):
        assert place["text"] == found["text"][place["start"] : place["end"]] != ""


def test_empty_lines_are_passed_over_and_the_last_needs_no_end():
    assert lines(b"\n  \t\r\n\xe3\x80\x80\na\r\n\nb") == [Line(4, "a", ""), Line(6, "b", "")]
    assert run("").stdout == ""


def test_what_windows_puts_around_a_text_is_no_part_of_it():
    assert lines(b"\xef\xbb\xbf\xe5\x96\x82\r\n\x1a") == [Line(1, "喂", "")]


def test_bad_bytes_are_told_of_and_the_other_lines_are_answered():
    result = run(b"\xb2\xe9\xbb\xb0\xb7\xd1\n" + "查话费\n".encode())  # the first in GBK
    assert [one["text"] for one in answers(result)][1:] == ["查话费"]
    assert result.stderr == "第 1 行：有不是 UTF-8 的字节，已用 � 代替\n"


def test_a_line_of_a_hundred_thousand_characters_is_answered_whole():
    long = ("宽带断了" * MAX_CHARACTERS)[:MAX_CHARACTERS]
    result = run(f"{long}\n查话费\n")
    assert [one["text"] for one in answers(result)] == [long, "查话费"]
    assert result.stderr == ""


@pytest.mark.parametrize("character", ["a", "断", "😀"])
def test_a_longer_line_is_cut_and_told_of_and_the_next_one_is_whole(character):
    given = f"{character * (MAX_CHARACTERS * 5)}\n查话费".encode()
    [cut, after] = lines(given)
    assert (cut.text, cut.remark) == (character * MAX_CHARACTERS, f"超过 {MAX_CHARACTERS} 个字符，只看前面的")
    assert after == Line(2, "查话费", "")


def test_a_line_that_ends_where_reading_stops_is_not_called_too_long():
    longest = "😀" * MAX_CHARACTERS
    for end in ("\n", "\r\n", ""):
        assert lines(f"{longest}{end}".encode()) == [Line(1, longest, "")]


@pytest.mark.parametrize(
    "text",
    [
        "😀😀",
        "\x00\x01\x7f",
        "\u202e\u200b\u200d",
        "مرحبا كيف",
        "ሰላም",
        "ก็็็็็็",
        "a\u2028b\x85c\x0cd",
        "{}[]\"'\\",
        "0" * 300,
    ],
    ids=ascii,
)
def test_texts_that_are_no_speech_are_answered_on_one_line(text):
    [found] = answers(run(f"{text}\n"))
    assert found["text"] == text
    assert found["anger"] == 0


def test_pretty_is_the_same_document_with_line_breaks():
    [plain] = answers(run("查话费\n"))
    pretty = run("查话费\n", "--pretty").stdout
    assert json.loads(pretty) == plain
    assert pretty.count("\n") > len(FIELDS)


def test_a_file_is_read_like_standard_input(tmp_path):
    file = tmp_path / "sentences.txt"
    file.write_text("查话费\n转人工\n", encoding="utf-8")
    assert run("", str(file)).stdout == run("查话费\n转人工\n", "-").stdout


@pytest.mark.parametrize("name", ["missing.txt", ".", "bad\0name"])
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VoiceGatewayError, match=r"^(missing\.txt|\.|bad\0name): can't be read \(.*; name a text file"):
        run("", name)


class Broken(io.BytesIO):
    """A file on a disk that fails."""

    def readline(self, size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("stdin", "message"), [(None, "standard input is closed"), (io.TextIOWrapper(Broken()), "broke off")]
)
def test_standard_input_that_cannot_be_read_is_told_of(stdin, message, monkeypatch):
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(VoiceGatewayError, match=f"^-: {message}"):
        classify()


def test_rules_that_are_not_there_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(VoiceGatewayError, match="没有这个文件夹"):
        run("查话费\n", "--rules", str(tmp_path / "none"))


class Typist(io.BytesIO):
    """Standard input that notes what had been answered whenever it was asked for more."""

    def __init__(self, text: str, answered: io.StringIO) -> None:
        super().__init__(text.encode())
        self.seen: list[int] = []
        self._answered = answered

    def readline(self, size: int | None = -1, /) -> bytes:
        self.seen.append(self._answered.getvalue().count("\n"))
        return super().readline(size)


def test_a_line_is_answered_before_the_next_one_is_read(monkeypatch):
    out = io.StringIO()
    typist = Typist("查话费\n转人工\n", out)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(typist))
    monkeypatch.setattr(sys, "stdout", out)
    classify()
    assert typist.seen == [0, 1, 2]


def test_a_terminal_without_chinese_gets_json_all_the_same(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("查话费😀\n".encode())))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors="backslashreplace"))
    classify()
    assert json.loads(written.getvalue().decode("ascii"))["text"] == "查话费😀"


def test_a_reader_that_leaves_ends_it_quietly(monkeypatch, capfd):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as out:  # noqa: PTH123 -- a descriptor, no path
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("查话费\n转人工\n".encode())))
        monkeypatch.setattr(sys, "stdout", out)
        classify()
    assert capfd.readouterr().err == ""
